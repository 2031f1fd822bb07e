"""Axial, coronal and sagittal: which axes are shown, and how to turn from one to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel

# Of the axes z, y, x, which run to inferior, posterior and left: the one through the slices, the
# one down the canvas, the one to the right. Superior or anterior is up, anterior or right is left.
_ORDERS = {"axial": (0, 1, 2), "coronal": (1, 0, 2), "sagittal": (2, 0, 1)}

# A window that was made smaller hides an edge of the slice, and that is no zoom.
_MORE_THAN_FITS = 1.25

PLANES = tuple(_ORDERS)
"""The names of the planes, in the order in which one turns through them."""


def order_of(plane: str, ndim: int) -> tuple[int, ...]:
    """Return the order of the viewer's axes that shows a plane; times and channels stay first.

    Examples
    --------
    >>> order_of("coronal", 4)
    (0, 2, 1, 3)
    """
    before = ndim - 3
    return (*range(before), *(before + axis for axis in _ORDERS[plane]))


def plane_of(order: Sequence[int]) -> str:
    """Name the plane that an order of at least three axes shows, transposed or not.

    Where times or channels are on the canvas, it is the one whose slices are turned.
    """
    through = order[-3] - (len(order) - 3)
    return PLANES[max(through, 0)]


def turn_to_next_plane(viewer: ViewerModel) -> None:
    """Show the next plane through the same point; does nothing in 3D or for a single slice.

    The point is the viewer's current one. Where that was zoomed out of view, it is moved to the
    middle of the canvas first, so that what one looks at stays.
    """
    dims, camera = viewer.dims, viewer.scene.camera
    if dims.ndim < 3 or dims.ndisplay != 2:
        return
    half = np.asarray(viewer.canvas.size) / camera.zoom / 2
    was_zoomed_in = is_zoomed_in(viewer)
    centre = np.asarray(camera.center[-2:])
    point = np.asarray([dims.point[axis] for axis in dims.displayed])
    if np.any(np.abs(point - centre) > half):
        dims.set_point(list(dims.displayed), [float(place) for place in centre])
    zoom, place = camera.zoom, dims.point
    plane = plane_of(dims.order)
    dims.order = order_of(PLANES[(PLANES.index(plane) + 1) % len(PLANES)], dims.ndim)
    dims.point = place
    if was_zoomed_in:
        camera.zoom = zoom
        camera.center = (0.0, *(place[axis] for axis in dims.displayed))


def is_zoomed_in(viewer: ViewerModel) -> bool:
    """Tell whether a person looks at a part of the slice, and not at all of it."""
    dims = viewer.dims
    shown = np.asarray(viewer.canvas.size) / viewer.scene.camera.zoom
    sizes = [dims.range[axis].stop - dims.range[axis].start for axis in dims.displayed[-2:]]
    return bool(np.any(np.asarray(sizes) > _MORE_THAN_FITS * shown))
