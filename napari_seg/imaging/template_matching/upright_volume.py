"""A scan brought onto an upright grid of a few millimetres, to be compared with a template."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_seg.imaging.geometry import Geometry

# The brightest voxels (fat, vessels, metal) would set the scale of all others.
_DARKEST, _BRIGHTEST = 1.0, 99.5
_FLATTENING_MM = 25.0
# Beyond it is the mark of "no data" (the ends of float32), whose sums overflow.
_LARGEST = 1e30


@dataclass(frozen=True, eq=False)
class UprightVolume:
    """Voxels on a grid that runs right, anterior and superior, with one spacing.

    Attributes
    ----------
    array
        float32 ``(i, j, k)``.
    inside
        Where the scan has voxels, of the same shape: an oblique scan leaves corners.
    origin_mm
        RAS+ millimetres of the first voxel.
    spacing_mm
        Of all three axes.
    """

    array: NDArray[np.float32]
    inside: NDArray[np.bool_]
    origin_mm: NDArray[np.float64]
    spacing_mm: float

    def to_mm(self, index: NDArray[Any]) -> NDArray[np.float64]:
        """Return RAS+ millimetres of voxel indices ``(..., 3)``."""
        place: NDArray[np.float64] = index * self.spacing_mm + self.origin_mm
        return place

    def sample(self, array: NDArray[Any], mm: NDArray[np.float64]) -> NDArray[np.float32]:
        """Take values of an array of this grid at places ``(n, 3)``; 0 outside."""
        index = (mm - self.origin_mm) / self.spacing_mm
        values: NDArray[np.float32] = ndimage.map_coordinates(
            array, index.T, output=np.float32, order=1, mode="constant"
        )
        return values

    def within(self, first_mm: NDArray[np.float64], last_mm: NDArray[np.float64]) -> UprightVolume:
        """Cut out the voxels between two corners, in RAS+ millimetres."""
        starts, ends = ((mm - self.origin_mm) / self.spacing_mm for mm in (first_mm, last_mm))
        first = np.maximum(np.floor(starts), 0).astype(int)
        part = tuple(map(slice, first, np.maximum(np.ceil(ends), 0).astype(int) + 1))
        origin_mm = self.to_mm(first)
        return replace(self, array=self.array[part], inside=self.inside[part], origin_mm=origin_mm)

    def flattened(self) -> UprightVolume:
        """Even out slow changes of brightness, such as those of a receive coil.

        Each voxel is divided by the mean of its neighbourhood of some centimetres, in which
        bright voxels weigh more, so that air counts little.
        """
        values = np.where(self.inside, self.array, 0)
        if self.inside.any():
            low, high = np.percentile(self.array[self.inside], (_DARKEST, _BRIGHTEST))
            values = np.where(self.inside, np.clip(self.array, low, high) - low, 0)
        sigma = _FLATTENING_MM / self.spacing_mm
        total = float(values.sum())
        if total <= 0:
            return replace(self, array=np.zeros_like(self.array))
        usual = float((values * values).sum()) / total
        near = ndimage.gaussian_filter(values, sigma, mode="constant")
        near_squared = ndimage.gaussian_filter(values * values, sigma, mode="constant")
        brightness = near_squared / np.maximum(near, 1e-3 * usual) + 0.05 * usual
        return replace(self, array=(values / brightness).astype(np.float32))


def upright(array: NDArray[Any], geometry: Geometry, *, spacing_mm: float) -> UprightVolume:
    """Bring voxels onto an upright grid that holds all of them.

    Parameters
    ----------
    array
        ``(i, j, k)``; voxels that are not finite, or beyond 1e30 as marks of "no data" are, count
        as the lowest of the others.
    geometry
        Their grid.
    spacing_mm
        Of the new grid; finer voxels are averaged first.
    """
    factors = [
        max(1, min(int(spacing_mm // size), count))
        for size, count in zip(geometry.spacing, array.shape, strict=True)
    ]
    means = _block_means(_finite(array), factors)
    affine = geometry.affine.copy()
    affine[:3, 3] = geometry.to_mm((np.asarray(factors) - 1) / 2)
    affine[:3, :3] *= factors
    ends = np.array(np.meshgrid(*[(0, count - 1) for count in means.shape])).reshape(3, -1).T
    corners = ends @ affine[:3, :3].T + affine[:3, 3]
    first, last = corners.min(axis=0), corners.max(axis=0)
    shape = tuple(int(count) for count in np.ceil((last - first) / spacing_mm) + 1)
    to_mm = np.diag([spacing_mm, spacing_mm, spacing_mm, 1.0])
    to_mm[:3, 3] = first
    back = np.linalg.inv(affine) @ to_mm
    # Zeros around a scan would mix with its rim, and be far from air where intensities are offset.
    voxels, inside = (
        ndimage.affine_transform(values, back[:3, :3], back[:3, 3], shape, order=1, mode=mode)
        for values, mode in ((means, "nearest"), (np.ones_like(means), "grid-constant"))
    )
    return UprightVolume(voxels, inside > 0.5, first, spacing_mm)


def _finite(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind != "f":
        return array
    largest = min(_LARGEST, float(np.finfo(array.dtype).max))
    is_finite = (array >= -largest) & (array <= largest)
    if is_finite.all():
        return array
    found: NDArray[Any] = np.where(is_finite, array, array.min(initial=np.inf, where=is_finite))
    return found if is_finite.any() else np.zeros_like(array)


def _block_means(array: NDArray[Any], factors: list[int]) -> NDArray[np.float32]:
    if max(factors) == 1:
        return np.asarray(array, np.float32)
    counts = [length // factor for length, factor in zip(array.shape, factors, strict=True)]
    whole = tuple(slice(0, count * factor) for count, factor in zip(counts, factors, strict=True))
    blocks = [size for pair in zip(counts, factors, strict=True) for size in pair]
    means: NDArray[np.float32] = array[whole].reshape(blocks).mean(axis=(1, 3, 5), dtype=np.float32)
    return means
