"""The table of labels on the screen: mouse and keys become wishes that others fulfil."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QItemSelectionModel, QModelIndex, QPoint, QSize, Qt, Signal
from qtpy.QtGui import QColor, QPainter
from qtpy.QtWidgets import QAbstractButton, QAbstractItemView, QFrame, QSizePolicy, QTableView

from napari_seg.viewer.label_list.cells import Cells, fit_columns, row_height
from napari_seg.viewer.label_list.model import ROW, Column, RowModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtCore import QItemSelection
    from qtpy.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPaintEvent

    from napari_seg.viewer.label_list.rows import Row

_FEWEST_ROWS, _MOST_ROWS = 3, 9
_MARKS = (Column.LOCK, Column.EYE, Column.STATUS)


class LabelView(QTableView):
    """Rows of labels, to be chosen, jumped to, renamed and marked.

    A click on a mark changes the mark and chooses nothing.

    Attributes
    ----------
    chosen
        Signal: the value of the label that became the current one.
    jump_wanted
        Signal: the value of a label to look at.
    colour_wanted
        Signal: the value of a label whose colour is to be changed.
    mark_pressed
        Signal: the value of a label, the `Column` of the mark, and where on the screen.
    selection_changed
        Signal: other rows are selected.
    delete_wanted, show_all_wanted
        Signal: the keys for these were pressed.
    """

    chosen = Signal(int)
    jump_wanted = Signal(int)
    colour_wanted = Signal(int)
    mark_pressed = Signal(int, int, QPoint)
    selection_changed = Signal()
    delete_wanted = Signal()
    show_all_wanted = Signal()

    def __init__(self, model: RowModel) -> None:
        super().__init__()
        self._rows = model
        self._is_following = False
        self._is_choosing = False
        self.empty_text = ""
        self._cells = Cells(self)
        self.setModel(model)
        self.setItemDelegate(self._cells)
        self.setAccessibleName("Labels")
        self.setAccessibleDescription(
            "Arrow keys choose a label and a column, Enter goes to the label, F2 renames it, "
            "Space changes the lock, the eye or the status, Delete deletes it"
        )
        self._set_behaviour()
        self._set_sizes()
        model.rowsInserted.connect(self._on_rows)
        model.rowsRemoved.connect(self._on_rows)

    @property
    def current(self) -> int | None:
        """The value of the current row; None without one."""
        index = self.currentIndex()
        return self._rows.rows[index.row()].value if index.isValid() else None

    @property
    def selected(self) -> tuple[int, ...]:
        """The values of all rows that are selected."""
        selection = self.selectionModel()
        rows = [] if selection is None else sorted(one.row() for one in selection.selectedRows())
        return tuple(self._rows.rows[row].value for row in rows)

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show other rows; none is chosen by that."""
        self._is_following = True
        self._rows.show(rows)
        self._is_following = False

    def follow(self, value: int) -> None:
        """Make the row of a label the current one; none where it has no row."""
        selection, row = self.selectionModel(), self._rows.row_of(value)
        if selection is None or (row >= 0 and self.current == value and value in self.selected):
            return
        # What is being selected together with it stays so.
        if self._is_choosing and self.current == value:
            return
        self._is_following = True
        if row < 0:
            selection.clear()
        else:
            column = max(self.currentIndex().column(), 0) or int(Column.NAME)
            index = self._rows.index(row, column)
            selection.setCurrentIndex(
                index,
                QItemSelectionModel.SelectionFlag.ClearAndSelect
                | QItemSelectionModel.SelectionFlag.Rows,
            )
            self.scrollTo(index)
        self._is_following = False

    def rename(self, value: int) -> None:
        """Let the person type another name."""
        self.follow(value)
        index = self._rows.index(self._rows.row_of(value), int(Column.NAME))
        self.setFocus()
        self.setCurrentIndex(index)
        self.edit(index)

    def set_accent(self, colour: str) -> None:
        """Mark the selected rows in this colour from now on."""
        self._cells.accent = QColor(colour)
        self._refresh()

    def sizeHint(self) -> QSize:
        """Ask for the height of the rows, within bounds."""
        rows = min(max(self._rows.rowCount(), _FEWEST_ROWS), _MOST_ROWS)
        height = rows * row_height(self) + 2 * self.frameWidth()
        return QSize(super().sizeHint().width(), height)

    def minimumSizeHint(self) -> QSize:
        """Ask for some rows at least."""
        height = _FEWEST_ROWS * row_height(self) + 2 * self.frameWidth()
        return QSize(super().minimumSizeHint().width(), height)

    def currentChanged(self, current: QModelIndex, previous: QModelIndex) -> None:
        """Tell of another current label, if a person chose it."""
        super().currentChanged(current, previous)
        if current.isValid() and current.row() != previous.row() and not self._is_following:
            self._choose(current)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        """Tell of other selected rows."""
        super().selectionChanged(selected, deselected)
        self.selection_changed.emit()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Change a mark, or choose a row."""
        if event is None:
            return
        index = self.indexAt(event.position().toPoint())
        is_left = event.button() == Qt.MouseButton.LeftButton
        if is_left and index.isValid() and index.column() in _MARKS:
            self._press_mark(index)
            return
        super().mousePressEvent(event)
        # The current row may be clicked to paint with it again, after another was picked.
        if is_left and index.isValid():
            self._choose(index)

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        """Go to a label, or change its colour; a mark takes it for a second click."""
        if event is None or event.button() != Qt.MouseButton.LeftButton:
            return
        index = self.indexAt(event.position().toPoint())
        if not index.isValid():
            return
        if index.column() in _MARKS:
            self._press_mark(index)
        elif index.column() == Column.COLOUR:
            self.colour_wanted.emit(index.data(ROW).value)
        else:
            self.jump_wanted.emit(index.data(ROW).value)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Note the row under the mouse, which shows its open lock."""
        if event is not None:
            self._hover(self.indexAt(event.position().toPoint()).row())
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent | None) -> None:
        """Forget the row under the mouse."""
        self._hover(-1)
        super().leaveEvent(event)

    def focusInEvent(self, event: QFocusEvent | None) -> None:
        """Show where the keys act."""
        super().focusInEvent(event)
        self._refresh()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Do what a key says; letters search for a name."""
        if event is None:
            return
        index, key = self.currentIndex(), event.key()
        with_shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if key == Qt.Key.Key_Space and with_shift:
            self.show_all_wanted.emit()
        elif not index.isValid():
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            # The one that ends a name reaches the table, too.
            if self.state() != QAbstractItemView.State.EditingState:
                self.jump_wanted.emit(index.data(ROW).value)
        elif key == Qt.Key.Key_Space:
            self._press_key_on(index)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.delete_wanted.emit()
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str | None) -> None:
        """Find the next name that begins with what is typed, whatever the column."""
        row = max(self.currentIndex().row(), 0)
        self.setCurrentIndex(self._rows.index(row, int(Column.NAME)))
        super().keyboardSearch(search)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the rows; where there are none, say why."""
        super().paintEvent(event)
        viewport = self.viewport()
        if self._rows.rowCount() or not self.empty_text or viewport is None:
            return
        painter = QPainter(viewport)
        painter.setOpacity(0.7)
        painter.setPen(self.palette().color(self.foregroundRole()))
        centred = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(viewport.rect().adjusted(8, 0, -8, 0), centred, self.empty_text)
        painter.end()

    def _set_behaviour(self) -> None:
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)

    def _set_sizes(self) -> None:
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        for header in (self.verticalHeader(), self.horizontalHeader()):
            if header is not None:
                header.hide()
                header.setMinimumSectionSize(8)
        corner = self.findChild(QAbstractButton)
        if corner is not None:
            corner.setAccessibleName("Choose all labels")
        fit_columns(self)

    def changeEvent(self, event: QEvent | None) -> None:
        """Follow another font or theme."""
        super().changeEvent(event)
        if event is not None and event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            fit_columns(self)
            self.updateGeometry()

    def _on_rows(self) -> None:
        self.updateGeometry()
        self._refresh()

    def _choose(self, index: QModelIndex) -> None:
        self._is_choosing = True
        self.chosen.emit(index.data(ROW).value)
        self._is_choosing = False

    def _press_mark(self, index: QModelIndex) -> None:
        viewport = self.viewport()
        corner = self.visualRect(index).bottomLeft()
        place = corner if viewport is None else viewport.mapToGlobal(corner)
        self.mark_pressed.emit(index.data(ROW).value, index.column(), place)

    def _press_key_on(self, index: QModelIndex) -> None:
        if index.column() == Column.COLOUR:
            self.colour_wanted.emit(index.data(ROW).value)
        elif index.column() in _MARKS:
            self._press_mark(index)
        else:
            self._press_mark(self._rows.index(index.row(), int(Column.EYE)))

    def _hover(self, row: int) -> None:
        if row != self._cells.hovered:
            self._cells.hovered = row
            self._refresh()

    def _refresh(self) -> None:
        viewport = self.viewport()
        if viewport is not None:
            viewport.update()
