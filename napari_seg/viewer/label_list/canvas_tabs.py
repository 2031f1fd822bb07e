"""Tab and Shift+Tab on the canvas; Qt would move the focus with them before napari sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QWidget

if TYPE_CHECKING:
    from collections.abc import Callable

_STEPS = {Qt.Key.Key_Tab: 1, Qt.Key.Key_Backtab: -1}
_FREE = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier


class CanvasTabs(QObject):
    """Turns Tab on the canvases of a window into steps, until `release`.

    Parameters
    ----------
    owner
        A widget of the window; owns this object.
    step
        Takes 1 for Tab and -1 for Shift+Tab; returns False to leave the key to Qt.
    """

    def __init__(self, owner: QWidget, step: Callable[[int], bool]) -> None:
        super().__init__(owner)
        self._owner, self._step = owner, step
        self._canvases: list[QWidget] = []

    def watch(self) -> None:
        """Look for canvases in the window that were not there before."""
        window = self._owner.window()
        for widget in [] if window is None else window.findChildren(QWidget):
            # How vispy's canvas is known without napari's private names.
            if hasattr(widget, "_vispy_canvas") and widget not in self._canvases:
                widget.installEventFilter(self)
                widget.destroyed.connect(self._forget_gone)
                self._canvases.append(widget)

    def release(self) -> None:
        """Leave the keys to Qt."""
        for canvas in self._canvases:
            canvas.removeEventFilter(self)
        self._canvases.clear()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Take Tab and Shift+Tab."""
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return False
        step = _STEPS.get(Qt.Key(event.key()), 0)
        return bool(step and not event.modifiers() & ~_FREE and self._step(step))

    def _forget_gone(self, gone: QObject) -> None:
        self._canvases = [canvas for canvas in self._canvases if canvas is not gone]
