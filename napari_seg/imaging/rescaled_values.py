"""What holds the values that a slope and an intercept make of stored numbers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from napari_seg.imaging.scan import Notice

# 24 bits of a float32 hold every value of up to 16 bits, and tell them apart that far from zero.
_STEPS_FROM_ZERO = 1 << 17
_LARGEST_FLOAT32 = float(np.finfo(np.float32).max)
# So do 53 bits of a float64.
_STEPS_FROM_ZERO_AT_MOST = 1 << 52


def float_type(
    stored: np.dtype[Any], scalings: Collection[tuple[float, float]]
) -> np.dtype[np.floating[Any]]:
    """Return the smallest floating-point type, float32 at least, that holds rescaled values.

    Parameters
    ----------
    stored
        Of the numbers before.
    scalings
        Finite slopes and intercepts; a slope is not 0.
    """
    largest = 1.0 if stored.kind == "f" else float(np.iinfo(stored).max)
    is_narrow = all(
        abs(intercept) <= _STEPS_FROM_ZERO * abs(slope)
        and abs(slope) * largest + abs(intercept) <= _LARGEST_FLOAT32
        for slope, intercept in scalings
    )
    return np.result_type(stored, np.float32 if is_narrow else np.float64)


def far_from_zero(scalings: Collection[tuple[float, float]]) -> tuple[Notice, ...]:
    """Say that an intercept is so large that the values beside it are lost."""
    if all(
        abs(intercept) <= _STEPS_FROM_ZERO_AT_MOST * abs(slope) for slope, intercept in scalings
    ):
        return ()
    message = (
        "the header adds so large a number to its values that they can hardly be told apart "
        "after it: it may be damaged"
    )
    return (Notice("odd-intercept", message),)
