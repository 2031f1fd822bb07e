"""Which steps of a history are still in napari's, told by what they are made of."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Labels

    from napari_seg.viewer.editing.steps import Step


class KnownStep(NamedTuple):
    """A step, and what to know it by.

    Attributes
    ----------
    step
        What people see.
    atoms
        The first and the last of its item in napari's history. Each undo and redo makes another
        item, of the same atoms the other way round.
    """

    step: Step
    atoms: tuple[Any, Any]

    def is_of(self, item: Sequence[Any]) -> bool:
        """Tell whether an item of napari's history is this step."""
        first, last = self.atoms
        ends = item[0], item[-1]
        return (first is ends[0] and last is ends[1]) or (first is ends[1] and last is ends[0])


def keep_steps(layer: Labels, most: int) -> None:
    """Let napari keep so many steps of a layer, whatever they are."""
    layer._history_limit = most
    layer._undo_history = deque(layer._undo_history, maxlen=most)
    layer._redo_history = deque(layer._redo_history, maxlen=most)


def overlap(
    entries: Sequence[KnownStep], done: int, items: Sequence[Sequence[Any]], *, is_full: bool
) -> range | None:
    """Find which of the steps known are left in a history; its other items come after them.

    Parameters
    ----------
    entries, done
        The steps known, and how many of them were done.
    items
        Of the history now, in the order of time, those undone last.
    is_full
        Whether napari may have dropped the oldest to make room.

    Returns
    -------
    range or None
        Places in `entries`; None where the history makes no sense as what follows on them.
    """
    if not items or not entries or not (left := _places(entries, items)):
        if done and not is_full:
            return None
        return range(done, done)
    known = range(left[0], left[-1] + 1)
    first, last = items[0], items[len(left) - 1]
    in_order = (
        left == list(known) and entries[left[0]].is_of(first) and entries[left[-1]].is_of(last)
    )
    # Steps vanish at the far end of what was done, and where something undone was overwritten.
    vanished_rightly = known.start <= done <= known.stop and (not known.start or is_full)
    return known if in_order and vanished_rightly else None


def _places(entries: Sequence[KnownStep], items: Sequence[Sequence[Any]]) -> list[int]:
    places = {frozenset(map(id, entry.atoms)): place for place, entry in enumerate(entries)}
    found = (places.get(frozenset((id(item[0]), id(item[-1])))) for item in items)
    return [place for place in found if place is not None]
