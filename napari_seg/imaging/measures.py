"""Quantities of labels: volume, and what a scan shows inside them."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.scan import LabelMap, Scan

_LARGEST_COUNTED = 65535


@dataclass(frozen=True)
class LabelMeasure:
    """What was measured of one label.

    Parameters
    ----------
    value, name
        The label.
    volume_ml
        Voxels times the volume of one, in millilitres; 0 where the label is absent.
    mean_intensity
        Mean of the scan's finite voxels inside, in the scan's unit (HU for CT); of the first
        channel where there are several; ``nan`` where there is none.
    """

    value: int
    name: str
    volume_ml: float
    mean_intensity: float


def count_voxels(array: NDArray[Any]) -> dict[int, int]:
    """Count the voxels of each value other than 0 that occurs in whole numbers.

    Examples
    --------
    >>> count_voxels(np.array([[[0, 2, 2, 7]]]))
    {2: 2, 7: 1}
    """
    if array.size == 0:
        return {}
    if int(array.min()) < 0 or int(array.max()) > _LARGEST_COUNTED:
        values, counts = np.unique(array, return_counts=True)
    else:
        # Slice by slice: counting turns what it is given into numbers of eight bytes.
        counts = np.zeros(int(array.max()) + 1, dtype=np.int64)
        for part in np.moveaxis(array, -1, 0):
            # Older numpy counts no unsigned numbers of eight bytes.
            numbers = part.astype(np.intp, copy=False).ravel(order="K")
            counts += np.bincount(numbers, minlength=counts.size)
        values = np.flatnonzero(counts)
        counts = counts[values]
    return {int(v): int(n) for v, n in zip(values, counts, strict=True) if v != 0}


def volume_text(ml: float) -> str:
    """Say a volume in ml, and one that would be 0.00 ml in mm³.

    Examples
    --------
    >>> volume_text(2.3456), volume_text(0.003)
    ('2.35 ml', '3 mm³')
    """
    return f"{ml:.2f} ml" if ml >= 0.005 else f"{1000 * ml:.2g} mm³"


def signed_volume_text(ml: float) -> str:
    """Say a change of volume as `volume_text` says a volume, with its sign.

    Examples
    --------
    >>> signed_volume_text(2.3456), signed_volume_text(-0.003)
    ('+2.35 ml', '−3 mm³')
    """  # noqa: RUF002 - a minus sign
    sign = "+" if ml > 0 else "−"  # noqa: RUF001 - a minus sign
    return f"{sign}{volume_text(abs(ml))}"


def label_volumes(array: NDArray[Any], voxel_volume_ml: float) -> dict[int, float]:
    """Return the volume in ml of each value other than 0 that occurs in `array`."""
    return {value: count * voxel_volume_ml for value, count in count_voxels(array).items()}


def measure_labels(labels: LabelMap, scan: Scan) -> list[LabelMeasure]:
    """Measure each label of the table, in its order, and values that have no row after them.

    Raises
    ------
    ValueError
        If the labels are not on the scan's grid.
    """
    labels.require_grid(scan.geometry)
    volumes = label_volumes(labels.array, labels.geometry.voxel_volume_ml)
    table = labels.table.completed(volumes)
    intensity = scan.array if scan.array.ndim == 3 else scan.array[..., 0]
    means = _means(labels.array, intensity, list(volumes))
    return [
        LabelMeasure(
            label.value,
            label.name,
            volumes.get(label.value, 0.0),
            means.get(label.value, nan),
        )
        for label in table
    ]


def _means(labels: NDArray[Any], intensity: NDArray[Any], values: list[int]) -> dict[int, float]:
    # Positions within `values`, which stay small where the values do not.
    sums, counts = np.zeros(len(values) + 1), np.zeros(len(values) + 1)
    known = np.array([0, *values])
    for part, shown in zip(np.moveaxis(labels, -1, 0), np.moveaxis(intensity, -1, 0), strict=True):
        inside = (part != 0) & np.isfinite(shown)
        rows = np.searchsorted(known, part[inside])
        sums += np.bincount(rows, weights=shown[inside], minlength=sums.size)
        counts += np.bincount(rows, minlength=counts.size)
    return {
        value: float(total / count)
        for value, total, count in zip(values, sums[1:], counts[1:], strict=True)
        if count
    }
