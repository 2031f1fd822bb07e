"""What takes time of showing labels, so that it can be done beside the window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.imaging.measures import label_volumes
from napari_seg.viewer.display_order import DisplayOrder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_seg.imaging.scan import LabelMap


@dataclass(frozen=True, eq=False)
class ShownLabels:
    """A copy of the voxels of a label map, ordered as napari shows them.

    Parameters
    ----------
    voxels
        ``(z, y, x)``, to be drawn on.
    volumes
        Millilitres by value, without 0.
    order
        In which the voxels lie.
    """

    voxels: NDArray[Any]
    volumes: Mapping[int, float]
    order: DisplayOrder

    @classmethod
    def of(cls, labels: LabelMap, order: DisplayOrder | None = None) -> ShownLabels:
        """Copy and count; `order` is that of their grid unless it is given."""
        order = DisplayOrder.of(labels.geometry) if order is None else order
        return cls(
            np.array(order.show(labels.array), order="C"),
            label_volumes(labels.array, labels.geometry.voxel_volume_ml),
            order,
        )
