"""From finished rows of scores to labels on the scan's grid, the rows in between interpolated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.segmentation.slabs.best_class import best_class
from napari_seg.segmentation.slabs.resampling import band, interpolate_box, interpolate_voxels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_seg.segmentation.slabs.axis_maps import Taps
    from napari_seg.segmentation.slabs.finish import Finish
    from napari_seg.segmentation.slabs.rolling_slab import RollingSlab
    from napari_seg.segmentation.slabs.way_back import WayBack

    OnScores = Callable[[tuple[slice, slice, slice], Tensor], None]

# Voxels of the scan that are labelled at once, and bytes of interpolated scores held for it.
_VOXELS_AT_ONCE = 1 << 22
_BYTES_AT_ONCE = 1 << 23
# Where more voxels than these lie between unequal labels, whole boxes are interpolated faster.
_FEW = 0.1


class Labelling:
    """Write the labels of a scan as the rows of the prepared one are finished.

    A voxel between prepared voxels of one label has that label, for its scores are weighted means
    of theirs; only the scores of the others are interpolated.

    Parameters
    ----------
    way
        Back to the scan.
    finish
        What decides on a label.
    axis
        Of the prepared scan, along which its rows are finished.
    before
        Rows, along each axis, that stand before the prepared scan because it was padded.
    on_scores
        Told the interpolated scores ``(class, *box)`` of each box of the scan, in the order of
        the prepared axes; None where nobody wants them.

    Attributes
    ----------
    classes
        How many scores a voxel has; 0 before the first rows were read.
    """

    def __init__(
        self,
        way: WayBack,
        finish: Finish,
        axis: int,
        before: tuple[int, ...],
        *,
        on_scores: OnScores | None = None,
    ) -> None:
        self._way, self._axis, self._on_scores = way, axis, on_scores
        self._threshold, self._is_nearest = finish.score_threshold, finish.is_nearest
        shifted = [
            replace(taps, index=taps.index + start)
            for taps, start in zip(way.by_prepared_axis, before, strict=True)
        ]
        self._taps = (shifted[0], shifted[1], shifted[2])
        self._is_fast = all(_is_mean_of_two(taps) for taps in self._taps)
        rows = self._taps[axis]
        inside = np.flatnonzero(rows.inside)
        self._order = inside[np.argsort(rows.last[inside], kind="stable")]
        self._ends = rows.last[self._order]
        self._done = 0
        self._labels: NDArray[Any] | None = None
        self.classes = 0

    @property
    def span(self) -> int:
        """How many rows beside the last finished one are needed at once."""
        rows = self._taps[self._axis]
        return int((rows.last - rows.first).max(initial=0))

    @property
    def labels(self) -> NDArray[Any]:
        """Labels ``(i, j, k)`` on the scan's grid: uint8, or uint16 above 255 classes."""
        if self._labels is None:
            raise ValueError("no row was finished")
        return self._labels

    def needs(self, stop: int) -> int:
        """Return the first row that is still needed once those below `stop` were read."""
        left = self._order[self._done :]
        return min(int(self._taps[self._axis].first[left].min(initial=stop)), stop)

    def read(self, slab: RollingSlab) -> None:
        """Label what the finished rows of a slab reach."""
        if self._labels is None:
            kind = np.uint8 if len(slab.scores) <= 256 else np.uint16
            self._labels, self.classes = np.zeros(self._way.shape, kind), len(slab.scores)
        count = int(np.searchsorted(self._ends, slab.finished))
        ready = self._order[self._done : count]
        if not len(ready):
            return
        start, stop = int(ready.min()), int(ready.max()) + 1
        first = int(self._taps[self._axis].first[start:stop].min())
        self._label(slab, first, start, stop)
        self._done = count

    def _label(self, slab: RollingSlab, first: int, start: int, stop: int) -> None:
        """Label rows `start` to `stop` of the scan, which need the slab's rows from `first` on."""
        nearest = best_class(slab.rows(first, slab.finished), self._threshold)
        unequal = int(nearest.max()) + 1
        cells = nearest
        for axis, taps in enumerate(self._taps):
            if not self._is_nearest and self._is_fast and not taps.is_pick:
                cells = _one_label(cells, axis, unequal)
        for axis, taps in enumerate(self._taps):
            if axis != self._axis:
                cells = _take(cells, taps.first, axis)
        for one, other in self._pieces(start, stop):
            rows = self._taps[self._axis].first[one:other] - first
            box = [slice(None)] * 3
            box[self._axis] = slice(one, other)
            part = _take(cells, rows, self._axis)
            if not self._is_nearest:
                self._settle(slab, part, (box[0], box[1], box[2]), unequal)
            self._write((box[0], box[1], box[2]), part)

    def _pieces(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        row = np.prod([len(t.index) for n, t in enumerate(self._taps) if n != self._axis])
        step = max(_VOXELS_AT_ONCE // int(row), 1)
        for one in range(start, stop, step):
            yield one, min(one + step, stop)

    def _settle(
        self, slab: RollingSlab, part: Tensor, box: tuple[slice, slice, slice], unequal: int
    ) -> None:
        """Interpolate where neighbours have unequal labels, or everywhere where that is faster."""
        import torch

        if self._is_fast and self._on_scores is None:
            flat = part.view(-1)
            found = _where(flat == unequal)
            if len(found) <= _FEW * len(flat):
                step = max(_BYTES_AT_ONCE // (32 + 4 * len(slab.scores)), 1)
                for one in range(0, len(found), step):
                    chosen = found[one : one + step]
                    scores = self._scores_at(slab, chosen, tuple(part.shape), box)
                    flat[torch.from_numpy(chosen).to(flat.device)] = best_class(
                        scores, self._threshold
                    )
                return
        for small, inner in self._boxes(slab, box, tuple(part.shape)):
            scores = self._scores_in(slab, small)
            part[inner] = best_class(scores, self._threshold)
            if self._on_scores is not None:
                self._on_scores(small, scores)

    def _scores_at(
        self,
        slab: RollingSlab,
        flat: NDArray[np.int64],
        shape: tuple[int, ...],
        box: tuple[slice, slice, slice],
    ) -> Tensor:
        places = list(np.unravel_index(flat, shape))
        places[self._axis] = places[self._axis] + box[self._axis].start
        taps = list(self._taps)
        rows = taps[self._axis]
        taps[self._axis] = replace(rows, index=rows.index - slab.base)
        return interpolate_voxels(slab.scores, places, (taps[0], taps[1], taps[2]))

    def _scores_in(self, slab: RollingSlab, box: tuple[slice, slice, slice]) -> Tensor:
        device = slab.scores.device
        first, second, third = (
            band(taps, part.start, part.stop, device)
            for taps, part in zip(self._taps, box, strict=True)
        )
        offset = [slab.base if axis == self._axis else 0 for axis in range(3)]
        return interpolate_box(slab.scores, (first, second, third), offset)

    def _boxes(
        self, slab: RollingSlab, box: tuple[slice, slice, slice], shape: tuple[int, ...]
    ) -> Iterator[tuple[tuple[slice, slice, slice], tuple[slice, slice, slice]]]:
        """Cut a piece into boxes whose interpolated scores stay within bounds."""
        starts = [part.start or 0 for part in box]
        most = max(_BYTES_AT_ONCE // (4 * len(slab.scores)), 1)
        sides = _sides(shape, most)
        for corner in np.ndindex(*(-(-n // side) for n, side in zip(shape, sides, strict=True))):
            inner = [
                slice(c * side, min((c + 1) * side, n))
                for c, side, n in zip(corner, sides, shape, strict=True)
            ]
            small = [
                slice(start + part.start, start + part.stop)
                for start, part in zip(starts, inner, strict=True)
            ]
            yield (small[0], small[1], small[2]), (inner[0], inner[1], inner[2])

    def _write(self, box: tuple[slice, slice, slice], part: Tensor) -> None:
        for axis, taps in enumerate(self._taps):
            outside = np.flatnonzero(~taps.inside[box[axis]])
            if len(outside):
                part.index_fill_(axis, _tensor(outside, part), 0)
        back = np.argsort(self._way.axes)
        self.labels.transpose(back)[box] = part.cpu().numpy()


def _sides(shape: tuple[int, ...], most: int) -> tuple[int, int, int]:
    """Return sides of boxes of at most `most` voxels, long along the last axis."""
    third = min(shape[2], max(most, 1))
    second = min(shape[1], max(most // third, 1), 64)
    first = min(shape[0], max(most // (third * second), 1), 64)
    return first, second, third


def _is_mean_of_two(taps: Taps) -> bool:
    if taps.is_pick:
        return True
    sums = taps.weight.sum(1)[taps.inside]
    neighbours = taps.last - taps.first <= 1
    return bool(taps.index.shape[1] <= 2 and neighbours.all() and (abs(sums - 1) < 1e-5).all())


def _one_label(labels: Tensor, axis: int, unequal: int) -> Tensor:
    """Give each pair of neighbours its label, or `unequal`."""
    import torch

    count = labels.shape[axis]
    if count == 1:
        return labels
    low, high = labels.narrow(axis, 0, count - 1), labels.narrow(axis, 1, count - 1)
    mark = torch.tensor(unequal, dtype=labels.dtype, device=labels.device)
    return torch.where(low == high, low, mark)


def _take(labels: Tensor, index: NDArray[np.int64], axis: int) -> Tensor:
    """Pick along an axis; one beyond the last is the last."""
    import torch

    index = index.clip(0, labels.shape[axis] - 1)
    if labels.device.type != "cpu":
        return labels.index_select(axis, _tensor(index, labels))
    # NumPy is five times as fast with bytes.
    return torch.from_numpy(np.take(labels.numpy(), index, axis))


def _where(mask: Tensor) -> NDArray[np.int64]:
    if mask.device.type != "cpu":
        mask = mask.nonzero()[:, 0]
        found: NDArray[np.int64] = mask.cpu().numpy()
        return found
    return np.flatnonzero(mask.numpy())


def _tensor(index: NDArray[np.int64], like: Tensor) -> Tensor:
    import torch

    return torch.from_numpy(np.ascontiguousarray(index)).to(like.device)
