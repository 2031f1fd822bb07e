"""Boxes of voxels, from what a person draws or points at on a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_seg.imaging.geometry import clip_region
from napari_seg.viewer.layers import grid_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from napari.layers import Image
    from numpy.typing import ArrayLike, NDArray

    from napari_seg.imaging.geometry import Region


DEFAULT_MM = (40.0, 52.0, 36.0)
"""Along z, y and x of the display: a hippocampus and a margin, as the shipped model needs it."""


def through_axis(viewer: ViewerModel) -> int:
    """Return the axis of z, y, x that the viewer's slices follow each other along."""
    before = viewer.dims.ndim - 3
    hidden = [axis - before for axis in viewer.dims.not_displayed if axis >= before]
    return hidden[0] if hidden else 0


def box_around(layer: Image, centre: ArrayLike, size_mm: Sequence[float]) -> Region:
    """Find the box of a size around a point.

    Parameters
    ----------
    layer
        Of the scan.
    centre
        In napari's world, one number for each dimension of the viewer.
    size_mm
        Along z, y and x of the display; an axis that the layer lacks is passed over.

    Returns
    -------
    tuple
        Ranges of voxels ``(i, j, k)``, clipped to the scan.

    Raises
    ------
    ValueError
        If nothing of the box is inside the scan.
    """
    geometry, order = grid_of(layer)
    middle = _spatial(layer, centre)
    sizes = np.asarray(size_mm)[list(order.kept)] / order.scale(geometry)
    counts = np.maximum(np.round(sizes), 1).astype(int)
    # A voxel's index is its centre, so its edges lie half a step to either side.
    starts = np.floor(middle + 1 - counts / 2 + 1e-6).astype(int)
    return _region(layer, starts, starts + counts)


def box_of_rectangle(
    layer: Image, corners: ArrayLike, slices: tuple[int, int], *, through: int
) -> Region:
    """Find the box of a rectangle that was drawn on one slice, through a range of slices.

    Parameters
    ----------
    layer
        Of the scan.
    corners
        In napari's world: one row a corner, one column for each dimension of the viewer.
    slices
        The first and the last slice.
    through
        The axis of the layer, without its channels, that the slices follow each other along.

    Returns
    -------
    tuple
        Ranges of voxels ``(i, j, k)``, clipped to the scan.

    Raises
    ------
    ValueError
        If nothing of the box is inside the scan.
    """
    places = np.array([_spatial(layer, corner) for corner in np.asarray(corners)])
    starts = np.ceil(places.min(axis=0) - 1e-6).astype(int)
    stops = np.floor(places.max(axis=0) + 1e-6).astype(int) + 1
    if places.shape[1] == 3:
        starts[through], stops[through] = slices[0], slices[1] + 1
    return _region(layer, starts, stops)


def size_mm(layer: Image, region: Region) -> tuple[float, ...]:
    """Measure a region along z, y and x of the display, in mm."""
    geometry, order = grid_of(layer)
    return tuple(
        (region[axis][1] - region[axis][0]) * geometry.spacing[axis] for axis in order.axes
    )


def outline(layer: Image, region: Region, *, through: int) -> list[NDArray[np.float64]]:
    """Draw a region's edge on each of its slices.

    Parameters
    ----------
    layer
        Of the scan.
    region
        Ranges of voxels ``(i, j, k)``.
    through
        The axis of the layer, without its channels, that the slices follow each other along.

    Returns
    -------
    list
        One rectangle a slice: four corners in the layer's voxels, without its channels.
    """
    geometry, order = grid_of(layer)
    box = order.show_region(region, geometry.shape)
    ndim = len(box)
    first, second = [axis for axis in range(ndim) if ndim == 2 or axis != through]
    corners = np.zeros((4, ndim))
    top, bottom = box[first].start, box[first].stop
    left, right = box[second].start, box[second].stop
    corners[:, first] = top, top, bottom, bottom
    corners[:, second] = left, right, right, left
    corners -= 0.5
    if ndim == 2:
        return [corners]
    rectangles = []
    for number in range(box[through].start, box[through].stop):
        corners[:, through] = number
        rectangles.append(corners.copy())
    return rectangles


def _spatial(layer: Image, point: ArrayLike) -> NDArray[np.float64]:
    _, order = grid_of(layer)
    place: NDArray[np.float64] = np.asarray(layer.world_to_data(point))[-len(order.kept) :]
    return place


def _region(layer: Image, starts: NDArray[np.int_], stops: NDArray[np.int_]) -> Region:
    geometry, order = grid_of(layer)
    box = tuple(slice(int(start), int(stop)) for start, stop in zip(starts, stops, strict=True))
    return clip_region(order.restore_region(box, geometry.shape), geometry.shape)
