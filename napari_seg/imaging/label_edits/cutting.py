"""What a polygon drawn in a view holds: cut it away, keep it alone, or look inside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from skimage.draw import polygon2mask

from napari_seg.imaging.label_edits.boxes import (
    Box,
    Patch,
    bounds,
    box_of,
    box_within,
    require_labels,
    require_size,
    require_slice,
    require_spacing,
)
from napari_seg.imaging.label_edits.edits import Edit
from napari_seg.imaging.label_edits.pieces import find_pieces


def cut(
    labels: NDArray[Any],
    polygon: ArrayLike,
    axis: int,
    index: int,
    spacing: Sequence[float],
    *,
    label: int | None = None,
    depth_mm: float | None = None,
    keep: bool = False,
    all_pieces: bool = False,
) -> Edit:
    """Empty what a polygon cuts out, or all that it leaves.

    Parameters
    ----------
    labels
        Whole numbers of three axes; 0 is background.
    polygon
        Its corners ``(n, 2)`` in the plane of the view: indices, with fractions, along the two
        other axes in their order.
    axis, index
        The axis that the view looks along, and its slice.
    spacing
        Length of a voxel along each axis in mm.
    label
        The label that is cut; None for all.
    depth_mm
        How far the cut reaches to both sides of the slice: 0 for the slice alone, None for all.
    keep
        Empty what lies outside of the polygon rather than what lies inside.
    all_pieces
        Cut whatever lies within polygon and depth; else only the connected pieces that the polygon
        meets in the slice itself.

    Raises
    ------
    ValueError
        If the polygon has fewer than three corners, or meets nothing of the label in the slice.

    Examples
    --------
    >>> labels = np.ones((1, 3, 4), dtype=np.uint8)
    >>> polygon = [(-1, -1), (-1, 1.5), (5, 1.5), (5, -1)]
    >>> cut(labels, polygon, 0, 0, (1, 1, 1)).applied(labels)[0].tolist()
    [[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1]]
    """
    corners = _checked(labels, polygon, axis, index, spacing, depth_mm)
    box = box_of(labels, label) if label is not None else bounds(labels != 0)
    if box is None:
        raise ValueError("no voxel is labelled; there is nothing to cut")
    present = labels[box] if label is None else labels[box] == label
    inside = _polygon_mask(corners, box, axis)
    place = index - box[axis].start
    plane = np.take(present, [place], axis=axis) if 0 <= place < present.shape[axis] else None
    if plane is None or not (plane.astype(bool) & inside).any():
        what = "label" if label is None else f"voxel of label {label}"
        raise ValueError(f"the polygon holds no {what} in slice {index}")
    near = _near_slices(box, axis, index, spacing[axis], depth_mm)
    goes = near & (~inside if keep else inside)
    if all_pieces:
        return Edit.between(labels, box, 0, where=goes & present.astype(bool))
    pieces = find_pieces(present)
    touched = np.zeros(pieces.sizes.size, dtype=bool)
    met = np.argwhere(inside & np.take(present, [place], axis=axis).astype(bool))
    met[:, axis] = place
    touched[np.unique(pieces.at(met))] = True
    patch = pieces.chosen(touched)
    wanted = np.broadcast_to(goes, present.shape)[patch.box] & patch.mask
    return Edit.between(labels, box_within(patch.box, box), 0, where=wanted)


def inside_polygon(
    labels: NDArray[Any],
    polygon: ArrayLike,
    axis: int,
    index: int,
    spacing: Sequence[float],
    *,
    depth_mm: float | None = None,
) -> Patch:
    """Return the voxels that a polygon holds, in its slice and as deep as is wanted.

    Parameters
    ----------
    labels, polygon, axis, index, spacing
        As in `cut`.
    depth_mm
        How far to both sides of the slice: 0 for the slice alone, None for all.

    Raises
    ------
    ValueError
        If the polygon has fewer than three corners, or holds no voxel.

    Examples
    --------
    >>> polygon = [(-1, -1), (-1, 1.5), (5, 1.5), (5, -1)]
    >>> patch = inside_polygon(np.zeros((4, 3, 4), int), polygon, 0, 2, (2, 1, 1), depth_mm=2)
    >>> patch.box, bool(patch.mask.all())
    ((slice(1, 4, None), slice(0, 3, None), slice(0, 2, None)), True)
    """
    corners = _checked(labels, polygon, axis, index, spacing, depth_mm)
    whole = tuple(slice(0, count) for count in labels.shape)
    near = _near_slices(whole, axis, index, spacing[axis], depth_mm)
    mask = _polygon_mask(corners, whole, axis)
    box = bounds(mask)
    if box is None:
        raise ValueError("the polygon holds no voxel of the scan")
    slices = np.flatnonzero(near)
    deep = slice(int(slices[0]), int(slices[-1]) + 1)
    box = (*box[:axis], deep, *box[axis + 1 :])
    shape = [part.stop - part.start for part in box]
    plane = mask[(*box[:axis], slice(0, 1), *box[axis + 1 :])]
    return Patch(box, np.broadcast_to(plane, shape))


def _checked(
    labels: NDArray[Any],
    polygon: ArrayLike,
    axis: int,
    index: int,
    spacing: Sequence[float],
    depth_mm: float | None,
) -> NDArray[np.float64]:
    require_labels(labels)
    if labels.ndim != 3:
        raise ValueError(f"labels must have three axes to be cut, got {labels.ndim}")
    require_slice(labels, axis, index)
    require_spacing(labels, spacing)
    if depth_mm is not None:
        require_size(depth_mm, "depth_mm")
    corners = np.asarray(polygon, dtype=np.float64)
    if corners.ndim != 2 or corners.shape[1] != 2 or len(np.unique(corners, axis=0)) < 3:
        raise ValueError(
            f"a polygon must have at least three corners (n, 2), got {len(corners)}; draw on"
        )
    if not np.isfinite(corners).all():
        raise ValueError("the corners of a polygon must be finite numbers")
    return corners


def _polygon_mask(corners: NDArray[np.float64], box: Box, axis: int) -> NDArray[np.bool_]:
    others = [part for place, part in enumerate(box) if place != axis]
    start = [part.start for part in others]
    shape = tuple(part.stop - part.start for part in others)
    mask = polygon2mask(shape, corners - start)  # type: ignore[no-untyped-call]
    return np.expand_dims(mask, axis)


def _near_slices(
    box: Box, axis: int, index: int, spacing: float, depth_mm: float | None
) -> NDArray[np.bool_]:
    slices = np.arange(box[axis].start, box[axis].stop)
    far = np.inf if depth_mm is None else depth_mm
    near = np.abs(slices - index) * spacing <= far + 1e-6
    shape = [1, 1, 1]
    shape[axis] = near.size
    return near.reshape(shape)
