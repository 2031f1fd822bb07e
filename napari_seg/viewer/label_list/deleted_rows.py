"""Rows of labels that a step deleted, merged or brought, for undo to bring or take them back."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from napari_seg.imaging.label_table import Label, LabelTable
    from napari_seg.viewer.editing.steps import Step


class DeletedRows:
    """The rows that are gone, and which step took which of them."""

    def __init__(self) -> None:
        self._rows: dict[int, Label] = {}
        self._by_step: weakref.WeakKeyDictionary[Step, frozenset[int]] = weakref.WeakKeyDictionary()
        self._brought: weakref.WeakKeyDictionary[Step, frozenset[int]] = weakref.WeakKeyDictionary()

    @property
    def values(self) -> frozenset[int]:
        """The values of all that are gone."""
        return frozenset(self._rows)

    def keep(self, labels: Iterable[Label]) -> None:
        """Remember rows that go."""
        self._rows |= {label.value: label for label in labels}

    def note(self, step: Step, values: Collection[int]) -> None:
        """Remember which rows went with a step."""
        self._by_step[step] = frozenset(values)

    def gone_with(self, step: Step) -> frozenset[int]:
        """Return the values whose rows went with a step."""
        return self._by_step.get(step, frozenset())

    def note_brought(self, step: Step, table: LabelTable) -> None:
        """Remember which labels of a network's step, just done for the first time, had no row."""
        if step.by == "network" and step not in self._brought:
            gained = {value for value, count in (step.changes or {}).items() if count > 0}
            self._brought[step] = frozenset(gained.difference(table.names))

    def brought_by(self, step: Step) -> frozenset[int]:
        """Return the values whose rows came with a step of a network."""
        return self._brought.get(step, frozenset())

    def take(self, value: int) -> Label | None:
        """Return the row of a value and forget it; None if there was none."""
        return self._rows.pop(value) if value in self._rows else None
