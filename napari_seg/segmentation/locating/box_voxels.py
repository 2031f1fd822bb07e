"""A scan's voxels on the grid of a box that lies askew in it, and labels on their way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Scan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_seg.imaging.geometry import Region


def upright_crop(scan: Scan, box: Geometry) -> Scan:
    """Cut a box out of a scan along the box's own axes, by linear interpolation.

    The crop's axes are called right, anterior and superior, wherever they point in the scan: so
    a network sees it as upright as what it has learnt from. Beyond the scan it is 0.
    """
    to_scan = np.linalg.inv(scan.geometry.affine) @ box.affine
    i, j, k = (slice(*span) for span in _needed(to_scan, box.shape, scan.geometry.shape))
    part = np.asarray(scan.array[i, j, k], np.float32)
    low = part[np.isfinite(part)].min(initial=0.0)
    part = np.nan_to_num(part, nan=low, posinf=low, neginf=low)
    offset = to_scan[:3, 3] - [i.start, j.start, k.start]
    channels = np.moveaxis(part, -1, 0) if part.ndim == 4 else part[None]
    cut = np.stack(
        [
            ndimage.affine_transform(channel, to_scan[:3, :3], offset, box.shape, order=1)
            for channel in channels
        ],
        axis=-1,
    )
    upright = Geometry(box.shape, np.diag([*box.spacing, 1.0]))
    names = scan.channel_names
    return Scan(
        cut if part.ndim == 4 else cut[..., 0], upright, channel_names=names, source=scan.source
    )


def labels_in_region(
    labels: NDArray[Any], box: Geometry, grid: Geometry, region: Region
) -> NDArray[Any]:
    """Bring labels from a box's grid to a part of a scan's grid.

    Each label is interpolated as a share from 0 to 1 and the largest share wins, which keeps
    borders smoother than the nearest label would.

    Parameters
    ----------
    labels
        On the box's grid.
    box, grid
        The grids of the box and of the scan.
    region
        The scan's voxels that the box reaches.

    Returns
    -------
    NDArray
        Of the region's shape.
    """
    to_box = np.linalg.inv(box.affine) @ grid.crop(region).affine
    shape = tuple(stop - start for start, stop in region)
    best = np.full(shape, 0.5, np.float32)
    found = np.zeros(shape, labels.dtype)
    values = [int(value) for value in np.unique(labels) if value]
    shares = [_interpolated(labels == value, to_box, shape) for value in values]
    if not shares:
        return found
    best = 1 - np.sum(shares, axis=0)
    for value, share in zip(values, shares, strict=True):
        larger = share > best
        found[larger], best[larger] = value, share[larger]
    return found


def values_in_region(
    values: NDArray[np.floating[Any]], box: Geometry, grid: Geometry, region: Region
) -> NDArray[np.float32]:
    """Bring values from a box's grid to a part of a scan's grid, linearly; 0 beyond the box.

    Parameters
    ----------
    values
        On the box's grid.
    box, grid, region
        As in `labels_in_region`.
    """
    to_box = np.linalg.inv(box.affine) @ grid.crop(region).affine
    return _interpolated(values, to_box, tuple(stop - start for start, stop in region))


def _interpolated(
    values: NDArray[Any], matrix: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.float32]:
    found: NDArray[np.float32] = ndimage.affine_transform(
        values.astype(np.float32), matrix[:3, :3], matrix[:3, 3], shape, order=1
    )
    return found


def _needed(
    to_scan: NDArray[np.float64], box: tuple[int, ...], shape: tuple[int, ...]
) -> list[tuple[int, int]]:
    """Give the scan's voxels that interpolation in a box takes, with one to spare."""
    ends = np.array(np.meshgrid(*[(0, n - 1) for n in box])).reshape(3, -1).T
    corners = ends @ to_scan[:3, :3].T + to_scan[:3, 3]
    first = np.clip(np.floor(corners.min(axis=0)) - 1, 0, np.asarray(shape) - 1).astype(int)
    last = np.clip(np.ceil(corners.max(axis=0)) + 2, first + 1, shape).astype(int)
    return list(zip(first.tolist(), last.tolist(), strict=True))
