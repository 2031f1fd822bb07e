"""A label whose text wraps, and is never cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QLabel

if TYPE_CHECKING:
    from qtpy.QtGui import QResizeEvent


class WrappedLabel(QLabel):
    """Text that takes the height that it needs at the width that it has.

    Qt's own labels ask for it too, but a form inside a scroll area does not listen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)

    def setText(self, text: str | None) -> None:
        """Show another text."""
        super().setText(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Follow a change of width."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        # Qt never answers less than the least height that is set.
        self.setMinimumHeight(0)
        self.setMinimumHeight(max(self.heightForWidth(self.width()), 0))
