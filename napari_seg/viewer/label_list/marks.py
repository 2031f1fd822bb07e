"""Small marks drawn in the colour of text: a lock, an eye, how far one has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QIcon, QPainter, QPainterPath, QPen, QPixmap

if TYPE_CHECKING:
    from qtpy.QtGui import QColor

# The marks are drawn on a square of 16.
_SIDE = 16.0


def draw_lock(painter: QPainter, place: QRectF, colour: QColor, *, is_closed: bool) -> None:
    """Draw a padlock."""
    _begin(painter, place, colour)
    shackle = QPainterPath(QPointF(5, 8 if is_closed else 6))
    shackle.lineTo(5, 5)
    shackle.arcTo(QRectF(5, 2, 6, 6), 180, -180)
    shackle.lineTo(11, 8)
    painter.drawPath(shackle)
    body = QPainterPath()
    body.addRoundedRect(QRectF(3.5, 8, 9, 6), 1.2, 1.2)
    if is_closed:
        painter.fillPath(body, colour)
    painter.drawPath(body)
    painter.restore()


def draw_eye(painter: QPainter, place: QRectF, colour: QColor, *, is_open: bool) -> None:
    """Draw an eye, open or struck through."""
    _begin(painter, place, colour)
    lids = QPainterPath(QPointF(1.5, 8))
    lids.quadTo(8, 0.5, 14.5, 8)
    lids.quadTo(8, 15.5, 1.5, 8)
    painter.drawPath(lids)
    if is_open:
        painter.setBrush(colour)
        painter.drawEllipse(QPointF(8, 8), 2.0, 2.0)
    else:
        painter.drawLine(QPointF(2.5, 13.5), QPointF(13.5, 2.5))
    painter.restore()


def draw_status(painter: QPainter, place: QRectF, colour: QColor, status: str) -> None:
    """Draw how far one has come: a ring, half a disc, a tick or a flag."""
    _begin(painter, place, colour)
    ring = QRectF(3, 3, 10, 10)
    if status == "flagged":
        painter.drawLine(QPointF(4.5, 2.5), QPointF(4.5, 14))
        flag = QPainterPath(QPointF(4.5, 2.5))
        for x, y in ((12.5, 5.5), (4.5, 8.5)):
            flag.lineTo(x, y)
        painter.fillPath(flag, colour)
        painter.drawPath(flag)
    elif status == "done":
        tick = QPainterPath(QPointF(2.5, 8.5))
        tick.lineTo(6.5, 12.5)
        tick.lineTo(13.5, 3.5)
        painter.setPen(QPen(colour, 2.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawPath(tick)
    else:
        painter.drawEllipse(ring)
        if status == "in progress":
            half = QPainterPath(QPointF(8, 8))
            half.arcTo(ring, 90, -180)
            painter.fillPath(half, colour)
    painter.restore()


def status_icon(status: str, colour: QColor, *, ratio: float = 1.0) -> QIcon:
    """Make an icon of a status for menus.

    Parameters
    ----------
    status
        One of `label_table.STATUSES`.
    colour
        Of the text beside it.
    ratio
        Pixels of the screen for each one of Qt's.
    """
    picture = QPixmap(round(_SIDE * ratio), round(_SIDE * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    draw_status(painter, QRectF(0, 0, _SIDE, _SIDE), colour, status)
    painter.end()
    return QIcon(picture)


def colour_icon(colour: QColor, *, side: int = 12) -> QIcon:
    """Make an icon of one colour for menus."""
    picture = QPixmap(side, side)
    picture.fill(colour)
    return QIcon(picture)


def _begin(painter: QPainter, place: QRectF, colour: QColor) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    side = min(place.width(), place.height())
    painter.translate(place.center().x() - side / 2, place.center().y() - side / 2)
    painter.scale(side / _SIDE, side / _SIDE)
    painter.setPen(QPen(colour, 1.3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.setBrush(Qt.BrushStyle.NoBrush)
