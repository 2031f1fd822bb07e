"""Where to look at a label: in the middle of its largest piece, or of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.label_edits.boxes import bounds
from napari_seg.imaging.label_edits.pieces import Pieces, find_pieces


@dataclass(frozen=True)
class Middle:
    """Where to look at a piece of a label.

    Attributes
    ----------
    index
        Of the voxel of the piece that lies nearest to its centre.
    count
        Its voxels.
    """

    index: tuple[int, ...]
    count: int


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


def middles_of(
    labels: NDArray[Any],
    label: int,
    *,
    on_progress: Callable[[float], None] | None = None,
) -> tuple[Middle, ...]:
    """List where to look at the pieces of a label, the largest first.

    Parameters
    ----------
    labels
        Whole numbers of two or three axes.
    label
        The label; a label without voxels has no pieces.
    on_progress
        Called with the fraction done.

    Examples
    --------
    >>> middles_of(np.array([[7, 0, 7, 7, 7], [0, 0, 0, 0, 0]]), 7)
    (Middle(index=(0, 3), count=3), Middle(index=(0, 0), count=1))
    """
    mask = labels == label
    box = bounds(mask)
    if box is None:
        return ()
    if on_progress is not None:
        on_progress(0.3)
    pieces = find_pieces(mask[box])
    if on_progress is not None:
        on_progress(0.8)
    voxels = _nearest_voxels(pieces) + [part.start for part in box]
    order = np.argsort(-pieces.sizes, kind="stable")
    return tuple(
        Middle(tuple(index), count)
        for index, count in zip(voxels[order].tolist(), pieces.sizes[order].tolist(), strict=True)
    )


def _nearest_voxels(pieces: Pieces) -> NDArray[np.int64]:
    """Return for each piece the index of its voxel that lies nearest to its centre."""
    lengths = pieces.stop - pieces.start
    places = [*np.unravel_index(pieces.line, pieces.shape[:-1])]
    middles = [*places, (pieces.start + pieces.stop - 1) / 2]
    centres = [
        (np.bincount(pieces.piece, weights=middle * lengths) / pieces.sizes)[pieces.piece]
        for middle in middles
    ]
    last = np.clip(np.rint(centres[-1]).astype(np.int64), pieces.start, pieces.stop - 1)
    voxels = np.stack([*places, last], axis=1)
    distances = np.square(voxels - np.stack(centres, axis=1)).sum(axis=1)
    nearest = np.lexsort((distances, pieces.piece))
    first = np.flatnonzero(np.diff(pieces.piece[nearest], prepend=-1))
    found: NDArray[np.int64] = voxels[nearest[first]]
    return found
