"""Mouse and wheel in 2D as in a radiology viewer; in 3D, and if preferred, as in napari."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels

from napari_seg.viewer.viewing.layer_at_hand import image_at_hand
from napari_seg.viewer.viewing.preferences import uses_our_mouse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari.components import ViewerModel

_RIGHT, _MIDDLE = 2, 3
_ZOOM_PER_NOTCH = 1.2
_BRUSH_PER_NOTCH = 0.15
# A drag over so many pixels changes width or level by the width that there was.
_PIXELS_PER_WINDOW = 200
# Under a right click, napari's polygon takes back its last corner.
_OWNS_THE_RIGHT_BUTTON = "polygon"


class Mouse:
    """Scroll, zoom, pan, window and size the brush, until `release`.

    The wheel scrolls slices, with Ctrl it zooms about the cursor, with Shift it sizes the brush;
    the middle button pans; the right one changes the window: to the right wider, up brighter.

    Parameters
    ----------
    viewer
        On whose canvas the mouse is.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._scrolled = 0.0
        self._napari_scroll: Callable[..., Any] | None = None
        for callback in viewer.mouse_wheel_callbacks:
            if getattr(callback, "__name__", "") == "dims_scroll":
                self._napari_scroll = callback
        # napari scrolls by Ctrl and the wheel, and cannot be told not to.
        if self._napari_scroll is not None:
            viewer.mouse_wheel_callbacks.remove(self._napari_scroll)
        viewer.mouse_wheel_callbacks.append(self._on_wheel)
        viewer.mouse_drag_callbacks.append(self._on_press)

    def release(self) -> None:
        """Give mouse and wheel back to napari."""
        self._viewer.mouse_wheel_callbacks.remove(self._on_wheel)
        self._viewer.mouse_drag_callbacks.remove(self._on_press)
        if self._napari_scroll is not None:
            self._viewer.mouse_wheel_callbacks.insert(0, self._napari_scroll)

    def _on_wheel(self, viewer: ViewerModel, event: Any) -> None:
        if viewer.dims.ndisplay != 2 or not uses_our_mouse():
            if self._napari_scroll is not None:
                self._napari_scroll(viewer, event)
            return
        # Some systems turn the wheel sideways while Shift is held.
        notches = float(np.clip(event.delta[1] or event.delta[0], -1, 1))
        modifiers = {str(getattr(key, "name", key)) for key in event.modifiers}
        if not modifiers:
            self._scroll(notches if event.native.inverted() else -notches)
        elif modifiers == {"Control"}:
            _zoom(viewer, event, notches)
        elif modifiers == {"Shift"}:
            _size_brush(viewer, notches)
        else:
            return
        event.handled = True

    def _scroll(self, notches: float) -> None:
        dims = self._viewer.dims
        if dims.ndim < 3:
            return
        # A touchpad sends small parts of a notch.
        self._scrolled += notches
        steps = int(self._scrolled)
        self._scrolled -= steps
        if steps:
            axis = dims.order[-3]
            last = int(dims.nsteps[axis]) - 1
            dims.set_current_step(axis, int(np.clip(dims.current_step[axis] + steps, 0, last)))

    def _on_press(self, viewer: ViewerModel, event: Any) -> Iterator[None]:
        drag = self._drag_of(viewer, event)
        if drag is None:
            return
        layer = viewer.layers.selection.active
        # The selected layer is asked next, and most of its tools draw with any button.
        others = [] if layer is None else list(layer.mouse_drag_callbacks)
        if layer is not None:
            layer.mouse_drag_callbacks.clear()
        start = _Start(viewer, event)
        event.handled = True
        yield
        if layer is not None:
            layer.mouse_drag_callbacks[:0] = [
                other for other in others if other not in layer.mouse_drag_callbacks
            ]
        while event.type == "mouse_move":
            drag(start, viewer, event)
            event.handled = True
            yield

    @staticmethod
    def _drag_of(viewer: ViewerModel, event: Any) -> Callable[..., None] | None:
        if viewer.dims.ndisplay != 2 or event.modifiers or not uses_our_mouse():
            return None
        if event.button == _MIDDLE:
            return _pan
        layer = viewer.layers.selection.active
        is_free = layer is None or layer.mode != _OWNS_THE_RIGHT_BUTTON
        if event.button == _RIGHT and is_free and image_at_hand(viewer) is not None:
            return _change_window
        return None


class _Start:
    """Where a drag began, and what was so then."""

    def __init__(self, viewer: ViewerModel, event: Any) -> None:
        self.pixel = np.array(event.pos, dtype=float)
        self.place = _on_canvas(viewer, event)
        self.layer = image_at_hand(viewer)
        self.limits = (0.0, 1.0) if self.layer is None else self.layer.contrast_limits


def _on_canvas(viewer: ViewerModel, event: Any) -> Any:
    return np.array([event.position[axis] for axis in viewer.dims.displayed])


def _pan(start: _Start, viewer: ViewerModel, event: Any) -> None:
    camera = viewer.scene.camera
    moved = np.asarray(camera.center[-2:]) + start.place - _on_canvas(viewer, event)
    camera.center = (0.0, float(moved[0]), float(moved[1]))


def _change_window(start: _Start, _viewer: ViewerModel, event: Any) -> None:
    if start.layer is None:
        return
    low, high = start.limits
    right, down = (np.asarray(event.pos) - start.pixel) / _PIXELS_PER_WINDOW
    # The width never comes to nothing, however far one drags to the left.
    width = (high - low) * float(np.exp2(2 * right) if right < 0 else 1 + right)
    centre = (low + high) / 2 + down * (high - low)
    start.layer.contrast_limits = (centre - width / 2, centre + width / 2)


def _zoom(viewer: ViewerModel, event: Any, notches: float) -> None:
    camera = viewer.scene.camera
    factor = _ZOOM_PER_NOTCH**notches
    place = _on_canvas(viewer, event)
    centre = place + (np.asarray(camera.center[-2:]) - place) / factor
    camera.zoom *= factor
    camera.center = (0.0, float(centre[0]), float(centre[1]))


def _size_brush(viewer: ViewerModel, notches: float) -> None:
    layer = viewer.layers.selection.active
    if isinstance(layer, Labels):
        step = max(1, round(layer.brush_size * _BRUSH_PER_NOTCH))
        layer.brush_size = max(1, layer.brush_size + (step if notches > 0 else -step))
