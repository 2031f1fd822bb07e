"""A band of a prepared scan that moves along one axis as a window slides over it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from napari_seg.segmentation.preparing.voxels import PreparedVoxels
    from napari_seg.segmentation.windows import Padding, WindowLayout


class MovingRows:
    """Cut windows from a scan that is prepared as they come, and let go of what lies behind.

    Parameters
    ----------
    voxels
        The prepared scan.
    layout
        Of the windows.
    axis
        Along which they come in order; its indices are called rows.
    padding
        Of what lies beyond the scan.
    """

    def __init__(
        self, voxels: PreparedVoxels, layout: WindowLayout, axis: int, padding: Padding
    ) -> None:
        self._voxels, self._layout, self._axis, self._padding = voxels, layout, axis, padding
        self._first = 0
        self._rows: Tensor | None = None

    @property
    def device(self) -> torch.device:
        """Where windows are given."""
        return self._voxels.device

    def cpu(self) -> MovingRows:
        """Give windows in the computer's own memory."""
        other = copy.copy(self)
        other._voxels, other._rows = self._voxels.cpu(), None
        return other

    def __getitem__(self, place: tuple[slice, ...]) -> Tensor:
        """Return a window ``(1, channel, *window)``.

        Parameters
        ----------
        place
            Two slices of all, then a range of the padded scan for each axis.
        """
        rows = place[self._axis + 2]
        held = self._hold(rows.start, rows.stop)
        inside = list(place)
        inside[self._axis + 2] = slice(rows.start - self._first, rows.stop - self._first)
        return held[tuple(inside)]

    def _hold(self, start: int, stop: int) -> Tensor:
        import torch

        dim = self._axis + 2
        held = self._rows
        last = self._first + (0 if held is None else held.shape[dim])
        if held is None or not self._first <= start < last:
            held, self._first = self._made(start, stop), start
        elif stop > last:
            kept = held.narrow(dim, start - self._first, last - start)
            held, self._first = torch.cat([kept, self._made(last, stop)], dim), start
        self._rows = held
        return held

    def _made(self, start: int, stop: int) -> Tensor:
        """Prepare rows of the padded scan."""
        size, axis = self._voxels.shape[2:], self._axis
        shift = self._layout.before[axis]
        low, high = (min(max(row - shift, 0), size[axis]) for row in (start, stop))
        box = [slice(0, count) for count in size]
        box[axis] = slice(low, high)
        rows = self._voxels[(slice(None), slice(None), *box)]
        before, after = list(self._layout.before), self._layout.after(size)
        # Where rows are padded, the window takes all of them at once.
        before[axis] = min(max(shift - start, 0), stop - start)
        after[axis] = stop - start - before[axis] - (high - low)
        return self._padding.pad(rows, before, after)
