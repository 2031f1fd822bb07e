"""Which key does what: the actions of all parts, the person's choices, and what others own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Labels
from napari.utils.action_manager import action_manager
from qtpy.QtCore import QObject, QTimer, Signal

from napari_seg.viewer.keys.key_text import read_key, shown_key, without_modifiers
from napari_seg.viewer.keys.owners import owner_of
from napari_seg.viewer.preferences import Preferences

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari.components import ViewerModel

    from napari_seg.viewer.actions import Action


class KeyBindings(QObject):
    """The keys of all actions, until `release`.

    A key that napari, another plugin or the person has bound keeps its meaning: it is looked up
    when it is pressed, so whoever comes later wins, too. Of two actions on one key the one that
    the person gave it to has it, else the first.

    Parameters
    ----------
    viewer
        On whose canvas the keys are pressed.
    actions
        With names of their own; a key is bound for each that has one.

    Attributes
    ----------
    changed
        Signal: other keys do other things now.
    """

    changed = Signal()

    def __init__(self, viewer: ViewerModel, actions: Iterable[Action]) -> None:
        super().__init__()
        self._viewer: ViewerModel = getattr(viewer, "__wrapped__", viewer)
        self.actions = tuple(actions)
        self._keys: dict[str, str] = {}
        self._by_key: dict[str, Action] = {}
        self._notes: dict[str, str] = {}
        self._held: tuple[str, Action] | None = None
        self._chosen = Preferences("keys")
        self._bind()
        self._chosen.changed.connect(self._on_changed)
        # napari binds all of its own keys anew for each canvas: two hundred changes in a row.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._on_changed)
        action_manager.events.shortcut_changed.connect(self._on_naparis)

    def key(self, name: str) -> str:
        """Return the key that an action has, whether or not another owns it; empty for none."""
        return self._keys.get(name, "")

    def key_text(self, name: str) -> str:
        """Return the key that does an action, for the person to read; empty where none does."""
        key = self.key(name)
        return "" if not key or self._other_owner(key) else shown_key(key)

    def note(self, name: str) -> str:
        """Say why the key that an action should have does not do it; empty where it does."""
        key = self.key(name)
        owner = self._other_owner(key) if key else ""
        return f"{shown_key(key)} is taken ({owner})" if owner else self._notes.get(name, "")

    def run(self, name: str) -> None:
        """Do an action; one that is held begins, or ends if it was begun.

        Raises
        ------
        KeyError
            If there is no action of that name.
        """
        action = {each.name: each for each in self.actions}[name]
        if action.stop is None:
            action.run()
        elif self._held is not None and self._held[1] is action:
            self.let_go()
        else:
            self._hold("", action)

    def press(self, key: str, *, is_repeat: bool = False) -> bool:
        """Do what a key does, and tell whether it does something.

        Parameters
        ----------
        key
            As `key_of` writes it.
        is_repeat
            Whether it is held, and comes again and again.
        """
        action = self._by_key.get(key)
        if action is None or (action.can_run is not None and not action.can_run()):
            return False
        layer = self._viewer.layers.selection.active
        if not action.comes_first and owner_of(key, self._viewer, layer):
            return False
        if action.stop is not None:
            if not is_repeat:
                self._hold(without_modifiers(key), action)
        elif action.repeats or not is_repeat:
            action.run()
        return True

    def lift(self, key: str) -> bool:
        """End what was done while a key was held, and tell whether something was."""
        if self._held is None or self._held[0] != without_modifiers(key):
            return False
        self.let_go()
        return True

    def lose_keys(self) -> None:
        """End what is done while a key is held: nobody will hear of its end."""
        if self._held is not None and self._held[0]:
            self.let_go()

    def let_go(self) -> None:
        """End what was begun and goes on, whether a key is held for it or not."""
        held, self._held = self._held, None
        if held is not None and held[1].stop is not None:
            held[1].stop()

    def release(self) -> None:
        """Free all keys."""
        self.let_go()
        self._chosen.release()
        action_manager.events.shortcut_changed.disconnect(self._on_naparis)
        self._soon.stop()
        self._keys, self._by_key, self._notes = {}, {}, {}

    def _hold(self, key: str, action: Action) -> None:
        self.let_go()
        self._held = key, action
        action.run()

    def _other_owner(self, key: str) -> str:
        action = self._by_key.get(key)
        return "" if action is not None and action.comes_first else self._owner(key)

    def _owner(self, key: str) -> str:
        return owner_of(key, self._viewer, Labels)

    def _bind(self) -> None:
        self._keys, self._by_key, self._notes = {}, {}, {}
        for action in sorted(self.actions, key=self._is_chosen, reverse=True):
            try:
                text = self._text(action)
                key = read_key(text) if text.strip() else ""
            except ValueError as error:
                self._notes[action.name] = str(error)
                continue
            other = self._by_key.setdefault(key, action) if key else action
            if other is action:
                self._keys[action.name] = key
            else:
                self._notes[action.name] = f"{shown_key(key)} is “{other.title}”"

    def _text(self, action: Action) -> str:
        return str(self._chosen.value(action.name, action.key or ""))

    def _is_chosen(self, action: Action) -> bool:
        return self._text(action) != (action.key or "")

    def _on_naparis(self, _event: object = None) -> None:
        self._soon.start(0)

    def _on_changed(self, _event: object = None) -> None:
        self._bind()
        self.changed.emit()
