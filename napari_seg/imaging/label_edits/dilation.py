"""Exact growth of a mask by a length in mm, eight voxels at a time."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, sqrt

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.label_edits.boxes import whole_voxels
from napari_seg.imaging.progress import OnProgress, ignore_progress

# A voxel at exactly the reach counts, whatever the rounding of its distance.
_SLACK = 1 + 1e-9


def dilated(
    mask: NDArray[np.bool_],
    reach_mm: float,
    spacing: Sequence[float],
    *,
    on_progress: OnProgress | None = None,
) -> NDArray[np.bool_]:
    """Return the voxels whose centre lies within a length of the centre of a voxel of a mask.

    The mask is packed into bits, so that one operation of the processor moves some hundred
    voxels; its cost goes with the square of the reach, a distance map's with the volume alone,
    yet up to some 50 voxels this is the faster.

    Parameters
    ----------
    mask
        Of two or three axes.
    reach_mm
        The length.
    spacing
        Length of a voxel along each axis in mm.
    on_progress
        Called with fractions from 0 to 1; what it raises ends the work.

    Returns
    -------
    NDArray
        Of the mask's shape: what would lie outside is cut off.

    Examples
    --------
    >>> dilated(np.array([[False, False, True, False]]), 1.0, (5.0, 1.0)).tolist()
    [[False, True, True, True]]
    """
    if mask.ndim == 2:
        grown = dilated(mask[np.newaxis], reach_mm, (1.0, *spacing), on_progress=on_progress)
        return np.asarray(grown[0])
    report = on_progress or ignore_progress
    first_reach, second_reach, last_reach = (
        min(voxels, count - 1)
        for voxels, count in zip(whole_voxels(reach_mm, spacing), mask.shape, strict=True)
    )
    # Empty bytes after each line's block take up what a move along the second axis pushes out.
    packed = np.packbits(mask, axis=-1)
    planes, lines, width = packed.shape
    stages = _stretched(np.pad(packed, ((0, 0), (0, second_reach), (0, 0))), last_reach)
    plane = (lines + second_reach) * width
    result = np.zeros(planes * plane, dtype=np.uint8)
    for first in range(first_reach + 1):
        one = np.zeros_like(result)
        for second in range(second_reach + 1):
            report((first + second / (second_reach + 1)) / (first_reach + 1))
            half = _half_length(reach_mm, spacing, first, second)
            if half is not None:
                stage = stages[min(half, last_reach)]
                for offset in {second, -second}:
                    _merge_moved(one, stage, offset * width)
        for offset in {first, -first}:
            _merge_moved(result, one, offset * plane)
    unpadded = result.reshape(planes, lines + second_reach, width)[:, :lines]
    return np.unpackbits(unpadded, axis=-1, count=mask.shape[-1]).view(bool)


def _half_length(reach_mm: float, spacing: Sequence[float], first: int, second: int) -> int | None:
    left = reach_mm**2 * _SLACK - (first * spacing[0]) ** 2 - (second * spacing[1]) ** 2
    return None if left < 0 else floor(sqrt(left) / spacing[2])


def _merge_moved(result: NDArray[np.uint8], flat: NDArray[np.uint8], offset: int) -> None:
    if offset >= 0:
        np.bitwise_or(result[offset:], flat[: flat.size - offset], out=result[offset:])
    else:
        np.bitwise_or(result[:offset], flat[-offset:], out=result[:offset])


def _stretched(packed: NDArray[np.uint8], reach: int) -> list[NDArray[np.uint8]]:
    """Return the packed mask stretched along its last axis by 0, 1, 2, … voxels, each flat."""
    stages = [packed]
    for _ in range(reach):
        before = stages[-1]
        after: NDArray[np.uint8] = before | (before << np.uint8(1)) | (before >> np.uint8(1))
        after[..., :-1] |= before[..., 1:] >> np.uint8(7)
        after[..., 1:] |= before[..., :-1] << np.uint8(7)
        stages.append(after)
    return [stage.reshape(-1) for stage in stages]
