"""Write a region of labels as one named step of napari's own undo, past no locked label."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.viewer.editing.attached import attached
from napari_seg.viewer.editing.editable import require_editable
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.editing.locks import LabelLocks
from napari_seg.viewer.editing.strokes import commit_stroke

if TYPE_CHECKING:
    from napari.layers import Labels
    from numpy.typing import ArrayLike, NDArray

    from napari_seg.viewer.editing.steps import By

    Box = tuple[slice, ...]

# A mask for each of more labels takes longer, and more memory, than a copy of the whole box.
_MOST_MASKS = 6


def write_region(
    layer: Labels,
    box: Box,
    values: ArrayLike,
    *,
    name: str | None = None,
    by: By = "tool",
    where: NDArray[np.bool_] | None = None,
    preserve: bool | None = None,
    public_only: bool = False,
) -> int:
    """Write labels into a box of a layer, undone by one Ctrl+Z.

    Voxels of locked labels stay as they are, and none are added to them. A stroke that is being
    drawn becomes a step of its own before this one. Call it in the viewer's thread.

    Parameters
    ----------
    layer
        The layer to change.
    box
        One slice with start and stop for each axis of the layer's data.
    values
        Labels of the box's shape, or one label for all of it.
    name
        Of the step in the layer's history, such as ``"Grow liver by 2 mm"``.
    by
        Who makes it; ``"hand"`` for a stroke of a brush of ours.
    where
        Of the box's shape: which voxels may change; None for all.
    preserve
        Whether labelled voxels stay as they are; None for what the layer's own
        ``preserve_labels`` says, as its brush does.
    public_only
        Leave out napari's fast private call. It takes more memory: about 6 bytes of history a
        voxel.

    Returns
    -------
    int
        How many voxels changed. Where none did, there is no step to undo.

    Raises
    ------
    TypeError, ValueError
        If the layer is none that can be edited, see `require_editable`, or its type cannot hold
        a label.
    """
    require_editable(layer)
    before = np.asarray(layer.data[box])
    after = _as_type(np.broadcast_to(np.asarray(values), before.shape), before.dtype)
    changed = before != after
    if where is not None:
        changed &= where
    if layer.preserve_labels if preserve is None else preserve:
        changed &= before == layer.colormap.background_value
    locks = attached(layer, LabelLocks)
    if locks is not None and locks.labels:
        changed &= locks.unlocked(before, after)
    count = int(np.count_nonzero(changed))
    if count == 0:
        return 0
    tight = _bounds(changed)
    changed, after = changed[tight], after[tight]
    box = _moved(tight, box)
    commit_stroke(layer)
    history = attached(layer, EditHistory)
    with ExitStack() as stack:
        if locks is not None:
            stack.enter_context(locks.checked())
        if history is not None:
            stack.enter_context(history.naming(name or "edit", by=by))
        stack.enter_context(layer.block_history())
        if hasattr(layer, "_paint_region_with_mask") and not public_only:
            _write(layer, box, after, changed)
        else:
            _set_items(layer, box, after, changed)
    layer.refresh(extent=False)
    return count


def _as_type(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    limits = np.iinfo(dtype)
    if values.size and (values.min() < limits.min or values.max() > limits.max):
        raise ValueError(
            f"labels must be from {limits.min} to {limits.max} in a layer of type {dtype}, "
            f"got {values.min()} to {values.max()}"
        )
    return values.astype(dtype, copy=False)


def _write(layer: Labels, box: Box, after: NDArray[Any], changed: NDArray[np.bool_]) -> None:
    labels = _few_labels(after, changed)
    if labels is None:
        _copy(layer, box, after, changed)
    else:
        _paint(layer, box, after, changed, labels)
    # The whole view is refreshed next, so the part that napari noted is forgotten.
    layer._updated_slice = None


def _few_labels(after: NDArray[Any], changed: NDArray[np.bool_]) -> set[int] | None:
    labels: set[int] = set()
    # Part by part: where there are many labels, a part or two show it.
    for part, where in zip(after, changed, strict=True):
        labels.update(np.unique(part[where]).tolist())
        if len(labels) > _MOST_MASKS:
            return None
    return labels


def _paint(
    layer: Labels,
    box: Box,
    after: NDArray[Any],
    changed: NDArray[np.bool_],
    labels: set[int],
) -> None:
    # Private to napari, there since 0.8: keeps a mask and the old values, not three indices a voxel.
    preserved, layer._preserve_labels = layer._preserve_labels, False
    axes = list(range(layer.ndim))
    try:
        for label in sorted(labels):
            mask = changed if len(labels) == 1 else changed & (after == label)
            tight = _bounds(mask)
            layer._paint_region_with_mask(
                _moved(tight, box), mask[tight], label, axes, refresh=False
            )
    finally:
        layer._preserve_labels = preserved


def _copy(layer: Labels, box: Box, after: NDArray[Any], changed: NDArray[np.bool_]) -> None:
    # Private to napari: it puts back whatever is kept for an index, so also a box for slices.
    before = np.array(layer.data[box])
    after = np.where(changed, after, before)
    layer._save_history((box, before, after))
    layer.data[box] = after


def _set_items(layer: Labels, box: Box, after: NDArray[Any], changed: NDArray[np.bool_]) -> None:
    index_type = np.int16 if max(layer.data.shape) < 2**15 else np.int32
    indices = tuple(
        (axis + part.start).astype(index_type)
        for axis, part in zip(np.nonzero(changed), box, strict=True)
    )
    layer.data_setitem(indices, after[changed], refresh=False)


def _bounds(mask: NDArray[np.bool_]) -> Box:
    bounds = []
    for axis in range(mask.ndim):
        others = tuple(other for other in range(mask.ndim) if other != axis)
        inside = np.flatnonzero(mask.any(axis=others))
        bounds.append(slice(int(inside[0]), int(inside[-1]) + 1))
    return tuple(bounds)


def _moved(part: Box, box: Box) -> Box:
    return tuple(
        slice(outer.start + inner.start, outer.start + inner.stop)
        for inner, outer in zip(part, box, strict=True)
    )
