"""A range of intensities, preset from the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QHBoxLayout, QLabel, QToolButton, QWidget

from napari_seg.viewer.edit_tools.subject import Range

if TYPE_CHECKING:
    from napari_seg.viewer.edit_tools.controls import Intensities
    from napari_seg.viewer.edit_tools.subject import Subject

_FARTHEST = 1e9


class RangeWidget(QWidget):
    """From one intensity to another, in the scan's own unit."""

    changed = Signal()

    def __init__(self, control: Intensities) -> None:
        super().__init__()
        self._window: Range | None = None
        self._has_ends = False
        self.limits = QCheckBox()
        self.limits.setAccessibleName("Only where the scan is in a range")
        self.limits.setToolTip(control.tip)
        self.low, self.high = _end("Lowest intensity"), _end("Highest intensity")
        self.from_window = QToolButton()
        self.from_window.setText("◐")
        self.from_window.setAutoRaise(True)
        self.from_window.setAccessibleName("Take the range of the window")
        self.from_window.setToolTip("Take the range that the view shows from black to white")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.limits)
        row.addWidget(self.low, 1)
        row.addWidget(QLabel("to"))
        row.addWidget(self.high, 1)
        row.addWidget(self.from_window)
        self.limits.setVisible(control.is_optional)
        self.limits.setChecked(not control.is_optional)
        self._enable()
        self.limits.toggled.connect(self._on_limits)
        self.low.valueChanged.connect(self._on_low)
        self.high.valueChanged.connect(self._on_high)
        self.from_window.clicked.connect(self._on_window)

    @property
    def setting(self) -> Range | None:
        """The range; None where there is no limit."""
        if not self.limits.isChecked() or not self._has_ends:
            return None
        return Range(float(self.low.value()), float(self.high.value()))

    def show_setting(self, value: Range | None, subject: Subject | None) -> None:
        """Show a range without telling of it; None is the window for one that is needed."""
        self._window = None if subject is None else subject.window
        self.blockSignals(True)
        self.from_window.setEnabled(self._window is not None)
        unit = subject.unit if subject is not None else ""
        for end in (self.low, self.high):
            end.setSuffix(f" {unit}" if unit else "")
        if not self.limits.isHidden():
            self.limits.setChecked(value is not None)
        shown = value or self._window
        # Ends that a person is just typing stay.
        if shown is not None and (
            not self._has_ends or shown != (self.low.value(), self.high.value())
        ):
            self._show(shown)
        self._enable()
        self.blockSignals(False)

    def _show(self, shown: Range) -> None:
        self._has_ends = True
        span = abs(shown.high - shown.low)
        for end, value in ((self.low, shown.low), (self.high, shown.high)):
            end.blockSignals(True)
            end.setDecimals(0 if span >= 20 else 3)
            end.setSingleStep(max(1, round(span / 50)) if span >= 20 else span / 50 or 0.1)
            end.setValue(value)
            end.blockSignals(False)

    def _enable(self) -> None:
        for widget in (self.low, self.high):
            widget.setEnabled(self.limits.isChecked())

    def _on_limits(self, _checked: bool) -> None:
        self._enable()
        self.changed.emit()

    def _on_low(self, value: float) -> None:
        self._has_ends = True
        # One end pushes the other along.
        if value > self.high.value():
            self.high.blockSignals(True)
            self.high.setValue(value)
            self.high.blockSignals(False)
        self.changed.emit()

    def _on_high(self, value: float) -> None:
        self._has_ends = True
        if value < self.low.value():
            self.low.blockSignals(True)
            self.low.setValue(value)
            self.low.blockSignals(False)
        self.changed.emit()

    def _on_window(self) -> None:
        if self._window is not None:
            self.limits.setChecked(True)
            self._show(self._window)
            self.changed.emit()


def _end(name: str) -> QDoubleSpinBox:
    end = QDoubleSpinBox()
    end.setRange(-_FARTHEST, _FARTHEST)
    end.setDecimals(0)
    end.setKeyboardTracking(False)
    end.setAccessibleName(name)
    end.setToolTip(name)
    # The panel is narrow; the arrow keys and the wheel count up and down.
    end.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
    end.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    end.setStyleSheet("QAbstractSpinBox { min-width: 3.5em; }")
    return end
