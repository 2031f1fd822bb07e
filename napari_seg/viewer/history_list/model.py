"""The steps of a history as rows: the state at the beginning, then what each step led to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractListModel, QModelIndex, Qt
from qtpy.QtGui import QColor, QFont

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_seg.viewer.editing.steps import Step

_PALE = 110


class StepModel(QAbstractListModel):
    """One row for the state before all steps, and one for the state after each.

    The present is bold; what was undone is pale.
    """

    def __init__(self) -> None:
        super().__init__()
        self._steps: Sequence[Step] = ()
        self._first = ""
        self._done = 0
        self._text = QColor()

    @property
    def present(self) -> int:
        """The row of the state that the labels are in."""
        return self._done

    def show(self, first: str, steps: Sequence[Step], done: int) -> None:
        """Show other steps.

        Parameters
        ----------
        first
            What the state before them is called.
        steps
            In the order in which they were made.
        done
            How many of them are done.
        """
        self.beginResetModel()
        self._first, self._steps, self._done = first, steps, done
        self.endResetModel()

    def set_text_colour(self, colour: QColor) -> None:
        """Write in a colour of the theme."""
        self.beginResetModel()
        self._text = colour
        self.endResetModel()

    def step(self, row: int) -> Step | None:
        """Return the step that led to a row's state; None for the state before all."""
        return self._steps[row - 1] if row else None

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Count the rows."""
        inside = parent is not None and parent.isValid()
        return 0 if inside or not self._first else len(self._steps) + 1

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a name, its font, its colour, and what a click does."""
        row = index.row()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            name = self._steps[row - 1].name if row else self._first
            undone = row > self._done and role == Qt.ItemDataRole.AccessibleTextRole
            return f"{name}, undone" if undone else name
        if role == Qt.ItemDataRole.FontRole and row == self._done:
            font = QFont()
            font.setBold(True)
            return font
        if role == Qt.ItemDataRole.ForegroundRole:
            colour = QColor(self._text)
            colour.setAlpha(_PALE if row > self._done else 255)
            return colour
        if role == Qt.ItemDataRole.ToolTipRole:
            return _what_a_click_does(row - self._done)
        return None


def _what_a_click_does(steps: int) -> str:
    if steps == 0:
        return "The labels are in this state"
    do, count = ("Redo", steps) if steps > 0 else ("Undo", -steps)
    return f"{do} {count} step{'s' if count > 1 else ''}"
