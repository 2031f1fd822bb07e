"""Whole labels written as one step: deleted, or given to another label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.imaging.label_edits.boxes import bounds
from napari_seg.viewer.undo import write_region

if TYPE_CHECKING:
    from collections.abc import Collection

    from napari.layers import Labels
    from numpy.typing import NDArray

# Comparing with so many labels, one after the other, is faster than looking voxels up.
_FEW = 6


def write_labels_as(layer: Labels, values: Collection[int], to: int, *, name: str) -> int:
    """Give all voxels of some labels to another one, as one step of the layer's history.

    Parameters
    ----------
    layer
        To be changed.
    values
        The labels whose voxels change.
    to
        The label that they get; 0 for none.
    name
        Of the step.

    Returns
    -------
    int
        How many voxels changed; there is no step where none did.
    """
    mask = _where(np.asarray(layer.data), values)
    box = bounds(mask)
    if box is None:
        return 0
    return write_region(layer, box, to, name=name, where=mask[box], preserve=False)


def _where(labels: NDArray[Any], values: Collection[int]) -> NDArray[np.bool_]:
    limits = np.iinfo(labels.dtype)
    possible = [value for value in values if limits.min <= value <= limits.max]
    if len(possible) > _FEW:
        return np.isin(labels, possible)
    mask = np.zeros(labels.shape, dtype=bool)
    for value in possible:
        mask |= labels == value
    return mask
