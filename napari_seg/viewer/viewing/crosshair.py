"""Two lines through the current point, on one canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from vispy.scene.visuals import Line

if TYPE_CHECKING:
    from napari.components import ViewerModel
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
        Hidden in 3D.
    """

    def __init__(self, canvas: QtViewer) -> None:
        self._viewer: ViewerModel = canvas.viewer
        self._line = Line(
            connect="segments", color=_COLOUR, width=1, parent=canvas.canvas.view.scene
        )
        self._line.order = _ABOVE_ALL_LAYERS
        self._line.set_gl_state("translucent", depth_test=False)
        dims = self._viewer.dims
        for signal in (dims.events.point, dims.events.order, dims.events.ndisplay):
            signal.connect(self._update)
        self._viewer.scene.camera.events.zoom.connect(self._update)
        self._update()

    def release(self) -> None:
        """Take the lines away."""
        dims = self._viewer.dims
        for signal in (dims.events.point, dims.events.order, dims.events.ndisplay):
            signal.disconnect(self._update)
        self._viewer.scene.camera.events.zoom.disconnect(self._update)
        self._line.parent = None

    def _update(self, _event: object = None) -> None:
        dims = self._viewer.dims
        self._line.visible = dims.ndisplay == 2
        if dims.ndisplay != 2:
            return
        y, x = (dims.point[axis] for axis in dims.displayed)
        free = _FREE_PIXELS / self._viewer.scene.camera.zoom
        ends = [(-_FAR, 0), (-free, 0), (free, 0), (_FAR, 0)]
        lines = ends + [(down, right) for right, down in ends]
        self._line.set_data(pos=np.array(lines, dtype=np.float32) + np.array([x, y], np.float32))
