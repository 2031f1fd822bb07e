"""Scales from stored values to those of the real world, such as SUV, beside the rescaling."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pydicom


def has_other_values(
    mappings: Iterable[pydicom.Dataset], slope: float | None, intercept: float | None
) -> bool:
    """Tell whether a mapping leads to other values than the rescaling does.

    Parameters
    ----------
    mappings
        The items of RealWorldValueMappingSequence.
    slope, intercept
        Of the rescaling; None where it is not stated.
    """
    rescaling = (slope or 1.0, intercept or 0.0)
    for item in mappings:
        stated = item.get("RealWorldValueSlope")
        # A table of values has no slope.
        if stated is None:
            return True
        mapping = (float(stated), float(item.get("RealWorldValueIntercept") or 0.0))
        if not np.allclose(mapping, rescaling):
            return True
    return False
