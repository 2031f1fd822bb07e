"""Rows of labels that a step deleted, merged or brought, for undo to bring or take them back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from napari_seg.imaging.label_table import LabelTable
from napari_seg.viewer.editing.attached import attach, attached
from napari_seg.viewer.label_list.table_edits import free_value, joined, without

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import numpy as np
    from napari.layers import Labels

    from napari_seg.imaging.label_table import Label
    from napari_seg.viewer.editing.steps import Step


class DeletedRows:
    """The rows of one layer that are gone, and which step took or brought which of them."""

    def __init__(self) -> None:
        self._rows: dict[int, Label] = {}
        # Those of them that went because the run that had brought them was undone.
        self._undone: set[int] = set()
        self._taken: WeakKeyDictionary[Step, LabelTable] = WeakKeyDictionary()
        self._brought: WeakKeyDictionary[Step, LabelTable] = WeakKeyDictionary()
        self._locked: WeakKeyDictionary[Step, frozenset[int]] = WeakKeyDictionary()

    @classmethod
    def of(cls, layer: Labels) -> DeletedRows:
        """Return that of a layer, made if it has none."""
        found = attached(layer, cls)
        if found is None:
            found = cls()
            attach(layer, found)
        return found

    def value_for(self, name: str, used: Collection[int], dtype: np.dtype[Any]) -> int:
        """Choose the value of a new row: that of a gone one of this name, else one that is free.

        Values of gone rows are avoided otherwise, for undo or redo may bring them back.

        Raises
        ------
        ValueError
            If all values of the type are used.
        """
        wanted = name.strip().casefold()
        called = [row.value for row in self._rows.values() if row.name.casefold() == wanted]
        value = next((one for one in called if one not in used), None)
        if value is None:
            value = free_value({*used, *self._rows}, used, dtype)
        self._take(value)
        return value

    def with_back(self, table: LabelTable, values: Iterable[int]) -> LabelTable:
        """Return a table with the gone rows of values that have voxels again."""
        return self._without_kept(
            joined(table, [self._rows[value] for value in values if value in self._rows])
        )

    def delete(self, table: LabelTable, values: Collection[int], step: Step | None) -> LabelTable:
        """Return a table without rows that a person deletes, by a step unless it has no voxels."""
        gone = table.keep(values)
        self._keep(gone)
        if step is not None:
            self._taken[step] = gone
        return without(table, values)

    def bring(self, table: LabelTable, rows: Iterable[Label], step: Step | None) -> LabelTable:
        """Return a table with rows that a run brings: as a person left them before it was undone.

        Parameters
        ----------
        table
            The rows that are there; they stay.
        rows
            As the model calls them.
        step
            Of the run; None where it changed no voxel, so that it cannot be undone.
        """
        missing = [row for row in rows if row.value not in table.names]
        left = {row.value: self._rows[row.value] for row in missing if row.value in self._undone}
        after = joined(table, [left.get(row.value, row) for row in missing])
        if step is not None:
            self._brought[step] = after.keep({row.value for row in missing})
        return self._without_kept(after)

    def undone(self, step: Step, table: LabelTable, locked: Collection[int]) -> LabelTable:
        """Return the table after a step was undone; what it brought is kept for redo."""
        if step in self._brought:
            brought = table.keep(self._brought[step].names)
            self._brought[step] = brought
            self._locked[step] = frozenset(locked).intersection(brought.names)
            self._keep(brought)
            self._undone.update(brought.names)
            table = without(table, brought.names)
        return self._without_kept(joined(table, self._taken.get(step, ())))

    def redone(self, step: Step, table: LabelTable) -> LabelTable:
        """Return the table after a step was done; as it was if it is done for the first time."""
        if step in self._taken:
            table = self.delete(table, self._taken[step].names, step)
        if step in self._brought:
            # What a person made meanwhile is not the run's to take away.
            self._brought[step] = without(self._brought[step], table.names)
            table = joined(table, self._brought[step])
        return self._without_kept(table)

    def locked_with(self, step: Step) -> frozenset[int]:
        """Return which rows were locked that went when a run was undone."""
        return self._locked.get(step, frozenset())

    def _keep(self, rows: LabelTable) -> None:
        self._rows |= {row.value: row for row in rows}
        self._undone.difference_update(rows.names)

    def _without_kept(self, table: LabelTable) -> LabelTable:
        for value in table.names:
            self._take(value)
        return table

    def _take(self, value: int) -> None:
        self._undone.discard(value)
        self._rows.pop(value, None)
