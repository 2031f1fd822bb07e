"""Edges of boxes on the canvas: a layer that only shows them.

They are Vectors. A Shapes layer would do more, but the first one of a session keeps the window
waiting while napari compiles how it divides shapes into triangles: one to seven seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Vectors

from napari_seg.viewer.layer_removal import remove_layer
from napari_seg.viewer.layers import KEY, grid_of, place_like

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from napari.layers import Image
    from numpy.typing import NDArray

_WIDTH = 0.5
_OPACITY = 0.8


class Outlines:
    """One layer of edges over a scan, as long as there are any.

    Parameters
    ----------
    viewer
        That shows the scan.
    name
        Of the layer.
    """

    def __init__(self, viewer: ViewerModel, name: str) -> None:
        self._viewer, self._name = viewer, name
        self._scan: Image | None = None
        self._layer: Vectors | None = None

    @property
    def layer(self) -> Vectors | None:
        """What shows them, while it is there."""
        return self._layer if self._layer in self._viewer.layers else None

    @property
    def was_deleted(self) -> bool:
        """Whether a person took away what was shown last."""
        return self._layer is not None and self.layer is None

    def show(self, scan: Image, polygons: Sequence[NDArray[np.float64]]) -> None:
        """Show the edges of polygons in place of what was shown.

        Whoever works on another layer goes on doing so.

        Parameters
        ----------
        scan
            Whose voxels the corners are told in.
        polygons
            Their corners ``(n, axes)``, in turn, without the scan's channels; empty for nothing.
        """
        layer = self.layer
        if not polygons:
            self.clear()
        elif layer is not None and self._scan is scan:
            layer.data = edges_of(polygons)
        else:
            self.clear()
            self._scan, self._layer = scan, self._added(scan, polygons)

    def clear(self) -> None:
        """Take them away."""
        layer, self._layer, self._scan = self.layer, None, None
        remove_layer(self._viewer, layer)

    def _added(self, scan: Image, polygons: Sequence[NDArray[np.float64]]) -> Vectors:
        _, order = grid_of(scan)
        layer = Vectors(
            edges_of(polygons),
            name=self._name,
            vector_style="line",
            edge_width=_WIDTH,
            edge_color="gold",
            opacity=_OPACITY,
            metadata={KEY: {"outline": True}},
            **place_like(scan, len(order.kept)),
        )
        active = self._viewer.layers.selection.active
        self._viewer.add_layer(layer)
        self._viewer.layers.selection.active = active
        return layer


def edges_of(polygons: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the edges of polygons ``(n, axes)`` as starts and ways ``(edges, 2, axes)``.

    Examples
    --------
    >>> edges_of([np.array([[0, 0], [0, 2], [1, 0]])]).tolist()
    [[[0, 0], [0, 2]], [[0, 2], [1, -2]], [[1, 0], [-1, 0]]]
    """
    starts = np.concatenate(polygons)
    ways = np.concatenate([np.roll(corners, -1, axis=0) - corners for corners in polygons])
    return np.stack([starts, ways], axis=1)
