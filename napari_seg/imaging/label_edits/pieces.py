"""Connected pieces of labels, found from runs of equal voxels rather than voxel by voxel."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from napari_seg.imaging.label_edits.boxes import Patch
from napari_seg.imaging.progress import OnProgress, ignore_progress, share_of

Touching = Literal["corners", "faces"]

# With more runs than this share of the voxels, as in noise, scipy's way is the faster.
_NOISY = 0.03
# The share of the time in which runs are found.
_FINDING_RUNS = 0.3
# More runs than these are drawn voxel by voxel.
_MANY_RUNS = 100_000


@dataclass(frozen=True, eq=False)
class Pieces:
    """Connected pieces of an array of two or three axes.

    A run is a stretch of equal voxels along the last axis. A large organ has some ten thousand
    of them where it has millions of voxels.

    Attributes
    ----------
    shape
        Of the array.
    line, start, stop
        Of each run: which line of the array it lies on, and from where to where.
    piece
        Of each run: the number of its piece, from 0, in the order of their first voxels.
    sizes
        Voxels of each piece.
    values
        What the voxels of each piece hold.
    """

    shape: tuple[int, ...]
    line: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    piece: NDArray[np.int64]
    sizes: NDArray[np.int64]
    values: NDArray[Any]

    def at(self, voxels: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """Return the number of the piece that holds each voxel ``(n, axes)``; -1 where none does."""
        if self.line.size == 0:
            return np.full(len(voxels), -1)
        line = np.ravel_multi_index(tuple(voxels[:, :-1].T), self.shape[:-1])
        width, place = self.shape[-1] + 1, voxels[:, -1]
        # The first run that ends behind the voxel.
        keys = self.line * width + self.stop
        run = np.searchsorted(keys, line * width + place, side="right")
        run = np.minimum(run, self.line.size - 1)
        holds = (self.line[run] == line) & (self.start[run] <= place) & (place < self.stop[run])
        return np.where(holds, self.piece[run], -1)

    def chosen(self, choice: NDArray[np.bool_]) -> Patch:
        """Return the voxels of some of the pieces, in the smallest box that holds them.

        Parameters
        ----------
        choice
            One truth for each piece.
        """
        kept = choice[self.piece]
        if not kept.any():
            return Patch((slice(0, 0),) * len(self.shape), np.zeros((0,) * len(self.shape), bool))
        start, stop = self.start[kept], self.stop[kept]
        places = [*np.unravel_index(self.line[kept], self.shape[:-1])]
        box = [slice(int(place.min()), int(place.max()) + 1) for place in places]
        lines = np.ravel_multi_index(
            [place - part.start for place, part in zip(places, box, strict=True)],
            [part.stop - part.start for part in box],
        )
        box.append(slice(int(start.min()), int(stop.max())))
        shape = [part.stop - part.start for part in box]
        mask = np.zeros(shape, dtype=bool)
        flat, first = mask.reshape(-1), lines * shape[-1] - box[-1].start
        if start.size > _MANY_RUNS:
            length = stop - start
            before = np.cumsum(length) - length
            flat[np.arange(length.sum()) + np.repeat(first + start - before, length)] = True
            return Patch(tuple(box), mask)
        for low, high in zip((first + start).tolist(), (first + stop).tolist(), strict=True):
            flat[low:high] = True
        return Patch(tuple(box), mask)

    def boxes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the first indices of each piece's box, and those one beyond its last ones."""
        order = np.argsort(self.piece, kind="stable")
        first = np.flatnonzero(np.diff(self.piece[order], prepend=-1))
        places = np.unravel_index(self.line, self.shape[:-1])
        lows = [*places, self.start]
        highs = [*(place + 1 for place in places), self.stop]
        return (
            np.stack([np.minimum.reduceat(low[order], first) for low in lows], axis=1),
            np.stack([np.maximum.reduceat(high[order], first) for high in highs], axis=1),
        )

    def touches_border(self, *, in_planes: bool = False) -> NDArray[np.bool_]:
        """Tell of each piece whether it reaches an end of the array.

        Parameters
        ----------
        in_planes
            Whether the ends of the first axis do not count.
        """
        at_border = (self.start == 0) | (self.stop == self.shape[-1])
        places = np.unravel_index(self.line, self.shape[:-1])
        for axis, place in enumerate(places):
            if axis or not in_planes:
                at_border |= (place == 0) | (place == self.shape[axis] - 1)
        found = np.zeros(self.sizes.size, dtype=bool)
        found[self.piece[at_border]] = True
        return found


def find_pieces(
    array: NDArray[Any],
    *,
    touching: Touching = "corners",
    in_planes: bool = False,
    on_progress: OnProgress | None = None,
) -> Pieces:
    """Find the connected pieces of equal voxels that are not 0.

    Parameters
    ----------
    array
        Whole numbers or truths of two or three axes.
    touching
        Whether voxels that share only an edge or a corner touch, or only those that share a face.
    in_planes
        Whether a piece ends within its slice of the first axis.
    on_progress
        Called with fractions from 0 to 1; what it raises ends the work.

    Examples
    --------
    >>> pieces = find_pieces(np.array([[1, 0, 2], [0, 1, 2]]))
    >>> pieces.sizes.tolist(), pieces.values.tolist()
    ([2, 2], [1, 2])
    """
    report = on_progress or ignore_progress
    report(0.0)
    line, start, stop, value = _runs(array)
    report(_FINDING_RUNS)
    numbering = share_of(on_progress, _FINDING_RUNS, 1.0)
    if line.size > array.size * _NOISY:
        piece = _numbered_voxels(array, line, start, value, touching, in_planes, numbering)
    else:
        piece = _numbered_runs(
            array.shape, line, start, stop, value, touching, in_planes, numbering
        )
    count = int(piece.max()) + 1 if piece.size else 0
    sizes = np.bincount(piece, weights=stop - start, minlength=count).astype(np.int64)
    values = np.zeros(count, dtype=array.dtype)
    values[piece] = value
    return Pieces(array.shape, line, start, stop, piece, sizes, values)


def _runs(array: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    flat, width = np.ascontiguousarray(array).reshape(-1), array.shape[-1]
    if flat.size == 0:
        return (*(np.zeros(0, dtype=np.int64) for _ in range(3)), flat)
    ends_here = np.empty(flat.size, dtype=bool)
    np.not_equal(flat[1:], flat[:-1], out=ends_here[:-1])
    ends_here[width - 1 :: width] = True
    stop = np.flatnonzero(ends_here) + 1
    start = np.concatenate([[0], stop[:-1]])
    value = flat[start]
    kept = value != 0
    start, stop, value = start[kept], stop[kept], value[kept]
    line = start // width
    return line, start - line * width, stop - line * width, value


def _numbered_voxels(
    array: NDArray[Any],
    line: NDArray[np.int64],
    start: NDArray[np.int64],
    value: NDArray[Any],
    touching: Touching,
    in_planes: bool,
    report: OnProgress,
) -> NDArray[np.int64]:
    structure = ndimage.generate_binary_structure(array.ndim, 1 if touching == "faces" else 3)
    if in_planes:
        structure[[0, 2]] = False
    places = (*np.unravel_index(line, array.shape[:-1]), start)
    if array.dtype == np.bool_:
        return np.asarray(ndimage.label(array, structure)[0][places] - 1, dtype=np.int64)
    piece = np.zeros(line.size, dtype=np.int64)
    before = 0
    held_values = np.unique(value)
    for done, held in enumerate(held_values):
        report(done / held_values.size)
        numbered, count = ndimage.label(array == held, structure)
        piece += np.where(value == held, numbered[places] + (before - 1), 0)
        before += count
    first = np.unique(piece, return_index=True)[1]
    return np.argsort(np.argsort(first))[piece]


def _numbered_runs(
    shape: tuple[int, ...],
    line: NDArray[np.int64],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    value: NDArray[Any],
    touching: Touching,
    in_planes: bool,
    report: OnProgress,
) -> NDArray[np.int64]:
    pairs = _touching_runs(shape, line, start, stop, value, touching, in_planes, report)
    ones = np.ones(pairs.shape[1], dtype=np.int8)
    links = coo_array((ones, (pairs[0], pairs[1])), shape=(line.size, line.size))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)


def _touching_runs(
    shape: tuple[int, ...],
    line: NDArray[np.int64],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    value: NDArray[Any],
    touching: Touching,
    in_planes: bool,
    report: OnProgress,
) -> NDArray[np.int64]:
    slack = 1 if touching == "corners" else 0
    # Keys of one line end before those of the next begin, slack included.
    width = shape[-1] + 2
    start_key, stop_key = line * width + start + 1, line * width + stop + 1
    places = np.unravel_index(line, shape[:-1])
    found = [np.zeros((2, 0), dtype=np.int64)]
    steps = _steps_ahead(len(shape) - 1, touching, in_planes)
    for done, step in enumerate(steps):
        report(done / (len(steps) + 1))
        inside = np.ones(line.size, dtype=bool)
        ahead = 0
        for place, offset, count in zip(places, step, shape[:-1], strict=True):
            inside &= (place + offset >= 0) & (place + offset < count)
            ahead = ahead * count + offset
        runs = np.flatnonzero(inside)
        first = np.searchsorted(stop_key, start_key[runs] + ahead * width - slack, side="right")
        last = np.searchsorted(start_key, stop_key[runs] + ahead * width + slack, side="left")
        counts = np.maximum(last - first, 0)
        ours = np.repeat(runs, counts)
        before = np.cumsum(counts) - counts
        theirs = np.arange(ours.size) + np.repeat(first - before, counts)
        equal = value[ours] == value[theirs]
        found.append(np.stack([ours[equal], theirs[equal]]))
    return np.concatenate(found, axis=1)


def _steps_ahead(axes: int, touching: Touching, in_planes: bool) -> list[tuple[int, ...]]:
    steps = [step for step in product((-1, 0, 1), repeat=axes) if step > (0,) * axes]
    if touching == "faces":
        steps = [step for step in steps if sum(map(abs, step)) == 1]
    return [step for step in steps if not (in_planes and step[0])]
