"""Volumes of labels that follow every edit, from what it changed alone."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Signal

from napari_seg.viewer.editing.attached import LayerPart
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.editing.steps import Step, count_labels
from napari_seg.viewer.editing.strokes import commit_stroke
from napari_seg.viewer.jobs import Job
from napari_seg.viewer.layers import grid_of

if TYPE_CHECKING:
    from napari.layers import Labels

# Fewer voxels are counted at once: that takes some milliseconds.
_FEW = 1 << 21


class VolumeTracker(LayerPart):
    """The volume of each label of one layer.

    Strokes, tools, undo and redo add and take away what they changed. The whole layer is counted
    at the beginning, and when its voxels were replaced: in another thread, unless it is small.

    Parameters
    ----------
    layer
        Whose labels they are.

    Attributes
    ----------
    changed
        Signal: there are other volumes.

    Raises
    ------
    TypeError, ValueError
        If the layer is none that can be edited, see `require_editable`, or has more than three
        dimensions.
    """

    changed = Signal()

    def __init__(self, layer: Labels) -> None:
        grid_of(layer)
        history = EditHistory.of(layer)
        super().__init__(layer)
        self._history = history
        self._counts: Counter[int] = Counter()
        self._since: Counter[int] = Counter()
        self._job: Job | None = None
        self._history.applied.connect(self._on_applied)
        self._history.reverted.connect(self._on_reverted)
        self._history.cleared.connect(self.recount)
        self.recount()

    @property
    def is_counting(self) -> bool:
        """Whether the whole layer is being counted; until that ends the volumes are older."""
        return self._job is not None

    @property
    def voxels(self) -> dict[int, int]:
        """The voxels of each label that has some, by rising label."""
        return {label: count for label, count in sorted(self._counts.items()) if count}

    @property
    def volumes_ml(self) -> dict[int, float]:
        """The volume in ml of each label that has one, by rising label."""
        layer = self._layer()
        if layer is None:
            return {}
        voxel_ml = grid_of(layer)[0].voxel_volume_ml
        return {label: count * voxel_ml for label, count in self.voxels.items()}

    def recount(self) -> None:
        """Count the whole layer, such as after a script wrote into its array."""
        layer = self._layer()
        if layer is None:
            return
        # What a stroke has drawn so far would be counted now, and again when it ends.
        commit_stroke(layer)
        self._cancel()
        self._since = Counter()
        if layer.data.size <= _FEW:
            self._on_counted(count_labels(np.asarray(layer.data)))
            return
        # A copy: the count is of this moment, whatever is drawn while it goes on.
        self._job = Job(_count, np.array(layer.data), parent=self)
        self._job.returned.connect(self._on_counted)
        self._job.start()

    def release(self) -> None:
        """Let the layer go."""
        self._cancel()
        self._history.applied.disconnect(self._on_applied)
        self._history.reverted.disconnect(self._on_reverted)
        self._history.cleared.disconnect(self.recount)
        self.leave()

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job.deleteLater()
            self._job = None

    def _on_applied(self, step: Step) -> None:
        self._add(step, 1)

    def _on_reverted(self, step: Step) -> None:
        self._add(step, -1)

    def _add(self, step: Step, sign: int) -> None:
        if step.changes is None:
            self.recount()
            return
        for label, count in step.changes.items():
            self._counts[label] += sign * count
            self._since[label] += sign * count
        if min(self._counts.values(), default=0) < 0 and not self.is_counting:
            # Somebody wrote into the array, past the history.
            self.recount()
            return
        self.changed.emit()

    def _on_counted(self, counts: Counter[int]) -> None:
        if self._job is not None:
            self._job.deleteLater()
            self._job = None
        self._counts = Counter(counts)
        self._counts.update(self._since)
        self.changed.emit()


def _count(array: Any, *, on_progress: Any) -> Counter[int]:
    return count_labels(array, on_progress=on_progress)
