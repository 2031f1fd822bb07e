"""Keys of the canvas: bound while the panel is open, never over another's binding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app_model.types import KeyBinding

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari.components import ViewerModel

    Action = Callable[[ViewerModel], None]


class Keys:
    """Bind keys to actions until `release`.

    Parameters
    ----------
    viewer
        On whose canvas the keys are pressed.
    actions
        What each key does, given the viewer. A key that the person or another plugin has bound
        already keeps its meaning.

    Attributes
    ----------
    taken
        The keys that were bound already, and so do not do what is said here.
    """

    def __init__(self, viewer: ViewerModel, actions: Mapping[str, Action]) -> None:
        self._viewer = viewer
        self._bound: dict[str, Action] = {}
        self.taken: tuple[str, ...] = ()
        for key, action in actions.items():
            if _is_taken(viewer, key):
                self.taken = (*self.taken, key)
            else:
                viewer.bind_key(key, action)
                self._bound[key] = action

    def release(self) -> None:
        """Free the keys that are still ours."""
        for key, action in self._bound.items():
            if self._viewer.keymap.get(KeyBinding.from_str(key)) == action:
                self._viewer.bind_key(key, None)
        self._bound.clear()


def _is_taken(viewer: ViewerModel, key: str) -> bool:
    keymaps: list[Any] = [viewer.keymap]
    keymaps += [vars(kind).get("class_keymap", {}) for kind in type(viewer).__mro__]
    return any(KeyBinding.from_str(key) in keymap for keymap in keymaps)
