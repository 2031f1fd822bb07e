"""Where the voxels of a scan lie: a shape, and an affine to RAS+ millimetres."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from nibabel.orientations import aff2axcodes
from numpy.typing import ArrayLike, NDArray

Region = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
"""Half-open ranges of voxel indices, ``(start, stop)`` for each of i, j and k."""

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""Turns the millimetres of DICOM and ITK (left, posterior, superior) into ours, and back."""

# NIfTI stores float32: half a metre from the origin that is 3e-5 mm.
_SAME_PLACE_MM = 1e-3


@dataclass(frozen=True, eq=False)
class Geometry:
    """A grid of voxels in the patient.

    Parameters
    ----------
    shape
        Voxels along ``(i, j, k)``, each at least 1.
    affine
        ``(4, 4)``; maps the index of a voxel's centre to RAS+ millimetres. Kept as a read-only
        copy.

    Raises
    ------
    ValueError
        If the shape is not three positive counts, or the affine is not finite and invertible.

    Examples
    --------
    >>> Geometry((10, 10, 4), np.diag([1.0, 1.0, 3.0, 1.0])).spacing
    (1.0, 1.0, 3.0)
    """

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]

    def __post_init__(self) -> None:
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise ValueError(f"shape must be three positive counts, got {tuple(self.shape)}")
        affine = np.array(self.affine, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all():
            raise ValueError("affine must be a (4, 4) matrix of finite numbers")
        if not np.allclose(affine[3], (0, 0, 0, 1)):
            raise ValueError(f"the last row of the affine must be 0 0 0 1, got {affine[3]}")
        with np.errstate(over="ignore"):
            lengths = np.linalg.norm(affine[:3, :3], axis=0)
        if (
            not 0 < lengths.min() <= lengths.max() < np.inf
            or abs(np.linalg.det(affine[:3, :3] / lengths)) < 1e-6
        ):
            raise ValueError("affine is singular: its axes do not span three dimensions")
        affine.flags.writeable = False
        object.__setattr__(self, "affine", affine)
        i, j, k = (int(count) for count in self.shape)
        object.__setattr__(self, "shape", (i, j, k))

    def __str__(self) -> str:
        spacing = " x ".join(f"{size:.4g}" for size in self.spacing)
        start = ", ".join(f"{place:.4g}" for place in self.affine[:3, 3])
        return (
            f"{self.shape} voxels of {spacing} mm at ({start}) mm, axes {''.join(self.axis_codes)}"
        )

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Distance between neighbouring voxels along i, j and k, in mm."""
        i, j, k = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(i), float(j), float(k)

    @property
    def voxel_volume_ml(self) -> float:
        """Volume of one voxel in millilitres, shear included."""
        return abs(float(np.linalg.det(self.affine[:3, :3]))) / 1000

    @cached_property
    def axis_codes(self) -> tuple[str, str, str]:
        """The side of the patient that i, j and k run towards, such as ``("R", "A", "S")``."""
        i, j, k = aff2axcodes(self.affine)
        return str(i), str(j), str(k)

    def to_mm(self, index: ArrayLike) -> NDArray[np.float64]:
        """Return RAS+ millimetres for voxel indices of shape ``(..., 3)``."""
        return _apply(self.affine, index)

    def to_index(self, mm: ArrayLike) -> NDArray[np.float64]:
        """Return fractional voxel indices for RAS+ millimetres of shape ``(..., 3)``."""
        return _apply(np.linalg.inv(self.affine), mm)

    def largest_shift_mm(self, other: Geometry) -> float:
        """Return how far apart the corners lie that this grid and one of equal shape share."""
        corners = _corner_indices(self.shape)
        shifts = np.linalg.norm(self.to_mm(corners) - other.to_mm(corners), axis=1)
        return float(shifts.max())

    def matches(self, other: Geometry, *, tolerance_mm: float = _SAME_PLACE_MM) -> bool:
        """Tell whether `other` has the same shape and its corners lie at the same places."""
        return self.shape == other.shape and self.largest_shift_mm(other) <= tolerance_mm

    def shear(self) -> tuple[float, float]:
        """Return how far the axes are from right angles.

        Returns
        -------
        degrees, drift_mm
            The largest lack of a right angle between two axes; and how far a corner moves, about
            the middle, where the grid is straightened.
        """
        lengths = np.linalg.norm(self.affine[:3, :3], axis=0)
        directions = self.affine[:3, :3] / lengths
        cosines = np.abs(directions.T @ directions)[[0, 0, 1], [1, 2, 2]]
        left, _, right = np.linalg.svd(directions)
        from_middle = _corner_indices(self.shape) - (np.asarray(self.shape) - 1) / 2
        drifts = (from_middle * lengths) @ (directions - left @ right).T
        degrees = np.degrees(np.arcsin(min(float(cosines.max()), 1.0)))
        return float(degrees), float(np.linalg.norm(drifts, axis=1).max())

    def crop(self, region: Region) -> Geometry:
        """Return the grid of the voxels inside `region`, which must lie within the shape."""
        affine = self.affine.copy()
        affine[:3, 3] = self.to_mm([start for start, _ in region])
        i, j, k = (stop - start for start, stop in region)
        return Geometry((i, j, k), affine)


def clip_region(region: Region, shape: tuple[int, int, int]) -> Region:
    """Cut `region` to what lies inside a grid.

    Raises
    ------
    ValueError
        If nothing of it is inside.

    Examples
    --------
    >>> clip_region(((-3, 4), (2, 99), (0, 1)), (10, 10, 10))
    ((0, 4), (2, 10), (0, 1))
    """
    i, j, k = (
        (max(int(start), 0), min(int(stop), count))
        for (start, stop), count in zip(region, shape, strict=True)
    )
    if any(start >= stop for start, stop in (i, j, k)):
        raise ValueError(
            f"the region {_ranges(region)} holds no voxel of the scan, whose shape is {shape}"
        )
    return i, j, k


def _ranges(region: Region) -> str:
    return ", ".join(f"{start}:{stop}" for start, stop in region)


def _apply(affine: NDArray[Any], points: ArrayLike) -> NDArray[np.float64]:
    moved: NDArray[np.float64] = np.asarray(points, dtype=np.float64) @ affine[:3, :3].T
    moved += affine[:3, 3]
    return moved


def _corner_indices(shape: tuple[int, int, int]) -> NDArray[Any]:
    return np.stack(np.meshgrid(*[(0, count - 1) for count in shape]), axis=-1).reshape(-1, 3)
