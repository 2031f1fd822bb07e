"""A line of numbers to click: the slices of the selected label that were drawn by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.utils.theme import get_theme

from napari_seg.viewer.wrapped_label import WrappedLabel

if TYPE_CHECKING:
    from napari_seg.viewer.my_slices.slices_in_view import SlicesInView

# More would fill the panel.
_MOST_RANGES = 24


class MySlices(WrappedLabel):
    """Says "My slices of liver: 12, 18, 25", as numbered by the slider; hidden without any.

    Parameters
    ----------
    slices
        That are told of, and that a click turns to.
    """

    def __init__(self, slices: SlicesInView) -> None:
        super().__init__()
        self._slices = slices
        self.setAccessibleName("Slices drawn by hand")
        self.setToolTip(
            "Slices in which you drew this label since a network last wrote there. "
            "Interpolating between them keeps them as they are"
        )
        self._update()
        self.linkActivated.connect(self._on_link)
        slices.changed.connect(self._update)
        slices.viewer.events.theme.connect(self._update)

    def release(self) -> None:
        """Tell of them no more."""
        self._slices.changed.disconnect(self._update)
        self._slices.viewer.events.theme.disconnect(self._update)

    def _update(self, _event: object = None) -> None:
        ranges = self._slices.ranges
        self.setVisible(bool(ranges))
        text = ", ".join(self._link(first, last) for first, last in ranges[:_MOST_RANGES])
        more = ", …" if len(ranges) > _MOST_RANGES else ""
        self.setText(f"My slices of {self._slices.name}: {text}{more}" if ranges else "")

    def _link(self, first: int, last: int) -> str:
        ends = (first,) if first == last else (first, last)
        # Qt's own blue cannot be read on a dark ground.
        style = f"color: {get_theme(self._slices.viewer.theme).text.as_hex()}"
        return "–".join(
            f'<a href="{end}" style="{style}">{self._slices.number(end)}</a>' for end in ends
        )

    def _on_link(self, index: str) -> None:
        self._slices.turn_to(int(index))
