"""The boxes that changed since they were last looked at: few, and not much larger than the change."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    Box = tuple[slice, ...]

_MOST = 32


class ChangedBoxes:
    """Boxes of one array.

    Two become one where that is hardly larger than both.
    """

    def __init__(self, boxes: Iterable[Box] = ()) -> None:
        self._boxes: list[Box] = []
        for box in boxes:
            self.add(box)

    def __len__(self) -> int:
        return len(self._boxes)

    def add(self, box: Box) -> None:
        """Note one more."""
        for place, known in enumerate(self._boxes):
            joined = _joined(known, box)
            if 2 * _size(joined) <= 3 * max(_size(known), _size(box)):
                # What is larger now may swallow others.
                del self._boxes[place]
                self.add(joined)
                return
        self._boxes.append(box)
        if len(self._boxes) > _MOST:
            first, second, *rest = self._boxes
            self._boxes = [_joined(first, second), *rest]

    def take(self) -> tuple[Box, ...]:
        """Return them and forget them."""
        boxes, self._boxes = tuple(self._boxes), []
        return boxes


def whole_box(shape: Iterable[int]) -> Box:
    """Return the box of a whole array."""
    return tuple(slice(0, length) for length in shape)


def _joined(one: Box, other: Box) -> Box:
    return tuple(
        slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(one, other, strict=True)
    )


def _size(box: Box) -> int:
    return prod(side.stop - side.start for side in box)
