"""The rows of labels as Qt's views see them, changed row by row."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal

from napari_seg.viewer.label_list.rows import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

ROW = Qt.ItemDataRole.UserRole + 1
"""The role that brings a cell's whole `Row`."""

_NONE = QModelIndex()
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class Column(IntEnum):
    """What stands in each column."""

    COLOUR = 0
    NAME = 1
    VOLUME = 2
    LOCK = 3
    EYE = 4
    STATUS = 5


_TITLES = ("Colour", "Name", "Millilitres", "Lock", "Shown", "Status")


class RowModel(QAbstractTableModel):
    """Rows of labels. A cell's text is for eyes, its accessible text for screen readers.

    Attributes
    ----------
    rename_wanted
        Signal: the value of a label, and the name that a person typed.
    """

    rename_wanted = Signal(int, str)

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Row] = []

    @property
    def rows(self) -> tuple[Row, ...]:
        """What is shown."""
        return tuple(self._rows)

    def show(self, rows: Sequence[Row]) -> None:
        """Show other rows, by rising value; only those that differ are touched."""
        wanted = {row.value: row for row in rows}
        for place in reversed(range(len(self._rows))):
            if self._rows[place].value not in wanted:
                self.beginRemoveRows(_NONE, place, place)
                del self._rows[place]
                self.endRemoveRows()
        for place, row in enumerate(rows):
            if place >= len(self._rows) or self._rows[place].value != row.value:
                self.beginInsertRows(_NONE, place, place)
                self._rows.insert(place, row)
                self.endInsertRows()
            elif self._rows[place] != row:
                self._rows[place] = row
                self.dataChanged.emit(self.index(place, 0), self.index(place, len(Column) - 1))

    def row_of(self, value: int) -> int:
        """Return the place of a label; -1 where it has no row."""
        return next((place for place, row in enumerate(self._rows) if row.value == value), -1)

    def rowCount(self, parent: QModelIndex = _NONE) -> int:
        """Return how many labels there are."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = _NONE) -> int:
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(Column)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Tell of one cell what a role asks for."""
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], Column(index.column())
        if role == ROW:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return {Column.NAME: row.name, Column.VOLUME: row.volume_text}.get(column)
        if role == Qt.ItemDataRole.TextAlignmentRole and column is Column.VOLUME:
            return _RIGHT
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return spoken(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tooltip(row, column)
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Ask for another name."""
        row = self._rows[index.row()]
        if role != Qt.ItemDataRole.EditRole or index.column() != Column.NAME or value == row.name:
            return False
        self.rename_wanted.emit(row.value, str(value))
        return True

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Tell what can be done with a cell: all can be chosen, names edited."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() == Column.NAME:
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Name a column."""
        wanted = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)
        if orientation == Qt.Orientation.Horizontal and role in wanted:
            return _TITLES[section]
        return None


def spoken(row: Row, column: Column) -> str:
    """Say in words what a cell shows."""
    return {
        Column.COLOUR: f"colour #{bytes(row.colour).hex()}",
        Column.NAME: row.name,
        Column.VOLUME: f"{row.volume_text} millilitres" if row.volume_ml else "no volume",
        Column.STATUS: row.status,
        Column.LOCK: "locked" if row.is_locked else "not locked",
        Column.EYE: "shown" if row.is_visible else "hidden",
    }[column]


def _tooltip(row: Row, column: Column) -> str:
    return {
        Column.COLOUR: "Double-click: another colour",
        Column.NAME: f"{row.name} (label {row.value})\n"
        "Double-click or Enter: go there   F2: rename",
        Column.VOLUME: f"{spoken(row, Column.VOLUME)}",
        Column.STATUS: f"Status: {row.status}; click to change it",
        Column.LOCK: "Locked: no brush, tool or network changes it; click to unlock"
        if row.is_locked
        else "Click to lock: no brush, tool or network will change it",
        Column.EYE: "Click to hide" if row.is_visible else "Hidden; click to show",
    }[column]
