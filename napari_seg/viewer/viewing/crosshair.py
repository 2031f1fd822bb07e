"""Two lines through the current point, on one canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from vispy.scene.visuals import Line

if TYPE_CHECKING:
    from napari.components import Dims, ViewerModel
    from napari.qt import QtViewer

_COLOUR = (1.0, 0.85, 0.2, 0.55)
_ABOVE_ALL_LAYERS = 10**5
_FAR = 1e5
# So many pixels around the point stay free, so that one sees it.
_FREE_PIXELS = 12


class Crosshair:
    """Show where a canvas's slices are cut by those of the others, until `release`.

    Parameters
    ----------
    canvas
        Hidden in 3D, and where nothing has several slices.
    point
        Of which viewer the current point is the one to show.
    """

    def __init__(self, canvas: QtViewer, point: Dims) -> None:
        self._viewer: ViewerModel = canvas.viewer
        self._point = point
        self._line = Line(
            connect="segments", color=_COLOUR, width=1, parent=canvas.canvas.view.scene
        )
        self._line.order = _ABOVE_ALL_LAYERS
        self._line.set_gl_state("translucent", depth_test=False)
        for signal in self._signals():
            signal.connect(self._update)
        self._update()

    def release(self) -> None:
        """Take the lines away."""
        for signal in self._signals():
            signal.disconnect(self._update)
        self._line.parent = None

    def _signals(self) -> tuple[Any, ...]:
        own = self._viewer.dims.events
        zoom = self._viewer.scene.camera.events.zoom
        return self._point.events.point, own.order, own.ndisplay, zoom

    def _update(self, _event: object = None) -> None:
        dims = self._viewer.dims
        # Without layers there is nothing to point at.
        is_seen = dims.ndisplay == 2 and dims.ndim >= 3
        self._line.visible = is_seen
        if not is_seen:
            return
        shift = self._point.ndim - dims.ndim
        y, x = (self._point.point[axis + shift] for axis in dims.displayed)
        free = _FREE_PIXELS / self._viewer.scene.camera.zoom
        ends = [(-_FAR, 0), (-free, 0), (free, 0), (_FAR, 0)]
        lines = ends + [(down, right) for right, down in ends]
        self._line.set_data(pos=np.array(lines, dtype=np.float32) + np.array([x, y], np.float32))
