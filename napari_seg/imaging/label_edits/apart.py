"""Pieces of a label that lie far apart, each in a box of its own.

A stray island in a corner of the scan makes the box of its label as large as the scan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from napari_seg.imaging.label_edits.boxes import (
    Box,
    bounds,
    box_counted_from,
    box_of,
    box_within,
    grown_box,
    require_labels,
    union_box,
    voxels_in,
)
from napari_seg.imaging.label_edits.edits import Edit
from napari_seg.imaging.label_edits.pieces import find_pieces
from napari_seg.imaging.progress import OnProgress, share_of, shares_of

# The share of the time in which the pieces are found.
_FINDING = 0.2
# Of more pieces than these, as in noise, one box is made.
_MOST_PIECES = 500


def edit_apart(
    labels: NDArray[Any],
    label: int | None,
    change: Callable[[Box, OnProgress], NDArray[Any]],
    *,
    reach: Sequence[int],
    margin: Sequence[int],
    on_progress: OnProgress | None = None,
) -> Edit:
    """Change a label box by box.

    Parameters
    ----------
    labels
        Whole numbers of two or three axes; 0 is background.
    label
        The label; None for all of them together.
    change
        Given a box, returns what the labels in it become; it may tell how far it is.
    reach
        How many voxels along each axis two pieces lie apart at least, twice over, if they are not
        to share a box.
    margin
        How many voxels more than the pieces a box holds on each side, no more than `reach`.
    on_progress
        Called with fractions from 0 to 1; what it raises ends the work.

    Raises
    ------
    ValueError
        If no voxel holds the label, or any at all.
    """
    finding = share_of(on_progress, 0.0, _FINDING)
    apart = boxes_apart(labels, label, reach, on_progress=finding)
    boxes = [grown_box(box, margin, labels.shape) for box in apart]
    outer = union_box(boxes)
    values = labels[outer].copy()
    reports = shares_of(share_of(on_progress, _FINDING, 1.0), [*map(voxels_in, boxes)])
    for box, report in zip(boxes, reports, strict=True):
        values[box_counted_from(box, outer)] = change(box, report)
        report(1.0)
    return Edit.between(labels, outer, values)


def boxes_apart(
    labels: NDArray[Any],
    label: int | None,
    reach: Sequence[int],
    *,
    on_progress: OnProgress | None = None,
) -> list[Box]:
    """Return boxes that hold a label and that, each grown by some voxels, do not overlap.

    Parameters and errors are those of `edit_apart`.

    Examples
    --------
    >>> boxes_apart(np.array([[1, 1, 0, 1, 0, 0, 0, 1]]), 1, (1, 1))
    [(slice(0, 1, None), slice(0, 4, None)), (slice(0, 1, None), slice(7, 8, None))]
    """
    if label is None:
        require_labels(labels)
        whole = bounds(labels != 0)
        if whole is None:
            raise ValueError("no voxel is labelled; paint something first")
        mask = labels[whole] != 0
    else:
        whole = box_of(labels, label)
        mask = labels[whole] == label
    pieces = find_pieces(mask, on_progress=on_progress)
    if not 1 < pieces.sizes.size <= _MOST_PIECES:
        return [whole]
    low, high = _merged(*pieces.boxes(), np.asarray(reach))
    return [
        box_within(tuple(map(slice, start, stop)), whole)
        for start, stop in zip(low.tolist(), high.tolist(), strict=True)
    ]


def _merged(
    low: NDArray[np.int64], high: NDArray[np.int64], reach: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    while True:
        near = (low[:, np.newaxis] - reach < high + reach) & (
            low - reach < high[:, np.newaxis] + reach
        )
        count, group = connected_components(coo_array(near.all(axis=2)), directed=False)
        if count == len(low):
            return low, high
        lowest, highest = (
            np.full((count, low.shape[1]), low.max()),
            np.zeros((count, low.shape[1]), int),
        )
        np.minimum.at(lowest, group, low)
        np.maximum.at(highest, group, high)
        low, high = lowest, highest
