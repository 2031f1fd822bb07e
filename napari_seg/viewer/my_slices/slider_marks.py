"""Marks at napari's slider where slices were drawn by hand.

They are painted by a widget of ours that lies on the slider and lets the mouse through. Of napari
they need the sliders of its canvas; where a later one has others, there are no marks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.utils.theme import get_theme
from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, QRectF, Qt, QTimer
from qtpy.QtGui import QColor, QPainter
from qtpy.QtWidgets import QScrollBar, QStyle, QStyleOptionSlider, QWidget

from napari_seg.viewer.canvases import canvas_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtGui import QPaintEvent

    from napari_seg.viewer.my_slices.slices_in_view import SlicesInView

_HEIGHT, _LEAST_WIDTH = 3.0, 2.0
# So light that the slider is still the slider.
_ALPHA = 0.8


class SliderMarks(QObject):
    """Marks slices at the slider that turns them, until `release`.

    Parameters
    ----------
    slices
        That are marked.

    Attributes
    ----------
    marks
        What lies on the slider now; None where nothing is marked.
    """

    def __init__(self, slices: SlicesInView) -> None:
        super().__init__()
        self._slices = slices
        self.marks: Marks | None = None
        # Each axis that comes or goes gives napari other sliders, a moment later than it is told.
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._update)
        slices.changed.connect(self._on_changed)
        slices.viewer.events.theme.connect(self._on_changed)
        self._on_changed()

    def release(self) -> None:
        """Leave the slider as it was."""
        self._later.stop()
        self._slices.changed.disconnect(self._on_changed)
        self._slices.viewer.events.theme.disconnect(self._on_changed)
        self._remove()

    def _on_changed(self, _event: object = None) -> None:
        self._later.start(0)

    def _update(self) -> None:
        ranges = [tuple(map(self._slices.number, ends)) for ends in self._slices.ranges]
        slider = self._slider() if ranges else None
        marks = self.marks
        is_there = marks is not None and isalive(marks)  # type: ignore[no-untyped-call] # qtpy's
        if marks is None or not is_there or marks.slider is not slider:
            self._remove()
            if slider is None:
                return
            self.marks = marks = Marks(slider)
        colour = QColor(get_theme(self._slices.viewer.theme).text.as_hex())
        colour.setAlphaF(_ALPHA)
        marks.show_at(ranges, colour)

    def _slider(self) -> QScrollBar | None:
        canvas = canvas_of(self._slices.viewer)
        for each in getattr(getattr(canvas, "dims", None), "slider_widgets", ()):
            slider = getattr(each, "slider", None)
            if each.axis == self._slices.axis and isinstance(slider, QScrollBar):
                return slider
        return None

    def _remove(self) -> None:
        marks, self.marks = self.marks, None
        # They went with their slider, if that is gone.
        if marks is not None and isalive(marks):  # type: ignore[no-untyped-call] # qtpy's
            marks.hide()
            marks.deleteLater()


class Marks(QWidget):
    """Short lines at the lower edge of a slider.

    Parameters
    ----------
    slider
        That they lie on.

    Attributes
    ----------
    ranges
        The first and the last value of each stretch that is marked.
    """

    def __init__(self, slider: QScrollBar) -> None:
        super().__init__(slider)
        self.slider = slider
        self.ranges: Sequence[Sequence[int]] = ()
        self._colour = QColor()
        self.setAccessibleName("Slices drawn by hand")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setGeometry(slider.rect())
        slider.installEventFilter(self)
        self.show()

    def show_at(self, ranges: Sequence[Sequence[int]], colour: QColor) -> None:
        """Mark other values."""
        self.ranges, self._colour = ranges, colour
        self.update()

    def lines(self) -> list[QRectF]:
        """Return where the marks are painted: below the middle of the handle at their slice."""
        option, style = self._option(), self.slider.style()
        if style is None:
            return []
        groove, handle = (
            style.subControlRect(QStyle.ComplexControl.CC_ScrollBar, option, part, self.slider)
            for part in (QStyle.SubControl.SC_ScrollBarGroove, QStyle.SubControl.SC_ScrollBarSlider)
        )
        room, found = groove.width() - handle.width(), []
        for ends in self.ranges:
            first, last = (
                QStyle.sliderPositionFromValue(
                    option.minimum, option.maximum, value, room, option.upsideDown
                )
                for value in ends
            )
            width = max(abs(last - first), _LEAST_WIDTH)
            middle = groove.left() + (handle.width() + first + last) / 2
            top = groove.bottom() + 1 - _HEIGHT
            found.append(QRectF(middle - width / 2, top, width, _HEIGHT))
        return found

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Be as large as the slider."""
        if watched is self.slider and event is not None and event.type() == QEvent.Type.Resize:
            self.setGeometry(self.slider.rect())
        return False

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the marks."""
        painter = QPainter(self)
        for line in self.lines():
            painter.fillRect(line, self._colour)
        painter.end()

    def _option(self) -> QStyleOptionSlider:
        slider, option = self.slider, QStyleOptionSlider()
        option.initFrom(slider)
        option.state |= QStyle.StateFlag.State_Horizontal
        option.orientation = slider.orientation()
        option.minimum, option.maximum = slider.minimum(), slider.maximum()
        option.singleStep, option.pageStep = slider.singleStep(), slider.pageStep()
        option.sliderPosition, option.sliderValue = slider.sliderPosition(), slider.value()
        is_turned = slider.layoutDirection() == Qt.LayoutDirection.RightToLeft
        option.upsideDown = slider.invertedAppearance() != is_turned
        return option
