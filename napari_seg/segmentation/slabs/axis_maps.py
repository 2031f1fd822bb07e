"""One axis of a grid as weighted sums over the voxels of another: what resampling does to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Taps:
    """For each voxel along an axis the voxels of another axis that it is a weighted sum of.

    Attributes
    ----------
    index
        ``(voxels, taps)``, rising; unused taps repeat the last one.
    weight
        ``(voxels, taps)``, none below 0; all 0 for a voxel that lies outside.
    """

    index: NDArray[np.int64]
    weight: NDArray[np.float64]

    @property
    def first(self) -> NDArray[np.int64]:
        """The lowest voxel that each sum needs."""
        first: NDArray[np.int64] = self.index[:, 0]
        return first

    @property
    def last(self) -> NDArray[np.int64]:
        """The highest voxel that each sum needs."""
        last: NDArray[np.int64] = self.index[:, -1]
        return last

    @cached_property
    def inside(self) -> NDArray[np.bool_]:
        """Which voxels have any weight."""
        inside: NDArray[np.bool_] = (self.weight != 0).any(axis=1)
        return inside

    @cached_property
    def is_pick(self) -> bool:
        """Whether each voxel inside is one of the other axis, as it stands."""
        return self.index.shape[1] == 1 and bool((self.weight[self.inside] == 1).all())

    def after(self, other: Taps) -> Taps:
        """Return what both do, first `other`: these voxels as sums over those that it sums over."""
        if other.index.shape[1] == 1:
            index = other.index[self.index, 0]
            return _tidy(index, self.weight * other.weight[self.index, 0])
        index, weight = other.index[self.index], self.weight[:, :, None] * other.weight[self.index]
        return _tidy(index.reshape(len(index), -1), weight.reshape(len(weight), -1))


def identity(count: int) -> Taps:
    """Map an axis to itself."""
    return Taps(np.arange(count)[:, None], np.ones((count, 1)))


def reverse(count: int) -> Taps:
    """Map an axis to itself backwards."""
    return Taps(np.arange(count - 1, -1, -1)[:, None], np.ones((count, 1)))


def shift(count: int, source: int, *, start: int) -> Taps:
    """Map to `count` voxels from `start` on; those outside the source have no weight."""
    places = np.arange(count)[:, None] + start
    inside = (places >= 0) & (places < source)
    return _tidy(places, inside.astype(float))


def linear(places: NDArray[np.float64], source: int, *, border: bool) -> Taps:
    """Interpolate at fractional places of the source.

    Parameters
    ----------
    places
        In voxels of the source.
    source
        How many voxels that has.
    border
        Whether its end voxels go on beyond its ends; else there is 0.
    """
    if border:
        places = places.clip(0, source - 1)
    low = np.floor(places)
    part = places - low
    index = np.stack([low, low + 1], 1)
    weight = np.stack([1 - part, part], 1)
    weight[(index < 0) | (index > source - 1)] = 0
    return _tidy(index.astype(np.int64), weight)


def nearest(places: NDArray[np.float64], source: int, *, border: bool) -> Taps:
    """Take the nearest voxel of the source, an even one at equal distance."""
    index = np.rint(places.clip(0, source - 1) if border else places)[:, None]
    inside = (index >= 0) & (index <= source - 1)
    return _tidy(index.astype(np.int64), inside.astype(float))


def area(count: int, source: int) -> Taps:
    """Average the voxels of the source that each of `count` equal parts touches."""
    starts = np.arange(count) * source // count
    stops = -(-(np.arange(1, count + 1) * source) // count)
    width = int((stops - starts).max())
    index = starts[:, None] + np.arange(width)
    weight = (index < stops[:, None]) / (stops - starts)[:, None]
    return _tidy(index, weight)


def _tidy(index: NDArray[np.int64], weight: NDArray[np.float64]) -> Taps:
    """Sort and merge the taps of each voxel, drop those without weight, and make none wider."""
    if index.shape[1] == 1:
        return Taps(np.where(weight == 0, 0, index), weight)
    order = np.argsort(index, axis=1, kind="stable")
    index = np.take_along_axis(index, order, 1)
    weight = np.take_along_axis(weight, order, 1)
    for tap in range(1, index.shape[1]):
        same = index[:, tap] == index[:, tap - 1]
        weight[same, tap] += weight[same, tap - 1]
        weight[same, tap - 1] = 0
    counts = (weight != 0).sum(axis=1)
    width = max(int(counts.max(initial=0)), 1)
    used_first = np.argsort(weight == 0, axis=1, kind="stable")[:, :width]
    index = np.take_along_axis(index, used_first, 1)
    weight = np.take_along_axis(weight, used_first, 1)
    # Taps that are not used repeat the last one.
    last = np.minimum(np.arange(width), np.maximum(counts - 1, 0)[:, None])
    index = np.take_along_axis(index, last, 1)
    index[counts == 0] = 0
    return Taps(index, weight)
