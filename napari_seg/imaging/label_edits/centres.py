"""Where to look at a label: in the middle of its largest piece."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.label_edits.boxes import bounds
from napari_seg.imaging.label_edits.pieces import find_pieces


def middle_of(
    labels: NDArray[Any],
    label: int,
    *,
    on_progress: Callable[[float], None] | None = None,
) -> tuple[int, ...] | None:
    """Find the voxel of a label's largest piece that lies nearest to that piece's centre.

    Parameters
    ----------
    labels
        Whole numbers of two or three axes.
    label
        The label.
    on_progress
        Called with the fraction done.

    Returns
    -------
    tuple or None
        The index of a voxel that holds the label; None where none does.

    Examples
    --------
    >>> middle_of(np.array([[7, 0, 7, 7, 7], [0, 0, 0, 0, 0]]), 7)
    (0, 3)
    """
    mask = labels == label
    box = bounds(mask)
    if box is None:
        return None
    if on_progress is not None:
        on_progress(0.3)
    pieces = find_pieces(mask[box])
    if on_progress is not None:
        on_progress(0.8)
    largest = pieces.chosen(np.arange(pieces.sizes.size) == pieces.sizes.argmax())
    voxels = np.argwhere(largest.mask)
    nearest = voxels[np.square(voxels - voxels.mean(axis=0)).sum(axis=1).argmin()]
    return tuple(
        int(outer.start + inner.start + place)
        for outer, inner, place in zip(box, largest.box, nearest, strict=True)
    )
