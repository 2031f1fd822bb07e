"""A box to segment: a rectangle of a Shapes layer, through a range of slices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from napari.layers import Image, Shapes
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget

from napari_seg.viewer.layers import grid_of, metadata_of, place_like
from napari_seg.viewer.segmenting.boxes import DEFAULT_MM, box_of_rectangle, through_axis

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from numpy.typing import NDArray

    from napari_seg.imaging.geometry import Region


class DrawnBox(QWidget):
    """Draw a rectangle, and choose the slices it goes through.

    Parameters
    ----------
    viewer
        Whose Shapes layers are used: the one selected last, else the topmost.

    Attributes
    ----------
    changed
        Signal: another rectangle, or other slices.
    """

    changed = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self._watched: Shapes | None = None
        self.draw = QPushButton("Draw a box")
        self.draw.setToolTip(
            "Add a Shapes layer, and draw a rectangle on the scan; of three views, in the large one"
        )
        self.first = _slice_box("First slice of the box")
        self.last = _slice_box("Last slice of the box")
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(QLabel("Slices"))
        row.addWidget(self.first, 1)
        row.addWidget(QLabel("to"))
        row.addWidget(self.last, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.draw)
        layout.addLayout(row)
        self.first.valueChanged.connect(self._on_slices)
        self.last.valueChanged.connect(self._on_slices)

    @property
    def shapes(self) -> Shapes | None:
        """The layer whose rectangle counts, if there is any."""
        if self._watched in self._viewer.layers:
            return self._watched
        for layer in reversed(self._viewer.layers):
            if _is_drawn_on(layer):
                self._watch(layer)
                return layer
        return None

    def follow(self, layer: object) -> None:
        """Use a layer from now on if a person draws on it: a Shapes layer, not one of ours."""
        if _is_drawn_on(layer) and layer is not self._watched:
            self._watch(layer)
            self.changed.emit()

    def add_shapes(self, scan: Image) -> None:
        """Add a layer to draw a rectangle on, for the slices around the one that shows."""
        ndim = len(grid_of(scan)[1].kept)
        self._set_slices(scan)
        layer = Shapes(
            ndim=ndim,
            name="box",
            face_color="transparent",
            edge_color="gold",
            edge_width=0.5,
            **place_like(scan, ndim),
        )
        self._viewer.add_layer(layer)
        layer.mode = "add_rectangle"
        self._watch(layer)
        self.changed.emit()

    def region(self, scan: Image) -> Region:
        """Return the box as voxels ``(i, j, k)`` of a scan.

        Raises
        ------
        ValueError
            If nothing was drawn yet, or it lies outside the scan.
        """
        shapes = self.shapes
        if shapes is None or not len(shapes.data):
            raise ValueError(
                "Draw a rectangle on the scan around what to segment; of three views, in the large one"
            )
        chosen = max(shapes.selected_data, default=len(shapes.data) - 1)
        corners: NDArray[Any] = np.asarray(shapes.data[chosen])
        flat = np.flatnonzero(np.ptp(corners, axis=0) < 1e-6)
        through = int(flat[0]) if corners.shape[1] == 3 and flat.size else 0
        first, last = sorted((self.first.value(), self.last.value()))
        in_world = [shapes.data_to_world(corner) for corner in corners]
        return box_of_rectangle(scan, in_world, (first, last), through=through)

    def release(self) -> None:
        """Let go of the Shapes layer."""
        self._watch(None)

    def _watch(self, layer: Shapes | None) -> None:
        if layer is self._watched:
            return
        if self._watched is not None:
            self._watched.events.data.disconnect(self._on_shapes)
        self._watched = layer
        if layer is not None:
            layer.events.data.connect(self._on_shapes)

    def _set_slices(self, scan: Image) -> None:
        geometry, order = grid_of(scan)
        shape = order.show_shape(geometry.shape)
        if len(shape) == 2:
            return
        through = through_axis(self._viewer)
        middle = scan.world_to_data(self._viewer.dims.point)[-3:][through]
        half = DEFAULT_MM[through] / 2 / order.scale(geometry)[through]
        for box, value in ((self.first, middle - half), (self.last, middle + half)):
            box.setValue(min(round(value), shape[through] - 1))

    def _on_slices(self, _value: int) -> None:
        self.changed.emit()

    def _on_shapes(self, _event: Any) -> None:
        self.changed.emit()


def _is_drawn_on(layer: object) -> TypeGuard[Shapes]:
    return isinstance(layer, Shapes) and not metadata_of(layer)


def _slice_box(name: str) -> QSpinBox:
    box = QSpinBox()
    box.setMaximum(99_999)
    # The panel is narrow; the arrow keys and the wheel count up and down.
    box.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
    box.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    box.setStyleSheet("QAbstractSpinBox { min-width: 3em; }")
    box.setAccessibleName(name)
    box.setToolTip(f"{name}, counted from 0 within the scan")
    return box
