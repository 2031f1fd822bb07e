"""Boolean operations between labels: of one array, or of two on the same grid."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.label_edits.boxes import (
    box_of,
    require_label,
    require_same_shape,
    union_box,
)
from napari_seg.imaging.label_edits.edits import Edit


def unite(labels: NDArray[Any], label: int, other: NDArray[Any], other_label: int) -> Edit:
    """Give a label all voxels of another. Within one array that other label is empty then.

    Parameters
    ----------
    labels
        Whole numbers of any shape; 0 is background.
    label
        The label that changes; it may be empty so far.
    other
        Labels on the same grid, or `labels` themselves.
    other_label
        The label of `other` that takes part.

    Raises
    ------
    ValueError
        If the shapes differ, or no voxel of `other` holds `other_label`.

    Examples
    --------
    >>> labels = np.array([1, 2, 0])
    >>> unite(labels, 1, labels, 2).applied(labels).tolist()
    [1, 1, 0]
    """
    require_label(labels, label)
    require_same_shape(labels, other, "other labels")
    box = box_of(other, other_label)
    return Edit.between(labels, box, label, where=other[box] == other_label)


def intersect(labels: NDArray[Any], label: int, other: NDArray[Any], other_label: int) -> Edit:
    """Empty the voxels of a label that another label of another array does not hold.

    Parameters are those of `unite`.

    Raises
    ------
    ValueError
        If the shapes differ, a label is empty, or both are of one array, where labels share no
        voxel.

    Examples
    --------
    >>> labels, other = np.array([1, 1, 0]), np.array([0, 5, 5])
    >>> intersect(labels, 1, other, 5).applied(labels).tolist()
    [0, 1, 0]
    """
    _require_two_arrays(labels, other, other_label)
    box = box_of(labels, label)
    return Edit.between(labels, box, 0, where=(labels[box] == label) & (other[box] != other_label))


def subtract(labels: NDArray[Any], label: int, other: NDArray[Any], other_label: int) -> Edit:
    """Empty the voxels of a label that a label of another array holds.

    Parameters and errors are those of `intersect`.

    Examples
    --------
    >>> labels, other = np.array([1, 1, 0]), np.array([0, 5, 5])
    >>> subtract(labels, 1, other, 5).applied(labels).tolist()
    [1, 0, 0]
    """
    _require_two_arrays(labels, other, other_label)
    box = box_of(labels, label)
    return Edit.between(labels, box, 0, where=(labels[box] == label) & (other[box] == other_label))


def copy(labels: NDArray[Any], label: int, other: NDArray[Any], other_label: int) -> Edit:
    """Make a label hold the same voxels as another, and no more.

    Within one array the other label is empty then. Parameters and errors are those of `unite`.

    Examples
    --------
    >>> labels, other = np.array([1, 1, 2]), np.array([0, 5, 5])
    >>> copy(labels, 1, other, 5).applied(labels).tolist()
    [0, 1, 1]
    """
    require_label(labels, label)
    require_same_shape(labels, other, "other labels")
    box = box_of(other, other_label)
    if (labels == label).any():
        box = union_box([box, box_of(labels, label)])
    becomes = other[box] == other_label
    values = np.where(becomes, np.asarray(label, dtype=labels.dtype), labels[box])
    values[(labels[box] == label) & ~becomes] = 0
    return Edit.between(labels, box, values)


def empty(labels: NDArray[Any], label: int) -> Edit:
    """Empty all voxels of a label.

    Raises
    ------
    ValueError
        If no voxel holds it.
    """
    box = box_of(labels, label)
    return Edit.between(labels, box, 0, where=labels[box] == label)


def _require_two_arrays(labels: NDArray[Any], other: NDArray[Any], other_label: int) -> None:
    require_same_shape(labels, other, "other labels")
    if np.may_share_memory(labels, other):
        raise ValueError("labels of one layer share no voxel; choose a label of another layer")
    box_of(other, other_label)
