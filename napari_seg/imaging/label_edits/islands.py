"""Islands: the connected pieces of labels, to keep the largest or to remove the small ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.label_edits.boxes import (
    Box,
    Patch,
    bounds,
    box_of,
    box_within,
    require_labels,
    require_size,
)
from napari_seg.imaging.label_edits.edits import Edit
from napari_seg.imaging.label_edits.pieces import Pieces, find_pieces
from napari_seg.imaging.progress import OnProgress


@dataclass(frozen=True)
class Island:
    """One connected piece of a label.

    Attributes
    ----------
    box
        The smallest box that holds it.
    voxel
        Indices of its first voxel.
    count
        Its voxels.
    """

    box: Box
    voxel: tuple[int, ...]
    count: int


def keep_largest(labels: NDArray[Any]) -> NDArray[Any]:
    """Keep the largest connected piece of each label.

    Parameters
    ----------
    labels
        Whole numbers ``(i, j, k)``; 0 is background. Left untouched.

    Returns
    -------
    NDArray
        New labels; every other piece became background. Of pieces of equal size the first one
        stays.

    Examples
    --------
    >>> keep_largest(np.array([[1, 1, 0, 1, 0, 7]])).tolist()
    [[1, 1, 0, 0, 0, 7]]
    """
    return keep_largest_island(labels).applied(labels)


def remove_islands(labels: NDArray[Any], *, min_ml: float, voxel_volume_ml: float) -> NDArray[Any]:
    """Remove the connected pieces of each label that are smaller than a volume.

    Parameters
    ----------
    labels
        Whole numbers ``(i, j, k)``; 0 is background. Left untouched.
    min_ml
        Pieces of less than this many ml go.
    voxel_volume_ml
        Volume of one voxel in ml.

    Returns
    -------
    NDArray
        New labels; the removed pieces became background.

    Raises
    ------
    ValueError
        If `min_ml` is negative.
    """
    edit = remove_small_islands(labels, min_ml=min_ml, voxel_volume_ml=voxel_volume_ml)
    return edit.applied(labels)


def keep_largest_island(
    labels: NDArray[Any], label: int | None = None, *, on_progress: OnProgress | None = None
) -> Edit:
    """Empty all of a label but its largest connected piece.

    Parameters
    ----------
    labels
        Whole numbers of two or three axes; 0 is background.
    label
        The label; None for each of them.
    on_progress
        Called with fractions from 0 to 1; what it raises ends the work.

    Raises
    ------
    ValueError
        If no voxel holds the label.

    Examples
    --------
    >>> labels = np.array([[1, 0, 1, 1], [0, 0, 0, 0]])
    >>> keep_largest_island(labels, 1).applied(labels).tolist()
    [[0, 0, 1, 1], [0, 0, 0, 0]]
    """
    box = _search_box(labels, label)
    pieces = _pieces(labels, box, label, on_progress)
    # By value, the largest first and of equal ones the first.
    order = np.lexsort((np.arange(pieces.sizes.size), -pieces.sizes, pieces.values))
    goes = np.ones(pieces.sizes.size, dtype=bool)
    goes[order[np.unique(pieces.values[order], return_index=True)[1]]] = False
    return _relabelled(labels, box, pieces.chosen(goes), 0)


def remove_small_islands(
    labels: NDArray[Any],
    label: int | None = None,
    *,
    min_ml: float,
    voxel_volume_ml: float,
    on_progress: OnProgress | None = None,
) -> Edit:
    """Empty the connected pieces of a label that are smaller than a volume.

    Parameters
    ----------
    labels
        Whole numbers of two or three axes; 0 is background.
    label
        The label; None for each of them.
    min_ml
        Pieces of less than this many ml go; one of exactly so many stays.
    voxel_volume_ml
        Volume of one voxel in ml.
    on_progress
        As in `keep_largest_island`.

    Raises
    ------
    ValueError
        If no voxel holds the label, `min_ml` is negative or `voxel_volume_ml` is not above 0.
    """
    require_size(min_ml, "min_ml")
    if not voxel_volume_ml > 0:
        raise ValueError(f"voxel_volume_ml must be above 0, got {voxel_volume_ml:g}")
    box = _search_box(labels, label)
    pieces = _pieces(labels, box, label, on_progress)
    # A piece of exactly min_ml stays, whatever the rounding of the quotient.
    goes = pieces.sizes < min_ml / voxel_volume_ml - 1e-6
    return _relabelled(labels, box, pieces.chosen(goes), 0)


def find_islands(labels: NDArray[Any], label: int) -> tuple[Island, ...]:
    """List the connected pieces of a label, in the order of their first voxels.

    Raises
    ------
    ValueError
        If no voxel holds the label.

    Examples
    --------
    >>> [(island.voxel, island.count) for island in find_islands(np.array([[1, 0, 1, 1]]), 1)]
    [((0, 0), 1), ((0, 2), 2)]
    """
    box = box_of(labels, label)
    pieces = _pieces(labels, box, label)
    first = np.unique(pieces.piece, return_index=True)[1]
    starts = [*np.unravel_index(pieces.line[first], pieces.shape[:-1]), pieces.start[first]]
    corner = [part.start for part in box]
    return tuple(
        Island(box_within(tuple(map(slice, low, high)), box), tuple(voxel), count)
        for low, high, voxel, count in zip(
            *(bound.tolist() for bound in pieces.boxes()),
            (np.stack(starts, axis=1) + corner).tolist(),
            pieces.sizes.tolist(),
            strict=True,
        )
    )


def _search_box(labels: NDArray[Any], label: int | None) -> Box:
    if label is not None:
        return box_of(labels, label)
    require_labels(labels)
    return bounds(labels != 0) or (slice(0, 0),) * labels.ndim


def _pieces(
    labels: NDArray[Any], box: Box, label: int | None, on_progress: OnProgress | None = None
) -> Pieces:
    array = labels[box] if label is None else labels[box] == label
    return find_pieces(array, on_progress=on_progress)


def _relabelled(labels: NDArray[Any], box: Box, patch: Patch, to: int) -> Edit:
    return Edit.between(labels, box_within(patch.box, box), to, where=patch.mask)
