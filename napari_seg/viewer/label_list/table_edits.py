"""What a change of a table of labels must keep to: free values, names given once, locks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.imaging.label_colours import colour_of
from napari_seg.imaging.label_table import Label, LabelTable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from napari_seg.imaging.label_colours import Colour


def without(table: LabelTable, values: Collection[int]) -> LabelTable:
    """Return the table without some values."""
    return LabelTable(tuple(label for label in table if label.value not in values))


def require_free_name(table: LabelTable, name: str) -> None:
    """Make sure that no label of a table has a name yet, its case ignored.

    Raises
    ------
    ValueError
        If one has.
    """
    for label in table:
        if label.name.casefold() == name.strip().casefold():
            raise ValueError(
                f"'{label.name}' is the name of label {label.value} already; choose another name"
            )


def with_rows(
    table: LabelTable, values: Iterable[int], drawn: Mapping[int, Colour], *, name: str = ""
) -> LabelTable:
    """Return a table with a row for each of some values that have none.

    Parameters
    ----------
    table, values
        The rows that are there, and the values of those that shall be.
    drawn
        The colours in which values are seen already; others get their fixed one.
    name
        Of them; by default "label 7", or "label 7 (2)" where that is taken.
    """
    taken = {label.name.casefold() for label in table}
    rows = []
    for value in sorted(set(values) - set(table.names)):
        free = name or _free_name(taken, f"label {value}")
        taken.add(free.casefold())
        rows.append(Label(value, free, drawn.get(value, colour_of(value))))
    return LabelTable((*table, *rows))


def joined(table: LabelTable, rows: Iterable[Label]) -> LabelTable:
    """Return a table with further rows whose value it lacks; a name that is taken gets a number."""
    for row in rows:
        if row.value not in table.names:
            name = _free_name({label.name.casefold() for label in table}, row.name)
            table = LabelTable((*table, row if name == row.name else replace(row, name=name)))
    return table


def free_value(avoided: Collection[int], used: Collection[int], dtype: np.dtype[Any]) -> int:
    """Return the value for a new label: after the last one, else the first gap.

    Parameters
    ----------
    avoided
        Values that are used, or that undo may bring back: taken only if there is no other.
    used
        Values that are used.
    dtype
        Of the layer.

    Raises
    ------
    ValueError
        If all values of the type are used.
    """
    most = int(np.iinfo(dtype).max)
    value = max(avoided, default=0) + 1
    if value <= most:
        return value
    for taken in (set(avoided), set(used)):
        free = next((one for one in range(1, min(most, len(taken) + 1) + 1) if one not in taken), 0)
        if free:
            return free
    raise ValueError(
        f"a layer of type {dtype} holds labels up to {most}, and all of them are used; "
        "delete or merge some"
    )


def require_unlocked(table: LabelTable, locked: Collection[int], what: str) -> None:
    """Make sure that none of the labels concerned is locked.

    Parameters
    ----------
    table
        Their names.
    locked
        Those of them that are.
    what
        Was to be done, such as ``"delete it"``.

    Raises
    ------
    ValueError
        If there are some.
    """
    names = [table.names.get(value, f"label {value}") for value in sorted(locked)]
    if len(names) == 1:
        raise ValueError(f"'{names[0]}' is locked; unlock it to {what}")
    if names:
        listed = ", ".join(f"'{name}'" for name in names)
        raise ValueError(f"{listed} are locked; unlock them to {what.replace(' it', ' them')}")


def _free_name(taken: Collection[str], name: str) -> str:
    number, free = 1, name
    while free.casefold() in taken:
        number += 1
        free = f"{name} ({number})"
    return free
