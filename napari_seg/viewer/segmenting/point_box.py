"""A box to segment: of a size in mm, around a point that a person clicks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QDoubleSpinBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_seg.viewer.segmenting.boxes import DEFAULT_MM, box_around, outline, through_axis
from napari_seg.viewer.segmenting.outlines import Outlines

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

    from napari_seg.imaging.geometry import Region

_SIDES = ("height (inferior to superior)", "depth (anterior to posterior)", "width (left to right)")


class PointBox(QWidget):
    """Choose a size, and click where the box goes; it is shown on the scan.

    Parameters
    ----------
    viewer
        Whose clicks and slices are used.

    Attributes
    ----------
    changed
        Signal: another size or place.
    """

    changed = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self._centre: tuple[float, ...] | None = None
        self._outline = Outlines(viewer, "box to segment")
        self.pick = QPushButton("Click its centre")
        self.pick.setCheckable(True)
        self.pick.setToolTip("Then click on the scan: the box goes around that point")
        self.sizes = [_size_box(side, mm) for side, mm in zip(_SIDES, DEFAULT_MM, strict=True)]
        row = QHBoxLayout()
        # A person says width, depth, height; the display's axes are z, y, x.
        for box in reversed(self.sizes):
            row.addWidget(box)
            box.valueChanged.connect(self._on_size)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pick)
        layout.addLayout(row)
        self.pick.toggled.connect(self._on_pick)

    def place(self, position: tuple[float, ...]) -> None:
        """Put the box around a point of napari's world."""
        self._centre = tuple(position)
        self.pick.setChecked(False)
        self.changed.emit()

    def forget(self) -> None:
        """Go back to the middle of what is shown."""
        self._centre = None

    def region(self, scan: Image) -> Region:
        """Return the box as voxels ``(i, j, k)`` of a scan.

        Raises
        ------
        ValueError
            If it lies outside the scan.
        """
        if self._centre is None:
            self._centre = self._middle()
        return box_around(scan, self._centre, [box.value() for box in self.sizes])

    def show_outline(self, scan: Image, region: Region) -> None:
        """Draw the box on the slices that it goes through."""
        self._outline.show(scan, outline(scan, region, through=through_axis(self._viewer)))

    def remove_outline(self) -> None:
        """Take the drawn box away."""
        self._outline.clear()

    def release(self) -> None:
        """Take away what was put into the viewer."""
        self.pick.setChecked(False)
        self.remove_outline()

    def _middle(self) -> tuple[float, ...]:
        point = list(self._viewer.dims.point)
        displayed = self._viewer.dims.displayed
        centre = self._viewer.scene.camera.center[-len(displayed) :]
        for axis, value in zip(displayed, centre, strict=True):
            point[axis] = value
        return tuple(point)

    def _on_size(self, _mm: float) -> None:
        self.changed.emit()

    def _on_pick(self, checked: bool) -> None:
        callbacks = self._viewer.mouse_drag_callbacks
        if checked:
            callbacks.append(self._on_mouse)
        elif self._on_mouse in callbacks:
            callbacks.remove(self._on_mouse)

    def _on_mouse(self, _viewer: ViewerModel, event: Any) -> None:
        event.handled = True
        self.place(event.position)


def _size_box(side: str, mm: float) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(1, 1000)
    box.setDecimals(0)
    box.setSuffix(" mm")
    # Three of them stand side by side in a panel of 320 px.
    box.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
    box.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    box.setStyleSheet("QAbstractSpinBox { min-width: 3em; }")
    box.setValue(mm)
    box.setAccessibleName(f"Box {side}")
    box.setToolTip(f"{side[0].upper()}{side[1:]} of the box")
    return box
