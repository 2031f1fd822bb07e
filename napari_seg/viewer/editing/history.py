"""The history of a layer's edits that people can see: named steps, kept in step with napari's."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal

from napari_seg.viewer.editing.attached import LayerPart
from napari_seg.viewer.editing.editable import require_editable
from napari_seg.viewer.editing.hooks import Hook
from napari_seg.viewer.editing.known_steps import KnownStep, keep_steps, overlap
from napari_seg.viewer.editing.step_names import describe, drawn_by
from napari_seg.viewer.editing.steps import Step, box_of, bytes_of, changes_of
from napari_seg.viewer.editing.strokes import commit_stroke

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Iterator, Sequence

    from napari.layers import Labels

    from napari_seg.viewer.editing.step_names import Namer
    from napari_seg.viewer.editing.steps import By

# napari keeps 100 steps, whatever their size: here their bytes are what counts.
_MOST_STEPS = 1000
_HALF_A_GIB = 512 * 2**20


class EditHistory(LayerPart):
    """The named steps of one layer; a new history holds what napari can undo already.

    Undo and redo stay napari's own, by its keys or by `go_to`. A brush stroke is named for its
    tool and label; a step of ours by the name given to `write_region`.

    Parameters
    ----------
    layer
        Whose edits they are.
    limit_bytes
        Of the memory for all steps. The oldest go first; the newest stays whatever its size.

    Attributes
    ----------
    changed
        Signal: the steps are others, or others of them are done.
    applied, reverted
        Signal: the voxels of a `Step` were written, or are again as they were before it.
    noticed
        Signal: a sentence for the person, such as that the oldest steps were dropped.
    cleared
        Signal: all steps were dropped, and voxels may have changed in any way.

    Raises
    ------
    TypeError, ValueError
        If the layer is none that can be edited; see `require_editable`.
    """

    changed = Signal()
    applied = Signal(object)
    reverted = Signal(object)
    noticed = Signal(str)
    cleared = Signal()

    def __init__(self, layer: Labels, *, limit_bytes: int = _HALF_A_GIB) -> None:
        require_editable(layer)
        super().__init__(layer)
        self._limit = limit_bytes
        self._entries: list[KnownStep] = []
        self._done = 0
        self._named: tuple[str | Namer, By] | None = None
        self._told_of_dropped = False
        keep_steps(layer, _MOST_STEPS)
        with self.naming("earlier edit", by="hand"):
            self._follow()
        if hasattr(layer, "_apply_mask_to_data"):
            self._writing = Hook(layer, "_apply_mask_to_data", self._apply_mask_to_data)
        self._setting = Hook(layer, "data_setitem", self._data_setitem)
        self._undoing = Hook(layer, "undo", self._undo)
        self._redoing = Hook(layer, "redo", self._redo)
        for event in (layer.events.paint, layer.events.set_data, layer.events.editable):
            event.connect(self._follow)
        layer.events.data.connect(self._on_data)

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps in the order in which they were made; those undone come last."""
        return tuple(entry.step for entry in self._entries)

    @property
    def done(self) -> int:
        """How many of the steps are done; the others can be redone."""
        return self._done

    @property
    def last_done(self) -> Step | None:
        """The last of the steps that are done; None where none is."""
        return self._entries[self._done - 1].step if self._done else None

    @property
    def kept_bytes(self) -> int:
        """Memory that the steps take."""
        return sum(entry.step.kept_bytes for entry in self._entries)

    @property
    def has_dropped(self) -> bool:
        """Whether there were older steps, which can no longer be undone."""
        return self._told_of_dropped

    @property
    def limit_bytes(self) -> int:
        """Memory that the steps may take."""
        return self._limit

    @limit_bytes.setter
    def limit_bytes(self, limit: int) -> None:
        self._limit = limit
        if self._drop_oldest():
            self.changed.emit()

    def go_to(self, step: Step | None) -> None:
        """Undo or redo until a step is the last one done; None to undo all.

        Raises
        ------
        ValueError
            If the step is no longer in the history.
        """
        layer = self._layer()
        if layer is None:
            return
        commit_stroke(layer)
        steps = self.steps
        if step is not None and step not in steps:
            raise ValueError(f"'{step.name}' is no longer in the history; choose another step")
        wanted = 0 if step is None else steps.index(step) + 1
        with getattr(layer, "_block_refresh", nullcontext)():
            for _ in range(self._done, wanted):
                layer.redo()
            for _ in range(wanted, self._done):
                layer.undo()
        layer.refresh(extent=False)

    @contextmanager
    def naming(self, name: str | Namer, *, by: By = "tool") -> Iterator[None]:
        """Say of the steps that are made meanwhile what they are called, and who makes them.

        A function in place of the name gets the layer and what a step changed, as in `Step`.
        """
        before, self._named = self._named, (name, by)
        try:
            yield
        finally:
            self._named = before

    def release(self) -> None:
        """Let the layer go; what napari can undo stays, up to its own number of steps."""
        layer = self._layer()
        if layer is None:
            return
        if hasattr(self, "_writing"):
            self._writing.remove(layer, self._apply_mask_to_data)
        self._setting.remove(layer, self._data_setitem)
        self._undoing.remove(layer, self._undo)
        self._redoing.remove(layer, self._redo)
        for event in (layer.events.paint, layer.events.set_data, layer.events.editable):
            event.disconnect(self._follow)
        layer.events.data.disconnect(self._on_data)
        keep_steps(layer, type(layer)._history_limit)
        self.leave()
        self._entries, self._done = [], 0

    def _undo(self) -> None:
        layer = self._layer()
        # Undone in the midst of a stroke: its part so far is the last step.
        commit_stroke(layer)
        self._undoing.call(layer)
        self._follow()

    def _redo(self) -> None:
        layer = self._layer()
        commit_stroke(layer)
        self._redoing.call(layer)
        self._follow()

    def _apply_mask_to_data(self, *arguments: Any) -> Any:
        return self._tell_when_written(self._writing, *arguments)

    def _data_setitem(self, *arguments: Any, **options: Any) -> Any:
        return self._tell_when_written(self._setting, *arguments, **options)

    def _tell_when_written(self, hook: Hook, *arguments: Any, **options: Any) -> Any:
        # Of a single call napari tells before it writes.
        layer = self._layer()
        if layer._block_history:
            return hook.call(layer, *arguments, **options)
        with layer.block_history():
            return hook.call(layer, *arguments, **options)

    def _on_data(self, _event: object) -> None:
        self._clear("got other voxels from elsewhere")

    def _follow(self, _event: object = None) -> None:
        """Look what became of napari's history since the last look, and tell of it."""
        layer = self._layer()
        if layer is None:
            return
        undo, redo = layer._undo_history, layer._redo_history
        if self._are_known(undo, redo):
            if len(undo) != self._done:  # Undone or redone: no need to look at all steps.
                present, self._done = self._done, len(undo)
                self._tell(present)
                self.changed.emit()
            return
        items = [*undo, *reversed(redo)]
        known = overlap(self._entries, self._done, items, is_full=len(undo) == undo.maxlen)
        if known is None:
            self._clear("was edited in a way that its history does not know")
            return
        before, done_before = self._entries, self._done
        fresh = [self._entry(layer, item) for item in items[len(known) :]]
        self._entries = [*before[known.start : known.stop], *fresh]
        self._done = len(undo)
        self._tell(present=done_before - known.start)
        if known.start:
            self._tell_of_dropped()
        self._drop_oldest()
        self.changed.emit()

    def _are_known(self, undo: deque[Any], redo: deque[Any]) -> bool:
        done = len(undo)
        if len(self._entries) != done + len(redo):
            return False
        return (not undo or self._entries[done - 1].is_of(undo[-1])) and (
            not redo or self._entries[done].is_of(redo[-1])
        )

    def _tell(self, present: int) -> None:
        entries, done = self._entries, self._done
        for entry in reversed(entries[done:present]):
            self.reverted.emit(entry.step)
        for entry in entries[present:done]:
            self.applied.emit(entry.step)

    def _entry(self, layer: Labels, item: Sequence[Any]) -> KnownStep:
        shape = layer.data.shape
        changes = changes_of(item, shape)
        name, by = self._named or (describe, drawn_by(layer))
        name = name if isinstance(name, str) else name(layer, changes)
        step = Step(name, box_of(item, shape), changes, bytes_of(item), by)
        return KnownStep(step, (item[0], item[-1]))

    def _drop_oldest(self) -> bool:
        layer = self._layer()
        excess = self.kept_bytes - self._limit
        dropped = False
        while layer is not None and excess > 0 and len(self._entries) > 1:
            if self._done > 1 or self._done == len(self._entries):
                layer._undo_history.popleft()
                entry = self._entries.pop(0)
                self._done -= 1
            else:
                layer._redo_history.popleft()
                entry = self._entries.pop()
            excess -= entry.step.kept_bytes
            dropped = True
        if dropped:
            self._tell_of_dropped()
        return dropped

    def _tell_of_dropped(self) -> None:
        layer = self._layer()
        if layer is not None and not self._told_of_dropped:
            # Once: from now on it happens with every stroke.
            self._told_of_dropped = True
            self.noticed.emit(
                f"the history of '{layer.name}' is full ({self._limit / 2**20:.0f} MB or "
                f"{_MOST_STEPS} steps): its oldest can no longer be undone"
            )

    def _clear(self, reason: str) -> None:
        layer = self._layer()
        if layer is None:
            return
        had_steps = bool(self._entries or layer._undo_history or layer._redo_history)
        layer._undo_history.clear()
        layer._redo_history.clear()
        layer._staged_history = []
        self._entries, self._done = [], 0
        self._told_of_dropped = False
        if had_steps:
            self.noticed.emit(f"'{layer.name}' {reason}: its earlier steps can no longer be undone")
        self.cleared.emit()
        self.changed.emit()
