"""The voxels of a prepared scan, worked out where and when they are asked for."""

from __future__ import annotations

import copy
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.segmentation.preparing.intensities import settle

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import torch
    from numpy.typing import NDArray
    from torch import Tensor

    from napari_seg.segmentation.preparing.grid import PreparedGrid
    from napari_seg.segmentation.preparing.intensities import Intensity
    from napari_seg.segmentation.preparing.steps import Steps
    from napari_seg.segmentation.slabs.axis_maps import Taps

    Box = tuple[slice, slice, slice]

# Numbers that are worked on at once, of the scan and of the prepared one; or two planes.
_VALUES_AT_ONCE = 1 << 23


class PreparedVoxels:
    """A prepared scan that can be indexed like a tensor ``(1, channel, i, j, k)``.

    Parameters
    ----------
    array
        The scan ``(i, j, k)`` or ``(i, j, k, c)``, in memory or on disk; of that only what is
        asked for is read, and a little at a time.
    grid, steps
        What prepares it.
    device
        Where the voxels are wanted.

    Attributes
    ----------
    shape
        ``(1, channel, i, j, k)``.
    scan_shape
        ``(channel, i, j, k)`` of the scan along the prepared axes, before it is resampled.
    slow_axis
        The axis along which the parts of the scan follow each other in memory or on disk.
    """

    def __init__(
        self, array: NDArray[Any], grid: PreparedGrid, steps: Steps, device: torch.device
    ) -> None:
        self._grid, self._steps, self.device = grid, steps, device
        voxels = np.moveaxis(array, -1, 0) if array.ndim == 4 else array[None]
        voxels = voxels.transpose(0, *(axis + 1 for axis in grid.axes))
        ways = (slice(None, None, -1 if back else None) for back in grid.is_reversed)
        # A view: along the prepared axes, in the scan's own numbers.
        self._scan = voxels[(slice(None), *ways)]
        self.scan_shape = self._scan.shape
        self.shape = (1, len(voxels), *grid.shape)
        self.slow_axis = max(range(3), key=lambda axis: abs(self._scan.strides[axis + 1]))

    def to(self, device: torch.device) -> PreparedVoxels:
        """Give the voxels on another device."""
        other = copy.copy(self)
        other.device = device
        return other

    def cpu(self) -> PreparedVoxels:
        """Give the voxels in the computer's own memory."""
        import torch

        return self.to(torch.device("cpu"))

    def __getitem__(self, place: tuple[slice, ...]) -> Tensor:
        """Return the voxels ``(1, channel, *box)`` of a box, the caller's own, in float32.

        Parameters
        ----------
        place
            Two slices of all, then a range for each axis.
        """
        box = (
            slice(*part.indices(count)[:2])
            for part, count in zip(place[2:], self._grid.shape, strict=True)
        )
        i, j, k = box
        return self._prepared((i, j, k), self._settled)[None].to(self.device)

    def whole(self) -> Tensor:
        """Return all voxels ``(1, channel, i, j, k)``, in float32."""
        voxels = self._prepared(_everything(self._grid.shape), ())
        for step in self._steps.after:
            settled = step if step.is_settled else step.settled(iter([voxels]))
            settled.apply(voxels)
        return voxels[None].to(self.device)

    @cached_property
    def _settled(self) -> tuple[Intensity, ...]:
        """The steps after resampling; where they ask for figures, all of the scan is read."""

        def parts(done: Sequence[Intensity]) -> Iterator[Tensor]:
            for box in self._cut(_everything(self._grid.shape)):
                yield _applied(self._resampled(box), done)

        return settle(self._steps.after, parts)

    @cached_property
    def _settled_before(self) -> tuple[Intensity, ...]:
        def parts(done: Sequence[Intensity]) -> Iterator[Tensor]:
            for part in self._parts():
                yield _applied(part, done)

        return settle(self._steps.before, parts)

    @cached_property
    def _instead(self) -> tuple[float, float] | None:
        """What voxels become that are no numbers or without end: the lowest, and the highest."""
        if self._scan.dtype.kind != "f":
            return None
        if all(bool(np.isfinite(part).all()) for part in self._raw_parts()):
            return None
        low, high = np.inf, -np.inf
        for part in self._raw_parts():
            finite = part[np.isfinite(part)]
            low = min(low, float(finite.min(initial=np.inf)))
            high = max(high, float(finite.max(initial=-np.inf)))
        return (low, high) if low <= high else (0.0, 0.0)

    def _prepared(self, box: Box, steps: Sequence[Intensity]) -> Tensor:
        import torch

        parts = list(self._cut(box))
        if len(parts) == 1:
            return _applied(self._resampled(box), steps)
        voxels = torch.empty((self.shape[1], *(part.stop - part.start for part in box)))
        for part in parts:
            inside = (
                slice(one.start - whole.start, one.stop - whole.start)
                for one, whole in zip(part, box, strict=True)
            )
            voxels[(slice(None), *inside)] = _applied(self._resampled(part), steps)
        return voxels

    def _cut(self, box: Box) -> Iterator[Box]:
        """Cut a box of the prepared scan into parts that are worked on one after the other."""
        axis = self.slow_axis
        rows = box[axis].stop - box[axis].start
        wide = prod(part.stop - part.start for part in box)
        needed = prod(stop - start for start, stop in self._needs(box))
        a_row = self.shape[1] * -(-max(wide, needed) // max(rows, 1))
        step = max(_VALUES_AT_ONCE // max(a_row, 1), 1)
        for start in range(box[axis].start, box[axis].stop, step):
            part = list(box)
            part[axis] = slice(start, min(start + step, box[axis].stop))
            yield part[0], part[1], part[2]

    def _needs(self, box: Box) -> list[tuple[int, int]]:
        """Return the ranges of the scan that a box is made of."""
        ranges = []
        for part, taps in zip(box, self._grid.taps, strict=True):
            if taps is None or part.stop <= part.start:
                ranges.append((part.start, part.stop))
            else:
                used = taps.index[part]
                ranges.append((int(used.min()), int(used.max()) + 1))
        return ranges

    def _resampled(self, box: Box) -> Tensor:
        """Return a box ``(channel, *box)`` before the steps that follow resampling."""
        needs = self._needs(box)
        voxels = _applied(self._read(needs), self._settled_before)
        # Along the axes as they lie in memory: the outermost is the fastest to resample.
        order = sorted(range(4), key=voxels.stride, reverse=True)
        voxels = voxels.permute(order)
        for place, axis in enumerate(order):
            taps = self._grid.taps[axis - 1] if axis else None
            if taps is not None:
                voxels = _between(voxels, place, taps, box[axis - 1], needs[axis - 1][0])
        back = [order.index(axis) for axis in range(4)]
        return voxels.permute(back).contiguous()

    def _read(self, ranges: Sequence[tuple[int, int]]) -> Tensor:
        import torch

        part = self._scan[(slice(None), *(slice(*one) for one in ranges))]
        # A copy in any case: it is written into.
        voxels = np.array(part, np.float32)
        if self._instead is not None:
            low, high = self._instead
            np.nan_to_num(voxels, copy=False, nan=low, posinf=high, neginf=low)
        return torch.from_numpy(voxels)

    def _parts(self) -> Iterator[Tensor]:
        for ranges in self._ranges():
            yield self._read(ranges)

    def _raw_parts(self) -> Iterator[NDArray[np.float32]]:
        for ranges in self._ranges():
            part = self._scan[(slice(None), *(slice(*one) for one in ranges))]
            # What float32 cannot hold is without end there.
            with np.errstate(over="ignore"):
                yield part.astype(np.float32, copy=False)

    def _ranges(self) -> Iterator[list[tuple[int, int]]]:
        """Cut the scan itself into parts."""
        axis, sizes = self.slow_axis, self._scan.shape[1:]
        step = max(_VALUES_AT_ONCE * sizes[axis] // max(self._scan.size, 1), 1)
        for start in range(0, sizes[axis], step):
            ranges = [(0, count) for count in sizes]
            ranges[axis] = start, min(start + step, sizes[axis])
            yield ranges


def bytes_at_once(voxels: PreparedVoxels) -> int:
    """Return the most memory that working out a part of a prepared scan takes."""
    plane = int(prod(voxels.scan_shape) // voxels.scan_shape[voxels.slow_axis + 1])
    # The part of the scan, and what it is resampled from and to.
    return 4 * 3 * max(min(_VALUES_AT_ONCE, prod(voxels.scan_shape)), 2 * plane)


def _everything(shape: Sequence[int]) -> Box:
    i, j, k = (slice(0, count) for count in shape)
    return i, j, k


def _applied(voxels: Tensor, steps: Sequence[Intensity]) -> Tensor:
    for step in steps:
        step.apply(voxels)
    return voxels


def _between(voxels: Tensor, dim: int, taps: Taps, rows: slice, start: int) -> Tensor:
    """Interpolate along one axis, of which voxels before `start` are not there."""
    import torch

    index, weight = taps.index[rows] - start, taps.weight[rows]
    if index.shape[1] == 1:
        return voxels.index_select(dim, torch.from_numpy(index[:, 0].copy()))
    nearer = (weight[:, 1] > weight[:, 0]).astype(int)
    each = np.arange(len(index))
    near, far = (torch.from_numpy(index[each, side]) for side in (nearer, 1 - nearer))
    # From the nearer one on, where float32 knows the smallest traces of the other; between equal
    # voxels it gives just their value.
    part = torch.from_numpy(weight[each, 1 - nearer].astype(np.float32))
    part = part.reshape(-1, *[1] * (voxels.ndim - 1 - dim))
    return voxels.index_select(dim, near).lerp_(voxels.index_select(dim, far), part)
