"""Bring slices that miss neighbours, lie unevenly or lean to an even upright grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_seg.imaging.dicom.stack import Stack

# In pixels: headers round the places of slices, so that an edge may lie that far outside.
_SAME_PLACE = 1e-3


def resample_slices(slices: Sequence[NDArray[Any]], stack: Stack) -> NDArray[Any]:
    """Bring slices ``(i, j)`` to the even upright grid of a stack with a defect.

    Voxels between slices are interpolated linearly; those that no slice covers get the lowest
    value of all slices.
    """
    lowest = min(one.min() for one in slices)
    whole = np.issubdtype(slices[0].dtype, np.integer)
    array = np.empty(stack.geometry.shape, dtype=slices[0].dtype, order="F")
    heights = stack.places[:, 2]
    held: dict[int, NDArray[Any]] = {}
    for k in range(array.shape[2]):
        below = min(max(int(np.searchsorted(heights, k + 1e-6)) - 1, 0), len(slices) - 2)
        for index in (below, below + 1):
            if index not in held:
                held[index] = _placed(slices[index], stack, index, float(lowest))
        held = {index: held[index] for index in (below, below + 1)}
        share = np.clip((k - heights[below]) / (heights[below + 1] - heights[below]), 0, 1)
        blend = _blend(held[below], held[below + 1], float(share))
        array[..., k] = np.rint(blend) if whole else blend
    return array


def _blend(below: NDArray[Any], above: NDArray[Any], share: float) -> NDArray[Any]:
    if share in (0, 1):
        # What is not finite in the other slice stays out of this one.
        return above if share else below
    return (1 - share) * below + share * above


def _placed(one: NDArray[Any], stack: Stack, index: int, lowest: float) -> NDArray[Any]:
    grown = np.subtract(stack.geometry.shape[:2], one.shape)
    shift = stack.places[index, :2]
    # Its edge goes on, so that a pixel at it is not blended with what it does not cover.
    placed = np.pad(one.astype(np.float64), [(0, int(more)) for more in grown], mode="edge")
    if np.abs(shift).max() > _SAME_PLACE:
        placed = ndimage.shift(placed, shift, order=1, mode="nearest")
    for axis, (size, more) in enumerate(zip(one.shape, shift, strict=True)):
        inside = np.arange(placed.shape[axis]) - more
        outside = (inside < -_SAME_PLACE) | (inside > size - 1 + _SAME_PLACE)
        np.moveaxis(placed, axis, 0)[outside] = lowest
    return placed
