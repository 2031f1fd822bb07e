"""Which Labels layers can be edited in place."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels


def require_editable(layer: Labels) -> None:
    """Make sure that labels can be edited in place.

    Raises
    ------
    TypeError
        If the layer is no Labels layer.
    ValueError
        If its voxels cannot be changed.
    """
    if not isinstance(layer, Labels):
        raise TypeError(f"'{layer}' is not a Labels layer; choose or make one to edit")
    if layer.multiscale:
        raise ValueError(
            f"'{layer.name}' has several resolutions and cannot be edited; "
            "open its finest one as a layer of its own"
        )
    data = layer.data
    fixed = not data.flags.writeable if isinstance(data, np.ndarray) else not _takes_items(data)
    if fixed or not layer.editable:
        raise ValueError(
            f"'{layer.name}' is read-only and cannot be edited; duplicate it (right click on it, "
            "Duplicate Layer) and edit the copy"
        )


def _takes_items(data: Any) -> bool:
    # A dask array has the method and refuses most of its uses.
    return hasattr(data, "__setitem__") and not hasattr(data, "__dask_graph__")
