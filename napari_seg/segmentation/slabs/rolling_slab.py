"""Blend the scores of windows in a slab that moves along one axis of the scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_seg.segmentation.slabs.finish import activate

if TYPE_CHECKING:
    import torch
    from torch import Tensor

# Rows are divided and activated in pieces that stay in a processor's cache.
_VALUES_AT_ONCE = 1 << 20


class RollingSlab:
    """The scores of the rows that windows still reach, and of those that are still to be read.

    Parameters
    ----------
    classes
        How many scores a voxel has.
    size
        Of the prepared scan.
    axis
        Along which the slab moves; its indices are called rows.
    depth
        Rows that it holds.
    device
        Where.

    Attributes
    ----------
    scores
        ``(class, *size)`` with `depth` rows along `axis`.
    base
        The row of the scan that is the slab's first.
    finished
        Rows of the scan below this one hold blended scores.
    """

    def __init__(
        self,
        classes: int,
        size: tuple[int, ...],
        axis: int,
        depth: int,
        device: torch.device,
    ) -> None:
        import torch

        shape = [depth if one == axis else count for one, count in enumerate(size)]
        self.axis, self.depth = axis, depth
        self.base = self.finished = 0
        self.scores = torch.zeros((classes, *shape), device=device)
        self._weights = torch.zeros(shape, device=device)

    def to(self, device: torch.device) -> None:
        """Move to another device."""
        self.scores, self._weights = self.scores.to(device), self._weights.to(device)

    def add(self, start: tuple[int, ...], scores: Tensor, weights: Tensor) -> None:
        """Add a window's scores ``(class, *window)``, weighted, from voxel `start` of the scan."""
        place = [slice(first, first + length) for first, length in zip(start, weights.shape)]  # noqa: B905 - same length
        first = start[self.axis] - self.base
        place[self.axis] = slice(first, first + weights.shape[self.axis])
        device = self.scores.device
        weights = weights.to(device)
        self.scores[(slice(None), *place)].addcmul_(scores.to(device), weights)
        self._weights[tuple(place)] += weights

    def finish(self, stop: int, activation: str | None) -> None:
        """Turn sums into blended, activated scores in all rows below `stop`."""
        values = self.scores.numel() // self.depth
        step = max(_VALUES_AT_ONCE // max(values, 1), 1)
        for row in range(self.finished, stop, step):
            count = min(step, stop - row)
            scores = self.rows(row, row + count)
            scores /= self._weights.narrow(self.axis, row - self.base, count)
            activate(scores, activation)
        self.finished = max(self.finished, stop)

    def rows(self, start: int, stop: int) -> Tensor:
        """Return the scores of rows of the scan, as they lie in the slab."""
        return self.scores.narrow(self.axis + 1, start - self.base, stop - start)

    def move(self, base: int) -> None:
        """Let go of all rows below `base`; those that come new are empty."""
        by = base - self.base
        if by <= 0:
            return
        for held, axis in ((self.scores, self.axis + 1), (self._weights, self.axis)):
            for row in range(0, self.depth - by, by):
                count = min(by, self.depth - by - row)
                held.narrow(axis, row, count).copy_(held.narrow(axis, row + by, count))
            kept = max(self.depth - by, 0)
            held.narrow(axis, kept, self.depth - kept).zero_()
        self.base = base
