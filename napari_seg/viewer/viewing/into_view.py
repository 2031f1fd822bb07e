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

    Only the axes along which it lies elsewhere are moved. Zoom and angles stay.

    Parameters
    ----------
    viewer
        Whose slices and camera may move.
    layer
        A layer of the viewer.
    """
    dims, camera = viewer.dims, viewer.scene.camera
    axes = range(dims.ndim - layer.ndim, dims.ndim)
    low, high = _ends(layer)
    middle = dict(zip(axes, (low + high) / 2, strict=True))
    ends = dict(zip(axes, zip(low, high, strict=True), strict=True))
    # The point of an axis on the canvas is that of other views only.
    past = [axis for axis in axes if not ends[axis][0] <= dims.point[axis] <= ends[axis][1]]
    centre = np.array(camera.center, dtype=float)
    half = _half_shown(viewer)
    aside = []
    for place, axis in enumerate(dims.displayed, 3 - len(dims.displayed)):
        shown = centre[place] - half[place], centre[place] + half[place]
        if axis in ends and (ends[axis][1] <= shown[0] or shown[1] <= ends[axis][0]):
            aside.append(axis)
            centre[place] = middle[axis]
    if not aside and not set(past) - set(dims.displayed):
        return
    dims.set_point(past, [float(middle[axis]) for axis in past])
    if aside:
        camera.center = tuple(float(part) for part in centre)


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
