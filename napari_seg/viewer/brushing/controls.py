"""What a person sees and sets of the brushes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from napari_seg.imaging.label_edits.strokes import Kind
from napari_seg.viewer.brushing.brush_row import BrushRow
from napari_seg.viewer.brushing.intensity_range import IntensityRange
from napari_seg.viewer.brushing.only_in import OnlyIn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_seg.viewer.brushing.earlier import EarlierState

_LEAST_MM, _MOST_MM = 0.1, 500.0
_GAP = 4


class Controls(QWidget):
    """The row of brushes, the diameter, where they draw; and what the one in hand needs more.

    Attributes
    ----------
    row
        The buttons.
    diameter
        In mm.
    sphere
        Whether brushes reach into the slices before and behind.
    only_in
        What may be drawn over.
    intensities
        The range that the threshold brush paints; shown while that is in hand.
    earlier
        Which state is restored; shown while the restoring brush is in hand.
    """

    def __init__(self) -> None:
        super().__init__()
        self.row = BrushRow()
        self.diameter = QDoubleSpinBox()
        self.diameter.setRange(_LEAST_MM, _MOST_MM)
        self.diameter.setDecimals(1)
        self.diameter.setSuffix(" mm")
        self.diameter.setKeyboardTracking(False)
        self.diameter.setAccessibleName("Diameter of the brush")
        self.diameter.setToolTip("Across the brush, in mm ([ and ], or Shift and the wheel)")
        self.sphere = QCheckBox("Sphere")
        self.sphere.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.sphere.setAccessibleName("Spherical brush")
        self.sphere.setToolTip("A ball, which reaches into the slices before and behind, too")
        self.only_in = OnlyIn()
        self.intensities = IntensityRange()
        self.earlier = QComboBox()
        self.earlier.setAccessibleName("Restore")
        self.earlier.setToolTip("What the brush paints back")
        # The name of a file may be longer than the panel is wide.
        self.earlier.setMinimumContentsLength(8)
        self.earlier.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._range_label, self._earlier_label = QLabel("Range"), QLabel("Restore")
        self._lay_out()
        self.show_kind(None)

    def show_kind(self, kind: Kind | None) -> None:
        """Show which brush is in hand, and what it needs."""
        self.row.show_kind(kind)
        self._range_label.setVisible(kind is Kind.THRESHOLD)
        self.intensities.setVisible(kind is Kind.THRESHOLD)
        self._earlier_label.setVisible(kind is Kind.RESTORE)
        self.earlier.setVisible(kind is Kind.RESTORE)

    def show_earlier(self, states: Sequence[EarlierState]) -> None:
        """Offer states to restore; one that is chosen stays so if it is still there."""
        offered = [self.earlier.itemData(place) for place in range(self.earlier.count())]
        if [state.kept for state in offered] == [state.kept for state in states]:
            return
        chosen = self.earlier.currentText()
        self.earlier.blockSignals(True)
        self.earlier.clear()
        for state in states:
            self.earlier.addItem(state.title, state)
        self.earlier.setCurrentIndex(max(self.earlier.findText(chosen), 0))
        self.earlier.blockSignals(False)
        self.earlier.currentIndexChanged.emit(self.earlier.currentIndex())

    def _lay_out(self) -> None:
        size = QWidget()
        beside = QHBoxLayout(size)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.addWidget(self.diameter, 1)
        beside.addWidget(self.sphere)
        fields = QGridLayout()
        fields.setSpacing(_GAP)
        fields.setColumnStretch(1, 1)
        rows: tuple[tuple[QLabel, QWidget], ...] = (
            (QLabel("Diameter"), size),
            (QLabel("Only in"), self.only_in),
            (self._range_label, self.intensities),
            (self._earlier_label, self.earlier),
        )
        for place, (label, field) in enumerate(rows):
            fields.addWidget(label, place, 0)
            fields.addWidget(field, place, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(_GAP)
        layout.addWidget(self.row)
        layout.addLayout(fields)
