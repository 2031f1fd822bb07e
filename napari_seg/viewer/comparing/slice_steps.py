"""Step to the next slice that holds the selected label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_seg.imaging.label_edits.finding import next_slice_with, slices_with
from napari_seg.viewer.comparing.shown_labels import axis_through, shown_labels
from napari_seg.viewer.editing.step_names import label_name
from napari_seg.viewer.search import Search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from napari.layers import Labels

# So many voxels are looked through at once; the rest in another thread.
_AT_ONCE = 1 << 20


class SliceSteps(QObject):
    """Turns the view from slice to slice of a label.

    Parameters
    ----------
    viewer
        Whose view is turned.
    parent
        Owns this object.

    Attributes
    ----------
    said
        Signal: why there was nowhere to go, in a sentence.
    """

    said = Signal(str)

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._search = Search(self)
        self._search.found.connect(self._on_found)
        self._wanted: _Wanted | None = None

    def go(self, layer: Labels, step: int) -> None:
        """Go to the next slice, or to the one before where `step` is -1."""
        if self._search.is_busy:
            # Where that ends is not known yet.
            return
        axis = axis_through(self._viewer, layer)
        if axis is None:
            self.said.emit("Show slices of a scan to step through those of a label")
            return
        shown = shown_labels(self._viewer, layer)
        wanted = _Wanted(layer, shown.label, axis, step, self._index(layer, axis))
        size = shown.array.size // shown.array.shape[axis]
        found = next_slice_with(
            shown.array, shown.label, axis, wanted.index, step, most=max(_AT_ONCE // size, 1)
        )
        if found is not None:
            self._turn(wanted, found)
        else:
            self._wanted = wanted
            at_once = shown.array.size <= _AT_ONCE
            self._search.start(slices_with, shown.array, shown.label, axis, at_once=at_once)

    def cancel(self) -> None:
        """Go nowhere."""
        self._search.cancel()
        self._wanted = None

    def _on_found(self, slices: Sequence[int]) -> None:
        wanted, self._wanted = self._wanted, None
        # The person may have gone on to something else meanwhile.
        if (
            wanted is not None
            and wanted.layer in self._viewer.layers
            and wanted.layer.selected_label == wanted.label
            and axis_through(self._viewer, wanted.layer) == wanted.axis
            and self._index(wanted.layer, wanted.axis) == wanted.index
        ):
            self._arrive(wanted, slices)

    def _arrive(self, wanted: _Wanted, slices: Sequence[int]) -> None:
        left = [place for place in slices if (place - wanted.index) * wanted.step > 0]
        name = label_name(wanted.layer, wanted.label)
        if left:
            self._turn(wanted, left[0] if wanted.step > 0 else left[-1])
        elif slices:
            self.said.emit(f"No further slice holds {name}")
        else:
            self.said.emit(f"{name} has no voxels yet")

    def _index(self, layer: Labels, axis: int) -> int:
        place = layer.world_to_data(self._viewer.dims.point[-layer.ndim :])
        return round(float(place[axis - 3]))

    def _turn(self, wanted: _Wanted, index: int) -> None:
        layer, dims = wanted.layer, self._viewer.dims
        place = np.array(layer.world_to_data(dims.point[-layer.ndim :]))
        place[wanted.axis - 3] = index
        world = layer.data_to_world(place)[wanted.axis - 3]
        dims.set_point(dims.ndim + wanted.axis - 3, float(world))


@dataclass(frozen=True, eq=False)
class _Wanted:
    layer: Labels
    label: int
    axis: int
    step: int
    index: int
