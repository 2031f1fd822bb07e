"""How the cells of the table of labels are drawn, and how a name is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QModelIndex, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPalette, QPen
from qtpy.QtWidgets import (
    QApplication,
    QHeaderView,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from napari_seg.imaging.label_table import STATUSES
from napari_seg.viewer.label_list.marks import draw_eye, draw_lock, draw_status
from napari_seg.viewer.label_list.model import ROW, Column

if TYPE_CHECKING:
    from napari_seg.viewer.label_list.rows import Row

_STRIPE = 3
_FAINT = 0.35
_ROOM = 8
_MARKS = (Column.LOCK, Column.EYE, Column.STATUS)


class Cells(QStyledItemDelegate):
    """Draws colour, name, volume and marks in the colours of the view's own theme."""

    accent = QColor()
    hovered = -1

    def __init__(self, view: QTableView) -> None:
        super().__init__(view)
        self._view = view

    def createEditor(
        self, parent: QWidget | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> QWidget | None:
        """Offer a line to type a name into."""
        editor = QLineEdit(parent)
        editor.setFrame(False)
        editor.setAccessibleName("Name of the label")
        return editor

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Draw one cell."""
        if painter is None:
            return
        full = QStyleOptionViewItem(option)
        self.initStyleOption(full, index)
        text, full.text = full.text or "", ""
        full.state &= ~QStyle.StateFlag.State_HasFocus
        style = full.widget.style() if full.widget is not None else QApplication.style()
        if style is not None:
            style.drawControl(QStyle.ControlElement.CE_ItemViewItem, full, painter, full.widget)
        row, column = index.data(ROW), Column(index.column())
        colour = full.palette.color(QPalette.ColorRole.Text)
        painter.save()
        if column is Column.COLOUR:
            self._draw_colour(painter, full, row)
        elif column in _MARKS:
            self._draw_mark(painter, full, row, column, colour)
        else:
            painter.setOpacity(1.0 if row.is_visible else 0.55)
            self._draw_text(painter, full, text, colour, column)
        painter.restore()
        self._draw_focus(painter, full, index, colour)

    def _draw_colour(self, painter: QPainter, full: QStyleOptionViewItem, row: Row) -> None:
        if full.state & QStyle.StateFlag.State_Selected and self.accent.isValid():
            stripe = QRectF(full.rect)
            stripe.setWidth(_STRIPE)
            painter.fillRect(stripe, self.accent)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = full.rect.height() * 0.56
        swatch = QRectF(0, 0, side, side)
        swatch.moveCenter(QRectF(full.rect).center())
        swatch.translate(1.0, 0.0)
        colour = QColor(*row.colour)
        if row.is_visible:
            painter.setBrush(colour)
        painter.setPen(QPen(colour, 1.5))
        painter.drawRoundedRect(swatch, 3, 3)

    def _draw_mark(
        self,
        painter: QPainter,
        full: QStyleOptionViewItem,
        row: Row,
        column: Column,
        colour: QColor,
    ) -> None:
        side = full.rect.height() * 0.66
        place = QRectF(0, 0, side, side)
        place.moveCenter(QRectF(full.rect).center())
        is_selected = bool(full.state & QStyle.StateFlag.State_Selected)
        is_near = is_selected or full.index.row() == self.hovered
        if column is Column.LOCK:
            # An open lock says little: it shows where it can be closed.
            painter.setOpacity(1.0 if row.is_locked else _FAINT if is_near else 0.0)
            draw_lock(painter, place, colour, is_closed=row.is_locked)
        elif column is Column.EYE:
            painter.setOpacity(0.8 if row.is_visible else 0.5)
            draw_eye(painter, place, colour, is_open=row.is_visible)
        else:
            painter.setOpacity(_FAINT if row.status == STATUSES[0] else 0.9)
            draw_status(painter, place, colour, row.status)

    def _draw_text(
        self,
        painter: QPainter,
        full: QStyleOptionViewItem,
        text: str,
        colour: QColor,
        column: Column,
    ) -> None:
        painter.setPen(colour)
        painter.setFont(full.font)
        room = full.rect.adjusted(2, 0, -4, 0)
        elided = full.fontMetrics.elidedText(text, Qt.TextElideMode.ElideRight, room.width())
        side = (
            Qt.AlignmentFlag.AlignRight if column is Column.VOLUME else Qt.AlignmentFlag.AlignLeft
        )
        painter.drawText(room, side | Qt.AlignmentFlag.AlignVCenter, elided)

    def _draw_focus(
        self,
        painter: QPainter,
        full: QStyleOptionViewItem,
        index: QModelIndex,
        colour: QColor,
    ) -> None:
        # A thin frame around the cell that Space acts on, for those who work by keys.
        if self._view.hasFocus() and index == self._view.currentIndex():
            painter.save()
            painter.setOpacity(0.5)
            painter.setPen(QPen(colour, 1, Qt.PenStyle.DotLine))
            painter.drawRect(full.rect.adjusted(0, 0, -1, -1))
            painter.restore()


def fit_columns(view: QTableView) -> None:
    """Fit rows and columns to the font: marks are as wide as high, names get the rest."""
    across, down = view.horizontalHeader(), view.verticalHeader()
    if across is None or down is None:
        return
    height = row_height(view)
    down.setDefaultSectionSize(height)
    for column in Column:
        fixed = column is not Column.NAME
        mode = QHeaderView.ResizeMode.Fixed if fixed else QHeaderView.ResizeMode.Stretch
        across.setSectionResizeMode(int(column), mode)
        if fixed:
            volume = view.fontMetrics().horizontalAdvance("8888.8") + _ROOM
            view.setColumnWidth(int(column), volume if column is Column.VOLUME else height)


def row_height(view: QTableView) -> int:
    """Return the height of a row: that of the text, and room for a finger's breadth of mouse."""
    return view.fontMetrics().height() + _ROOM
