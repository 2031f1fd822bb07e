"""Go to a label: the view is centred on the middle of its largest piece."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_seg.viewer.search import MiddleSearch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from napari.layers import Labels


class Jump(QObject):
    """Looks for labels in another thread, and shows where they are.

    Parameters
    ----------
    viewer
        Whose view moves.
    parent
        Owns this object.

    Attributes
    ----------
    not_found
        Signal: the value of a label that has no voxels.
    """

    not_found = Signal(int)

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._layer: Labels | None = None
        self._value = 0
        self._search = MiddleSearch(self)
        self._search.found.connect(self._on_found)

    def start(self, layer: Labels, value: int) -> None:
        """Go to a label, as soon as it is found."""
        self.cancel()
        self._layer, self._value = layer, value
        array = np.asarray(layer.data[0] if layer.multiscale else layer.data)
        if array.ndim > 3:
            # Of times or channels: what is seen now.
            array = array[tuple(self._viewer.dims.current_step[-array.ndim : -3])]
        self._search.look(array, value)

    def cancel(self) -> None:
        """Go nowhere."""
        self._search.cancel()
        self._layer = None

    def _on_found(self, index: Sequence[int] | None) -> None:
        layer, self._layer = self._layer, None
        # The layer may have been removed meanwhile.
        if layer is None or layer not in self._viewer.layers:
            return
        if index is None:
            self.not_found.emit(self._value)
        else:
            look_at(self._viewer, layer, index)


def look_at(viewer: ViewerModel, layer: Labels, index: Sequence[int]) -> None:
    """Show the slice of a voxel, and move the camera to it; its zoom and angles stay.

    Parameters
    ----------
    viewer
        Whose view moves.
    layer
        That holds the voxel.
    index
        Of the voxel along the layer's last axes.
    """
    start = np.zeros(layer.ndim)
    start[layer.ndim - len(index) :] = index
    world = np.asarray(layer.data_to_world(start))[layer.ndim - len(index) :]
    axes = range(viewer.dims.ndim - len(index), viewer.dims.ndim)
    viewer.dims.set_point(list(axes), world.tolist())
    point = dict(zip(axes, world.tolist(), strict=True))
    centre = list(viewer.camera.center)
    shown = viewer.dims.displayed
    for place, axis in zip(range(3 - len(shown), 3), shown, strict=True):
        centre[place] = point.get(axis, centre[place])
    viewer.camera.center = tuple(centre)
