"""What a person does in a viewer: since when mouse and slices have rested."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from qtpy.QtGui import QCursor
from qtpy.QtWidgets import QApplication

if TYPE_CHECKING:
    from napari.components import ViewerModel


class Hands:
    """Mouse, modifier keys, slices and zoom, as they were when last looked at.

    Parameters
    ----------
    viewer
        Whose slices are turned.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._state: tuple[object, ...] = ()
        self._since = monotonic()

    @property
    def seconds_of_rest(self) -> float:
        """For how long nothing was seen to move."""
        return monotonic() - self._since

    def look(self) -> None:
        """Look anew; to be called in the viewer's thread."""
        buttons = QApplication.mouseButtons()
        state = (
            QCursor.pos(),
            buttons,
            QApplication.queryKeyboardModifiers(),
            self._viewer.dims.point,
            self._viewer.scene.camera.zoom,
        )
        # A button that is held is a stroke, even where it rests.
        if state != self._state or buttons.value:
            self._state, self._since = state, monotonic()
