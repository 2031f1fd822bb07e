"""Holes: empty voxels that a label encloses."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.label_edits.boxes import Patch, box_of, box_within, require_axis
from napari_seg.imaging.label_edits.edits import Edit
from napari_seg.imaging.label_edits.pieces import find_pieces
from napari_seg.imaging.progress import OnProgress


def fill_holes(
    labels: NDArray[Any],
    label: int,
    *,
    axis: int | None = None,
    on_progress: OnProgress | None = None,
) -> Edit:
    """Give a label the empty voxels that it encloses.

    Another label inside stays; what is open towards an end of the scan is no hole.

    Parameters
    ----------
    labels
        Whole numbers of two or three axes; 0 is background.
    label
        The label whose holes are filled.
    axis
        Fill each slice across this axis on its own, which also fills tubes that run through;
        None for what is enclosed from all sides.
    on_progress
        Called with fractions from 0 to 1; what it raises ends the work.

    Returns
    -------
    Edit
        Nothing where there is no hole.

    Raises
    ------
    ValueError
        If no voxel holds the label, or there is no such axis.

    Examples
    --------
    >>> labels = np.array([[1, 1, 1, 1], [1, 0, 2, 1], [1, 1, 1, 1]])
    >>> fill_holes(labels, 1).applied(labels).tolist()
    [[1, 1, 1, 1], [1, 1, 2, 1], [1, 1, 1, 1]]
    """
    box = box_of(labels, label)
    holds_label = labels[box] == label
    if axis is not None:
        require_axis(labels, axis)
        holds_label = np.moveaxis(holds_label, axis, 0)
    # What touches the border of the box is connected with all around it.
    around = find_pieces(
        ~holds_label, touching="faces", in_planes=axis is not None, on_progress=on_progress
    )
    holes = around.chosen(~around.touches_border(in_planes=axis is not None))
    if axis is not None:
        holes = _moved_axis(holes, axis)
    inside = box_within(holes.box, box)
    return Edit.between(labels, inside, label, where=holes.mask & (labels[inside] == 0))


def _moved_axis(patch: Patch, axis: int) -> Patch:
    first, *others = patch.box
    others.insert(axis, first)
    return Patch(tuple(others), np.moveaxis(patch.mask, 0, axis))
