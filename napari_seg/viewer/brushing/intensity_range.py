"""A range of intensities in two boxes, as the window shows it unless a person chose another."""

from __future__ import annotations

from math import ceil, log10
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtWidgets import QDoubleSpinBox, QGridLayout, QLabel, QPushButton, QWidget

from napari_seg.viewer.intensity_unit import unit_of

if TYPE_CHECKING:
    from napari.layers import Image

_LARGEST = 1e9
_MOST_DECIMALS = 6
# A click on an arrow of a box moves it by this share of the window.
_STEPS = 100


class IntensityRange(QWidget):
    """The lowest and the highest intensity. It follows the scan's window until one is typed."""

    def __init__(self) -> None:
        super().__init__()
        self._scan: Image | None = None
        self._is_following = True
        self._is_showing = False
        self.low, self.high = _box("Lowest intensity"), _box("Highest intensity")
        self.from_window = QPushButton("As the window")
        self.from_window.setAccessibleName("Range as the window")
        self.from_window.setToolTip("From black to white, as the scan's window is and will be")
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.low, 0, 0)
        layout.addWidget(QLabel("to"), 0, 1)
        layout.addWidget(self.high, 0, 2)
        layout.addWidget(self.from_window, 1, 0, 1, 3)
        layout.setColumnStretch(0, 1)
        layout.setColumnStretch(2, 1)
        self.low.valueChanged.connect(self._on_low)
        self.high.valueChanged.connect(self._on_high)
        self.from_window.clicked.connect(self._on_from_window)

    @property
    def limits(self) -> tuple[float, float]:
        """The lowest and the highest intensity."""
        return self.low.value(), self.high.value()

    def set_scan(self, scan: Image | None) -> None:
        """Follow the window of another scan; one of another unit of intensity begins anew."""
        if scan is self._scan:
            return
        self._leave()
        self._scan = None if scan is None or scan.rgb else scan
        self._is_following = True
        if self._scan is not None:
            self._scan.events.contrast_limits.connect(self._on_window)
            unit = f" {unit_of(self._scan)}".rstrip()
            for box in (self.low, self.high):
                box.setSuffix(unit)
            self._on_window()

    def release(self) -> None:
        """Let the scan go."""
        self._leave()
        self._scan = None

    def _leave(self) -> None:
        if self._scan is not None:
            self._scan.events.contrast_limits.disconnect(self._on_window)

    def _on_window(self, _event: object = None) -> None:
        if self._scan is None or not self._is_following:
            return
        low, high = self._scan.contrast_limits
        is_whole = np.issubdtype(self._scan.dtype, np.integer)
        step = (high - low) / _STEPS
        decimals = 0 if is_whole else min(max(0, ceil(-log10(step / 10))), _MOST_DECIMALS)
        self._is_showing = True
        for box, value in ((self.low, low), (self.high, high)):
            box.setDecimals(decimals)
            box.setSingleStep(max(step, 10.0**-decimals))
            box.setValue(value)
        self._is_showing = False

    def _on_low(self, low: float) -> None:
        self._note_typed()
        self.high.setValue(max(self.high.value(), low))

    def _on_high(self, high: float) -> None:
        self._note_typed()
        self.low.setValue(min(self.low.value(), high))

    def _note_typed(self) -> None:
        if not self._is_showing:
            self._is_following = False

    def _on_from_window(self) -> None:
        self._is_following = True
        self._on_window()


def _box(name: str) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(-_LARGEST, _LARGEST)
    box.setKeyboardTracking(False)
    box.setAccessibleName(name)
    box.setToolTip(f"{name} that the brush paints")
    # Their arrows would leave no room for the unit.
    box.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
    return box
