"""Clicks on the canvases for a tool, while the brush is laid aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_seg.viewer.edit_tools.source import voxel_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.components import ViewerModel
    from napari.layers import Labels

    from napari_seg.viewer.viewing.three_views import ThreeViews

_LEFT = 1


class Clicks(QObject):
    """Tells of the voxels that are clicked; a drag moves the view as ever.

    Parameters
    ----------
    viewer
        On whose canvas the mouse is.
    three_views
        On whose canvases it may be, too; None for the one canvas.
    parent
        That owns this.

    Attributes
    ----------
    clicked
        Signal: the viewer of the canvas, and the indices of a voxel.
    left
        Signal: a person took a brush, so that clicks mean something else now.
    """

    clicked = Signal(object, object)
    left = Signal()

    def __init__(
        self, viewer: ViewerModel, three_views: ThreeViews | None, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._viewer, self._three_views = viewer, three_views
        self._viewers: tuple[ViewerModel, ...] = ()
        self._layer: Labels | None = None
        self._mode = ""

    def start(self, layer: Labels) -> None:
        """Take the clicks on a layer."""
        self.stop()
        self._layer, self._mode = layer, str(layer.mode)
        layer.mode = "pan_zoom"
        layer.events.mode.connect(self._on_mode)
        if self._three_views is not None:
            self._three_views.opened.connect(self._listen)
            self._three_views.closed.connect(self._listen)
        self._listen()

    def stop(self) -> None:
        """Give the mouse back."""
        layer, self._layer = self._layer, None
        if layer is None:
            return
        layer.events.mode.disconnect(self._on_mode)
        if self._three_views is not None:
            self._three_views.opened.disconnect(self._listen)
            self._three_views.closed.disconnect(self._listen)
        self._listen()
        # Whoever took up a brush meanwhile keeps it.
        if str(layer.mode) == "pan_zoom" and layer in self._viewer.layers:
            layer.mode = self._mode

    def _listen(self) -> None:
        """Listen to the canvases that are there now, for as long as there is a layer."""
        for viewer in self._viewers:
            if self._on_press in viewer.mouse_drag_callbacks:
                viewer.mouse_drag_callbacks.remove(self._on_press)
        views = () if self._three_views is None else self._three_views.views
        all_of_them = (self._viewer, *(view.viewer for view in views))
        self._viewers = () if self._layer is None else all_of_them
        for viewer in self._viewers:
            viewer.mouse_drag_callbacks.append(self._on_press)

    def _on_mode(self, _event: Any) -> None:
        if self._layer is not None and str(self._layer.mode) not in ("pan_zoom", "transform"):
            self.left.emit()

    def _on_press(self, viewer: ViewerModel, event: Any) -> Iterator[None]:
        if event.button != _LEFT or event.modifiers:
            return
        position = tuple(event.position)
        yield
        while event.type == "mouse_move":
            if tuple(event.position) != position:
                return
            yield
        layer = self._layer
        if layer is None or layer not in self._viewer.layers:
            return
        voxel = voxel_at(layer, position)
        if voxel is not None:
            self.clicked.emit(viewer, voxel)
