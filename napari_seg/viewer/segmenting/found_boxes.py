"""Show on the canvas where a model found its place: the edges of its boxes, slice by slice."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.imaging.geometry import Geometry
from napari_seg.viewer.layers import grid_of
from napari_seg.viewer.segmenting.boxes import through_axis
from napari_seg.viewer.segmenting.outlines import Outlines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari.components import ViewerModel
    from napari.layers import Image, Vectors
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
        self._outlines = Outlines(viewer, "boxes found")

    @property
    def layer(self) -> Vectors | None:
        """What shows them, while it is there."""
        return self._outlines.layer

    def show(self, scan: Image, record: Mapping[str, Any]) -> None:
        """Draw the boxes that a run's record tells of; none where it found none itself."""
        said = record.get("locator", {}).get("boxes", ())
        self._scan = scan
        self._boxes = [Geometry(tuple(box["shape"]), np.array(box["affine"])) for box in said]
        self._draw()

    def redraw(self) -> None:
        """Draw them again along the slices that the viewer shows now, unless they were deleted."""
        if self._outlines.was_deleted:
            self.forget()
        elif self._scan is not None:
            self._draw()

    def forget(self) -> None:
        """Take them away."""
        self._scan, self._boxes = None, []
        self._outlines.clear()

    def _draw(self) -> None:
        scan = self._scan
        if scan is None or scan not in self._viewer.layers:
            self._outlines.clear()
            return
        through = through_axis(self._viewer)
        sections = [part for box in self._boxes for part in sections_of(scan, box, through)]
        self._outlines.show(scan, sections)


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
