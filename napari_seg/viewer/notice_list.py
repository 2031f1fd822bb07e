"""What there is to know of a layer, and what can be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_seg.viewer.wrapped_label import WrappedLabel

if TYPE_CHECKING:
    from collections.abc import Sequence


class Offer(NamedTuple):
    """A button under a notice: its text, its tooltip, and what `NoticeList.taken` then brings."""

    text: str
    tip: str
    value: Any


class NoticeList(QWidget):
    """One line for each notice, with a button under those that offer something.

    Lines with an offer are always seen, the others when the list is unfolded.

    Attributes
    ----------
    taken
        Signal: the value of the offer whose button was pressed.
    """

    taken = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.offers: list[QPushButton] = []
        self._values: list[Any] = []
        self._parts: list[tuple[QWidget, bool]] = []
        self._is_unfolded = False
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(4)

    @property
    def text(self) -> str:
        """All lines, one under the other."""
        labels = [part for part, _ in self._parts if isinstance(part, WrappedLabel)]
        return "\n".join(label.text() for label in labels)

    def show_lines(self, lines: Sequence[tuple[str, Offer | None]]) -> None:
        """Show other notices."""
        for part, _ in self._parts:
            self._box.removeWidget(part)
            part.hide()
            part.deleteLater()
        self._parts, self.offers, self._values = [], [], []
        for text, offer in lines:
            label = WrappedLabel()
            label.setText(f"• {text}")
            self._add(label, offer is not None)
            if offer is not None:
                button = QPushButton(offer.text)
                button.setToolTip(offer.tip)
                button.clicked.connect(self._on_clicked)
                self.offers.append(button)
                self._values.append(offer.value)
                self._add(button, True)
        self.unfold(self._is_unfolded)

    def unfold(self, unfolded: bool) -> None:
        """Show all lines, or those with an offer only."""
        self._is_unfolded = unfolded
        for part, always in self._parts:
            part.setVisible(unfolded or always)
        self.setVisible(any(unfolded or always for _, always in self._parts))

    def _add(self, part: QWidget, always: bool) -> None:
        self._box.addWidget(part)
        self._parts.append((part, always))

    def _on_clicked(self) -> None:
        for button, value in zip(self.offers, self._values, strict=True):
            if button is self.sender():
                self.taken.emit(value)
                return
