"""One axis of a grid as weighted sums over the voxels of another: what resampling does to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array


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

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Which voxels have any weight."""
        inside: NDArray[np.bool_] = (self.weight != 0).any(axis=1)
        return inside

    @property
    def is_pick(self) -> bool:
        """Whether each voxel inside is one of the other axis, as it stands."""
        return self.index.shape[1] == 1 and bool((self.weight[self.inside] == 1).all())


def identity(count: int) -> csr_array:
    """Map an axis to itself."""
    return _from_taps(np.arange(count)[:, None], np.ones((count, 1)), count)


def reverse(count: int) -> csr_array:
    """Map an axis to itself backwards."""
    return _from_taps(np.arange(count)[::-1, None], np.ones((count, 1)), count)


def shift(count: int, source: int, *, start: int) -> csr_array:
    """Map to `count` voxels from `start` on; those outside the source have no weight."""
    places = np.arange(count)[:, None] + start
    inside = (places >= 0) & (places < source)
    return _from_taps(places, inside.astype(float), source)


def linear(places: NDArray[np.float64], source: int, *, border: bool) -> csr_array:
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
    return _from_taps(index.astype(np.int64), weight, source)


def nearest(places: NDArray[np.float64], source: int, *, border: bool) -> csr_array:
    """Take the nearest voxel of the source, an even one at equal distance."""
    index = np.rint(places.clip(0, source - 1) if border else places)[:, None]
    inside = (index >= 0) & (index <= source - 1)
    return _from_taps(index.astype(np.int64), inside.astype(float), source)


def area(count: int, source: int) -> csr_array:
    """Average the voxels of the source that each of `count` equal parts touches."""
    starts = np.arange(count) * source // count
    stops = -(-(np.arange(1, count + 1) * source) // count)
    width = int((stops - starts).max())
    index = starts[:, None] + np.arange(width)
    weight = (index < stops[:, None]) / (stops - starts)[:, None]
    return _from_taps(index, weight, source)


def as_taps(matrix: csr_array) -> Taps:
    """Lay out the rows of a map as arrays of equal width."""
    matrix = matrix.tocsr()
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    counts = np.diff(matrix.indptr)
    width = max(int(counts.max(initial=0)), 1)
    place = np.minimum(np.arange(width), np.maximum(counts - 1, 0)[:, None])
    flat = (matrix.indptr[:-1, None] + place).clip(0, max(matrix.nnz - 1, 0))
    index = np.zeros((len(counts), width), np.int64)
    weight = np.zeros((len(counts), width))
    filled = counts > 0
    if matrix.nnz:
        index[filled] = matrix.indices[flat[filled]]
        used = filled[:, None] & (np.arange(width) < counts[:, None])
        weight[used] = matrix.data[flat[used]]
    return Taps(index, weight)


def _from_taps(index: NDArray[np.int64], weight: NDArray[Any], source: int) -> csr_array:
    from scipy.sparse import csr_array

    rows = np.repeat(np.arange(len(index)), index.shape[1])
    columns = index.ravel().clip(0, source - 1)
    return csr_array((np.asarray(weight, float).ravel(), (rows, columns)), (len(index), source))
