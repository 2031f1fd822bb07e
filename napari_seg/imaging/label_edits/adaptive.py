"""The adaptive brush: it stops at the edges of the scan in the patch under it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.label_edits.boxes import Patch
from napari_seg.imaging.label_edits.brushes import narrowed
from napari_seg.imaging.label_edits.pieces import find_pieces

# Two tissues are told apart if they differ by this many times the noise.
_CONTRAST_TO_NOISE = 4.0
# A few voxels are no tissue. Between two that are told apart already, more voxels are needed or
# such as differ by little more than the noise: else they are the common border.
_LEAST_SHARE = 0.005
_LEAST_SHARE_BETWEEN = 0.05
_EVEN = 1.5 / _CONTRAST_TO_NOISE
# The noise of a float scan is thought to be at least this share of the intensities in the patch.
_LEAST_NOISE = 0.02
# So many voxels of a large patch are enough to tell tissues apart.
_SAMPLED = 10_000
# What is enclosed is painted, too, unless it is more than this share of the patch.
_LARGEST_SPECK = 0.02
# Median of the difference of two samples of noise, as a share of its standard deviation.
_NOISE_MEDIAN = 0.6745 * np.sqrt(2)


def adapted(
    patch: Patch, scan: NDArray[Any], centre: Sequence[float], spacing: Sequence[float]
) -> Patch:
    """Return the voxels under a brush that belong to what lies under its centre.

    The intensities under the brush are split where darker or brighter tissue begins, if it differs
    clearly from the noise; what is connected with the centre inside the split stays.

    Parameters
    ----------
    patch
        What the brush touches, from `brushes.brush`.
    scan
        Intensities, of the shape of the labels. What is no number is never painted.
    centre
        Place of the brush's centre in voxels.
    spacing
        Length of a voxel along each axis in mm.

    Raises
    ------
    ValueError
        If the scan has not as many axes as the patch.

    Examples
    --------
    >>> scan = np.array([[10.0, 11.0, 10.0, 50.0, 51.0, 10.0]])
    >>> everywhere = Patch((slice(0, 1), slice(0, 6)), np.ones((1, 6), dtype=bool))
    >>> adapted(everywhere, scan, (0, 1), (1, 1)).box[1]
    slice(0, 3, None)
    """
    if scan.ndim != patch.mask.ndim:
        raise ValueError(f"scan must have {patch.mask.ndim} axes, got {scan.ndim}")
    if not patch.mask.any():
        return patch
    intensity = np.asarray(scan[patch.box], dtype=np.float32)
    usable = patch.mask & np.isfinite(intensity)
    start = np.array([part.start for part in patch.box])
    distance = _distance_mm(intensity.shape, np.asarray(centre) - start, spacing)
    if not usable.any():
        return narrowed(patch, usable)
    least_noise = (
        1.0 if scan.dtype.kind in "ui" else _LEAST_NOISE * float(np.ptp(intensity[usable]))
    )
    low, high = _tissue_range(intensity, usable, distance, least_noise)
    inside = usable & (intensity >= low) & (intensity <= high)
    # The nearest voxel of that tissue: the centre's own one may be noise.
    nearest = np.unravel_index(int(np.where(inside, distance, np.inf).argmin()), inside.shape)
    pieces = find_pieces(inside, touching="faces")
    found = pieces.chosen(np.arange(pieces.sizes.size) == pieces.at(np.array([nearest]))[0])
    connected = np.zeros(inside.shape, dtype=bool)
    connected[found.box] = found.mask
    return narrowed(patch, _with_specks(connected, usable))


def _distance_mm(
    shape: tuple[int, ...], centre: NDArray[np.float64], spacing: Sequence[float]
) -> NDArray[np.float64]:
    grids = np.meshgrid(
        *(
            (np.arange(count) - at) * size
            for count, at, size in zip(shape, centre, spacing, strict=True)
        ),
        indexing="ij",
        sparse=True,
    )
    square = np.zeros(shape)
    for grid in grids:
        square += grid**2
    return np.sqrt(square)


def _tissue_range(
    intensity: NDArray[np.float32],
    usable: NDArray[np.bool_],
    distance: NDArray[np.float64],
    least_noise: float,
) -> tuple[float, float]:
    values, apart = intensity[usable], distance[usable]
    core_size = max(values.size // 20, min(5, values.size))
    core = values[np.argpartition(apart, core_size - 1)[:core_size]]
    values = np.sort(values[:: max(1, values.size // _SAMPLED)])
    level = float(np.median(core))
    contrast = _CONTRAST_TO_NOISE * _noise(intensity, usable, least_noise)
    darker = _next_tissue(-values[values <= level][::-1], contrast, values.size)
    brighter = _next_tissue(values[values >= level], contrast, values.size)
    return -darker, brighter


def _noise(intensity: NDArray[np.float32], usable: NDArray[np.bool_], least: float) -> float:
    differences = []
    for axis in range(intensity.ndim):
        values, counts = np.moveaxis(intensity, axis, 0), np.moveaxis(usable, axis, 0)
        both = counts[1:] & counts[:-1]
        differences.append(np.abs(values[1:] - values[:-1])[both])
    steps = np.concatenate(differences)
    steps = steps[:: max(1, steps.size // _SAMPLED)]
    return max(float(np.median(steps)) / _NOISE_MEDIAN if steps.size else 0.0, least)


def _next_tissue(values: NDArray[np.float32], contrast: float, in_patch: int) -> float:
    """Return where the next brighter tissue begins; infinity where there is none.

    The values are sorted and begin with the tissue under the brush. They are split where the means
    of both parts differ most (Otsu), and the lower part again as long as it holds two tissues.
    """
    limit = np.inf
    values = values.astype(np.float64)
    least = max(2.0, _LEAST_SHARE * in_patch)
    while values.size > least:
        sums = np.cumsum(values)
        below = np.arange(1, values.size)
        above = values.size - below
        mean_below, mean_above = sums[:-1] / below, (sums[-1] - sums[:-1]) / above
        best = int((below * above * (mean_above - mean_below) ** 2).argmax())
        if mean_above[best] - mean_below[best] < contrast or above[best] < least:
            break
        few = above[best] < _LEAST_SHARE_BETWEEN * in_patch
        if limit < np.inf and few and values[best + 1 :].std() > _EVEN * contrast:
            break
        limit = float(values[best] + values[best + 1]) / 2
        values = values[: best + 1]
    return limit


def _with_specks(inside: NDArray[np.bool_], usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Add what is enclosed and small: noise, not another tissue."""
    # A brush in one slice of a volume is as flat as one in a picture.
    axes = [count for count in inside.shape if count > 1]
    is_flat = len(axes) < 3
    filled = inside.reshape((1,) * (3 - len(axes)) + tuple(axes)).copy()
    around = find_pieces(~filled, touching="faces")
    small = around.sizes <= max(1, round(_LARGEST_SPECK * inside.size))
    specks = around.chosen(small & ~around.touches_border(in_planes=is_flat))
    filled[specks.box] |= specks.mask
    return filled.reshape(inside.shape) & usable
