"""Which slices of the selected label were drawn by hand, along the axis that is turned."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_seg.viewer.comparing.shown_labels import axis_through
from napari_seg.viewer.editing.editable import require_editable
from napari_seg.viewer.editing.hand_slices import HandSlices
from napari_seg.viewer.editing.step_names import label_name

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Labels


class SlicesInView(QObject):
    """Looks which slices were drawn in whenever there may be others, until `release`.

    Parameters
    ----------
    viewer
        Whose plane is meant.

    Attributes
    ----------
    changed
        Signal: look anew.
    indices
        Of the slices along the layer's own axis, in rising order; none where none are turned.
    """

    changed = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self.viewer: ViewerModel = getattr(viewer, "__wrapped__", viewer)
        self._layer: Labels | None = None
        self._slices: HandSlices | None = None
        self.indices: tuple[int, ...] = ()
        for signal in self._signals():
            signal.connect(self._look)

    @property
    def axis(self) -> int:
        """The axis of the viewer that slices are turned along."""
        return int(self.viewer.dims.order[-3])

    @property
    def name(self) -> str:
        """The name of the selected label."""
        return "" if self._layer is None else label_name(self._layer, self._label)

    @property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """The first and the last index of each stretch: of 3, 4, 5, 9 they are 3 to 5, 9 to 9."""
        if not self.indices:
            return ()
        breaks = [pair for pair in pairwise(self.indices) if pair[1] > pair[0] + 1]
        firsts = [self.indices[0], *(after for _, after in breaks)]
        lasts = [*(before for before, _ in breaks), self.indices[-1]]
        return tuple(zip(firsts, lasts, strict=True))

    def number(self, index: int) -> int:
        """Return what the slider calls a slice."""
        span = self.viewer.dims.range[self.axis]
        return round(float((self._place(index) - span.start) / span.step))

    def turn_to(self, index: int) -> None:
        """Show a slice."""
        if index in self.indices:
            self.viewer.dims.set_point(self.axis, self._place(index))

    def set_layer(self, layer: Labels | None) -> None:
        """Look at another layer from now on; None for none."""
        if layer is self._layer:
            return
        self._let_go()
        self._layer = layer
        self._slices = None if layer is None else _slices_of(layer)
        if layer is not None and self._slices is not None:
            self._slices.changed.connect(self._look)
            for signal in self._signals_of(layer):
                signal.connect(self._look)
        self._look()

    def release(self) -> None:
        """Let go of viewer and layer."""
        self._let_go()
        self._layer, self._slices = None, None
        for signal in self._signals():
            signal.disconnect(self._look)

    @property
    def _label(self) -> int:
        return 0 if self._layer is None else int(self._layer.selected_label)

    def _signals(self) -> tuple[Any, ...]:
        events = self.viewer.dims.events
        return events.order, events.ndisplay, events.range

    @staticmethod
    def _signals_of(layer: Labels) -> tuple[Any, ...]:
        return layer.events.selected_label, layer.events.metadata

    def _let_go(self) -> None:
        if self._layer is not None and self._slices is not None:
            self._slices.changed.disconnect(self._look)
            for signal in self._signals_of(self._layer):
                signal.disconnect(self._look)

    def _look(self, _event: object = None) -> None:
        layer, slices = self._layer, self._slices
        axis = None if layer is None else axis_through(self.viewer, layer)
        self.indices = ()
        if layer is not None and slices is not None and axis is not None:
            self.indices = slices.slices(layer.ndim - 3 + axis, self._label)
        self.changed.emit()

    def _place(self, index: int) -> float:
        """Return where a slice lies on the axis of the viewer."""
        layer, after = self._layer, self.axis - self.viewer.dims.ndim
        if layer is None:
            raise ValueError("there are no labels whose slices could lie anywhere")
        place = np.zeros(layer.ndim)
        place[after] = index
        return float(layer.data_to_world(place)[after])


def _slices_of(layer: Labels) -> HandSlices | None:
    try:
        require_editable(layer)
    except ValueError:
        return None
    return HandSlices.of(layer)
