"""Smooth the surface of one label, or of all together so that no gap opens between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.label_edits.apart import edit_apart
from napari_seg.imaging.label_edits.blur import blurred, reach_voxels
from napari_seg.imaging.label_edits.boxes import (
    Box,
    box_within,
    boxes_of,
    grown_box,
    require_size,
    require_spacing,
    voxels_in,
    whole_voxels,
)
from napari_seg.imaging.label_edits.edits import Edit
from napari_seg.imaging.progress import OnProgress, shares_of

# Shares nearer to a half than this are a tie, in which a voxel stays what it is.
_TIE = 1e-5
# Outside of its box a label is nowhere more than half of a window: no margin is needed.
_NONE = (0, 0, 0)


def smooth_median(
    labels: NDArray[Any],
    label: int,
    spacing: Sequence[float],
    radius_mm: float,
    *,
    on_progress: OnProgress | None = None,
) -> Edit:
    """Let each voxel be of a label if most of a window around it are.

    Parameters
    ----------
    labels
        Whole numbers of two or three axes; 0 is background. At an end of the scan its last voxels
        are thought to go on.
    label
        The label that is smoothed. It may gain voxels of others: see `edits.only_over`.
    spacing
        Length of a voxel along each axis in mm.
    radius_mm
        How far the window, a box, reaches to each side; cut to whole voxels.
    on_progress
        Called with fractions from 0 to 1; what it raises ends the work.

    Raises
    ------
    ValueError
        If no voxel holds the label, or the window holds no more than the voxel itself.

    Examples
    --------
    >>> labels = np.array([[0, 0, 0, 0], [1, 1, 1, 1], [1, 1, 0, 1], [1, 1, 1, 1]])
    >>> smooth_median(labels, 1, (1.0, 1.0), 1.0).applied(labels).tolist()
    [[0, 0, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]]
    """
    require_spacing(labels, spacing)
    require_size(radius_mm, "radius_mm")
    reach = whole_voxels(radius_mm, spacing)
    if not any(reach):
        raise ValueError(
            f"radius_mm must be at least one voxel, {min(spacing):g} mm, got {radius_mm:g}"
        )
    window = int(np.prod([2 * voxels + 1 for voxels in reach]))

    def smooth(box: Box, report: OnProgress) -> NDArray[Any]:
        inside = labels[box] == label
        counts = inside.astype(np.uint16 if window < 2**16 else np.uint32)
        for axis, (voxels, ends) in enumerate(zip(reach, _at_edge(box, labels.shape), strict=True)):
            report(axis / labels.ndim)
            counts = _window_sums(counts, axis, voxels, ends)
        return _become(labels, box, label, inside, counts > window // 2)

    return _apart(labels, label, smooth, reach, on_progress)


def smooth_gaussian(
    labels: NDArray[Any],
    label: int,
    spacing: Sequence[float],
    sigma_mm: float,
    *,
    on_progress: OnProgress | None = None,
) -> Edit:
    """Blur a label and keep where more than half is left of it.

    Parameters
    ----------
    labels, label, spacing, on_progress
        As in `smooth_median`.
    sigma_mm
        Standard deviation of the blur. What is much thinner vanishes.

    Raises
    ------
    ValueError
        If no voxel holds the label, or a length is negative or missing.
    """
    require_spacing(labels, spacing)
    require_size(sigma_mm, "sigma_mm")
    sigma = [sigma_mm / size for size in spacing]

    def smooth(box: Box, report: OnProgress) -> NDArray[Any]:
        inside = labels[box] == label
        ends = _at_edge(box, labels.shape)
        share = blurred(inside.astype(np.float32), sigma, ends, on_progress=report)
        more_than_half = share > np.where(inside, np.float32(0.5 - _TIE), np.float32(0.5 + _TIE))
        return _become(labels, box, label, inside, more_than_half)

    return _apart(labels, label, smooth, reach_voxels(sigma), on_progress)


def smooth_together(
    labels: NDArray[Any],
    spacing: Sequence[float],
    sigma_mm: float,
    *,
    on_progress: OnProgress | None = None,
) -> Edit:
    """Smooth all labels at once: touching labels go on touching, without a gap or an overlap.

    What is labelled at all is smoothed like one label, as in `smooth_gaussian`; inside, each voxel
    gets the label whose blur is the strongest.

    Parameters
    ----------
    labels, spacing, sigma_mm, on_progress
        As in `smooth_gaussian`.

    Raises
    ------
    ValueError
        If every voxel is background, or a length is negative or missing.
    """
    require_spacing(labels, spacing)
    require_size(sigma_mm, "sigma_mm")
    sigma = [sigma_mm / size for size in spacing]

    def smooth(outer: Box, report: OnProgress) -> NDArray[Any]:
        return _smooth_together(labels, outer, sigma, report)

    return _apart(labels, None, smooth, reach_voxels(sigma), on_progress)


def _smooth_together(
    labels: NDArray[Any], outer: Box, sigma: Sequence[float], report: OnProgress
) -> NDArray[Any]:
    before = labels[outer]
    total, strongest = np.zeros((2, *before.shape), dtype=np.float32)
    winner = np.zeros(before.shape, dtype=labels.dtype)
    parts = {
        label: grown_box(tight, reach_voxels(sigma), before.shape)
        for label, tight in boxes_of(before).items()
    }
    reports = shares_of(report, [*map(voxels_in, parts.values())])
    for (label, part), of_label in zip(parts.items(), reports, strict=True):
        own = before[part] == label
        ends = _at_edge(box_within(part, outer), labels.shape)
        share = blurred(own.astype(np.float32), sigma, ends, on_progress=of_label)
        total[part] += share
        # In a tie a voxel stays what it is.
        share += own * np.float32(_TIE)
        np.copyto(winner[part], _as(labels, label), where=share > strongest[part])
        np.maximum(strongest[part], share, out=strongest[part])
    winner[total < np.where(before != 0, np.float32(0.5 - _TIE), np.float32(0.5 + _TIE))] = 0
    return winner


def _apart(
    labels: NDArray[Any],
    label: int | None,
    smooth: Callable[[Box, OnProgress], NDArray[Any]],
    reach: Sequence[int],
    on_progress: OnProgress | None,
) -> Edit:
    # Pieces further apart than one reach, half on either side, do not see each other.
    half = [(voxels + 1) // 2 for voxels in reach]
    none = _NONE[: labels.ndim]
    return edit_apart(labels, label, smooth, reach=half, margin=none, on_progress=on_progress)


def _become(
    labels: NDArray[Any],
    box: Box,
    label: int,
    inside: NDArray[np.bool_],
    becomes: NDArray[np.bool_],
) -> NDArray[Any]:
    values = np.where(becomes, _as(labels, label), labels[box])
    values[inside & ~becomes] = 0
    return values


def _as(labels: NDArray[Any], value: int) -> NDArray[Any]:
    return np.asarray(value, dtype=labels.dtype)


def _at_edge(box: Box, shape: Sequence[int]) -> list[tuple[bool, bool]]:
    return [(part.start == 0, part.stop == count) for part, count in zip(box, shape, strict=True)]


def _window_sums(
    counts: NDArray[Any], axis: int, reach: int, at_edge: tuple[bool, bool]
) -> NDArray[Any]:
    if reach == 0:
        return counts
    length = counts.shape[axis]
    places = np.arange(-reach - 1, length + reach)
    padded = np.take(counts, np.clip(places, 0, length - 1), axis=axis)
    view = np.moveaxis(padded, axis, 0)
    view[0] = 0
    for outside, goes_on in ((places < 0, at_edge[0]), (places >= length, at_edge[1])):
        if not goes_on:
            view[outside] = 0
    # Sums may run over the type's end: the differences are right all the same.
    np.add.accumulate(padded, axis=axis, dtype=padded.dtype, out=padded)
    view = np.moveaxis(padded, axis, 0)
    return np.moveaxis(view[2 * reach + 1 :] - view[: -2 * reach - 1], 0, axis)
