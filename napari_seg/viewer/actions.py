"""What a key, a button, a menu entry and the command palette all do: one action."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Action:
    """One thing that a person can ask for while looking at labels.

    Attributes
    ----------
    name
        Its identifier, of small letters and underscores, such as ``"clear_slice"``.
    title
        For people, such as ``"Clear this slice"``.
    group
        Under which heading the cheat sheet lists it, such as ``"Brushes"``.
    key
        As it is bound unless a person chose another, such as ``"Shift+D"``; None for no key.
    run
        What it does. For a held action, what happens when the key goes down.
    stop
        What happens when a held key goes up; None for a key that is pressed and let go.
    repeats
        Whether it is done again and again while the key is held.
    can_run
        Tells whether there is anything to do; where there is not, the key is left to others.
    comes_first
        Whether the key does it even where napari or others have bound it, while `can_run`.
    """

    name: str
    title: str
    group: str
    key: str | None
    run: Callable[[], None]
    stop: Callable[[], None] | None = None
    repeats: bool = False
    can_run: Callable[[], bool] | None = None
    comes_first: bool = False

    @property
    def full_title(self) -> str:
        """The title with its group, for where it stands among others' commands."""
        same = self.title.lower().startswith(self.group.lower())
        return self.title if same else f"{self.group}: {self.title}"
