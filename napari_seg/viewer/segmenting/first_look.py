"""Turn to a result that lies in other slices than those that are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject

from napari_seg.viewer.search import MiddleSearch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari.components import ViewerModel
    from napari.layers import Labels


class FirstLook(QObject):
    """Shows the slice of a result, for whoever sees none of it and turned to no other meanwhile.

    Parameters
    ----------
    viewer
        Whose slices are turned; its camera stays.
    parent
        Owns this object.
    """

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._layer: Labels | None = None
        self._point: tuple[float, ...] | None = None
        self._search = MiddleSearch(self)
        self._search.found.connect(self._on_found)

    def note_start(self) -> None:
        """Note what is shown when a run starts."""
        self.cancel()
        self._point = tuple(self._viewer.dims.point)

    def show(self, layer: Labels, volumes_ml: Mapping[int, float]) -> None:
        """Turn to the largest label of a result.

        Parameters
        ----------
        layer
            Of the result.
        volumes_ml
            Of each of its labels.
        """
        point, self._point = self._point, None
        dims = self._viewer.dims
        found = {value: ml for value, ml in volumes_ml.items() if value and ml > 0}
        if point != tuple(dims.point) or dims.ndisplay != 2 or not found:
            return
        if layer.ndim != 3 or _is_seen(self._viewer, layer):
            return
        self._layer = layer
        largest = max(found, key=found.__getitem__)
        self._search.look(np.asarray(layer.data), largest)

    def cancel(self) -> None:
        """Turn nowhere."""
        self._search.cancel()
        self._layer = None

    def _on_found(self, index: Sequence[int] | None) -> None:
        layer, self._layer = self._layer, None
        if layer is None or index is None or layer not in self._viewer.layers:
            return
        dims = self._viewer.dims
        world = np.asarray(layer.data_to_world(index))
        first = dims.ndim - layer.ndim
        for axis in dims.not_displayed:
            if axis >= first:
                dims.set_point(axis, float(world[axis - first]))


def _is_seen(viewer: ViewerModel, layer: Labels) -> bool:
    first = viewer.dims.ndim - layer.ndim
    place = np.rint(layer.world_to_data(viewer.dims.point)[-layer.ndim :]).astype(int)
    shown = [axis - first for axis in viewer.dims.displayed]
    slices = tuple(
        slice(None) if axis in shown else int(np.clip(place[axis], 0, layer.data.shape[axis] - 1))
        for axis in range(layer.ndim)
    )
    return bool(np.any(layer.data[slices]))
