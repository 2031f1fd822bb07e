"""Which slices a person touched with a brush since a network last wrote there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal

from napari_seg.viewer.editing.attached import LayerPart
from napari_seg.viewer.editing.history import EditHistory

if TYPE_CHECKING:
    from napari.layers import Labels

    from napari_seg.viewer.editing.steps import Box, Step


class HandSlices(LayerPart):
    """The slices of one layer that were touched by hand; first those of its history.

    A stroke touches slices along each axis on which it is one voxel thick: it was drawn in such
    a slice. One that is thick on all axes, such as of a round brush in 3D, touches all its slices
    along all axes. Undo forgets a stroke, redo remembers it. A step of a network forgets the
    strokes within its box, until it is undone; steps of tools leave them.

    Parameters
    ----------
    layer
        Whose slices they are.

    Attributes
    ----------
    changed
        Signal: there may be others now.

    Raises
    ------
    TypeError, ValueError
        If the layer is none that can be edited; see `require_editable`.
    """

    changed = Signal()

    def __init__(self, layer: Labels) -> None:
        history = EditHistory.of(layer)
        super().__init__(layer)
        self._history = history
        # Apart from the history, which drops its oldest steps.
        self._steps: list[Step] = []
        for step in self._history.steps[: self._history.done]:
            self._on_applied(step)
        self._history.applied.connect(self._on_applied)
        self._history.reverted.connect(self._on_reverted)
        self._history.cleared.connect(self._on_cleared)

    def slices(self, axis: int, label: int) -> tuple[int, ...]:
        """Return the slices that were touched, in rising order.

        Parameters
        ----------
        axis
            Of the layer's data, through the slices.
        label
            That gained or lost voxels there.
        """
        found: set[int] = set()
        written: list[Box] = []
        for step in reversed(self._steps):
            if step.by == "network":
                written.append(step.box)
            elif _touches(step, axis, label) and not any(_meet(step.box, box) for box in written):
                found.update(range(step.box[axis].start, step.box[axis].stop))
        return tuple(sorted(found))

    def release(self) -> None:
        """Let the layer go."""
        self._history.applied.disconnect(self._on_applied)
        self._history.reverted.disconnect(self._on_reverted)
        self._history.cleared.disconnect(self._on_cleared)
        self.leave()

    def _on_applied(self, step: Step) -> None:
        if step.by != "tool":
            self._steps.append(step)
            self.changed.emit()

    def _on_reverted(self, step: Step) -> None:
        if step in self._steps[-1:]:
            self._steps.pop()
            self.changed.emit()

    def _on_cleared(self) -> None:
        self._steps.clear()
        self.changed.emit()


def _touches(step: Step, axis: int, label: int) -> bool:
    thick = [part.stop - part.start > 1 for part in step.box]
    # Of times or channels each stroke has one.
    across = not thick[axis] or all(thick[-3:])
    return across and (step.changes is None or label in step.changes)


def _meet(box: Box, other: Box) -> bool:
    return all(a.start < b.stop and b.start < a.stop for a, b in zip(box, other, strict=True))
