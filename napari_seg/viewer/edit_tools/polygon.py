"""A polygon drawn on a canvas for a tool: in layers of ours that go when the tool is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from app_model.types import KeyCode, KeyMod
from napari.layers import Shapes
from qtpy.QtCore import QObject, QTimer, Signal

from napari_seg.viewer.edit_tools.subject import Drawn
from napari_seg.viewer.layer_removal import remove_layer
from napari_seg.viewer.layers import mark_as_preview

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Labels
    from numpy.typing import NDArray

    from napari_seg.viewer.viewing.side_view import SideView
    from napari_seg.viewer.viewing.three_views import ThreeViews

_PLACE = ("scale", "translate", "rotate", "shear", "affine", "units", "axis_labels")
_LINE_PIXELS = 1.5
_UNDO = KeyMod.CtrlCmd | KeyCode.KeyZ
_REDO = KeyMod.CtrlCmd | KeyMod.Shift | KeyCode.KeyZ
_CORNERS_OF_AN_ELLIPSE = 64


class Polygon(QObject):
    """Lets a person draw one polygon in a slice of any canvas; another one takes its place.

    Parameters
    ----------
    viewer
        On whose canvas it is drawn.
    three_views
        On whose canvases it may be drawn, too; None for the one canvas.
    parent
        That owns this.

    Attributes
    ----------
    drawn
        Signal: there is a polygon, or another one.
    """

    drawn = Signal()

    def __init__(
        self, viewer: ViewerModel, three_views: ThreeViews | None, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._viewer, self._three_views = viewer, three_views
        self._over: Labels | None = None
        self._main: Sheet | None = None
        self._beside: dict[SideView, Sheet] = {}
        self._last: Sheet | None = None

    @property
    def shapes(self) -> Shapes | None:
        """What is drawn on, on the main canvas."""
        return None if self._main is None else self._main.shapes

    def start(self, over: Labels) -> None:
        """Take the mouse on the canvases for drawing over labels."""
        self.stop()
        self._over = over
        self._main = self._sheet(over, self._viewer)
        self._viewer.add_layer(self._main.shapes)
        self._main.draw()
        if self._three_views is not None:
            self._three_views.opened.connect(self._on_views)
            self._three_views.closed.connect(self._on_views)
        self._on_views()

    def stop(self) -> None:
        """Take the polygon away, and give the mouse back to the labels."""
        main, over = self._main, self._over
        if main is None:
            return
        if self._three_views is not None:
            self._three_views.opened.disconnect(self._on_views)
            self._three_views.closed.disconnect(self._on_views)
        for view, sheet in self._beside.items():
            sheet.leave()
            view.remove_own(sheet.shapes)
        main.leave()
        self._main = self._over = self._last = None
        self._beside = {}
        layers = self._viewer.layers
        was_active = layers.selection.active is main.shapes
        remove_layer(self._viewer, main.shapes)
        if was_active and over in layers:
            layers.selection.active = over

    def get(self) -> Drawn | None:
        """Return what was drawn; None where there is nothing yet."""
        sheet = self._last or self._main
        return None if sheet is None else sheet.get()

    def _on_views(self) -> None:
        main, over = self._main, self._over
        if main is None or over is None:
            return
        views = () if self._three_views is None else self._three_views.views
        for view in [view for view in self._beside if view not in views]:
            sheet = self._beside.pop(view)
            sheet.leave()
            if sheet is self._last:
                self._last = None
                self.drawn.emit()
        for view in views:
            if view not in self._beside:
                sheet = self._sheet(over, view.viewer)
                self._beside[view] = sheet
                view.add_own(sheet.shapes, beside=main.shapes)
                sheet.draw()

    def _sheet(self, over: Labels, viewer: ViewerModel) -> Sheet:
        sheet = Sheet(over, viewer.scene.camera.zoom, self)
        sheet.drawn.connect(self._on_drawn)
        return sheet

    def _on_drawn(self, sheet: Sheet) -> None:
        if sheet.get() is None and sheet is not self._last:
            # Cleared, because another was drawn on.
            return
        self._last = sheet
        for other in (self._main, *self._beside.values()):
            if other is not None and other is not sheet:
                other.clear()
        self.drawn.emit()


class Sheet(QObject):
    """The layer of one canvas in which a polygon is drawn.

    Parameters
    ----------
    over
        The labels that it lies over.
    zoom
        Of the canvas: pixels of a mm.
    parent
        That owns this.

    Attributes
    ----------
    drawn
        Signal: this sheet; there is a polygon on it, or another one, or none.
    """

    drawn = Signal(object)

    def __init__(self, over: Labels, zoom: float, parent: QObject) -> None:
        super().__init__(parent)
        self._over = over
        self.shapes = Shapes(
            ndim=over.ndim,
            name=f"polygon over {over.name}",
            face_color="#ffffff1a",
            edge_color="gold",
            # In voxels, so that it looks the same on every screen.
            edge_width=_LINE_PIXELS / max(zoom * over.scale[-1], 1e-6),
            metadata=mark_as_preview(),
            **{name: getattr(over, name) for name in _PLACE},
        )
        # napari is still drawing while it tells of a new polygon.
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._on_later)

    def draw(self) -> None:
        """Take the mouse, once the layer is on its canvas."""
        self.shapes.mode = "add_polygon"
        self.shapes.events.data.connect(self._on_data)
        # Selected in place of the labels, it has their keys.
        self.shapes.bind_key(_UNDO, self._on_undo)
        self.shapes.bind_key(_REDO, self._on_redo)

    def leave(self) -> None:
        """Tell of nothing more."""
        self._later.stop()
        self.shapes.events.data.disconnect(self._on_data)
        self.deleteLater()

    def get(self) -> Drawn | None:
        """Return the polygon; None where there is none yet."""
        # The last one is being drawn; until it is closed, the one before counts.
        closed = self.shapes.data[: -1 if self.shapes._is_creating else None]
        if not closed:
            return None
        corners = np.asarray(closed[-1], dtype=np.float64)
        if self.shapes.shape_type[len(closed) - 1] == "ellipse":
            corners = _along_ellipse(corners)
        flat = np.flatnonzero(np.ptp(corners, axis=0) < 1e-6)
        if not flat.size or len(corners) < 3:
            return None
        axis = int(flat[0])
        return Drawn(np.delete(corners, axis, axis=1), axis, int(np.rint(corners[0, axis])))

    def clear(self) -> None:
        """Take away what is there, unless somebody draws on it."""
        self._keep(0)

    def _keep(self, count: int) -> None:
        shapes = self.shapes
        if not shapes._is_creating and len(shapes.data) > count:
            shapes.selected_data = set(range(len(shapes.data) - count))
            shapes.remove_selected()

    def _on_data(self, _event: Any) -> None:
        self._later.start()

    def _on_later(self) -> None:
        if not self.shapes._is_creating:
            self._keep(1)
            self.drawn.emit(self)

    def _on_undo(self, _shapes: object) -> None:
        self._over.undo()

    def _on_redo(self, _shapes: object) -> None:
        self._over.redo()


def _along_ellipse(box: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return places along the ellipse in a box, which may be turned, of four corners in turn."""
    angles = np.linspace(0, 2 * np.pi, _CORNERS_OF_AN_ELLIPSE, endpoint=False)[:, np.newaxis]
    along, across = (box[1] - box[0]) / 2, (box[3] - box[0]) / 2
    return np.asarray(box.mean(axis=0) + np.cos(angles) * along + np.sin(angles) * across)
