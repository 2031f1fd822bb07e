"""Bring a scan into view that was opened elsewhere in space than what is shown."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import ViewerModel
    from napari.layers import Image, Layer
    from numpy.typing import NDArray


def bring_into_view(viewer: ViewerModel, layer: Image) -> None:
    """Show the middle of a scan that does not meet the present view; else nothing moves.

    Where it lies elsewhere along one axis in space, its middle is shown along all of them. Of its
    channels or times others are shown only if it lacks the present ones. Zoom and angles stay.

    Parameters
    ----------
    viewer
        Whose slices and camera may move.
    layer
        A layer of the viewer.
    """
    dims, camera = viewer.dims, viewer.scene.camera
    axes = range(dims.ndim - layer.ndim, dims.ndim)
    in_space = set(axes[-3:])
    low, high = _ends(layer)
    middle = dict(zip(axes, (low + high) / 2, strict=True))
    ends = dict(zip(axes, zip(low, high, strict=True), strict=True))
    elsewhere = _not_shown(viewer, ends)
    if elsewhere & in_space:
        elsewhere |= in_space
    if not elsewhere:
        return
    moved = sorted(elsewhere)
    dims.set_point(moved, [float(middle[axis]) for axis in moved])
    centre = [float(part) for part in camera.center]
    for place, axis in enumerate(dims.displayed, 3 - len(dims.displayed)):
        if axis in elsewhere:
            centre[place] = float(middle[axis])
    if elsewhere & set(dims.displayed):
        camera.center = tuple(centre)


def when_added(viewer: ViewerModel, data: NDArray[Any], act: Callable[[Layer], None]) -> None:
    """Call `act` with the layer that napari makes of the voxels `data`, once it is added."""
    voxels = weakref.ref(data)

    def on_inserted(event: Any) -> None:
        if voxels() is None or event.value.data is voxels():
            viewer.layers.events.inserted.disconnect(on_inserted)
        if voxels() is not None and event.value.data is voxels():
            act(event.value)

    # After the viewer's own, which reckons its slices with the new layer.
    viewer.layers.events.inserted.connect(on_inserted, position="last")


def _not_shown(viewer: ViewerModel, ends: dict[int, tuple[float, float]]) -> set[int]:
    """Return the axes of the world along which nothing between two ends is shown."""
    dims, centre, half = viewer.dims, viewer.scene.camera.center, _half_shown(viewer)
    # The point of an axis on the canvas is that of other views only.
    places = {axis: place for place, axis in enumerate(dims.displayed, 3 - len(dims.displayed))}
    not_shown = set()
    for axis, (low, high) in ends.items():
        if axis not in places:
            is_shown = low <= dims.point[axis] <= high
        else:
            place = places[axis]
            is_shown = low < centre[place] + half[place] and centre[place] - half[place] < high
        if not is_shown:
            not_shown.add(axis)
    return not_shown


def _ends(layer: Image) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    # napari counts from the middle of the first voxel to that of the last.
    low, high = np.asarray(layer.extent.world, dtype=float)
    half = np.abs(np.asarray(layer.scale, dtype=float)) / 2
    return low - half, high + half


def _half_shown(viewer: ViewerModel) -> NDArray[np.float64]:
    # Of the canvas, along the camera's three axes; turned in 3D, it may show so much along each.
    rows_and_columns = np.asarray(viewer.canvas.size, dtype=float) / viewer.scene.camera.zoom / 2
    if viewer.dims.ndisplay == 3:
        return np.full(3, rows_and_columns.max())
    return np.array([0.0, *rows_and_columns])
