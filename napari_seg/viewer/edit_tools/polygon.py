"""A polygon drawn on the canvas for a tool: in a layer of ours that goes when the tool is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Shapes
from qtpy.QtCore import QObject, QTimer, Signal

from napari_seg.viewer.edit_tools.subject import Drawn
from napari_seg.viewer.layers import mark_as_preview

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Labels

_PLACE = ("scale", "translate", "rotate", "shear", "affine", "units", "axis_labels")
_LINE_PIXELS = 1.5


class Polygon(QObject):
    """Lets a person draw one polygon in a slice; another one takes its place.

    Parameters
    ----------
    viewer
        On whose canvas it is drawn.
    parent
        That owns this.

    Attributes
    ----------
    drawn
        Signal: there is a polygon, or another one.
    """

    drawn = Signal()

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.shapes: Shapes | None = None
        self._over: Labels | None = None
        # napari is still drawing while it tells of a new polygon.
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._on_later)

    def start(self, over: Labels) -> None:
        """Take the mouse on the canvas for drawing over labels."""
        self.stop()
        place = {name: getattr(over, name) for name in _PLACE}
        self._over = over
        self.shapes = Shapes(
            ndim=over.ndim,
            name=f"cut of {over.name}",
            face_color="#ffffff1a",
            edge_color="gold",
            # In voxels, so that it looks the same on every screen.
            edge_width=_LINE_PIXELS / max(self._viewer.scene.camera.zoom * over.scale[-1], 1e-6),
            metadata=mark_as_preview(),
            **place,
        )
        self._viewer.add_layer(self.shapes)
        self.shapes.mode = "add_polygon"
        self.shapes.events.data.connect(self._on_data)

    def stop(self) -> None:
        """Take the polygon away, and give the mouse back to the labels."""
        self._later.stop()
        shapes, over = self.shapes, self._over
        self.shapes = self._over = None
        if shapes is None:
            return
        shapes.events.data.disconnect(self._on_data)
        layers = self._viewer.layers
        was_active = layers.selection.active is shapes
        if shapes in layers:
            layers.remove(shapes)
        if was_active and over in layers:
            layers.selection.active = over

    def get(self) -> Drawn | None:
        """Return what was drawn; None where there is nothing yet."""
        if self.shapes is None:
            return None
        # The last one is being drawn; until it is closed, the one before counts.
        closed = self.shapes.data[: -1 if self.shapes._is_creating else None]
        if not closed:
            return None
        corners = np.asarray(closed[-1], dtype=np.float64)
        flat = np.flatnonzero(np.ptp(corners, axis=0) < 1e-6)
        if not flat.size or len(corners) < 3:
            return None
        axis = int(flat[0])
        return Drawn(np.delete(corners, axis, axis=1), axis, int(np.rint(corners[0, axis])))

    def _on_data(self, _event: Any) -> None:
        self._later.start()

    def _on_later(self) -> None:
        shapes = self.shapes
        if shapes is None or shapes._is_creating:
            return
        if len(shapes.data) > 1:
            shapes.selected_data = set(range(len(shapes.data) - 1))
            shapes.remove_selected()
        self.drawn.emit()
