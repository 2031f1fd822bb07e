"""Guess by the voxels alone whether they were drawn, as labels are, or measured, as scans are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Neighbours inside one structure are equal; those of a scan rarely are, for noise.
_EQUAL_SHARE = 0.8


def look_drawn(array: NDArray[Any]) -> bool:
    """Tell whether whole numbers fill areas of one value, as labels do.

    Parameters
    ----------
    array
        ``(i, j, k)``; 0 counts as background and is left out.

    Returns
    -------
    bool
        Whether most neighbours that are not background are equal. True, too, where no two voxels
        of the foreground touch: dots are rather drawn than measured.
    """
    touching = equal = 0
    for axis in range(array.ndim):
        along = np.moveaxis(array, axis, 0)
        first, second = along[:-1], along[1:]
        both = (first != 0) & (second != 0)
        touching += int(np.count_nonzero(both))
        equal += int(np.count_nonzero(both & (first == second)))
    return equal >= _EQUAL_SHARE * touching
