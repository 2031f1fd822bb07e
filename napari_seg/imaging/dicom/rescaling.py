"""Make what it means (HU for CT) of what a DICOM slice stores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.dicom.slice_header import SliceHeader
from napari_seg.imaging.rescaled_values import float_type


@dataclass(frozen=True, eq=False)
class StoredSlice:
    """A slice as it is stored: ``(rows, columns)``, or ``(rows, columns, 3)`` for colours.

    Parameters
    ----------
    header, values
        What is said of it, and its voxels.
    is_mapped
        Whether the values are what a Modality LUT, which stands for slope and intercept, makes of
        the stored ones.
    """

    header: SliceHeader
    values: NDArray[Any]
    is_mapped: bool = False

    @property
    def slope(self) -> float:
        """What a stored value is multiplied by; a slope of 0, which is none, counts as 1."""
        return 1.0 if self._is_final else self.header.slope or 1.0

    @property
    def intercept(self) -> float:
        """What is added then."""
        return 0.0 if self._is_final else self.header.intercept or 0.0

    @property
    def _is_final(self) -> bool:
        return self.is_mapped or self.values.ndim == 3

    def is_copy_of(self, other: StoredSlice) -> bool:
        """Whether both mean the same voxels."""
        return (self.slope, self.intercept) == (other.slope, other.intercept) and np.array_equal(
            self.values, other.values
        )


def rescaled_slices(stored: Sequence[StoredSlice]) -> Iterator[NDArray[Any]]:
    """Apply slope and intercept, in the smallest signed type that holds every slice.

    Gives one array ``(i, j)``, or ``(i, j, 3)``, at a time, in the order given.
    """
    if stored[0].values.ndim == 3:
        yield from (np.swapaxes(one.values, 0, 1) for one in stored)
        return
    dtype = _whole_type(stored) or _floating_type(stored)
    wide = np.float64 if dtype.kind == "f" else np.int64
    for one in stored:
        slope, intercept = wide(one.slope), wide(one.intercept)
        yield (one.values.astype(wide) * slope + intercept).astype(dtype).T


def _whole_type(stored: Sequence[StoredSlice]) -> np.dtype[Any] | None:
    """Return what holds whole values, None where there are fractions or some are too large."""
    if any(
        one.slope != 1 or not one.intercept.is_integer() or one.values.dtype.kind == "f"
        for one in stored
    ):
        return None
    added = [int(one.intercept) for one in stored]
    low = min(int(one.values.min()) + number for one, number in zip(stored, added, strict=True))
    high = max(int(one.values.max()) + number for one, number in zip(stored, added, strict=True))
    bounds = np.iinfo(np.int64)
    if min(low, *added) < bounds.min or max(high, *added) > bounds.max:
        return None
    return np.result_type(np.int16, np.min_scalar_type(low), _signed_type(high))


def _floating_type(stored: Sequence[StoredSlice]) -> np.dtype[Any]:
    scalings = {(one.slope, one.intercept) for one in stored}
    return np.result_type(*{float_type(one.values.dtype, scalings) for one in stored})


def _signed_type(high: int) -> np.dtype[Any]:
    # The negative twin needs the same signed type.
    return np.min_scalar_type(-high - 1) if high >= 0 else np.min_scalar_type(high)
