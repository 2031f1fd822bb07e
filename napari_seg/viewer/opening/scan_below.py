"""Labels that do not know their scan: find the one that they were drawn over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image

from napari_seg.viewer.layers import metadata_of, update_metadata

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari.layers import Labels, Layer


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
            update_metadata(layer, **kept, notices=())
            return


def _has_voxels_below(scan: Image, layer: Labels) -> bool:
    # Channels come before the axes in space.
    space = slice(scan.ndim - layer.ndim, scan.ndim)
    return bool(
        "geometry" in metadata_of(scan)
        and scan.ndim >= layer.ndim
        and scan.data.shape[space] == layer.data.shape
        and np.allclose(scan.scale[space], layer.scale)
        and np.allclose(scan.translate[space], layer.translate)
    )
