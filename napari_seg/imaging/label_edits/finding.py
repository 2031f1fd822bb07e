"""In which slices a label is to be found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.label_edits.boxes import require_axis


def next_slice_with(
    labels: NDArray[Any], label: int, axis: int, index: int, step: int, *, most: int
) -> int | None:
    """Look for a label in the slices that come next.

    Parameters
    ----------
    labels
        Whole numbers.
    label
        The label.
    axis
        Through the slices.
    index
        Of the slice after which the search begins; it may lie outside.
    step
        1 for rising indices, -1 for falling ones.
    most
        How many slices are looked into.

    Returns
    -------
    int or None
        Its index; None where it was not among those.

    Examples
    --------
    >>> next_slice_with(np.array([[0, 7], [0, 0], [7, 0]]), 7, 0, 0, 1, most=5)
    2
    """
    require_axis(labels, axis)
    planes = np.moveaxis(labels, axis, 0)
    begin = index + step
    begin = max(begin, 0) if step > 0 else min(begin, len(planes) - 1)
    for place in range(begin, len(planes) if step > 0 else -1, step)[:most]:
        if np.any(planes[place] == label):
            return place
    return None


def slices_with(
    labels: NDArray[Any],
    label: int,
    axis: int,
    *,
    on_progress: Callable[[float], None] | None = None,
) -> tuple[int, ...]:
    """List all slices that hold a label, in rising order.

    Parameters
    ----------
    labels
        Whole numbers.
    label
        The label.
    axis
        Through the slices.
    on_progress
        Called with the fraction done.

    Examples
    --------
    >>> slices_with(np.array([[0, 7], [0, 0], [7, 0]]), 7, 0)
    (0, 2)
    """
    require_axis(labels, axis)
    holds = np.zeros(labels.shape[axis], dtype=bool)
    # Along the first axis voxels lie together, whichever axis is asked for.
    for place, plane in enumerate(labels):
        found = plane == label
        if axis == 0:
            holds[place] = found.any()
        else:
            others = tuple(other for other in range(found.ndim) if other != axis - 1)
            holds |= found.any(axis=others)
        if on_progress is not None:
            on_progress((place + 1) / len(labels))
    return tuple(np.flatnonzero(holds).tolist())
