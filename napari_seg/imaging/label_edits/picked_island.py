"""The island under a voxel: the connected piece to delete, to keep alone or to give away."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.label_edits.boxes import (
    Box,
    Patch,
    box_of,
    box_within,
    require_label,
    require_labels,
    require_slice,
)
from napari_seg.imaging.label_edits.edits import Edit
from napari_seg.imaging.label_edits.pieces import Pieces, find_pieces
from napari_seg.imaging.progress import OnProgress


def island_at(
    labels: NDArray[Any],
    voxel: tuple[int, ...],
    *,
    axis: int | None = None,
    on_progress: OnProgress | None = None,
) -> Patch:
    """Return the connected piece of a label that holds a voxel.

    Parameters
    ----------
    labels
        Whole numbers of two or three axes; 0 is background.
    voxel
        Indices of a voxel of the label.
    axis
        Look only at the slice through the voxel across this axis; None for the whole label.
    on_progress
        Called with fractions from 0 to 1; what it raises ends the work.

    Raises
    ------
    ValueError
        If the voxel lies outside of the labels or holds none.
    """
    box, pieces = _pieces_around(labels, voxel, axis, on_progress)
    choice = np.arange(pieces.sizes.size) == _piece_at(pieces, box, voxel)
    patch = pieces.chosen(choice)
    return Patch(box_within(patch.box, box), patch.mask)


def give_island(
    labels: NDArray[Any],
    voxel: tuple[int, ...],
    to: int,
    *,
    axis: int | None = None,
    on_progress: OnProgress | None = None,
) -> Edit:
    """Give the connected piece under a voxel to another label.

    Parameters
    ----------
    labels, voxel, axis, on_progress
        As in `island_at`.
    to
        The label that gets it.

    Raises
    ------
    ValueError
        If the voxel lies outside of the labels or holds none, or `to` is no label.

    Examples
    --------
    >>> labels = np.array([[1, 1, 0, 1]])
    >>> give_island(labels, (0, 3), 2).applied(labels).tolist()
    [[1, 1, 0, 2]]
    """
    require_label(labels, to)
    patch = island_at(labels, voxel, axis=axis, on_progress=on_progress)
    return Edit.between(labels, patch.box, to, where=patch.mask)


def delete_island(
    labels: NDArray[Any],
    voxel: tuple[int, ...],
    *,
    axis: int | None = None,
    on_progress: OnProgress | None = None,
) -> Edit:
    """Empty the connected piece under a voxel; parameters and errors as in `island_at`."""
    patch = island_at(labels, voxel, axis=axis, on_progress=on_progress)
    return Edit.between(labels, patch.box, 0, where=patch.mask)


def keep_only_island(
    labels: NDArray[Any],
    voxel: tuple[int, ...],
    *,
    axis: int | None = None,
    on_progress: OnProgress | None = None,
) -> Edit:
    """Empty all of a label but the piece under a voxel; in its slice alone if `axis` is given.

    Parameters and errors are those of `island_at`.
    """
    box, pieces = _pieces_around(labels, voxel, axis, on_progress)
    others = pieces.chosen(np.arange(pieces.sizes.size) != _piece_at(pieces, box, voxel))
    return Edit.between(labels, box_within(others.box, box), 0, where=others.mask)


def _pieces_around(
    labels: NDArray[Any],
    voxel: tuple[int, ...],
    axis: int | None,
    on_progress: OnProgress | None,
) -> tuple[Box, Pieces]:
    require_labels(labels)
    if len(voxel) != labels.ndim or any(
        not 0 <= place < count for place, count in zip(voxel, labels.shape, strict=True)
    ):
        raise ValueError(f"voxel {tuple(voxel)} is outside of the labels, of shape {labels.shape}")
    label = int(labels[tuple(voxel)])
    if label == 0:
        raise ValueError(f"voxel {tuple(voxel)} holds no label; point at an island")
    if axis is None:
        box = box_of(labels, label)
    else:
        require_slice(labels, axis, voxel[axis])
        box = tuple(slice(0, count) for count in labels.shape)
        box = (*box[:axis], slice(voxel[axis], voxel[axis] + 1), *box[axis + 1 :])
    return box, find_pieces(labels[box] == label, on_progress=on_progress)


def _piece_at(pieces: Pieces, box: Box, voxel: tuple[int, ...]) -> int:
    place = [[index - part.start for index, part in zip(voxel, box, strict=True)]]
    return int(pieces.at(np.array(place))[0])
