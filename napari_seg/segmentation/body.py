"""Where the body is in a scan, roughly and on the safe side: what lies beyond it is air."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Triple = tuple[int, int, int]

# Samples along each axis at most: 4 mm or less in a scan of the trunk.
_MOST_SAMPLES = 96
# Percentiles of the samples between which their range lies.
_DARKEST, _BRIGHTEST = 0.1, 99.0
# What is in the lowest part of that range is air, if there is any; the floor lies above its median.
_AIR, _ABOVE_AIR = 0.1, 0.05


@dataclass(frozen=True, eq=False)
class Body:
    """A coarse mask of a scan.

    Attributes
    ----------
    mask
        ``(i, j, k)``: whether a block of the scan's voxels may hold something of the body.
    block
        Voxels of the scan along each axis of a block.
    to_scan
        From the voxel indices that are asked about to those of the scan, 4×4.
    """

    mask: NDArray[np.bool_]
    block: Triple
    to_scan: NDArray[np.float64]

    def is_clear_of(self, first: Triple, shape: Triple) -> bool:
        """Tell whether a box holds nothing of the body, nor do the blocks beside it.

        Parameters
        ----------
        first, shape
            Of the box; it may reach beyond the scan, where there is nothing.
        """
        ends = np.stack([np.asarray(first) - 0.5, np.asarray(first) + np.asarray(shape) - 0.5])
        corners = np.stack(np.meshgrid(*ends.T, indexing="ij")).reshape(3, 8)
        reached = self.to_scan[:3, :3] @ corners + self.to_scan[:3, 3:]
        low = np.floor(reached.min(axis=1) / self.block).astype(int) - 1
        high = np.ceil(reached.max(axis=1) / self.block).astype(int) + 1
        parts = zip(np.maximum(low, 0), np.maximum(high, 0), strict=True)
        return not self.mask[tuple(slice(start, stop) for start, stop in parts)].any()


def find_body(array: NDArray[Any], to_scan: NDArray[np.float64]) -> Body | None:
    """Find the body in a scan of any kind whose air is dark.

    At most 96 voxels along each axis are looked at. What is brighter than air by a twentieth of the
    scan's range (-940 HU in a CT) may be body, if it is more than a speck; so may be all that lies
    between such voxels along any axis, as lungs and bowels do. Bright air, or noise above that
    floor, only makes the body larger.

    Parameters
    ----------
    array
        ``(i, j, k)`` or ``(i, j, k, c)``, in memory or on disk. What is in any channel counts.
    to_scan
        From the voxel indices that `Body` will be asked about to those of the array, 4×4.

    Returns
    -------
    Body or None
        None where nothing stands out.
    """
    block = _block(array.shape)
    samples = np.asarray(array[tuple(slice(step // 2, None, step) for step in block)])
    mask = np.zeros(samples.shape[:3], bool)
    for channel in np.moveaxis(samples, -1, 0) if samples.ndim == 4 else samples[None]:
        mask |= _bright(channel.astype(np.float32))
    return Body(_filled(mask), block, to_scan) if mask.any() else None


def _block(shape: tuple[int, ...]) -> Triple:
    i, j, k = (-(-count // _MOST_SAMPLES) for count in shape[:3])
    return i, j, k


def _bright(samples: NDArray[np.float32]) -> NDArray[np.bool_]:
    from scipy.ndimage import binary_opening

    finite = samples[np.isfinite(samples)]
    if not finite.size:
        return np.zeros(samples.shape, bool)
    low, high = np.percentile(finite, (_DARKEST, _BRIGHTEST))
    air = np.median(finite[finite <= low + _AIR * (high - low)])
    bright = samples > air + _ABOVE_AIR * (high - low)
    # Noise is a speck here and there; in a single slice it takes more to be none.
    side = 2 if min(samples.shape) > 1 else 3
    opened: NDArray[np.bool_] = binary_opening(
        bright, np.ones([min(side, n) for n in samples.shape])
    )
    return opened


def _filled(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Add what lies between two voxels of a mask along an axis."""
    filled = mask.copy()
    for axis in range(3):
        before = np.logical_or.accumulate(mask, axis)
        after = np.flip(np.logical_or.accumulate(np.flip(mask, axis), axis), axis)
        filled |= before & after
    return filled
