"""The labels of a run while it goes on, in a layer that goes when it ends."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels

from napari_seg.viewer.appearance import label_colours
from napari_seg.viewer.display_order import DisplayOrder
from napari_seg.viewer.layer_removal import remove_layer
from napari_seg.viewer.layers import grid_of, mark_as_preview, place_like
from napari_seg.viewer.quiet_insert import insert_quietly

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image
    from numpy.typing import NDArray

    from napari_seg.imaging.geometry import Region
    from napari_seg.imaging.label_table import LabelTable
    from napari_seg.segmentation.preview import LabelWindow

_SECONDS_BETWEEN_REDRAWS = 0.1
# Two grids lie along each other if no axis strays by more than this part of the other's length.
_TURNED = 1e-4


class Preview:
    """Show finished windows of a run, in the voxels that the network sees if that is possible.

    These are often larger than the scan's: then a window costs next to nothing to show.

    Parameters
    ----------
    viewer
        That shows the scan.
    scan_layer
        What is being segmented.
    table
        Names and colours of the labels.
    name
        Of the layer.
    first
        A window of the run.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        scan_layer: Image,
        table: LabelTable,
        *,
        name: str,
        first: LabelWindow,
    ) -> None:
        self._viewer = viewer
        self._geometry, order = grid_of(scan_layer)
        coarse = _lay_along(scan_layer, order, first)
        self._is_coarse = coarse is not None
        self._grid = coarse or _Grid(
            order, self._geometry.shape, place_like(scan_layer, len(order.kept))
        )
        kind = np.uint8 if max(table.names, default=0) <= 255 else np.uint16
        self.layer = Labels(
            np.zeros(self._grid.order.show_shape(self._grid.shape), kind),
            name=name,
            colormap=label_colours(table),
            metadata=mark_as_preview(),
            **self._grid.place,
        )
        insert_quietly(viewer.layers, len(viewer.layers), self.layer)
        self._drawn = 0.0

    def add(self, window: LabelWindow) -> None:
        """Show one more window."""
        region, labels = self._part(window)
        order = self._grid.order
        self.layer.data[order.show_region(region, self._grid.shape)] = order.show(labels)
        if monotonic() - self._drawn > _SECONDS_BETWEEN_REDRAWS:
            self.layer.refresh(extent=False)
            self._drawn = monotonic()

    def remove(self) -> None:
        """Take the layer away, unless the person did."""
        remove_layer(self._viewer, self.layer)

    def _part(self, window: LabelWindow) -> tuple[Region, NDArray[Any]]:
        if not self._is_coarse:
            return window.region, window.array
        i, j, k = (
            (start, start + count)
            for start, count in zip(window.start, window.labels.shape, strict=True)
        )
        return (i, j, k), window.labels


@dataclass(frozen=True)
class _Grid:
    """The voxels of a preview: their order on display, their shape ``(i, j, k)`` and place."""

    order: DisplayOrder
    shape: tuple[int, int, int]
    place: dict[str, Any]


def _lay_along(layer: Image, order: DisplayOrder, window: LabelWindow) -> _Grid | None:
    """Find the place of the prepared grid on display; None where it is turned, or no coarser."""
    shape, scan_shape = window.prepared.shape, window.scan.shape
    is_upright = (
        np.array_equal(layer.rotate, np.eye(layer.ndim))
        and not np.any(layer.shear)
        and np.array_equal(layer.affine.affine_matrix, np.eye(layer.ndim + 1))
    )
    if not is_upright or 1 in scan_shape or prod(shape) >= prod(scan_shape):
        return None
    matrix = window.to_scan
    large = np.abs(matrix[:3, :3]) * shape > _TURNED * np.array(scan_shape)[:, None]
    if not ((large.sum(0) == 1).all() and (large.sum(1) == 1).all()):
        return None
    axes, flipped, scale, start = [], [], [], []
    for shown, axis in enumerate(order.axes):
        along = int(large[axis].argmax())
        step, first = matrix[axis, along], matrix[axis, 3]
        backwards = order.flipped[shown] != (step < 0)
        first += step * (shape[along] - 1) * backwards
        axes.append(along)
        flipped.append(bool(backwards))
        scale.append(abs(step))
        start.append(scan_shape[axis] - 1 - first if order.flipped[shown] else first)
    place = place_like(layer, 3)
    place["translate"] = place["translate"] + place["scale"] * np.array(start)
    place["scale"] = place["scale"] * np.array(scale)
    own = DisplayOrder((axes[0], axes[1], axes[2]), (flipped[0], flipped[1], flipped[2]))
    return _Grid(own, shape, place)
