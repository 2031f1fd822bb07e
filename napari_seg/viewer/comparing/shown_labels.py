"""The label that is looked at: its voxels, and the slice of the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Labels
    from numpy.typing import NDArray


class ShownLabels(NamedTuple):
    """What of a layer is seen now, where it has times or channels.

    Attributes
    ----------
    array
        Of its last three axes, or two of a picture.
    label
        The selected one.
    leading
        The indices of the axes before those.
    """

    array: NDArray[Any]
    label: int
    leading: tuple[int, ...]


def shown_labels(viewer: ViewerModel, layer: Labels) -> ShownLabels:
    """Return what is looked at; of several resolutions the finest."""
    data = layer.data[0] if layer.multiscale else layer.data
    count = max(layer.ndim - 3, 0)
    place = layer.world_to_data(viewer.dims.point[-layer.ndim :])[:count]
    most = np.asarray(data.shape[:count]) - 1
    leading = tuple(np.clip(np.rint(place), 0, most).astype(int).tolist())
    return ShownLabels(np.asarray(data[leading]), int(layer.selected_label), leading)


def axis_through(viewer: ViewerModel, layer: Labels) -> int | None:
    """Return the axis of `shown_labels` that slices are turned along; None where none is."""
    dims = viewer.dims
    if dims.ndisplay != 2 or dims.ndim < 3:
        return None
    axis = dims.order[-3] - (dims.ndim - min(layer.ndim, 3))
    return int(axis) if layer.ndim >= 3 and axis >= 0 else None
