"""One point for several canvases: each is cut through it, and a click on any moves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QTimer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from napari.components import ViewerModel

_LEFT = 1
# A hand is not still: a click may move the mouse so far.
_CLICK_PIXELS = 4


class LinkedPoints:
    """Link further viewers to the point of the main one, until `release`.

    A stroke does not wait for that: all follow one after the other when it has begun.

    Parameters
    ----------
    main
        Its current point is the one that all are cut through.
    others
        Their last axes are those of the main one. They are moved only to show another slice:
        napari slices anew for any change of a point.
    """

    def __init__(self, main: ViewerModel, others: Sequence[ViewerModel]) -> None:
        self._main, self._others = main, tuple(others)
        self._is_moving = False
        # Where a stroke began, and who has still to go there.
        self._begun_at: Sequence[float] = ()
        self._late: list[ViewerModel] = []
        self._later = QTimer()
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._on_later)
        self._on_main_point()
        main.dims.events.point.connect(self._on_main_point)
        for viewer in self._others:
            viewer.dims.events.point.connect(self._on_other_point)
            viewer.dims.events.order.connect(self._on_main_point)
        for viewer in (main, *self._others):
            viewer.mouse_drag_callbacks.append(self._on_press)

    def release(self) -> None:
        """Let each have its own point."""
        self._later.stop()
        self._main.dims.events.point.disconnect(self._on_main_point)
        for viewer in self._others:
            viewer.dims.events.point.disconnect(self._on_other_point)
            viewer.dims.events.order.disconnect(self._on_main_point)
        for viewer in (self._main, *self._others):
            viewer.mouse_drag_callbacks.remove(self._on_press)

    def _on_main_point(self, _event: object = None) -> None:
        if self._is_moving:
            return
        self._later.stop()
        for viewer in self._others:
            self._follow(viewer)

    def _follow(self, viewer: ViewerModel) -> None:
        through = list(viewer.dims.not_displayed)
        point = _last(self._main.dims.point, viewer.dims.point)
        if not np.allclose(np.take(point, through), np.take(viewer.dims.point, through)):
            self._move(viewer, point)

    def _on_later(self) -> None:
        viewer = self._late.pop(0)
        if viewer is self._main:
            self._move(viewer, _last(self._begun_at, viewer.dims.point))
        else:
            self._follow(viewer)
        if self._late:
            self._later.start(0)

    def _on_other_point(self, event: Any) -> None:
        if self._is_moving:
            return
        dims = event.source
        shift = self._main.dims.ndim - dims.ndim
        point = list(self._main.dims.point)
        for axis in dims.not_displayed:
            if axis + shift >= 0:
                point[axis + shift] = dims.point[axis]
        self._main.dims.point = tuple(point)

    def _move(self, viewer: ViewerModel, point: tuple[float, ...]) -> None:
        self._is_moving = True
        try:
            viewer.dims.point = point
        finally:
            self._is_moving = False

    def _on_press(self, viewer: ViewerModel, event: Any) -> Iterator[None]:
        if event.button != _LEFT or event.modifiers or viewer.dims.ndisplay != 2:
            return
        start = np.asarray(event.pos)
        active = viewer.layers.selection.active
        if active is not None and active.mode != "pan_zoom":
            # Each slices anew, which takes longer than the mouse should wait.
            self._begun_at, self._late = event.position, [self._main, *self._others]
            self._later.start(0)
            return
        # A drag pans: only a click that stays where it was is meant.
        yield
        while event.type == "mouse_move":
            if np.abs(np.asarray(event.pos) - start).max() > _CLICK_PIXELS:
                return
            yield
        self._main.dims.point = _last(event.position, self._main.dims.point)


def _last(point: Sequence[float], of: Sequence[float]) -> tuple[float, ...]:
    """Take over the last places of a point; times and channels come first, where there are any."""
    shared = min(len(point), len(of))
    return (*of[: len(of) - shared], *(float(place) for place in point[len(point) - shared :]))
