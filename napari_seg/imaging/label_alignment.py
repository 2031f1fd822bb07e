"""Bring labels onto the grid of a scan: exactly where it is the same grid, else on request."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from nibabel.orientations import (
    apply_orientation,
    inv_ornt_aff,
    io_orientation,
    ornt_transform,
)
from numpy.typing import NDArray
from scipy import ndimage

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import LabelMap, Notice


def align_labels(labels: LabelMap, geometry: Geometry, *, resample: bool = False) -> LabelMap:
    """Return the same labels on another grid.

    Parameters
    ----------
    labels
        Left untouched.
    geometry
        The grid to bring them to.
    resample
        Whether to take the nearest label at each voxel where the grids differ; voxels outside
        the labels become 0.

    Returns
    -------
    LabelMap
        On `geometry`. Where the grids hold the same voxels in another order, each is moved
        exactly; a notice says when labels were resampled.

    Raises
    ------
    ValueError
        If the grids differ and `resample` is false.
    """
    if labels.geometry.matches(geometry):
        return replace(labels, geometry=geometry)
    turned = _turned(labels, geometry)
    if turned is not None:
        return turned
    if not resample:
        raise ValueError(
            f"the labels lie on another grid than the scan: {_described(labels.geometry)} "
            f"against {_described(geometry)}; resample them (resample=True) or choose the "
            "scan they belong to"
        )
    resampled = Notice(
        "resampled",
        f"labels of {_described(labels.geometry)} were resampled to {_described(geometry)}, "
        "nearest neighbour",
    )
    return replace(
        labels,
        array=_nearest(labels.array, labels.geometry, geometry),
        geometry=geometry,
        notices=(*labels.notices, resampled),
    )


def _turned(labels: LabelMap, geometry: Geometry) -> LabelMap | None:
    turn = ornt_transform(
        io_orientation(labels.geometry.affine),
        io_orientation(geometry.affine),
    )
    array = apply_orientation(labels.array, turn)
    affine = labels.geometry.affine @ inv_ornt_aff(turn, labels.geometry.shape)
    if not Geometry(array.shape, affine).matches(geometry):
        return None
    return replace(labels, array=array, geometry=geometry)


def _nearest(array: NDArray[Any], source: Geometry, target: Geometry) -> NDArray[Any]:
    to_source = np.linalg.inv(source.affine) @ target.affine
    resampled: NDArray[Any] = ndimage.affine_transform(
        array,
        to_source[:3, :3],
        to_source[:3, 3],
        output_shape=target.shape,
        order=0,
        mode="grid-constant",
        cval=0,
    )
    return resampled


def _described(geometry: Geometry) -> str:
    spacing = " x ".join(f"{size:.4g}" for size in geometry.spacing)
    start = ", ".join(f"{place:.4g}" for place in geometry.affine[:3, 3])
    axes = "".join(geometry.axis_codes)
    return f"{geometry.shape} voxels of {spacing} mm at ({start}) mm, axes {axes}"
