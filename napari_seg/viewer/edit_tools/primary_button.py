"""A button whose text may be longer than it is wide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QPushButton, QSizePolicy

if TYPE_CHECKING:
    from qtpy.QtGui import QResizeEvent

_FEWEST_LETTERS = 12
_BORDER = 24


class PrimaryButton(QPushButton):
    """Shows a sentence in one line or two, as much as fits; all of it is its accessible name."""

    def __init__(self) -> None:
        super().__init__()
        self.sentence = ""
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def say(self, sentence: str) -> None:
        """Show another sentence."""
        self.sentence = sentence
        self.setAccessibleName(sentence)
        self._fit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Show more or less of the sentence."""
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        """Ask for some letters at least."""
        width = self.fontMetrics().averageCharWidth() * _FEWEST_LETTERS + _BORDER
        return QSize(width, super().minimumSizeHint().height())

    def _fit(self) -> None:
        room = max(self.width() - _BORDER, 1)
        lines = _in_two(self.sentence) if self._width_of(self.sentence) > room else (self.sentence,)
        shown = "\n".join(
            self.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, room) for line in lines
        )
        # An ampersand would mark a key.
        self.setText(shown.replace("&", "&&"))

    def _width_of(self, text: str) -> int:
        # A little more: the style sheet's font is bold.
        return round(1.1 * self.fontMetrics().horizontalAdvance(text))


def _in_two(sentence: str) -> tuple[str, ...]:
    """Break a sentence at the space nearest to its middle.

    Examples
    --------
    >>> _in_two("Grow left anterior by 2 mm")
    ('Grow left', 'anterior by 2 mm')
    """
    spaces = [place for place, letter in enumerate(sentence) if letter == " "]
    if not spaces:
        return (sentence,)
    place = min(spaces, key=lambda place: abs(place - len(sentence) // 2))
    return sentence[:place], sentence[place + 1 :]
