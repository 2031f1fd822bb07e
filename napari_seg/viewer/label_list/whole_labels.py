"""Whole labels written as one step: deleted, or given to another label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.imaging.label_edits.boxes import bounds
from napari_seg.imaging.measures import signed_volume_text
from napari_seg.viewer.layers import grid_of
from napari_seg.viewer.undo import write_region

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from napari.layers import Labels
    from numpy.typing import NDArray

    Box = tuple[slice, ...]

# Comparing with so many labels, one after the other, is faster than looking voxels up.
_FEW = 16


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
    found = _find(np.asarray(layer.data), values)
    if found is None:
        return 0
    box, mask = found
    return write_region(layer, box, to, name=name, where=mask, preserve=False)


def told(layer: Labels, step: str, voxels: int) -> str:
    """Say what a step did, given how many voxels a label gained; below 0 for what was lost."""
    if not voxels:
        return f"{step}: only in the list, there were no voxels"
    try:
        gain = signed_volume_text(voxels * grid_of(layer)[0].voxel_volume_ml)
    except ValueError:
        # Another reader's layer with times or channels.
        gain = f"{voxels:+} voxels".replace("-", "−")  # noqa: RUF001 - a minus sign
    return f"{step}: {gain}. Ctrl+Z takes it back."


def _find(labels: NDArray[Any], values: Collection[int]) -> tuple[Box, NDArray[np.bool_]] | None:
    limits = np.iinfo(labels.dtype)
    possible = [value for value in values if limits.min <= value <= limits.max]
    # Slice by slice: fresh memory for a mask of the whole scan takes longer than all the rest.
    parts = {}
    for place, part in enumerate(labels):
        mask = _is_one_of(part, possible)
        if mask.any():
            parts[place] = mask
    if not parts:
        return None
    first, last = min(parts), max(parts)
    inner = bounds(np.logical_or.reduce(list(parts.values())))
    if inner is None:
        return None
    whole = np.zeros((last + 1 - first, *(part.stop - part.start for part in inner)), dtype=bool)
    for place, mask in parts.items():
        whole[place - first] = mask[inner]
    return (slice(first, last + 1), *inner), whole


def _is_one_of(labels: NDArray[Any], values: Sequence[int]) -> NDArray[np.bool_]:
    if len(values) > _FEW:
        return np.isin(labels, values)
    mask = np.zeros(labels.shape, dtype=bool)
    for value in values:
        mask |= labels == value
    return mask
