"""Brushes: the voxels that a stroke touches, and what painting makes of them.

A stroke is a path through voxels. Each step of it gives a `Patch`, a mask in a small box, and what
is painted there is an `Edit` of that box: a large scan makes neither slower.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_seg.imaging.label_edits.boxes import (
    Patch,
    bounds,
    box_within,
    require_label,
    require_labels,
    require_same_shape,
)
from napari_seg.imaging.label_edits.edits import Edit, in_range

# A voxel at exactly the radius is touched, whatever the rounding of its distance.
_SLACK_MM = 1e-6


def brush(
    shape: Sequence[int],
    spacing: Sequence[float],
    path: ArrayLike,
    *,
    diameter_mm: float,
    axis: int | None = None,
) -> Patch:
    """Return the voxels that a brush touches on its way.

    Parameters
    ----------
    shape
        Of the labels, of two or three axes.
    spacing
        Length of a voxel along each axis in mm.
    path
        Places ``(n, axes)`` in voxels, with fractions, that the brush's centre passes one after
        the other in straight lines.
    diameter_mm
        Of the brush. The voxel under the centre is touched by the smallest one, too.
    axis
        For a round brush, the axis that the view looks along: it touches the slice of the path's
        first place alone. None for a sphere.

    Returns
    -------
    Patch
        Its box is empty where the brush touches nothing of the scan.

    Raises
    ------
    ValueError
        If the diameter is not above 0, or path or spacing have not one number for each axis.

    Examples
    --------
    >>> brush((1, 3, 5), (5, 1, 1), [(0, 1, 2)], diameter_mm=2, axis=0).mask.astype(int).tolist()
    [[[0, 1, 0], [1, 1, 1], [0, 1, 0]]]
    """
    places = _checked(shape, spacing, path, diameter_mm, axis)
    kept = [place for place in range(len(shape)) if place != axis]
    sizes = np.array([spacing[place] for place in kept])
    centres = places[:, kept] * sizes
    radius = diameter_mm / 2 + _SLACK_MM
    counts = [shape[place] for place in kept]
    low = np.ceil((centres.min(axis=0) - radius) / sizes).astype(int)
    high = np.floor((centres.max(axis=0) + radius) / sizes).astype(int) + 1
    for place in (np.rint(places[:, kept].min(axis=0)), np.rint(places[:, kept].max(axis=0))):
        low, high = np.minimum(low, place.astype(int)), np.maximum(high, place.astype(int) + 1)
    low, high = np.maximum(low, 0), np.minimum(high, counts)
    if (low >= high).any():
        return _nothing(len(shape))
    grids = [
        np.arange(start, stop) * size for start, stop, size in zip(low, high, sizes, strict=True)
    ]
    mask = np.zeros([grid.size for grid in grids], dtype=bool)
    for start, stop in pairwise(centres):
        mask |= _tube(grids, start, stop, radius)
    if len(centres) == 1:
        mask = _tube(grids, centres[0], centres[0], radius)
    _touch(mask, np.rint(places[:, kept]).astype(int) - low)
    box = [slice(int(start), int(stop)) for start, stop in zip(low, high, strict=True)]
    if axis is None:
        return Patch(tuple(box), mask)
    index = round(float(places[0, axis]))
    if not 0 <= index < shape[axis]:
        return _nothing(len(shape))
    box.insert(axis, slice(index, index + 1))
    return Patch(tuple(box), np.expand_dims(mask, axis))


def paint(labels: NDArray[Any], patch: Patch, label: int) -> Edit:
    """Give the voxels of a patch to a label; 0 erases.

    Paint over some labels only with `edits.only_over`.

    Raises
    ------
    ValueError
        If the value is neither 0 nor a label.

    Examples
    --------
    >>> labels = np.zeros((1, 5), dtype=np.uint8)
    >>> patch = brush(labels.shape, (1, 1), [(0, 1), (0, 3)], diameter_mm=1)
    >>> paint(labels, patch, 2).applied(labels).tolist()
    [[0, 2, 2, 2, 0]]
    """
    if label == 0:
        require_labels(labels)
    else:
        require_label(labels, label)
    return Edit.between(labels, patch.box, label, where=patch.mask)


def restore(
    labels: NDArray[Any], patch: Patch, reference: NDArray[Any], *, label: int | None = None
) -> Edit:
    """Paint back what the labels were in another state, such as the network's result.

    Parameters
    ----------
    labels
        As they are.
    patch
        Where to restore.
    reference
        Labels of the same shape, as they should be again.
    label
        Restore this label alone: what it lost comes back, what it gained is emptied or gets back
        its other label; None for all.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> labels, before = np.array([0, 1, 2, 2]), np.array([1, 0, 2, 3])
    >>> everywhere = Patch((slice(0, 4),), np.ones(4, dtype=bool))
    >>> restore(labels, everywhere, before, label=1).applied(labels).tolist()
    [1, 0, 2, 2]
    """
    require_same_shape(labels, reference, "earlier labels")
    now, then = labels[patch.box], reference[patch.box]
    where = patch.mask if label is None else patch.mask & ((now == label) | (then == label))
    return Edit.between(labels, patch.box, then, where=where)


def within_range(patch: Patch, scan: NDArray[Any], low: float, high: float) -> Patch:
    """Return the voxels of a patch whose intensity lies from `low` to `high`.

    Raises
    ------
    ValueError
        If `low` is above `high`.
    """
    return narrowed(patch, in_range(scan[patch.box], low, high))


def narrowed(patch: Patch, mask: NDArray[np.bool_]) -> Patch:
    """Return the voxels of a patch that are in a mask of its box, too, in the smallest box."""
    mask = patch.mask & mask
    tight = bounds(mask)
    if tight is None:
        return _nothing(mask.ndim)
    return Patch(box_within(tight, patch.box), mask[tight])


def _nothing(axes: int) -> Patch:
    return Patch((slice(0, 0),) * axes, np.zeros((0,) * axes, dtype=bool))


def _checked(
    shape: Sequence[int],
    spacing: Sequence[float],
    path: ArrayLike,
    diameter_mm: float,
    axis: int | None,
) -> NDArray[np.float64]:
    if not 0 < diameter_mm < np.inf:
        raise ValueError(f"diameter_mm must be above 0, got {diameter_mm:g}")
    if len(spacing) != len(shape) or not all(0 < size < np.inf for size in spacing):
        raise ValueError(
            f"spacing must be {len(shape)} positive lengths in mm, got {tuple(spacing)}"
        )
    if axis is not None and not 0 <= axis < len(shape):
        raise ValueError(f"axis must be from 0 to {len(shape) - 1}, got {axis}")
    places = np.asarray(path, dtype=np.float64)
    if places.ndim != 2 or len(places) == 0 or places.shape[1] != len(shape):
        raise ValueError(f"path must be places of shape (n, {len(shape)}), got {places.shape}")
    return places


def _touch(mask: NDArray[np.bool_], voxels: NDArray[np.int64]) -> None:
    inside = ((voxels >= 0) & (voxels < mask.shape)).all(axis=1)
    mask[tuple(voxels[inside].T)] = True


def _tube(
    grids: Sequence[NDArray[np.float64]],
    start: NDArray[np.float64],
    stop: NDArray[np.float64],
    radius: float,
) -> NDArray[np.bool_]:
    """Tell which places lie within a radius of the straight line from `start` to `stop`.

    The places are a grid in mm. A tube with round ends is convex: of each line along the last axis
    it holds one stretch, whose ends cost less to find than the distances of all places.
    """
    across = np.meshgrid(*grids[:-1], indexing="ij", sparse=True)
    low, high = _sphere_stretch(across, start, radius)
    if (start != stop).any():
        for other_low, other_high in (
            _sphere_stretch(across, stop, radius),
            _cylinder_stretch(across, start, stop, radius),
        ):
            low, high = np.minimum(low, other_low), np.maximum(high, other_high)
    last = grids[-1]
    return np.asarray((last >= low[..., np.newaxis]) & (last <= high[..., np.newaxis]))


def _sphere_stretch(
    across: Sequence[NDArray[np.float64]], centre: NDArray[np.float64], radius: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    left = radius**2 - sum((axis - at) ** 2 for axis, at in zip(across, centre, strict=False))
    half = np.sqrt(np.maximum(left, 0))
    missed = left < 0
    return (
        np.where(missed, np.inf, centre[-1] - half),
        np.where(missed, -np.inf, centre[-1] + half),
    )


def _cylinder_stretch(
    across: Sequence[NDArray[np.float64]],
    start: NDArray[np.float64],
    stop: NDArray[np.float64],
    radius: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    length = float(np.linalg.norm(stop - start))
    direction = (stop - start) / length
    steep = float(direction[-1])
    offsets = [axis - at for axis, at in zip(across, start, strict=False)]
    along = sum(offset * part for offset, part in zip(offsets, direction, strict=False))
    square = sum(offset**2 for offset in offsets)
    # With z along the last axis from `start`: |offset|² + z² - (along + steep z)² <= radius².
    flat = max(1 - steep**2, 1e-12)
    left = (along * steep) ** 2 - flat * (square - along**2 - radius**2)
    half = np.sqrt(np.maximum(left, 0)) / flat
    low, high = along * steep / flat - half, along * steep / flat + half
    if abs(steep) > 1e-12:
        ends = np.sort(np.stack([-along / steep, (length - along) / steep]), axis=0)
        low, high = np.maximum(low, ends[0]), np.minimum(high, ends[1])
        missed = (left < 0) | (low > high)
    else:
        missed = (left < 0) | (along < 0) | (along > length)
    return (
        np.where(missed, np.inf, start[-1] + low),
        np.where(missed, -np.inf, start[-1] + high),
    )
