"""Show on the canvas where a model found its place: the edges of its boxes, slice by slice."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Shapes

from napari_seg.imaging.geometry import Geometry
from napari_seg.viewer.layers import KEY, grid_of, place_like
from napari_seg.viewer.segmenting.boxes import through_axis

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari.components import ViewerModel
    from numpy.typing import NDArray

    from napari_seg.viewer.display_order import DisplayOrder

_CORNERS = np.array(list(product((0, 1), repeat=3)))
_EDGES = [
    (one, other)
    for one, other in product(range(8), repeat=2)
    if one < other and np.abs(_CORNERS[one] - _CORNERS[other]).sum() == 1
]


class FoundBoxes:
    """The boxes of the last run that found its place itself.

    Parameters
    ----------
    viewer
        That shows the scan.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._scan: Image | None = None
        self._boxes: list[Geometry] = []
        self._layer: Shapes | None = None

    @property
    def layer(self) -> Shapes | None:
        """What shows them, while it is there."""
        return self._layer if self._layer in self._viewer.layers else None

    def show(self, scan: Image, record: Mapping[str, Any]) -> None:
        """Draw the boxes that a run's record tells of; none where it found none itself."""
        said = record.get("locator", {}).get("boxes", ())
        self._scan = scan
        self._remove()
        self._boxes = [Geometry(tuple(box["shape"]), np.array(box["affine"])) for box in said]
        self.redraw()

    def redraw(self) -> None:
        """Draw them again along the slices that the viewer shows now, unless they were deleted."""
        if self._layer is not None and self._layer not in self._viewer.layers:
            self.forget()
        self._remove()
        scan = self._scan
        if scan is None or scan not in self._viewer.layers:
            return
        through = through_axis(self._viewer)
        sections = [part for box in self._boxes for part in sections_of(scan, box, through)]
        if not sections:
            return
        _, order = grid_of(scan)
        self._layer = Shapes(
            sections,
            shape_type="polygon",
            name="boxes found",
            face_color="transparent",
            edge_color="gold",
            edge_width=0.4,
            opacity=0.6,
            metadata={KEY: {"outline": True}},
            **place_like(scan, len(order.kept)),
        )
        active = self._viewer.layers.selection.active
        self._viewer.add_layer(self._layer)
        # Whoever works on another layer goes on doing so.
        self._viewer.layers.selection.active = active

    def forget(self) -> None:
        """Take them away."""
        self._scan, self._boxes = None, []
        self._remove()

    def _remove(self) -> None:
        layer, self._layer = self._layer, None
        if layer is not None and layer in self._viewer.layers:
            self._viewer.layers.remove(layer)


def sections_of(layer: Image, box: Geometry, through: int) -> list[NDArray[np.float64]]:
    """Cut a box with the slices of a scan.

    Parameters
    ----------
    layer
        Of the scan.
    box
        Whose axes may point anywhere, in the scan's millimetres.
    through
        The axis of the layer, without its channels, that the slices follow each other along.

    Returns
    -------
    list
        For each slice that meets the box the corners of a polygon, in the layer's voxels.
    """
    geometry, order = grid_of(layer)
    shape = order.show_shape(geometry.shape)
    ends = _CORNERS * np.asarray(box.shape) - 0.5
    corners = _shown(geometry.to_index(box.to_mm(ends)), geometry, order)
    first, second = (axis for axis in range(3) if axis != through)
    low, high = corners[:, through].min(), corners[:, through].max()
    start, stop = max(int(np.ceil(low)), 0), min(int(np.floor(high)) + 1, shape[through])
    sections = []
    for number in range(start, stop):
        met = _where_edges_meet(corners, through, number)
        if len(met) < 3:
            continue
        middle = met.mean(axis=0)
        angles = np.arctan2(met[:, second] - middle[second], met[:, first] - middle[first])
        sections.append(met[np.argsort(angles)])
    return sections


def _shown(
    index: NDArray[np.float64], geometry: Geometry, order: DisplayOrder
) -> NDArray[np.float64]:
    """Turn fractional voxels ``(n, 3)`` of the scan into those of its layer."""
    columns = []
    for axis, is_flipped in zip(order.axes, order.flipped, strict=True):
        column = index[:, axis]
        columns.append(geometry.shape[axis] - 1 - column if is_flipped else column)
    return np.stack(columns, axis=1)


def _where_edges_meet(
    corners: NDArray[np.float64], through: int, number: int
) -> NDArray[np.float64]:
    met: Sequence[NDArray[np.float64]] = [
        corners[one] + share * (corners[other] - corners[one])
        for one, other in _EDGES
        for span in [corners[other][through] - corners[one][through]]
        if span
        for share in [(number - corners[one][through]) / span]
        if 0 <= share <= 1
    ]
    return np.unique(np.round(met, 6), axis=0) if met else np.empty((0, 3))
