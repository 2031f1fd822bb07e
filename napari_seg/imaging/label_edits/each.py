"""One tool on each of several labels, as a single change."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.label_edits.boxes import boxes_of, union_box, voxels_in
from napari_seg.imaging.label_edits.edits import Edit
from napari_seg.imaging.progress import OnProgress, shares_of


def edit_each(
    labels: NDArray[Any],
    edit: Callable[[int, OnProgress], Edit],
    *,
    but: Collection[int] = (),
    on_progress: OnProgress | None = None,
) -> Edit:
    """Return what a tool changes on each label, all seen as they are before.

    Where two want the same voxel, the label of the smaller box gets it: it lies further inside.

    Parameters
    ----------
    labels
        Whole numbers of any shape; 0 is background.
    edit
        What is changed on a label that has voxels; it may tell how far it is.
    but
        Labels that are passed over.
    on_progress
        Called with fractions from 0 to 1; what it raises ends the work.

    Examples
    --------
    >>> from napari_seg.imaging.label_edits.margins import grow
    >>> labels = np.array([[1, 0, 0, 0, 0, 2]])
    >>> def grown(label, _report):
    ...     return grow(labels, label, (1, 1), 1)
    >>> edit_each(labels, grown).applied(labels).tolist()
    [[1, 1, 0, 0, 2, 2]]
    """
    boxes = {value: box for value, box in boxes_of(labels).items() if value not in but}
    inwards = sorted(boxes, key=lambda value: -voxels_in(boxes[value]))
    edits = []
    reports = shares_of(on_progress, [voxels_in(boxes[value]) for value in inwards])
    for value, report in zip(inwards, reports, strict=True):
        if found := edit(value, report):
            edits.append(found)
        report(1.0)
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
