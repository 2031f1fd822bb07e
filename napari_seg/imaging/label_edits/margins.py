"""Margins in mm: grow and shrink a label, lay a shell around it, hollow it out.

Distances are between the centres of voxels, exact on any spacing. What these tools paint over
other labels is for the caller to take out: `edits.only_over`, `edits.respecting` and, for a range
of intensities, `edits.only_in_range`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.label_edits.apart import edit_apart
from napari_seg.imaging.label_edits.boxes import (
    Box,
    require_label,
    require_size,
    require_spacing,
    whole_voxels,
)
from napari_seg.imaging.label_edits.dilation import dilated
from napari_seg.imaging.label_edits.edits import Edit
from napari_seg.imaging.progress import OnProgress, share_of

Side = Literal["inside", "outside", "both"]


def grow(
    labels: NDArray[Any],
    label: int,
    spacing: Sequence[float],
    mm: float,
    *,
    on_progress: OnProgress | None = None,
) -> Edit:
    """Give a label all voxels within a distance of it.

    Parameters
    ----------
    labels
        Whole numbers of two or three axes; 0 is background.
    label
        The label that grows.
    spacing
        Length of a voxel along each axis in mm.
    mm
        The distance.
    on_progress
        Called with fractions from 0 to 1; what it raises ends the work.

    Raises
    ------
    ValueError
        If no voxel holds the label, or a length is negative or missing.

    Examples
    --------
    >>> labels = np.array([[0, 0, 0, 0], [0, 0, 1, 0]])
    >>> grow(labels, 1, (2.0, 1.0), 1.0).applied(labels).tolist()
    [[0, 0, 0, 0], [0, 1, 1, 1]]
    """

    def grown(box: Box, report: OnProgress) -> NDArray[Any]:
        reached = dilated(labels[box] == label, mm, spacing, on_progress=report)
        return np.where(reached, _as(labels, label), labels[box])

    return _edit(labels, label, spacing, mm, grown, on_progress)


def shrink(
    labels: NDArray[Any],
    label: int,
    spacing: Sequence[float],
    mm: float,
    *,
    on_progress: OnProgress | None = None,
) -> Edit:
    """Empty the voxels of a label within a distance of what is not it.

    An end of the scan is no border of the label: where it is cut off, it stays.

    Parameters
    ----------
    labels, label, spacing, on_progress
        As in `grow`.
    mm
        The distance. Where it is large, nothing is left of the label.

    Raises
    ------
    ValueError
        As in `grow`.

    Examples
    --------
    >>> labels = np.array([[1, 1, 1, 1, 0]])
    >>> shrink(labels, 1, (1.0, 2.0), 2.0).applied(labels).tolist()
    [[1, 1, 1, 0, 0]]
    """

    def shrunk(box: Box, report: OnProgress) -> NDArray[Any]:
        inside = labels[box] == label
        reached = dilated(~inside, mm, spacing, on_progress=report)
        return np.where(inside & reached, _as(labels, 0), labels[box])

    return _edit(labels, label, spacing, mm, shrunk, on_progress)


def margin(
    labels: NDArray[Any],
    label: int | None,
    spacing: Sequence[float],
    mm: float,
    *,
    into: int,
    on_progress: OnProgress | None = None,
) -> Edit:
    """Give another label the voxels within a distance of a label that are not its own.

    Parameters
    ----------
    labels, spacing, mm, on_progress
        As in `grow`.
    label
        The label that is surrounded; None for all others together. Voxels of further labels may
        be taken: see `edits.only_over`.
    into
        The label of the shell.

    Raises
    ------
    ValueError
        As in `grow`, or if `into` is `label` or no label.
    """
    require_label(labels, into)
    if into == label:
        raise ValueError(f"the margin of label {label} must go into another label")

    def surrounded(box: Box, report: OnProgress) -> NDArray[Any]:
        part = labels[box]
        inside = (part != 0) & (part != into) if label is None else part == label
        reached = dilated(inside, mm, spacing, on_progress=report)
        return np.where(reached & ~inside, _as(labels, into), part)

    return _edit(labels, label, spacing, mm, surrounded, on_progress)


def hollow(
    labels: NDArray[Any],
    label: int,
    spacing: Sequence[float],
    mm: float,
    *,
    side: Side = "inside",
    on_progress: OnProgress | None = None,
) -> Edit:
    """Leave of a label a shell along its border.

    Parameters
    ----------
    labels, label, spacing, on_progress
        As in `grow`.
    mm
        Thickness of the shell, of a voxel at least.
    side
        Where it lies: inside of the border, outside of it, or half of it on both sides.

    Raises
    ------
    ValueError
        As in `grow`, or if the shell is so thin that nothing would be left of the label.

    Examples
    --------
    >>> labels = np.array([[0, 1, 1, 1, 1, 1, 0]])
    >>> hollow(labels, 1, (1.0, 1.0), 1.0).applied(labels).tolist()
    [[0, 1, 0, 0, 0, 1, 0]]
    """
    require_spacing(labels, spacing)
    require_size(mm, "a distance in mm")
    least = min(spacing) * (2 if side == "both" else 1)
    if mm < least * (1 - 1e-6):
        raise ValueError(f"a wall on this side must be {least:g} mm thick at least, got {mm:g} mm")
    outward = {"inside": 0.0, "outside": mm, "both": mm / 2}[side]

    def hollowed(box: Box, report: OnProgress) -> NDArray[Any]:
        inside = labels[box] == label
        shell, half = inside, share_of(report, 0.0, 0.5)
        if outward:
            shell = dilated(inside, outward, spacing, on_progress=half)
        if outward < mm:
            half = share_of(report, 0.5, 1.0)
            reached = dilated(~inside, mm - outward, spacing, on_progress=half)
            shell = shell & (reached | ~inside)
        else:
            shell = shell & ~inside
        values = np.where(shell, _as(labels, label), labels[box])
        values[inside & ~shell] = 0
        return values

    return _edit(labels, label, spacing, mm, hollowed, on_progress)


def _edit(
    labels: NDArray[Any],
    label: int | None,
    spacing: Sequence[float],
    mm: float,
    change: Callable[[Box, OnProgress], NDArray[Any]],
    on_progress: OnProgress | None,
) -> Edit:
    require_spacing(labels, spacing)
    require_size(mm, "a distance in mm")
    # One voxel more, so that a border of the label is seen in the box of its own.
    margin_voxels = [voxels + 1 for voxels in whole_voxels(mm, spacing)]
    return edit_apart(
        labels, label, change, reach=margin_voxels, margin=margin_voxels, on_progress=on_progress
    )


def _as(labels: NDArray[Any], value: int) -> NDArray[Any]:
    return np.asarray(value, dtype=labels.dtype)
