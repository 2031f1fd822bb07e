"""Grow labels from seeds: painted strokes flood the scan until they meet at its edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from napari_seg.imaging.itk_progress import run_followed
from napari_seg.imaging.label_edits.boxes import (
    Box,
    bounds,
    boxes_of,
    grown_box,
    require_labels,
    require_same_shape,
    require_size,
    require_spacing,
    whole_voxels,
)
from napari_seg.imaging.label_edits.dilation import dilated
from napari_seg.imaging.label_edits.edits import Edit
from napari_seg.imaging.progress import OnProgress, ignore_progress, share_of

# Up to so many voxels a preview takes at most 0.2 s; a larger box is flooded coarsely.
_PREVIEW_VOXELS = 700_000
# Up to so many voxels every one is flooded; in a larger box those near a border between labels.
_EXACT_VOXELS = 4_000_000
# So many coarse voxels on both sides of a border are flooded again.
_NEAR_BORDER = 3
# Shares of the time: until the voxels are halved, until those are flooded; of one flood the
# share until its gradient is known.
_HALVING, _COARSE, _GRADIENT = 0.15, 0.35, 0.3
# The share of the time in which labels are flooded; then it is looked what lies near enough.
_FLOODING = 0.95
_STEEPEST_PERCENT = 99.5
_SAMPLED = 100_000
_LARGEST_FLOODED = 65535


def grow_from_seeds(
    labels: NDArray[Any],
    scan: NDArray[Any],
    spacing: Sequence[float],
    *,
    box: Box | None = None,
    margin_mm: float = 10.0,
    background: int | None = None,
    preview: bool = False,
    on_progress: OnProgress | None = None,
) -> Edit:
    """Let all labels grow from what is painted until they meet at the edges of the scan.

    The gradient of the scan is flooded from the labels, lowest first (watershed from markers). In
    a box of more than four million voxels that is done at half the resolution first, and again
    only near the borders found.

    Parameters
    ----------
    labels
        The seeds: whole numbers of two or three axes; 0 is to be decided. At least two labels.
    scan
        Intensities of the same shape. What is no number counts as the lowest that is one.
    spacing
        Length of a voxel along each axis in mm.
    box
        Where to grow: one slice with start and stop for each axis; None for all that lies within
        `margin_mm` of a seed.
    margin_mm
        How far from the nearest seed, of whatever label, a voxel that is gained may lie where `box`
        is None; between the centres of voxels.
    background
        The label whose strokes stand for all that is to stay empty: it keeps other labels back and
        gains no voxel. None where there is none such.
    preview
        Answer at once, to within two voxels or more in a large box.
    on_progress
        Called with fractions from 0 to 1; what it raises ends the work.

    Returns
    -------
    Edit
        What each label gains; seeds stay as they are.

    Raises
    ------
    ValueError
        If there are not two labels in the box, or the scan has another shape.

    Examples
    --------
    >>> labels = np.array([[1, 0, 0, 0, 0, 2]])
    >>> scan = np.array([[0, 0, 0, 9, 9, 9]])
    >>> grow_from_seeds(labels, scan, (1, 1)).applied(labels).tolist()
    [[1, 1, 1, 2, 2, 2]]
    """
    require_labels(labels)
    require_same_shape(labels, scan, "scan")
    require_spacing(labels, spacing)
    require_size(margin_mm, "margin_mm")
    is_near = box is None
    if box is None:
        seeded = bounds(labels != 0) or (slice(0, 0),) * labels.ndim
        box = grown_box(seeded, whole_voxels(margin_mm, spacing), labels.shape)
    report = share_of(on_progress, 0.0, _FLOODING if is_near else 1.0)
    report(0.0)
    seeds = labels[box]
    present = boxes_of(seeds)
    if len(present) < 2:
        raise ValueError(
            f"growing needs strokes of at least two labels, got {len(present)}; "
            "paint some of what is to stay outside as a label of its own, too"
        )
    if max(present) > _LARGEST_FLOODED or labels.dtype.kind == "i":
        # SimpleITK floods with whole numbers of up to 16 bits.
        values = np.array([0, *present], dtype=labels.dtype)
        places = np.searchsorted(values, seeds).astype(np.uint16)
        flooded = values[_flood(places, scan[box], tuple(spacing), report, preview=preview)]
    else:
        flooded = _flood(seeds, scan[box], tuple(spacing), report, preview=preview)
    empty = seeds == 0
    if background is not None:
        empty &= flooded != background
    if is_near:
        reporting = share_of(on_progress, _FLOODING, 1.0)
        empty &= _near(seeds != 0, margin_mm, tuple(spacing), reporting, preview=preview)
    return Edit.between(labels, box, flooded, where=empty)


def _flood(
    seeds: NDArray[Any],
    scan: NDArray[Any],
    spacing: tuple[float, ...],
    report: OnProgress,
    *,
    preview: bool,
) -> NDArray[Any]:
    limit = _PREVIEW_VOXELS if preview else _EXACT_VOXELS
    if seeds.size <= limit:
        return _watershed(scan, spacing, seeds, report)
    halved = _halved_axes(seeds.shape, spacing)
    coarse_seeds, coarse_scan = seeds, scan
    for place, axis in enumerate(halved):
        report(_HALVING * place / len(halved))
        coarse_seeds = np.maximum(*_pairs(coarse_seeds, axis))
        first, second = _pairs(coarse_scan, axis)
        # Far from its limit a preview leaves out every other voxel rather than average.
        skips = preview and seeds.size > 8 * limit
        coarse_scan = first if skips else (first + second) * np.float32(0.5)
    wide = _widened(spacing, halved)
    # A preview is as good as over when the coarse voxels are flooded.
    end = 1.0 if preview else _COARSE
    coarse_report = share_of(report, _HALVING, end)
    coarse = _flood(coarse_seeds, coarse_scan, wide, coarse_report, preview=preview)
    if preview:
        return _doubled(coarse, halved, seeds.shape)
    for _ in range(_NEAR_BORDER):
        coarse = coarse * _within(coarse)
    near = _doubled(coarse, halved, seeds.shape)
    seeds = np.where(seeds != 0, seeds, near)
    return _watershed(scan, spacing, seeds, share_of(report, _COARSE, 1.0))


def _near(
    seeded: NDArray[np.bool_],
    margin_mm: float,
    spacing: tuple[float, ...],
    report: OnProgress,
    *,
    preview: bool,
) -> NDArray[np.bool_]:
    if not preview or seeded.size <= _PREVIEW_VOXELS:
        return dilated(seeded, margin_mm, spacing, on_progress=report)
    halved = _halved_axes(seeded.shape, spacing)
    coarse = seeded
    for axis in halved:
        coarse = np.logical_or(*_pairs(coarse, axis))
    wide = _widened(spacing, halved)
    near = _near(coarse, margin_mm, wide, report, preview=True)
    return _doubled(near, halved, seeded.shape)


def _halved_axes(shape: tuple[int, ...], spacing: tuple[float, ...]) -> list[int]:
    # Thick slices wait until the voxels are about as long in their plane.
    long = [axis for axis, count in enumerate(shape) if count > 1]
    short = 1.5 * min((spacing[axis] for axis in long), default=0.0)
    return [axis for axis in long if spacing[axis] < short]


def _widened(spacing: tuple[float, ...], halved: Sequence[int]) -> tuple[float, ...]:
    return tuple(size * (2 if axis in halved else 1) for axis, size in enumerate(spacing))


def _pairs(array: NDArray[Any], axis: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return every first and every second voxel along an axis, the last one twice if need be."""
    view = np.moveaxis(array, axis, 0)
    first, second = view[0::2], view[1::2]
    if len(view) % 2:
        second = np.concatenate([second, view[-1:]])
    return np.moveaxis(first, 0, axis), np.moveaxis(second, 0, axis)


def _doubled(coarse: NDArray[Any], axes: Sequence[int], shape: tuple[int, ...]) -> NDArray[Any]:
    for axis in reversed(axes):
        coarse = np.repeat(coarse, 2, axis=axis)
    return coarse[tuple(slice(0, count) for count in shape)]


def _within(labels: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which voxels have none but their own label at their faces."""
    same = np.ones(labels.shape, dtype=bool)
    for axis in range(labels.ndim):
        ours, view = np.moveaxis(labels, axis, 0), np.moveaxis(same, axis, 0)
        equal = ours[1:] == ours[:-1]
        view[1:] &= equal
        view[:-1] &= equal
    return same


def _steepness(
    scan: NDArray[Any], spacing: tuple[float, ...], report: OnProgress = ignore_progress
) -> NDArray[np.uint8]:
    """Return the gradient's length in 255 steps, from none to about the steepest."""
    scan = _finite(scan)
    square = np.zeros(scan.shape, dtype=np.float32)
    for axis, size in enumerate(spacing):
        report(axis / scan.ndim)
        if scan.shape[axis] > 1:
            part = np.gradient(scan, np.float32(size), axis=axis)
            part *= part
            square += part
    np.sqrt(square, out=square)
    sample = square.reshape(-1)[:: max(1, square.size // _SAMPLED)]
    steepest = float(np.percentile(sample, _STEEPEST_PERCENT)) or float(square.max()) or 1.0
    square *= np.float32(255 / steepest)
    return np.minimum(square, np.float32(255), out=square).astype(np.uint8)


def _finite(scan: NDArray[Any]) -> NDArray[np.float32]:
    values = np.asarray(scan, dtype=np.float32)
    finite = np.isfinite(values)
    if finite.all():
        return values
    lowest = values[finite].min() if finite.any() else np.float32(0)
    return np.where(finite, values, lowest)


def _watershed(
    scan: NDArray[Any], spacing: tuple[float, ...], seeds: NDArray[Any], report: OnProgress
) -> NDArray[Any]:
    steepness = _steepness(scan, spacing, share_of(report, 0.0, _GRADIENT))
    flooding = sitk.MorphologicalWatershedFromMarkersImageFilter()
    flooding.SetMarkWatershedLine(False)
    flooding.SetFullyConnected(False)
    telling = share_of(report, _GRADIENT, 1.0)
    flooded = run_followed(
        flooding,
        sitk.sitkProgressEvent,
        run=lambda: flooding.Execute(*map(sitk.GetImageFromArray, (steepness, seeds))),
        tell=lambda: telling(flooding.GetProgress()),
        stop=flooding.Abort,
    )
    return np.asarray(sitk.GetArrayFromImage(flooded))
