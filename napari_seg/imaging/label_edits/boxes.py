"""Boxes of voxels: where a label lies, so that a tool looks at nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, inf, isfinite, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Box = tuple[slice, ...]
"""One slice with start and stop for each axis."""

_LARGEST_LISTED = 65535


@dataclass(frozen=True, eq=False)
class Patch:
    """Voxels of a small box: what a brush touches, or a piece of a label.

    Attributes
    ----------
    box
        One slice with start and stop for each axis of the labels; empty ones where nothing of it
        lies inside the scan.
    mask
        Of the box's shape: which of its voxels are meant.
    """

    box: Box
    mask: NDArray[np.bool_]


def box_of(labels: NDArray[Any], label: int) -> Box:
    """Return the smallest box that holds all voxels of a label.

    Raises
    ------
    ValueError
        If no voxel holds it, or it is no label of this array.

    Examples
    --------
    >>> box_of(np.array([[0, 0, 0], [0, 7, 7]]), 7)
    (slice(1, 2, None), slice(1, 3, None))
    """
    require_label(labels, label)
    box = _box_where(labels, label)
    if box is None:
        raise ValueError(f"no voxel is labelled {label}; choose a label that is not empty")
    return box


def boxes_of(labels: NDArray[Any]) -> dict[int, Box]:
    """Return the box of each label that occurs, in the order of their values.

    Examples
    --------
    >>> boxes_of(np.array([0, 3, 3, 0, 1]))
    {1: (slice(4, 5, None),), 3: (slice(1, 3, None),)}
    """
    require_labels(labels)
    outer = bounds(labels != 0)
    if outer is None:
        return {}
    labels = labels[outer]
    if labels.max() <= _LARGEST_LISTED and labels.min() >= 0:
        values = np.arange(1, int(labels.max()) + 1)
    else:
        # Positions 1, 2, … in place of values too large to be listed one by one.
        values = np.unique(labels[labels != 0])
        labels = np.where(labels == 0, 0, np.searchsorted(values, labels) + 1)
    found = zip(values.tolist(), ndimage.find_objects(labels, max_label=values.size), strict=True)
    return {value: box_within(box, outer) for value, box in found if box is not None}


def union_box(boxes: Sequence[Box]) -> Box:
    """Return the smallest box around several."""
    return tuple(
        slice(min(part.start for part in parts), max(part.stop for part in parts))
        for parts in zip(*boxes, strict=True)
    )


def bounds(mask: NDArray[np.bool_]) -> Box | None:
    """Return the smallest box around what is true; None where nothing is."""
    return _box_where(mask, True)


def voxels_in(box: Box) -> int:
    """Count the voxels of a box.

    Examples
    --------
    >>> voxels_in((slice(2, 4), slice(0, 3)))
    6
    """
    return prod(part.stop - part.start for part in box)


def grown_box(box: Box, voxels: Sequence[int], shape: Sequence[int]) -> Box:
    """Return a box with some voxels more on each side of each axis, within an array's shape."""
    return tuple(
        slice(max(part.start - more, 0), min(part.stop + more, count))
        for part, more, count in zip(box, voxels, shape, strict=True)
    )


def box_within(inner: Box, outer: Box) -> Box:
    """Turn a box that counts from the corner of `outer` into one that counts as `outer` does."""
    return tuple(
        slice(around.start + part.start, around.start + part.stop)
        for part, around in zip(inner, outer, strict=True)
    )


def box_counted_from(box: Box, outer: Box) -> Box:
    """Turn a box inside of `outer` into one that counts from the corner of it."""
    return tuple(
        slice(part.start - around.start, part.stop - around.start)
        for part, around in zip(box, outer, strict=True)
    )


def whole_voxels(length_mm: float, spacing: Sequence[float]) -> tuple[int, ...]:
    """Return how many whole voxels a length spans along each axis.

    Examples
    --------
    >>> whole_voxels(3.0, (1.0, 0.8, 5.0))
    (3, 3, 0)
    """
    # A length of three voxels is three voxels, whatever the rounding of the quotient.
    return tuple(floor(length_mm / size + 1e-6) for size in spacing)


def require_labels(labels: NDArray[Any]) -> None:
    """Refuse what is no array of whole numbers."""
    if labels.dtype.kind not in "ui":
        raise ValueError(f"labels must be whole numbers, got {labels.dtype}")


def require_label(labels: NDArray[Any], label: int) -> None:
    """Refuse a value that is background or that the array's type cannot hold."""
    require_labels(labels)
    largest = np.iinfo(labels.dtype).max
    if not 1 <= label <= largest:
        raise ValueError(
            f"a label must be from 1 to {largest} in labels of type {labels.dtype}, got {label}"
        )


def require_same_shape(labels: NDArray[Any], other: NDArray[Any], name: str) -> None:
    """Refuse an array that does not lie on the grid of the labels."""
    if other.shape != labels.shape:
        raise ValueError(
            f"the {name} must have the shape of the labels {labels.shape}, got {other.shape}; "
            "resample one onto the other first"
        )


def require_spacing(labels: NDArray[Any], spacing: Sequence[float]) -> None:
    """Refuse a spacing that does not give a length in mm for each axis."""
    if len(spacing) != labels.ndim or not all(0 < size < inf for size in spacing):
        raise ValueError(
            f"spacing must be {labels.ndim} positive lengths in mm, got {tuple(spacing)}"
        )


def require_size(value: float, name: str) -> None:
    """Refuse a size that is negative or no number."""
    if not isfinite(value) or value < 0:
        raise ValueError(f"{name} must be 0 or more, got {value:g}")


def require_axis(labels: NDArray[Any], axis: int) -> None:
    """Refuse an axis that the labels do not have."""
    if not 0 <= axis < labels.ndim:
        raise ValueError(f"axis must be from 0 to {labels.ndim - 1}, got {axis}")


def require_slice(labels: NDArray[Any], axis: int, index: int) -> None:
    """Refuse a slice that the labels do not have."""
    require_axis(labels, axis)
    if not 0 <= index < labels.shape[axis]:
        raise ValueError(
            f"slice {index} is outside of the scan, which has {labels.shape[axis]} along axis {axis}"
        )


def _box_where(array: NDArray[Any], value: Any) -> Box | None:
    # Slice by slice, so that each comparison stays in the processor's cache.
    rows = []
    shadow = np.zeros(array.shape[1:], dtype=bool)
    for row, part in enumerate(array):
        equal = np.asarray(part == value)
        if equal.any():
            rows.append(row)
            shadow |= equal
    if not rows:
        return None
    first = slice(rows[0], rows[-1] + 1)
    return (first, *(_extent(shadow, axis) for axis in range(shadow.ndim)))


def _extent(shadow: NDArray[np.bool_], axis: int) -> slice:
    others = tuple(other for other in range(shadow.ndim) if other != axis)
    inside = np.flatnonzero(shadow.any(axis=others))
    return slice(int(inside[0]), int(inside[-1]) + 1)
