"""Which state a layer's labels are in, told by a number: equal numbers are equal voxels."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from qtpy.QtCore import QObject, Signal

if TYPE_CHECKING:
    from napari_seg.viewer.editing.history import EditHistory
    from napari_seg.viewer.editing.steps import Step


class EditState(QObject):
    """Follows the history of a layer; undo and redo lead back to numbers that were there before.

    Parameters
    ----------
    history
        Of the layer.
    parent
        That owns this object.

    Attributes
    ----------
    changed
        Signal: the labels are in another state; with the box that holds all changed voxels, or
        None where any voxel may have changed.
    number
        Of the state now.
    """

    changed = Signal(object)

    def __init__(self, history: EditHistory, parent: QObject) -> None:
        super().__init__(parent)
        self._before: WeakKeyDictionary[Step, int] = WeakKeyDictionary()
        self._after: WeakKeyDictionary[Step, int] = WeakKeyDictionary()
        for number, step in enumerate(history.steps):
            self._before[step], self._after[step] = number, number + 1
        self.number = history.done
        self._latest = len(history.steps)
        history.applied.connect(self._on_applied)
        history.reverted.connect(self._on_reverted)
        history.cleared.connect(self._on_cleared)

    def _on_applied(self, step: Step) -> None:
        if step not in self._after:
            self._before[step], self._after[step] = self.number, self._new()
        self.number = self._after[step]
        self.changed.emit(step.box)

    def _on_reverted(self, step: Step) -> None:
        self.number = self._before[step] if step in self._before else self._new()
        self.changed.emit(step.box)

    def _on_cleared(self) -> None:
        self.number = self._new()
        self.changed.emit(None)

    def _new(self) -> int:
        self._latest += 1
        return self._latest
