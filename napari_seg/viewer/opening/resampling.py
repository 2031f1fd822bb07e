"""Bring one open scan onto the grid of another, as a new layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_seg.imaging.scan_alignment import resample_scan
from napari_seg.viewer.layers import grid_of, image_layer, scan_of
from napari_seg.viewer.opening.opened_layers import show_notice
from napari_seg.viewer.opening.stacking import place_of_opened
from napari_seg.viewer.quiet_insert import insert_quietly

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

    from napari_seg.imaging.scan import Scan
    from napari_seg.viewer.display_order import DisplayOrder
    from napari_seg.viewer.one_job import OneJob


class Resampling(QObject):
    """Resamples one scan at a time.

    Parameters
    ----------
    viewer
        That gets the new layers.
    work
        Resamples beside the viewer.
    parent
        The widget that it belongs to.

    Attributes
    ----------
    resampled
        Signal: the layer that was resampled, and the new one.
    said
        Signal: what became of it, where there is no new one.
    """

    resampled = Signal(object, object)
    said = Signal(str)

    def __init__(self, viewer: ViewerModel, work: OneJob, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer, self._work = viewer, work
        self._name = ""
        # What is resampled, and what onto.
        self._layers: tuple[Image, ...] = ()
        self._order: DisplayOrder | None = None

    def start(self, other: Image, onto: Image) -> None:
        """Bring `other` onto the grid of `onto`, linearly; the result is a layer with a notice."""
        if self._work.is_busy:
            return
        self._name, self._layers = f"{other.name} on {onto.name}", (other, onto)
        geometry, self._order = grid_of(onto)
        self._work.start(
            f"Resampling {other.name}",
            f"{other.name} was not resampled",
            self._show,
            resample_scan,
            *(scan_of(other), geometry),
        )

    def _show(self, scan: Scan) -> None:
        layers, (other, onto) = self._viewer.layers, self._layers
        self._layers = ()
        gone = [one.name for one in (other, onto) if one not in layers]
        if gone:
            self.said.emit(f"'{gone[0]}' was closed meanwhile: '{self._name}' was dropped")
            return
        layer = image_layer(scan, name=self._name, order=self._order)
        # The scan that is worked on stays the same, also where something else is selected.
        insert_quietly(layers, place_of_opened(layers, layer), layer)
        self.resampled.emit(other, layer)
        show_notice(self._name, [notice.message for notice in scan.notices])
