"""Which run a layer's labels stand on, and which of its voxels are a person's work since."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from napari_seg.viewer.editing.attached import LayerPart, attached
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.editing.steps import changed_voxels
from napari_seg.viewer.kept_labels import KeptLabels
from napari_seg.viewer.layers import metadata_of, update_metadata

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari.layers import Labels
    from numpy.typing import NDArray

    from napari_seg.viewer.editing.steps import Step

# As many are kept to come back to as a person is likely to undo.
_MOST_KEPT = 8
# In the metadata, so that a duplicate of the layer has it, too.
_KEY = "stands_on"


@dataclass(frozen=True, eq=False)
class Standing:
    """What there was right after a run.

    Attributes
    ----------
    labels
        As networks wrote them, also where the layer was not given them.
    record
        How they came about.
    by_hand
        True for voxels that were somebody's work before the run, and that it did not replace.
    from_file
        Whether some of these may have come from the file that the layer was opened from.
    """

    labels: KeptLabels
    record: Mapping[str, Any]
    by_hand: KeptLabels
    from_file: bool = False

    @classmethod
    def of_new(cls, labels: KeptLabels, record: Mapping[str, Any]) -> Standing:
        """Return that of a layer which was made from a result."""
        return cls(labels, record, KeptLabels.empty(labels.shape, bool))


def standing_of(layer: Labels) -> Standing | None:
    """Return what a layer stands on: the last run that is not undone, or that of its file.

    None where there is neither.
    """
    found = metadata_of(layer).get(_KEY)
    # Another plugin may have given it other voxels.
    fits = isinstance(found, Standing) and found.labels.shape == layer.data.shape
    return found if fits else None


def start_on(layer: Labels, standing: Standing) -> None:
    """Let a layer that was just made from a result stand on it."""
    update_metadata(layer, **{_KEY: standing})


def stand_on_file(layer: Labels, standing: Standing) -> None:
    """Let a layer stand on the run that its file speaks of, unless a run has written since."""
    standings = attached(layer, Standings)
    if standings is not None:
        standings.begin_with(standing)
    elif standing_of(layer) is None:
        start_on(layer, standing)


def hand_work(layer: Labels) -> NDArray[np.bool_]:
    """Tell which voxels are a person's work, or a tool's, whatever they look like.

    These are all that were changed since the run that the layer stands on, and those from before
    that it left. Without a run, all that is labelled or was changed since the file was opened.
    """
    current = np.asarray(layer.data)
    standing = standing_of(layer)
    if standing is None:
        items = [*layer._undo_history, layer._staged_history]
        found: NDArray[np.bool_] = (current != 0) | changed_voxels(items, current.shape)
    else:
        found = standing.by_hand.restore() | (current != standing.labels.restore())
    return found


def is_from_file(layer: Labels) -> bool:
    """Tell whether a layer was opened from a file whose labels nobody let a run replace."""
    standing = standing_of(layer)
    return "model" not in metadata_of(layer) if standing is None else standing.from_file


class Standings(LayerPart):
    """Follows undo and redo of one layer, past its runs; make it before a run writes.

    What a step looks like does not count: only undo leads back to an earlier run. When more runs
    are undone than are kept, every voxel counts as a person's work.

    Parameters
    ----------
    layer
        Whose runs they are.

    Raises
    ------
    TypeError, ValueError
        If the layer is none that can be edited; see `require_editable`.
    """

    def __init__(self, layer: Labels) -> None:
        self._history = EditHistory.of(layer)
        super().__init__(layer)
        self._kept: dict[int, Standing | None] = {0: standing_of(layer)}
        self._number = self._latest = 0
        # Of the runs before and after each step; those of steps that are gone go, too.
        self._before: WeakKeyDictionary[Step, int] = WeakKeyDictionary()
        self._after: WeakKeyDictionary[Step, int] = WeakKeyDictionary()
        for step in self._history.steps:
            self._before[step] = self._after[step] = 0
        self._history.applied.connect(self._on_applied)
        self._history.reverted.connect(self._on_reverted)

    def begin_with(self, standing: Standing) -> None:
        """Note what the layer stood on at first, where that was not known yet."""
        if self._kept.get(0, standing) is not None:
            return
        self._kept[0] = standing
        if self._number == 0:
            update_metadata(self._layer(), **{_KEY: standing})

    def note(self, standing: Standing) -> None:
        """Note what a run left, right after its step; it may have changed nothing."""
        before, self._number = self._number, self._latest + 1
        self._latest = self._number
        self._kept[self._latest] = standing
        kept = [number for number, one in self._kept.items() if one is not None]
        for number in kept[:-_MOST_KEPT]:
            del self._kept[number]
        done, steps = self._history.done, self._history.steps
        if done:
            self._after[steps[done - 1]] = self._latest
        # A run that changed nothing leaves steps that can be redone: they come after it now.
        for step in steps[done:]:
            if self._before.get(step) != before:
                break
            self._before[step] = self._latest
            if self._after.get(step) != before:
                break
            self._after[step] = self._latest
        update_metadata(self._layer(), **{_KEY: standing})

    def _on_applied(self, step: Step) -> None:
        if step in self._after:
            self._stand_on(self._after[step])
        else:
            self._before[step] = self._after[step] = self._number

    def _on_reverted(self, step: Step) -> None:
        self._stand_on(self._before.get(step, self._number))

    def _stand_on(self, number: int) -> None:
        layer = self._layer()
        if layer is None or number == self._number:
            return
        self._number = number
        standing = self._kept[number] if number in self._kept else self._unknown()
        update_metadata(layer, **{_KEY: standing})

    def _unknown(self) -> Standing:
        oldest = next(one for one in self._kept.values() if one is not None)
        everything = KeptLabels.of(np.ones(oldest.labels.shape, dtype=bool))
        return replace(oldest, by_hand=everything)
