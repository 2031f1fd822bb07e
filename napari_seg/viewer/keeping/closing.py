"""Closing the window and removing layers: labels with unsaved changes are asked for first."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from napari.layers import Labels
from napari.qt import QtViewer
from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtWidgets import QApplication, QMainWindow

from napari_seg.viewer.keeping.questions import Answer, ask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari.components import ViewerModel

    Save = Callable[[Sequence[Labels], Callable[[bool], None]], None]


class Closing(QObject):
    """Asks before unsaved labels go, until `release`.

    napari lets nobody refuse that a layer is removed. So its own command for it (the Delete key
    and the button) asks first; what a script or another plugin removes is asked for afterwards,
    and put back with its history if it is wanted.

    Parameters
    ----------
    viewer
        Whose window and layers they are.
    unsaved
        Gives the layers among some that have unsaved changes.
    edited
        Tells whether a layer was edited since it was shown.
    save
        Saves layers, then calls back with whether all of them were saved.
    discard
        Forgets the changes of a layer.
    flush
        Writes down the changes of a layer for after a crash, without waiting longer.
    parent
        That owns this object.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        *,
        unsaved: Callable[[Sequence[Any]], list[Labels]],
        edited: Callable[[Labels], bool],
        save: Save,
        discard: Callable[[Labels], None],
        flush: Callable[[Labels], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._unsaved, self._edited, self._save = unsaved, edited, save
        self._discard, self._flush = discard, flush
        window = _window_of(viewer)
        # Weakly: napari looks whether its windows are gone once they are closed.
        self._window_or_none = None if window is None else weakref.ref(window)
        self._is_agreed = False
        self._is_asking = False
        self._taken: list[tuple[int, Labels]] = []
        self._to_remove: list[Labels] = []
        self._remove_selected = viewer.layers.remove_selected
        vars(viewer.layers)["remove_selected"] = self._ask_and_remove
        viewer.layers.events.removed.connect(self._on_removed)
        if window is not None:
            window.installEventFilter(self)
            window.destroyed.connect(self._on_window_gone)

    def ask_first(self) -> None:
        """Hear of a window that is closed before whoever began to listen later."""
        if self._window is not None:
            self._window.installEventFilter(self)

    def release(self) -> None:
        """Let the window and the layers go."""
        if vars(self._viewer.layers).get("remove_selected") == self._ask_and_remove:
            del vars(self._viewer.layers)["remove_selected"]
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        window = self._window
        if window is not None:
            window.removeEventFilter(self)
            window.destroyed.disconnect(self._on_window_gone)
            self._window_or_none = None
        self._taken = []

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Hold a window that is closed with unsaved labels."""
        is_close = event is not None and event.type() == QEvent.Type.Close
        if not is_close or event is None or watched is not self._window or self._is_agreed:
            return False
        if self._is_asking or not self._may_close(asked_by_person=event.spontaneous()):
            event.ignore()
            return True
        return False

    @property
    def _can_ask(self) -> bool:
        # A script without a window would wait for ever. Its journals stay.
        return self._window is not None and self._window.isVisible()

    @property
    def _window(self) -> QMainWindow | None:
        return None if self._window_or_none is None else self._window_or_none()

    def _on_window_gone(self) -> None:
        self._window_or_none = None

    def _may_close(self, *, asked_by_person: bool) -> bool:
        layers = self._unsaved(list(self._viewer.layers))
        if not layers or not self._can_ask:
            return True
        answer = self._ask(layers, doing="closing the window")
        if answer is Answer.DISCARD:
            for layer in layers:
                self._discard(layer)
        elif answer is Answer.SAVE:
            self._save(layers, self._close)
        if answer is Answer.DISCARD and asked_by_person:
            # A second time, by the program: napari asks a person once more, whatever was answered.
            QTimer.singleShot(0, self._close_at_once)
            return False
        return answer is Answer.DISCARD

    def _close(self, saved: bool) -> None:
        # Strokes may have come meanwhile: then it asks again.
        if saved and self._window is not None:
            self._window.close()

    def _close_at_once(self) -> None:
        if self._window is None:
            return
        self._is_agreed = True
        try:
            self._window.close()
        finally:
            self._is_agreed = False

    def _ask_and_remove(self) -> None:
        layers = self._viewer.layers
        going = self._unsaved([layer for layer in layers.selection if not layer.locked])
        if not going or not self._can_ask:
            self._remove(())
            return
        if self._is_asking:
            return
        answer = self._ask(going, doing="removing them")
        if answer is Answer.DISCARD:
            self._remove(going)
        elif answer is Answer.SAVE:
            self._to_remove = [*layers.selection]
            self._save(going, self._remove_saved)

    def _remove(self, discarded: Sequence[Labels]) -> None:
        before, self._is_agreed = self._is_agreed, True
        try:
            self._remove_selected()
        finally:
            self._is_agreed = before
        for layer in discarded:
            if layer not in self._viewer.layers:
                self._discard(layer)

    def _remove_saved(self, saved: bool) -> None:
        layers, going = self._viewer.layers, self._to_remove
        self._to_remove = []
        if saved:
            layers.selection = {layer for layer in going if layer in layers}
            layers.remove_selected()

    def _on_removed(self, event: Any) -> None:
        layer = event.value
        if self._is_agreed or not isinstance(layer, Labels) or not self._unsaved([layer]):
            return
        if not self._edited(layer):
            # A result that nobody touched, taken away by what brought it.
            self._discard(layer)
            return
        # The viewer may be in the midst of closing, or of putting the layer elsewhere. Where it
        # closes nobody can be asked, and the program may end.
        self._flush(layer)
        self._taken.append((event.index, layer))
        QTimer.singleShot(0, self._ask_for_taken)

    def _ask_for_taken(self) -> None:
        layers = self._viewer.layers
        taken = [(place, layer) for place, layer in self._taken if layer not in layers]
        self._taken = []
        if not taken or not self._can_ask:
            # The journal stays: the next start offers to restore them.
            return
        gone = [layer for _, layer in taken]
        answer = self._ask(gone, doing="removing them")
        if answer is Answer.DISCARD:
            for layer in gone:
                self._discard(layer)
            return
        # Back in any case: what fails to be saved must not be lost.
        for place, layer in reversed(taken):
            layers.insert(min(place, len(layers)), layer)
        if answer is Answer.SAVE:
            self._to_remove = gone
            self._save(gone, self._remove_saved)

    def _ask(self, layers: Sequence[Labels], *, doing: str) -> Answer:
        self._is_asking = True
        try:
            return ask(self._window, [layer.name for layer in layers], doing=doing)
        finally:
            self._is_asking = False


def _window_of(viewer: ViewerModel) -> QMainWindow | None:
    """Find the window that shows a viewer; None for a viewer without one."""
    if QApplication.instance() is None:
        return None
    for window in QApplication.topLevelWidgets():
        if isinstance(window, QMainWindow) and any(
            canvas.viewer is viewer for canvas in window.findChildren(QtViewer)
        ):
            return window
    return None
