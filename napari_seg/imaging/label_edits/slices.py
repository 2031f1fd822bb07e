"""Whole slices of labels: copy one to another, clear one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.label_edits.boxes import Box, require_label, require_slice
from napari_seg.imaging.label_edits.edits import Edit


def copy_slice(
    labels: NDArray[Any], axis: int, index: int, to: int, *, label: int | None = None
) -> Edit:
    """Make one slice hold what another holds.

    Parameters
    ----------
    labels
        Whole numbers of two or three axes; 0 is background.
    axis
        The axis that the slices lie across.
    index, to
        The slice that is copied, and the one that is replaced.
    label
        Copy this label alone: what else the other slice holds stays, except under its voxels;
        None for all.

    Raises
    ------
    ValueError
        If there is no such slice, both are the same, or the copied one does not hold the label.

    Examples
    --------
    >>> labels = np.array([[0, 1, 1], [2, 0, 0]])
    >>> copy_slice(labels, 0, 0, 1).applied(labels).tolist()
    [[0, 1, 1], [0, 1, 1]]
    >>> copy_slice(labels, 0, 0, 1, label=1).applied(labels).tolist()
    [[0, 1, 1], [2, 1, 1]]
    """
    for place in (index, to):
        require_slice(labels, axis, place)
    if index == to:
        raise ValueError(f"slice {index} cannot be copied to itself")
    source, target = _slice(labels, axis, index), _slice(labels, axis, to)
    if label is None:
        return Edit.between(labels, target, labels[source])
    require_label(labels, label)
    becomes, before = labels[source] == label, labels[target]
    if not becomes.any():
        raise ValueError(f"slice {index} holds no voxel of label {label}; there is nothing to copy")
    values = np.where(becomes, np.asarray(label, dtype=labels.dtype), before)
    values[(before == label) & ~becomes] = 0
    return Edit.between(labels, target, values)


def clear_slice(labels: NDArray[Any], axis: int, index: int, *, label: int | None = None) -> Edit:
    """Empty one slice.

    Parameters
    ----------
    labels, axis, index
        As in `copy_slice`.
    label
        Empty this label alone; None for all.

    Raises
    ------
    ValueError
        If there is no such slice.

    Examples
    --------
    >>> labels = np.array([[1, 2], [2, 2]])
    >>> clear_slice(labels, 1, 0, label=2).applied(labels).tolist()
    [[1, 2], [0, 2]]
    """
    require_slice(labels, axis, index)
    box = _slice(labels, axis, index)
    if label is None:
        return Edit.between(labels, box, 0)
    require_label(labels, label)
    return Edit.between(labels, box, 0, where=labels[box] == label)


def _slice(labels: NDArray[Any], axis: int, index: int) -> Box:
    box = [slice(0, count) for count in labels.shape]
    box[axis] = slice(index, index + 1)
    return tuple(box)
