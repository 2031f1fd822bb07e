"""What must hold of voxels before they count as labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.geometry import Region

_ROUNDING = 1e-2
_TOO_LARGE = 2.0**64


def whole_numbers(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Return voxels as labels in the smallest unsigned type that holds them.

    Parameters
    ----------
    array
        Whole numbers, or fractions within 0.01 of them, which are rounded.
    name
        What to call the file in an error.

    Raises
    ------
    ValueError
        If they hold channels, fractions, or values below 0 or beyond 64 bits.
    """
    if array.ndim != 3:
        raise ValueError(
            f"'{name}' holds {array.shape[3]} channels, but labels need one whole number a voxel; "
            "save one volume as a file of its own"
        )
    if array.dtype.kind == "f":
        rounded = np.rint(array)
        with np.errstate(invalid="ignore"):
            # Written so that NaN and infinity fail too.
            are_whole = (np.abs(array - rounded) <= _ROUNDING).all()
        if not are_whole:
            raise ValueError(
                f"'{name}' holds no labels: its voxels are not whole numbers; "
                "open it as a scan instead"
            )
        if array.max() >= _TOO_LARGE:
            raise ValueError(
                f"'{name}' holds no labels: its largest voxel is {array.max():g}, more than a "
                "whole number of 64 bits; open it as a scan instead"
            )
        array = rounded
    if array.min() < 0:
        raise ValueError(
            f"'{name}' holds no labels: its smallest voxel is {array.min():g}, "
            "and labels start at 0; open it as a scan instead"
        )
    return smallest(array)


def smallest(array: NDArray[Any]) -> NDArray[Any]:
    """Return whole numbers from 0 in the smallest unsigned type that holds them."""
    return array.astype(np.min_scalar_type(int(array.max())), copy=False)


def region_of(mask: NDArray[np.bool_]) -> Region | None:
    """Return the box around what is true in ``(i, j, k)``; None where nothing is.

    Examples
    --------
    >>> mask = np.zeros((4, 5, 6), bool)
    >>> mask[1, 2:4, 5] = True
    >>> region_of(mask)
    ((1, 2), (2, 4), (5, 6))
    """
    ranges = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        places = np.flatnonzero(mask.any(axis=others))
        if places.size == 0:
            return None
        ranges.append((int(places[0]), int(places[-1]) + 1))
    i, j, k = ranges
    return i, j, k
