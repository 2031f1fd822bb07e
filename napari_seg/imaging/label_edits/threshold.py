"""Label what lies in a range of intensities."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.label_edits.boxes import Box, require_label, require_same_shape
from napari_seg.imaging.label_edits.edits import Edit, holds_any, in_range


def threshold(
    labels: NDArray[Any],
    label: int,
    scan: NDArray[Any],
    low: float,
    high: float,
    *,
    box: Box | None = None,
    mask: NDArray[np.bool_] | None = None,
    over: Collection[int] | None = None,
) -> Edit:
    """Give a label the voxels of a region whose intensity lies in a range.

    Parameters
    ----------
    labels
        Whole numbers of any shape; 0 is background.
    label
        The label that gains them. It loses none.
    scan
        Intensities on the grid of the labels. What is no number is in no range.
    low, high
        Ends of the range, both in it.
    box
        The region; None for the whole scan.
    mask
        Of the box's shape: which of its voxels are of the region; None for all.
    over
        Only voxels that hold one of these values; None for all but other labels: those that are
        empty. ``{3}`` looks inside label 3 alone.

    Raises
    ------
    ValueError
        If the shapes differ, `low` is above `high`, or the value is no label.

    Examples
    --------
    >>> labels, scan = np.array([0, 0, 2, 0]), np.array([-5.0, 40.0, 50.0, np.nan])
    >>> threshold(labels, 1, scan, 30, 60).applied(labels).tolist()
    [0, 1, 2, 0]
    """
    require_label(labels, label)
    require_same_shape(labels, scan, "scan")
    box = box or tuple(slice(0, count) for count in labels.shape)
    before = labels[box]
    chosen = np.empty(before.shape, dtype=bool)
    # Slice by slice, so that what is in between stays in the processor's cache.
    for row, (part, intensity) in enumerate(zip(before, scan[box], strict=True)):
        chosen[row] = in_range(intensity, low, high)
        chosen[row] &= (part == 0) if over is None else holds_any(part, over)
    if mask is not None:
        chosen &= mask
    return Edit.between(labels, box, label, where=chosen)
