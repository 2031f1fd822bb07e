"""Labels that do not know their scan: find the one that they were drawn over."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image

from napari_seg.viewer.layers import SIDES_KNOWN, metadata_of, sides_are_known, update_metadata

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari.layers import Labels, Layer

# Places may differ by this share of a voxel.
_TOLERANCE = 0.01


def adopt_scan_below(layer: Labels, others: Iterable[Layer]) -> None:
    """Give labels, such as those of napari's "New labels", the grid of the scan they lie over.

    Parameters
    ----------
    layer
        Left as it is if it knows its grid, or lies over no scan of ours voxel by voxel.
    others
        The layers of the viewer.
    """
    if "geometry" in metadata_of(layer):
        return
    for other in others:
        if isinstance(other, Image) and _has_voxels_below(other, layer):
            ours = metadata_of(other)
            kept = {key: ours[key] for key in ("geometry", "order", "source")}
            known = {SIDES_KNOWN: sides_are_known(other)}
            update_metadata(layer, **kept, **known, notices=())
            return


def lies_voxel_by_voxel(one: Layer, labels: Labels) -> bool:
    """Tell whether labels have a voxel where another layer shows one, turned and moved as it is.

    Parameters
    ----------
    one
        An image or labels. Times or channels may come before its axes in space.
    labels
        The labels.
    """
    before = one.ndim - labels.ndim
    if before < 0 or one.data.shape[before : one.ndim] != labels.data.shape:
        return False
    for corner in product(*((0, count - 1) for count in labels.data.shape)):
        world = one.data_to_world((*((0,) * before), *corner))[before:]
        if np.abs(np.asarray(labels.world_to_data(world)) - corner).max() > _TOLERANCE:
            return False
    return True


def _has_voxels_below(scan: Image, layer: Labels) -> bool:
    return "geometry" in metadata_of(scan) and lies_voxel_by_voxel(scan, layer)
