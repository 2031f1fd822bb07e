"""Gaussian blur of a box as products with banded matrices, which is what processors do best."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.progress import OnProgress, share_of

_TRUNCATE = 4.0
_ROWS_AT_ONCE = 64


def blurred(
    values: NDArray[np.float32],
    sigma: Sequence[float],
    at_edge: Sequence[tuple[bool, bool]],
    *,
    on_progress: OnProgress | None = None,
) -> NDArray[np.float32]:
    """Blur with a Gaussian, cut off at four standard deviations.

    Parameters
    ----------
    values
        A box of any number of axes.
    sigma
        Standard deviation along each axis, in voxels.
    at_edge
        For both ends of each axis: whether the scan ends there, so that the last value goes on,
        or zeros follow.
    on_progress
        Called with fractions from 0 to 1; what it raises ends the work.

    Examples
    --------
    >>> step = np.array([0, 0, 0, 1], dtype=np.float32)
    >>> [f"{value:.2f}" for value in blurred(step, [0.5], [(False, True)])]
    ['0.00', '0.00', '0.11', '0.89']
    """
    for axis, (width, ends) in enumerate(zip(sigma, at_edge, strict=True)):
        if values.shape[axis] and _radius(width):
            report = share_of(on_progress, axis / len(sigma), (axis + 1) / len(sigma))
            values = _blurred_along(values, axis, width, ends, report)
    return values


def reach_voxels(sigma: Sequence[float]) -> list[int]:
    """Return how far a blur reaches along each axis, in voxels."""
    return [_radius(width) for width in sigma]


def _radius(width: float) -> int:
    # Below a tenth of a voxel the neighbours' share is nothing at all.
    return ceil(_TRUNCATE * width) if width >= 0.1 else 0


def _blurred_along(
    values: NDArray[np.float32],
    axis: int,
    width: float,
    at_edge: tuple[bool, bool],
    report: OnProgress,
) -> NDArray[np.float32]:
    count, radius = values.shape[axis], _radius(width)
    before = int(np.prod(values.shape[:axis]))
    block = np.ascontiguousarray(values).reshape(before, count, -1)
    result = np.empty_like(block)
    for start in range(0, count, _ROWS_AT_ONCE):
        report(start / count)
        stop = min(start + _ROWS_AT_ONCE, count)
        low, high = max(start - radius, 0), min(stop + radius, count)
        weights = _weights(np.arange(start, stop), low, high, width, at_edge, count)
        if block.shape[2] == 1:
            result[:, start:stop, 0] = block[:, low:high, 0] @ weights.T
        else:
            np.matmul(weights, block[:, low:high], out=result[:, start:stop])
    return result.reshape(values.shape)


def _weights(
    rows: NDArray[np.int64],
    low: int,
    high: int,
    width: float,
    at_edge: tuple[bool, bool],
    count: int,
) -> NDArray[np.float32]:
    radius = _radius(width)
    offsets = np.arange(-radius, radius + 1)
    gaussian = np.exp(-0.5 * (offsets / width) ** 2)
    gaussian /= gaussian.sum()
    weights = np.zeros((rows.size, high - low))
    for offset, weight in zip(offsets, gaussian, strict=True):
        columns = rows + offset
        if at_edge[0]:
            columns = np.maximum(columns, 0)
        if at_edge[1]:
            columns = np.minimum(columns, count - 1)
        inside = np.flatnonzero((columns >= 0) & (columns < count))
        # A row meets one column once for each offset; several offsets may meet at an end.
        weights[inside, columns[inside] - low] += weight
    return weights.astype(np.float32)
