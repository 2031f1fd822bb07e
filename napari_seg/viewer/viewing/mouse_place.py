"""Where the mouse is over a canvas, whatever is turned, zoomed or scrolled under it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.components import ViewerModel
    from numpy.typing import NDArray


class MousePlace(QObject):
    """Follow the mouse by its pixel: napari tells its place in the world only when it moves.

    Parameters
    ----------
    viewer
        On whose canvas the mouse is followed, until `release`.

    Attributes
    ----------
    moved
        Signal: the mouse moved, or was pressed, on this canvas.
    shifted
        Signal: other places of the world lie under the canvas now.
    """

    moved = Signal()
    shifted = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self._pixel: NDArray[np.float64] | None = None
        self._before = viewer.cursor.position
        viewer.cursor.events.position.connect(self._on_position)
        viewer.mouse_move_callbacks.append(self._on_mouse)
        viewer.mouse_drag_callbacks.append(self._on_press)
        for signal in self._shifts():
            signal.connect(self._on_shifted)

    def release(self) -> None:
        """Follow it no longer."""
        self._viewer.cursor.events.position.disconnect(self._on_position)
        self._viewer.mouse_move_callbacks.remove(self._on_mouse)
        self._viewer.mouse_drag_callbacks.remove(self._on_press)
        for signal in self._shifts():
            signal.disconnect(self._on_shifted)

    def world(self) -> tuple[float, ...] | None:
        """Return the point in the world under the mouse; None in 3D and where it is not known."""
        dims, canvas = self._viewer.dims, self._viewer.canvas
        if self._pixel is None or dims.ndisplay != 2:
            return None
        if canvas.grid.enabled:
            # Each scan has a part of the canvas: only napari knows which.
            return tuple(self._viewer.cursor.position)
        if np.any(self._pixel < 0) or np.any(self._pixel > canvas.size):
            return None
        camera = self._viewer.scene.camera
        shown = np.asarray(camera.center[-2:]) + self._from_middle(self._pixel) / camera.zoom
        position = list(dims.point)
        for axis, place in zip(dims.displayed, shown, strict=True):
            position[axis] = float(place)
        return tuple(position)

    def _shifts(self) -> tuple[Any, ...]:
        dims, camera = self._viewer.dims.events, self._viewer.scene.camera.events
        size = self._viewer.canvas.events.size
        return dims.order, dims.ndisplay, camera.center, camera.zoom, camera.orientation, size

    def _from_middle(self, pixel: NDArray[np.float64]) -> NDArray[np.float64]:
        # Down and to the right, or as the camera is turned.
        return (pixel - self._middle()) * self._towards()

    def _middle(self) -> NDArray[np.float64]:
        return np.asarray(self._viewer.canvas.size, dtype=float) / 2

    def _towards(self) -> tuple[int, int]:
        vertical, horizontal = self._viewer.scene.camera.orientation2d
        return 1 if vertical == "down" else -1, 1 if horizontal == "right" else -1

    def _on_position(self, _event: object) -> None:
        dims, camera = self._viewer.dims, self._viewer.scene.camera
        position, before = self._viewer.cursor.position, self._before
        self._before = position
        # napari sets it, too, for layers that come and go, and for each turn of the slices.
        if len(position) != len(before) or len(position) < dims.ndim or dims.ndisplay != 2:
            return
        if all(position[axis] == before[axis] for axis in dims.displayed):
            return
        shown = np.array([position[axis] for axis in dims.displayed], dtype=float)
        away = (shown - np.asarray(camera.center[-2:])) * camera.zoom
        self._pixel = self._middle() + away * self._towards()
        self.moved.emit()

    def _on_mouse(self, _viewer: ViewerModel, event: Any) -> None:
        # While napari pans, the camera is told of late: this is the true place.
        self._pixel = np.array(event.pos[::-1], dtype=float)

    def _on_press(self, viewer: ViewerModel, event: Any) -> Iterator[None]:
        self._on_mouse(viewer, event)
        yield
        while event.type == "mouse_move":
            self._on_mouse(viewer, event)
            yield

    def _on_shifted(self, _event: object) -> None:
        self.shifted.emit()
