"""One tool on each of several labels, as a single change."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.label_edits.boxes import boxes_of, union_box
from napari_seg.imaging.label_edits.edits import Edit


def edit_each(
    labels: NDArray[Any], edit: Callable[[int], Edit], *, but: Collection[int] = ()
) -> Edit:
    """Return what a tool changes on each label, all seen as they are before.

    Where two want the same voxel, the label of the smaller box gets it: it lies further inside.

    Parameters
    ----------
    labels
        Whole numbers of any shape; 0 is background.
    edit
        What is changed on a label that has voxels.
    but
        Labels that are passed over.

    Examples
    --------
    >>> from napari_seg.imaging.label_edits.margins import grow
    >>> labels = np.array([[1, 0, 0, 0, 0, 2]])
    >>> edit_each(labels, lambda label: grow(labels, label, (1, 1), 1)).applied(labels).tolist()
    [[1, 1, 0, 0, 2, 2]]
    """
    boxes = {value: box for value, box in boxes_of(labels).items() if value not in but}
    inwards = sorted(boxes, key=lambda value: -_size(boxes[value]))
    edits = [found for value in inwards if (found := edit(value))]
    if not edits:
        nothing = (slice(0, 0),) * labels.ndim
        return Edit.between(labels, nothing, labels[nothing])
    box = union_box([found.box for found in edits])
    values = labels[box].copy()
    for found in edits:
        part = tuple(
            slice(inner.start - outer.start, inner.stop - outer.start)
            for inner, outer in zip(found.box, box, strict=True)
        )
        np.copyto(values[part], found.values, where=found.changed)
    return Edit.between(labels, box, values)


def _size(box: tuple[slice, ...]) -> int:
    return int(np.prod([part.stop - part.start for part in box]))
