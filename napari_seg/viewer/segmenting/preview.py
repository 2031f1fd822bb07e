"""The labels of a run while it goes on, in a layer that goes when it ends."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

import numpy as np

from napari_seg.imaging.scan import LabelMap
from napari_seg.viewer.layers import grid_of, labels_layer

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

    from napari_seg.imaging.label_table import LabelTable
    from napari_seg.segmentation.preview import LabelWindow

_SECONDS_BETWEEN_REDRAWS = 0.1


class Preview:
    """Show finished windows of a run.

    Parameters
    ----------
    viewer
        That shows the scan.
    scan_layer
        What is being segmented.
    table
        Names and colours of the labels.
    name
        Of the layer.
    """

    def __init__(
        self, viewer: ViewerModel, scan_layer: Image, table: LabelTable, *, name: str
    ) -> None:
        self._viewer = viewer
        self._geometry, self._order = grid_of(scan_layer)
        kind = np.uint8 if max(table.names, default=0) <= 255 else np.uint16
        empty = np.zeros(self._geometry.shape, kind)
        self.layer = labels_layer(
            LabelMap(empty, self._geometry, table), name=name, like=scan_layer
        )
        active = viewer.layers.selection.active
        viewer.add_layer(self.layer)
        # Whoever paints on another layer meanwhile goes on doing so.
        viewer.layers.selection.active = active
        self._drawn = 0.0

    def add(self, window: LabelWindow) -> None:
        """Show one more window."""
        box = self._order.show_region(window.region, self._geometry.shape)
        self.layer.data[box] = self._order.show(window.array)
        if monotonic() - self._drawn > _SECONDS_BETWEEN_REDRAWS:
            self.layer.refresh(extent=False)
            self._drawn = monotonic()

    def remove(self) -> None:
        """Take the layer away, unless the person did."""
        if self.layer in self._viewer.layers:
            self._viewer.layers.remove(self.layer)
