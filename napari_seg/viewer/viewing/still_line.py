"""A line of text that changes often, without laying out the panel and drawing the window anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QLabel, QWidget

if TYPE_CHECKING:
    from qtpy.QtGui import QResizeEvent


class StillLine(QWidget):
    """Text that wraps; its room grows where it must, and never shrinks.

    A label asks its window for another layout at each change of its text, and with canvases drawn
    by OpenGL that draws all of the window. This one is in no layout, so nobody is asked.

    Attributes
    ----------
    label
        What shows the text.
    """

    def __init__(self) -> None:
        super().__init__()
        self.label = QLabel(self)
        self.label.setWordWrap(True)
        self.setFixedHeight(self.label.fontMetrics().height())

    def text(self) -> str:
        """Return what is shown."""
        return self.label.text()

    def setText(self, text: str) -> None:
        """Show another text."""
        if text != self.label.text():
            self.label.setText(text)
            self._fit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Follow a change of width."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        needed = self.label.heightForWidth(self.width())
        if needed > self.height():
            self.setFixedHeight(needed)
        if self.label.size() != self.size():
            self.label.resize(self.size())
