"""Which values of a scan are shown from dark to bright."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.scan import Notice, Scan

SOFT_TISSUE_HU = (-160.0, 240.0)
# Air is -1000 HU, and only metal is above 4000: values that reach so low are a CT's.
_AIR_HU, _METAL_HU = -900, 4000
_LOOKED_AT = 1_000_000


def contrast_limits(scan: Scan) -> tuple[float, float]:
    """Choose the darkest and the brightest value to show.

    A CT gets the soft-tissue window; any other scan its 1st to 99.5th percentile above the
    background, so that a few bright voxels or a wide empty margin do not decide.
    """
    if is_ct(scan) and not is_in_other_unit(scan.notices):
        return SOFT_TISSUE_HU
    values = _sample(scan.array)
    if not values.size:
        return 0.0, 1.0
    lowest = values.min()
    inside = values[values > lowest]
    if not inside.size:
        return float(lowest), float(lowest) + 1
    low, high = np.percentile(inside, (1, 99.5))
    if lowest == 0:
        low = 0
    return float(low), float(high) if high > low else float(low) + 1


def is_in_other_unit(notices: Iterable[Notice]) -> bool:
    """Tell whether the values of a CT are none in HU, or perhaps none, by what was noticed."""
    return any(notice.code in ("other-unit", "no-rescaling") for notice in notices)


def value_range(scan: Scan) -> tuple[float, float]:
    """Return the least and the greatest finite value; they differ by something."""
    values = scan.array
    if not values.size:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        # Most scans hold no NaN, and to look for it takes as long as all the rest.
        finite = np.isfinite(values)
        if not finite.any():
            return 0.0, 1.0
        low = float(values.min(where=finite, initial=np.inf))
        high = float(values.max(where=finite, initial=-np.inf))
    return low, high if high > low else low + 1


def is_ct(scan: Scan) -> bool:
    """Tell whether a scan is a CT: by its modality, else by its values."""
    if scan.source.modality is not None:
        return scan.source.modality == "CT"
    return holds_hounsfield_units(scan.array)


def holds_hounsfield_units(array: NDArray[Any]) -> bool:
    """Tell whether values ``(i, j, k)`` look like those of a CT."""
    if array.ndim != 3 or array.dtype.kind not in "if":
        return False
    values = _sample(array)
    return bool(values.size and values.min() <= _AIR_HU and np.percentile(values, 99) < _METAL_HU)


def _sample(array: NDArray[Any]) -> NDArray[Any]:
    step = max(1, round((array.size / _LOOKED_AT) ** (1 / 3)))
    few = array[::step, ::step, ::step]
    finite: NDArray[Any] = few[np.isfinite(few)]
    return finite
