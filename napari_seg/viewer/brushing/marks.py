"""Small marks of the brushes, drawn in the colour of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap

from napari_seg.imaging.label_edits.strokes import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

# The marks are drawn on a square of 16, and larger than they are shown.
_SIDE = 16.0
_FINER = 4
_FAINT = 0.35


def mark_of(kind: Kind, colour: QColor, side: int) -> QIcon:
    """Draw the mark of a brush, `side` pixels wide."""
    pixmap = QPixmap(side * _FINER, side * _FINER)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(side * _FINER / _SIDE, side * _FINER / _SIDE)
    painter.setPen(QPen(colour, 1.4, cap=Qt.PenCapStyle.RoundCap, join=Qt.PenJoinStyle.RoundJoin))
    _DRAWN[kind](painter, colour)
    painter.end()
    return QIcon(pixmap)


def _paint(painter: QPainter, colour: QColor) -> None:
    painter.setBrush(colour)
    painter.drawEllipse(QPointF(8, 8), 5.0, 5.0)


def _erase(painter: QPainter, _colour: QColor) -> None:
    painter.drawEllipse(QPointF(8, 8), 5.5, 5.5)
    painter.drawLine(QPointF(4.2, 11.8), QPointF(11.8, 4.2))


def _adaptive(painter: QPainter, colour: QColor) -> None:
    painter.drawEllipse(QPointF(8, 8), 5.5, 5.5)
    # It fills the ring up to an edge.
    part = QPainterPath()
    part.addEllipse(QPointF(8, 8), 5.5, 5.5)
    side = QPainterPath()
    side.addRect(QRectF(0, 0, 9, 16))
    painter.fillPath(part.intersected(side), colour)
    painter.drawLine(QPointF(9, 1.5), QPointF(9, 14.5))


def _threshold(painter: QPainter, colour: QColor) -> None:
    for left, height, is_in in ((2, 4, False), (5.2, 9, True), (8.4, 12, True), (11.6, 6, False)):
        painter.setOpacity(1.0 if is_in else _FAINT)
        painter.fillRect(QRectF(left, 14 - height, 2.4, height), colour)
    painter.setOpacity(1.0)


def _nudge(painter: QPainter, colour: QColor) -> None:
    painter.drawArc(QRectF(-6, 1, 14, 14), -75 * 16, 150 * 16)
    painter.drawLine(QPointF(9.5, 8), QPointF(14, 8))
    head = QPainterPath(QPointF(15, 8))
    head.lineTo(11.5, 5.2)
    head.lineTo(11.5, 10.8)
    head.closeSubpath()
    painter.fillPath(head, colour)


def _restore(painter: QPainter, colour: QColor) -> None:
    painter.drawArc(QRectF(3, 3, 10, 10), -150 * 16, 290 * 16)
    head = QPainterPath(QPointF(1.6, 8.6))
    head.lineTo(2.2, 13.6)
    head.lineTo(6.6, 11.2)
    head.closeSubpath()
    painter.fillPath(head, colour)


_DRAWN: dict[Kind, Callable[[QPainter, QColor], None]] = {
    Kind.PAINT: _paint,
    Kind.ERASE: _erase,
    Kind.ADAPTIVE: _adaptive,
    Kind.THRESHOLD: _threshold,
    Kind.NUDGE: _nudge,
    Kind.RESTORE: _restore,
}
