"""Which slices of the selected label were drawn by hand: a line of numbers to click."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils.theme import get_theme

from napari_seg.viewer.comparing.shown_labels import axis_through
from napari_seg.viewer.editing.editable import require_editable
from napari_seg.viewer.editing.hand_slices import HandSlices
from napari_seg.viewer.editing.step_names import label_name
from napari_seg.viewer.wrapped_label import WrappedLabel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari.components import ViewerModel
    from napari.layers import Labels

# More would fill the panel.
_MOST_RANGES = 24


class MySlices(WrappedLabel):
    """Says "My slices of liver: 12, 18, 25", as numbered by the slider; hidden without any.

    Parameters
    ----------
    viewer
        Whose plane is meant, and whose slice a click turns to.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer: ViewerModel = getattr(viewer, "__wrapped__", viewer)
        self._layer: Labels | None = None
        self._slices: HandSlices | None = None
        self.setAccessibleName("Slices drawn by hand")
        self.setToolTip(
            "Slices in which you drew this label since a network last wrote there. "
            "Interpolating between them keeps them as they are"
        )
        self._update()
        self.linkActivated.connect(self._on_link)
        self._viewer.dims.events.order.connect(self._update)
        self._viewer.dims.events.ndisplay.connect(self._update)
        self._viewer.events.theme.connect(self._update)

    def set_layer(self, layer: Labels | None) -> None:
        """Tell of another layer from now on; None for none."""
        if layer is self._layer:
            return
        self._let_go()
        self._layer = layer
        self._slices = None if layer is None else _slices_of(layer)
        if layer is not None and self._slices is not None:
            self._slices.changed.connect(self._update)
            layer.events.selected_label.connect(self._update)
        self._update()

    def release(self) -> None:
        """Let go of viewer and layer."""
        self._let_go()
        self._layer, self._slices = None, None
        self._viewer.dims.events.order.disconnect(self._update)
        self._viewer.dims.events.ndisplay.disconnect(self._update)
        self._viewer.events.theme.disconnect(self._update)

    def _let_go(self) -> None:
        if self._layer is not None and self._slices is not None:
            self._slices.changed.disconnect(self._update)
            self._layer.events.selected_label.disconnect(self._update)

    def _update(self, _event: Any = None) -> None:
        layer, found = self._layer, self._found()
        self.setVisible(bool(found))
        if layer is None or not found:
            self.setText("")
            return
        ranges = list(_ranges(found))
        text = ", ".join(self._link(layer, first, last) for first, last in ranges[:_MOST_RANGES])
        more = ", …" if len(ranges) > _MOST_RANGES else ""
        self.setText(f"My slices of {label_name(layer, int(layer.selected_label))}: {text}{more}")

    def _found(self) -> Sequence[int]:
        axis = None if self._layer is None else axis_through(self._viewer, self._layer)
        if self._layer is None or self._slices is None or axis is None:
            return ()
        return self._slices.slices(self._layer.ndim - 3 + axis, int(self._layer.selected_label))

    def _link(self, layer: Labels, first: int, last: int) -> str:
        ends = (first,) if first == last else (first, last)
        # Qt's own blue cannot be read on a dark ground.
        style = f"color: {get_theme(self._viewer.theme).text.as_hex()}"
        return "–".join(
            f'<a href="{end}" style="{style}">{self._number(layer, end)}</a>' for end in ends
        )

    def _number(self, layer: Labels, index: int) -> int:
        axis, place = self._place(layer, index)
        span = self._viewer.dims.range[axis]
        return round(float((place - span.start) / span.step))

    def _place(self, layer: Labels, index: int) -> tuple[int, float]:
        """Return the axis of the viewer through the slices, and where on it a slice lies."""
        dims = self._viewer.dims
        axis = int(dims.order[-3])
        place = np.zeros(layer.ndim)
        place[axis - dims.ndim] = index
        return axis, float(layer.data_to_world(place)[axis - dims.ndim])

    def _on_link(self, index: str) -> None:
        if self._layer is not None and axis_through(self._viewer, self._layer) is not None:
            self._viewer.dims.set_point(*self._place(self._layer, int(index)))


def _slices_of(layer: Labels) -> HandSlices | None:
    try:
        require_editable(layer)
    except ValueError:
        return None
    return HandSlices.of(layer)


def _ranges(numbers: Iterable[int]) -> Iterable[tuple[int, int]]:
    """Join neighbours: 3, 4, 5, 9 are 3 to 5 and 9 to 9."""
    first = last = None
    for number in numbers:
        if first is not None and last is not None and number != last + 1:
            yield first, last
            first = number
        first, last = number if first is None else first, number
    if first is not None and last is not None:
        yield first, last
