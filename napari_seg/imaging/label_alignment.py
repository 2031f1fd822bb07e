"""Bring labels onto the grid of a scan: exactly where it is the same grid, else on request."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from nibabel.orientations import apply_orientation
from numpy.typing import NDArray
from scipy import ndimage

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.lattice import SAME_PLACE_MM, placement_on, rounding_mm
from napari_seg.imaging.scan import LabelMap, Notice

# Scanners round the places of slices to 0.1 mm, and a segmentation may begin at any of them.
_ROUNDED_START_MM, _ROUNDED_START_STEPS = 0.2, 0.25
# SciPy resamples by way of float64.
_LARGEST_EXACT = 2**53


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
        On `geometry`. Where the grids share their voxels, in whatever order, each is moved
        exactly, and voxels that the labels do not reach become 0. A notice says so; also where the
        voxels lie up to a tenth of one or of a millimetre apart, as programs come to for one
        series of slices, and when labels were resampled.

    Raises
    ------
    ValueError
        If the grids differ, or labels lie outside `geometry`, and `resample` is false.
    """
    if labels.geometry.matches(geometry):
        return replace(labels, geometry=geometry)
    slices = _with_slices_between(labels, geometry)
    placed = place_labels(slices, geometry, tolerance_mm=_tolerance_mm(labels))
    if placed is not None:
        return placed
    if not resample:
        raise ValueError(
            f"the labels lie on another grid than the scan: {labels.geometry} "
            f"against {geometry}; resample them (resample=True) or choose the "
            "scan they belong to"
        )
    resampled = Notice(
        "resampled",
        f"labels of {labels.geometry} were resampled to {geometry}, nearest neighbour",
    )
    return replace(
        labels,
        array=_nearest(labels.array, labels.geometry, geometry),
        geometry=geometry,
        notices=(*labels.notices, resampled),
    )


def place_labels(
    labels: LabelMap, geometry: Geometry, *, tolerance_mm: float = SAME_PLACE_MM
) -> LabelMap | None:
    """Copy labels onto a grid that shares their voxels, in whatever order and of any extent.

    Parameters
    ----------
    labels
        Left untouched.
    geometry
        The grid to bring them to.
    tolerance_mm
        How far a voxel of the labels may lie from one of the grid.

    Returns
    -------
    LabelMap or None
        On `geometry`, 0 where the labels do not reach, with a notice where that is assumed.
        ``None`` where voxels lie between those of the grid, or a labelled one outside it.
    """
    placement = placement_on(labels.geometry, geometry)
    if placement.shift_mm > tolerance_mm:
        return None
    start, array = placement.start, apply_orientation(labels.array, placement.turn)
    labels = replace(labels, notices=(*labels.notices, *_off_grid(labels, placement.shift_mm)))
    if array.shape == geometry.shape and not start.any():
        return replace(labels, array=array, geometry=geometry)
    # Where the labels go, and which part of them, along each axis.
    into = tuple(
        slice(max(first, 0), max(min(first + count, size), 0))
        for first, count, size in zip(start, array.shape, geometry.shape, strict=True)
    )
    part = array[
        tuple(
            slice(one.start - first, max(one.stop - first, 0))
            for one, first in zip(into, start, strict=True)
        )
    ]
    if part.size == 0 or np.count_nonzero(part) != np.count_nonzero(array):
        return None
    whole = np.zeros(geometry.shape, dtype=array.dtype, order="F")
    whole[into] = part
    return replace(
        labels, array=whole, geometry=geometry, notices=(*labels.notices, *_extended(labels, whole))
    )


def _with_slices_between(labels: LabelMap, geometry: Geometry) -> LabelMap:
    """Add the empty slices that a DICOM segmentation left out without saying so."""
    if all(notice.code != "no-step" for notice in labels.notices):
        return labels
    affine = labels.geometry.affine.copy()
    steps = np.linalg.solve(geometry.affine[:3, :3], affine[:3, 2])
    apart = max(round(float(np.abs(steps).max())), 1)
    i, j, count = labels.array.shape
    array = np.zeros((i, j, (count - 1) * apart + 1), labels.array.dtype, order="F")
    array[..., ::apart] = labels.array
    affine[:3, 2] /= apart
    return replace(labels, array=array, geometry=Geometry(array.shape, affine))


def _tolerance_mm(labels: LabelMap) -> float:
    if labels.source.modality == "SEG":
        return min(_ROUNDED_START_MM, _ROUNDED_START_STEPS * min(labels.geometry.spacing))
    return rounding_mm(labels.geometry)


def _off_grid(labels: LabelMap, shift_mm: float) -> tuple[Notice, ...]:
    if shift_mm <= SAME_PLACE_MM or labels.source.modality == "SEG":
        return ()
    message = (
        f"the labels lie up to {shift_mm:.2g} mm off the voxels of the scan, as where programs "
        "round places differently: each was put on the voxel it belongs to"
    )
    return (Notice("rounded-places", message, {"shift_mm": shift_mm}),)


def _extended(labels: LabelMap, whole: NDArray[Any]) -> tuple[Notice, ...]:
    if labels.source.modality == "SEG":
        return ()  # its standard says that what is not stored is background
    message = (
        f"the labels have {labels.geometry.shape} voxels of the same grid, the scan {whole.shape}: "
        "what they do not reach was taken for background"
    )
    return (Notice("extended", message, {"voxels": labels.array.size, "of": whole.size}),)


def _nearest(array: NDArray[Any], source: Geometry, target: Geometry) -> NDArray[Any]:
    if int(array.max()) > _LARGEST_EXACT:
        values, ranks = np.unique(array, return_inverse=True)
        return np.asarray(values[_nearest(ranks.reshape(array.shape), source, target)])
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
