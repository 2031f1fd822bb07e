"""Which time of a series is shown: a model of one channel segments that one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_seg.imaging.channels import axis_name
from napari_seg.viewer.layers import knows_its_grid, metadata_of

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image


def times_of(layer: Image) -> int:
    """Count the times of a scan; 0 for one whose volumes do not follow each other in time."""
    names = metadata_of(layer).get("channel_names", ())
    if axis_name(names) != "time" or not knows_its_grid(layer) or layer.rgb:
        return 0
    count = (layer.data[0] if layer.multiscale else layer.data).shape[0]
    # napari copies our metadata when it splits a series.
    return len(names) if layer.ndim > 3 and count == len(names) else 0


def shown_time(viewer: ViewerModel, layer: Image) -> int | None:
    """Return the number of the time that is shown, from 1; None for a scan without times."""
    count = times_of(layer)
    if not count:
        return None
    point = viewer.dims.point[-layer.ndim :]
    if len(point) < layer.ndim:
        return 1  # the layer is shown no more
    place = round(float(layer.world_to_data(point)[0]))
    return min(max(place, 0), count - 1) + 1
