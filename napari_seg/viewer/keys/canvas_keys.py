"""Keys pressed in napari's window, seen before napari sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.qt import QtViewer
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QAbstractSpinBox, QApplication, QDockWidget, QLineEdit, QWidget

from napari_seg.viewer.keys.key_text import key_of

if TYPE_CHECKING:
    from napari_seg.viewer.keys.key_bindings import KeyBindings


# What is half typed stays so while the mouse passes a canvas.
_TYPED_INTO = (QLineEdit, QAbstractSpinBox)


class CanvasKeys(QObject):
    """Passes keys of the canvases of a window, and keys that no widget wanted, until `release`.

    Where the mouse enters a canvas, a list or button of the owner gives the keyboard to it: a
    letter would choose another row there.

    Parameters
    ----------
    owner
        A widget of the window; owns this object.
    bindings
        Told of the keys. Those that do nothing there are napari's, and Qt's after it.
    """

    def __init__(self, owner: QWidget, bindings: KeyBindings) -> None:
        super().__init__(owner)
        self._owner = owner
        self._bindings: KeyBindings | None = bindings
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._on_focus)

    def watch(self) -> None:
        """Look for canvases in the window; those that were there before are none the worse."""
        window = self._owner.window()
        if window is None or window is self._owner:
            return
        # A floating dock is a window of its own.
        window = window.parentWidget() or window
        window.installEventFilter(self)
        for widget in window.findChildren(QWidget):
            # Docks hand on what their widgets did not want; what is around a canvas has the
            # keyboard until the first click. How vispy's canvas is known without napari's private
            # names.
            if isinstance(widget, QDockWidget | QtViewer) or hasattr(widget, "_vispy_canvas"):
                widget.installEventFilter(self)

    def release(self) -> None:
        """Leave the keys to napari."""
        if self._bindings is not None:
            self._bindings.let_go()
            self._bindings = None
            # The widgets may be gone already; those that are not drop a filter that is gone.
            self.setParent(None)
            self.deleteLater()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Take the keys that do something."""
        if self._bindings is None or event is None:
            return False
        if event.type() == QEvent.Type.Enter and isinstance(watched, QWidget):
            self._take_focus(watched)
        if not isinstance(event, QKeyEvent):
            return False
        if event.type() == QEvent.Type.KeyPress:
            return self._bindings.press(key_of(event), is_repeat=event.isAutoRepeat())
        if event.type() == QEvent.Type.KeyRelease and not event.isAutoRepeat():
            return self._bindings.lift(key_of(event))
        return False

    def _take_focus(self, entered: QWidget) -> None:
        """Let keys be for the canvas that the mouse is over, not for a list or button of ours."""
        focused = QApplication.focusWidget()
        is_canvas = hasattr(entered, "_vispy_canvas") and entered.isActiveWindow()
        if (
            is_canvas
            and focused is not None
            and self._owner.isAncestorOf(focused)
            and not isinstance(focused, _TYPED_INTO)
        ):
            entered.setFocus(Qt.FocusReason.MouseFocusReason)

    def _on_focus(self, _before: QWidget | None, _now: QWidget | None) -> None:
        if self._bindings is not None:
            self._bindings.lose_keys()
