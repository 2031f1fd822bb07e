"""One point for several canvases: each is cut through it, and a click on any moves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from napari.components import ViewerModel

_LEFT = 1
# A hand is not still: a click may move the mouse so far.
_CLICK_PIXELS = 4


class LinkedPoints:
    """Link the points of viewers, until `release`.

    Parameters
    ----------
    viewers
        Their last axes are the same; the first one's point is taken over by the others.
    """

    def __init__(self, viewers: Sequence[ViewerModel]) -> None:
        self._viewers = tuple(viewers)
        self._is_moving = False
        self._move_others(self._viewers[0])
        for viewer in self._viewers:
            viewer.dims.events.point.connect(self._on_point)
            viewer.mouse_drag_callbacks.append(self._on_press)

    def release(self) -> None:
        """Let each have its own point."""
        for viewer in self._viewers:
            viewer.dims.events.point.disconnect(self._on_point)
            viewer.mouse_drag_callbacks.remove(self._on_press)

    def _on_point(self, event: Any) -> None:
        if not self._is_moving:
            self._move_others(next(v for v in self._viewers if v.dims is event.source))

    def _move_others(self, source: ViewerModel) -> None:
        self._is_moving = True
        try:
            for viewer in self._viewers:
                # Times and channels come first, and not every viewer has them.
                shared = min(viewer.dims.ndim, source.dims.ndim)
                point = (*viewer.dims.point[:-shared], *source.dims.point[-shared:])
                if viewer is not source and not np.allclose(point, viewer.dims.point):
                    viewer.dims.point = point
        finally:
            self._is_moving = False

    def _on_press(self, viewer: ViewerModel, event: Any) -> Iterator[None]:
        if event.button != _LEFT or event.modifiers or viewer.dims.ndisplay != 2:
            return
        start = np.asarray(event.pos)
        active = viewer.layers.selection.active
        if active is None or active.mode == "pan_zoom":
            # A drag pans: only a click that stays where it was is meant.
            yield
            while event.type == "mouse_move":
                if np.abs(np.asarray(event.pos) - start).max() > _CLICK_PIXELS:
                    return
                yield
        axes = list(viewer.dims.displayed)
        viewer.dims.set_point(axes, [float(event.position[axis]) for axis in axes])
