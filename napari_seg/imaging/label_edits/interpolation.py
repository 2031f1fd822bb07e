"""Interpolate labels between slices by their shape: the signed distance from their outline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_seg.imaging.label_edits.boxes import (
    Box,
    box_counted_from,
    box_of,
    boxes_of,
    require_axis,
    require_labels,
    require_slice,
    require_spacing,
    union_box,
)
from napari_seg.imaging.label_edits.edits import Edit
from napari_seg.imaging.label_edits.pieces import find_pieces
from napari_seg.imaging.progress import OnProgress, ignore_progress, share_of, shares_of


def interpolate(
    labels: NDArray[Any],
    axis: int,
    spacing: Sequence[float],
    *,
    label: int | None = None,
    on_progress: OnProgress | None = None,
) -> Edit:
    """Fill the slices between those in which a label is painted.

    Parameters
    ----------
    labels
        Whole numbers of three axes; 0 is background.
    axis
        The axis that the slices lie across.
    spacing
        Length of a voxel along each axis in mm.
    label
        The label; None for each of them. Where two reach for one voxel, the one deeper inside its
        own outline gets it. Voxels of other labels may be taken: see `edits.only_over`.
    on_progress
        Called with fractions from 0 to 1; what it raises ends the work.

    Returns
    -------
    Edit
        Nothing where no slice is left out between painted ones.

    Raises
    ------
    ValueError
        If no voxel holds the label, or there is no such axis.

    Examples
    --------
    >>> labels = np.zeros((3, 1, 5), dtype=np.uint8)
    >>> labels[0, 0, 2:3] = labels[2, 0, 0:5] = 1
    >>> interpolate(labels, 0, (1, 1, 1)).applied(labels)[1].tolist()
    [[0, 1, 1, 1, 0]]
    """
    boxes = _boxes(labels, axis, spacing, label)
    others = tuple(place for place in range(3) if place != axis)
    gaps = []
    looking = shares_of(share_of(on_progress, 0.0, _LOOKING), [1.0] * len(boxes))
    for (value, box), report in zip(boxes.items(), looking, strict=True):
        report(0.0)
        painted = np.flatnonzero((labels[box] == value).any(axis=others)) + box[axis].start
        gaps += [_Gap(value, *ends) for ends in pairwise(painted.tolist())]
    outer = union_box([*boxes.values()])
    drawing = share_of(on_progress, _LOOKING, 1.0)
    drawn = _draw(labels, outer, axis, spacing, boxes, gaps, drawing)
    return Edit.between(labels, outer, drawn, where=drawn != 0)


def interpolate_between(
    labels: NDArray[Any],
    slices_kept: Sequence[int],
    axis: int,
    spacing: Sequence[float],
    *,
    label: int | None = None,
    on_progress: OnProgress | None = None,
) -> Edit:
    """Replace what lies between some slices by what their shapes say.

    Parameters
    ----------
    labels, axis, spacing, on_progress
        As in `interpolate`.
    slices_kept
        Indices of the slices that are right, such as those painted by hand; at least two. Each
        slice between two of them is replaced. A label that only one of the two holds ends half
        way between them.
    label
        The label to replace; None for all.

    Raises
    ------
    ValueError
        If fewer than two slices are given or one lies outside, or as in `interpolate`.

    Examples
    --------
    >>> labels = np.array([[[1, 1, 1, 0]], [[0, 0, 0, 1]], [[1, 1, 1, 0]]])
    >>> interpolate_between(labels, [0, 2], 0, (1, 1, 1)).applied(labels)[1].tolist()
    [[1, 1, 1, 0]]
    """
    boxes = _boxes(labels, axis, spacing, label)
    kept = sorted(set(slices_kept))
    for index in kept:
        require_slice(labels, axis, index)
    if len(kept) < 2:
        raise ValueError("at least two slices are needed to interpolate between them")
    gaps = [_Gap(value, *ends) for value in boxes for ends in pairwise(kept)]
    outer = list(union_box([*boxes.values()]))
    outer[axis] = slice(kept[0], kept[-1] + 1)
    box = tuple(outer)
    drawn = _draw(labels, box, axis, spacing, boxes, gaps, on_progress or ignore_progress)
    replaced = (labels[box] != 0) if label is None else (labels[box] == label)
    np.moveaxis(replaced, axis, 0)[np.array(kept) - kept[0]] = False
    return Edit.between(labels, box, drawn, where=replaced | (drawn != 0))


# The share of the time in which painted slices are looked for.
_LOOKING = 0.2
# Voxels of background around a shape, which go on where it is moved.
_RIM = 4


@dataclass(frozen=True)
class _Gap:
    """Slices of a label to be drawn: those between two others."""

    label: int
    before: int
    after: int


@dataclass(frozen=True, eq=False)
class _Shape:
    """A label in one slice.

    Attributes
    ----------
    distance
        From the outline in mm, negative inside; a rim around the label's box goes with it.
    centre
        In voxels.
    in_one_piece
        Only such a shape has a centre that means something.
    """

    distance: NDArray[np.float32]
    centre: NDArray[np.float64]
    in_one_piece: bool


def _boxes(
    labels: NDArray[Any], axis: int, spacing: Sequence[float], label: int | None
) -> dict[int, Box]:
    require_labels(labels)
    if labels.ndim != 3:
        raise ValueError(f"labels must have three axes to be interpolated, got {labels.ndim}")
    require_axis(labels, axis)
    require_spacing(labels, spacing)
    boxes = boxes_of(labels) if label is None else {label: box_of(labels, label)}
    if not boxes:
        raise ValueError("no voxel is labelled; paint some slices first")
    return boxes


def _draw(
    labels: NDArray[Any],
    outer: Box,
    axis: int,
    spacing: Sequence[float],
    boxes: dict[int, Box],
    gaps: Sequence[_Gap],
    report: OnProgress,
) -> NDArray[Any]:
    """Return what is drawn into the gaps, in the box `outer`."""
    drawn = np.zeros(labels[outer].shape, dtype=labels.dtype)
    slices = np.moveaxis(drawn, axis, 0)
    sampling = tuple(size for place, size in enumerate(spacing) if place != axis)
    shapes: dict[tuple[int, int], _Shape | None] = {}
    gaps_of: dict[int, list[_Gap]] = {}
    for done, gap in enumerate(gaps):
        report(0.5 * done / len(gaps))
        for index in range(gap.before + 1, gap.after):
            gaps_of.setdefault(index, []).append(gap)
        for index in (gap.before, gap.after):
            if gap.after - gap.before > 1 and (gap.label, index) not in shapes:
                box = (
                    *boxes[gap.label][:axis],
                    slice(index, index + 1),
                    *boxes[gap.label][axis + 1 :],
                )
                mask = np.moveaxis(labels[box], axis, 0)[0] == gap.label
                shapes[gap.label, index] = _shape(mask, sampling)
    plane_box = _in_plane(outer, axis)
    for done, (index, filled) in enumerate(gaps_of.items()):
        report(0.5 + 0.5 * done / len(gaps_of))
        plane = slices[index - outer[axis].start]
        depth = np.zeros(plane.shape, dtype=np.float32)
        for gap in filled:
            ends = shapes[gap.label, gap.before], shapes[gap.label, gap.after]
            distance = _between(*ends, share=(index - gap.before) / (gap.after - gap.before))
            if distance is not None:
                part = box_counted_from(_in_plane(boxes[gap.label], axis), plane_box)
                inner = distance[_RIM:-_RIM, _RIM:-_RIM]
                _claim(plane, depth, part, gap.label, inner)
    return drawn


def _in_plane(box: Box, axis: int) -> Box:
    return (*box[:axis], *box[axis + 1 :])


def _claim(
    plane: NDArray[Any],
    depth: NDArray[np.float32],
    box: Box,
    label: int,
    distance: NDArray[np.float32],
) -> None:
    # On the outline itself is inside, so that thin shapes do not break.
    deeper = (distance <= 0) & ((distance < depth[box]) | (plane[box] == 0))
    plane[box][deeper] = label
    depth[box][deeper] = distance[deeper]


def _shape(mask: NDArray[np.bool_], sampling: tuple[float, ...]) -> _Shape | None:
    if not mask.any():
        return None
    # A rim of background, as it is around the box: a label may fill all of it.
    mask = np.pad(mask, _RIM)
    inside = ndimage.distance_transform_edt(mask, sampling=sampling)
    outside = ndimage.distance_transform_edt(~mask, sampling=sampling)
    pieces = find_pieces(mask)
    centre = np.argwhere(mask).mean(axis=0)
    return _Shape((outside - inside).astype(np.float32), centre, pieces.sizes.size == 1)


def _between(
    before: _Shape | None, after: _Shape | None, share: float
) -> NDArray[np.float32] | None:
    """Return the distance from the outline at a share of the way between two slices."""
    if before is None or after is None:
        only, left = (after, share) if before is None else (before, 1 - share)
        if only is None:
            return None
        # As if the other slice held a shape as far from being there as this one is deep.
        deepest = only.distance.min()
        return np.asarray(only.distance * np.float32(left) - deepest * np.float32(1 - left))
    low, high = before.distance, after.distance
    if before.in_one_piece and after.in_one_piece:
        # Both are moved to where the shape between them lies: else a shape that wanders vanishes.
        way = after.centre - before.centre
        low, high = _moved(low, share * way), _moved(high, (share - 1) * way)
    return np.asarray(low * np.float32(1 - share) + high * np.float32(share))


def _moved(plane: NDArray[np.float32], voxels: NDArray[np.float64]) -> NDArray[np.float32]:
    """Move a plane by some voxels, with fractions; its rim goes on."""
    for axis, way in enumerate(voxels.tolist()):
        places = np.arange(plane.shape[axis]) - way
        below = np.floor(places)
        last = plane.shape[axis] - 1
        first, second = (
            np.take(plane, np.clip(index, 0, last).astype(int), axis=axis)
            for index in (below, below + 1)
        )
        share = np.float32(-way - np.floor(-way))
        plane = first + (second - first) * share
    return plane
