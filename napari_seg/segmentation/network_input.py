"""A scan as the transforms and the network of a bundle take it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from monai.data import MetaTensor
    from numpy.typing import NDArray

    from napari_seg.imaging.geometry import Geometry
    from napari_seg.imaging.scan import Scan
    from napari_seg.segmentation.bundle import Bundle


def as_network_input(scan: Scan, bundle: Bundle) -> MetaTensor:
    """Return a scan as MONAI's transforms take it: ``(channel, i, j, k)`` in float32.

    Voxels that are no numbers become the lowest one; a single slice lies in an axial plane for a
    2D network, whatever plane it is of.
    """
    import torch
    from monai.data import MetaTensor

    # A copy in any case: what prepares a scan may write into it.
    voxels = np.array(scan.array, np.float32)
    if scan.array.dtype.kind == "f" and not np.isfinite(voxels).all():
        finite = voxels[np.isfinite(voxels)]
        low = float(finite.min()) if finite.size else 0.0
        voxels = np.nan_to_num(voxels, nan=low, posinf=float(finite.max(initial=low)), neginf=low)
    channels = np.moveaxis(voxels, -1, 0) if voxels.ndim == 4 else voxels[None]
    affine = network_affine(scan, bundle)
    return MetaTensor(torch.from_numpy(channels), affine=torch.from_numpy(affine.copy()))


def network_affine(scan: Scan, bundle: Bundle) -> NDArray[np.float64]:
    """Return the affine that a bundle's transforms see."""
    return _with_axial_slice(scan.geometry) if bundle.spatial_dims == 2 else scan.geometry.affine


def _with_axial_slice(geometry: Geometry) -> NDArray[np.float64]:
    """Return the affine of a scan, whose single slice, in whatever plane, is made an axial one."""
    codes, spacing = geometry.axis_codes, geometry.spacing
    flat = [axis for axis in range(3) if geometry.shape[axis] == 1]
    if not flat or any(codes[axis] in ("S", "I") for axis in flat):
        return geometry.affine
    # A 2D network runs over axial slices.
    first, second = (axis for axis in range(3) if axis != flat[-1])
    affine = np.diag([0.0, 0.0, 0.0, 1.0])
    for row, axis in enumerate((first, second, flat[-1])):
        affine[row, axis] = spacing[axis]
    return affine
