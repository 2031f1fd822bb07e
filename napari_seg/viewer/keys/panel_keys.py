"""All keys of one panel: on the canvases, in the window, and on the cheat sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QAction, QKeySequence, QShortcut

from napari_seg.viewer.actions import Action
from napari_seg.viewer.keys.canvas_keys import CanvasKeys
from napari_seg.viewer.keys.cheat_sheet import CheatSheet
from napari_seg.viewer.keys.key_bindings import KeyBindings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from napari.components import ViewerModel
    from qtpy.QtWidgets import QWidget

_RUN_TAB = "run_tab"
_EVERYWHERE = (Qt.ShortcutContext.WindowShortcut, Qt.ShortcutContext.ApplicationShortcut)


class PanelKeys(KeyBindings):
    """The keys of a panel, until `release`.

    Parameters
    ----------
    panel
        In whose window keys are pressed.
    viewer
        On whose canvas they are.
    parts
        Whose `offers` they do.
    run_tab
        Does what the tab that is shown is for; its key works in fields of the panel, too.
    """

    def __init__(
        self,
        panel: QWidget,
        viewer: ViewerModel,
        parts: Iterable[Any],
        run_tab: Callable[[], None],
    ) -> None:
        actions = [each for part in parts for each in part.offers]
        own = (
            Action(_RUN_TAB, "Do what the tab is for", "Panel", "Ctrl+Enter", run_tab),
            Action("cheat_sheet", "All keys", "Panel", "?", self.show_cheat_sheet),
        )
        super().__init__(viewer, (*actions, *own))
        self._panel = panel
        self._canvas_keys = CanvasKeys(panel, self)
        self.sheet = CheatSheet(self, self._viewer)
        self._shortcuts: tuple[QShortcut, ...] = (QShortcut(panel), QShortcut(panel))
        self._set_shortcuts()
        for shortcut in self._shortcuts:
            shortcut.activated.connect(run_tab)
        self.changed.connect(self._set_shortcuts)
        panel.destroyed.connect(self._on_gone)

    def watch(self) -> None:
        """Take the keys of canvases that were not there before."""
        self._canvas_keys.watch()

    def show_cheat_sheet(self) -> None:
        """Show what all keys do."""
        self.sheet.show_over(self._panel.window() or self._panel)

    def release(self) -> None:
        """Free all keys."""
        self.sheet.close()
        self.sheet.deleteLater()
        self._canvas_keys.release()
        super().release()

    def _owner(self, key: str) -> str:
        return super()._owner(key) or self._owner_in_window(key)

    def _owner_in_window(self, key: str) -> str:
        """Say what a key does by a shortcut of Qt, which comes before all others."""
        window, sequence = self._panel.window(), QKeySequence(key)
        if window is None or window is self._panel:
            return ""
        for shortcut in window.findChildren(QShortcut):
            ours = shortcut in self._shortcuts
            if not ours and shortcut.key() == sequence and shortcut.context() in _EVERYWHERE:
                return "a shortcut of another plugin"
        for action in window.findChildren(QAction):
            if action.shortcut() == sequence and action.shortcutContext() in _EVERYWHERE:
                return str(action.text()).replace("&", "")
        return ""

    def _on_gone(self) -> None:
        # Its window was closed, and all that hung on it is gone.
        self._shortcuts = ()
        super().release()

    def _set_shortcuts(self) -> None:
        key = self.key(_RUN_TAB)
        # The Enter of the number pad is another key to Qt.
        twin = key.replace("Return", "Enter") if "Return" in key else ""
        for shortcut, text in zip(self._shortcuts, (key, twin), strict=False):
            shortcut.setKey(QKeySequence(text))
