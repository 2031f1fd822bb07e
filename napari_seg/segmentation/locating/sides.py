"""One label table for several boxes: the labels of each under its own name and values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_seg.imaging.label_colours import colour_of
from napari_seg.imaging.label_table import Label, LabelTable
from napari_seg.segmentation.run_settings import ENTROPY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_seg.segmentation.locating.locator import Locator


class Sides:
    """What the labels of a model are called, and which values they have, in each box.

    Parameters
    ----------
    table
        The model's own labels.
    locator
        Its boxes. The first keeps the model's values, the next follow; a box has the same values
        whether the others were found or not.

    Examples
    --------
    >>> from pathlib import Path
    >>> from napari_seg.segmentation.locating.locator import Locator, TemplateBox
    >>> boxes = [TemplateBox(side, (0, 0, 0), (9, 9, 9)) for side in ("left", "right")]
    >>> locator = Locator(Path("template.nii.gz"), tuple(boxes), 0.4)
    >>> Sides(LabelTable.from_names({1: "head", 2: "tail"}), locator).table.names
    {1: 'left head', 2: 'left tail', 3: 'right head', 4: 'right tail'}
    """

    def __init__(self, table: LabelTable, locator: Locator) -> None:
        self._table, self._names = table, locator.box_names
        self._step = max((label.value for label in table), default=0)

    @property
    def table(self) -> LabelTable:
        """The labels of all boxes."""
        return LabelTable(
            tuple(
                Label(value, f"{name} {label.name}", colour_of(value), label.code)
                for number, name in enumerate(self._names)
                for label in self._table
                for value in [self._value(label.value, number)]
            )
        )

    def values_of(self, names: Sequence[str]) -> list[int]:
        """Return the values of labels, each named with its box or, for all boxes, without.

        Raises
        ------
        ValueError
            If no label is called so.
        """
        own = {label.name.casefold(): label.value for label in self._table}
        values: list[int] = []
        for name in names:
            value = own.get(name.casefold())
            if value is None:
                values.append(self.table.value_of(name))
            else:
                values += [self._value(value, number) for number in range(len(self._names))]
        return values

    def maps_of(self, name: str) -> list[tuple[int, str]]:
        """Return what a map shows: the numbers of boxes, each with a map of the model's own.

        A label is named with its box or, for all boxes, without; the entropy is that of all.

        Raises
        ------
        ValueError
            If no label is called so.
        """
        numbers = range(len(self._names))
        if name == ENTROPY:
            return [(number, ENTROPY) for number in numbers]
        values = self.values_of([name])
        names = self._table.names
        return [
            (number, names[value - number * self._step])
            for value in values
            for number in numbers
            if value - number * self._step in names
        ]

    def renumber(self, labels: NDArray[np.integer], number: int) -> NDArray[np.integer]:
        """Give a box's labels the values that they have among all boxes."""
        most = self._value(self._step, len(self._names) - 1)
        kind = np.uint8 if most <= np.iinfo(np.uint8).max else np.uint16
        moved: NDArray[np.integer] = np.asarray(labels).astype(kind)
        moved[moved > 0] += kind(number * self._step)
        return moved

    def _value(self, value: int, number: int) -> int:
        return value + number * self._step
