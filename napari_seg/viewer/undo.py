"""Write labels as named steps of napari's own undo, past no locked label: at once or by strokes."""

from __future__ import annotations

from contextlib import ExitStack, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_seg.viewer.editing.attached import attached
from napari_seg.viewer.editing.editable import require_editable
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.editing.locks import LabelLocks
from napari_seg.viewer.editing.step_names import describe
from napari_seg.viewer.editing.strokes import commit_stroke, join_staged

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
    change = _change_of(layer, box, values, where, preserve=preserve)
    if change is None:
        return 0
    commit_stroke(layer)
    history = attached(layer, EditHistory)
    with ExitStack() as stack:
        if history is not None:
            stack.enter_context(history.naming(name or "edit", by=by))
        stack.enter_context(layer.block_history())
        _write(layer, change, public_only=public_only)
    # The whole view is refreshed next, so the part that napari noted is forgotten.
    layer._updated_slice = None
    layer.refresh(extent=False)
    return int(np.count_nonzero(change.where))


class Stroke:
    """Writes to a layer that are drawn one after the other, and are one step of napari's undo.

    Call `end` or `cancel`. A step made by anybody else meanwhile divides it into two.

    Parameters
    ----------
    layer
        The layer to draw on.
    tool
        What draws, such as ``"adaptive brush"``: with the label drawn it names the step.

    Raises
    ------
    TypeError, ValueError
        If the layer is none that can be edited, see `require_editable`.
    """

    def __init__(self, layer: Labels, tool: str) -> None:
        require_editable(layer)
        commit_stroke(layer)
        self._layer, self._is_open, self._joined = layer, True, 0
        self._open = ExitStack()
        naming = EditHistory.of(layer).naming(partial(describe, tool=tool), by="hand")
        self._open.enter_context(naming)
        self._open.enter_context(layer.block_history())

    def write(self, box: Box, values: ArrayLike, *, where: NDArray[np.bool_] | None = None) -> int:
        """Write labels into a box, and show that part of the slice; see `write_region`."""
        layer = self._layer
        # What the layer preserves is the brush's to decide: an eraser goes by other rules.
        change = _change_of(layer, box, values, where, preserve=False)
        if change is None:
            return 0
        _write(layer, change)
        self._joined = join_staged(layer, self._joined)
        _show_part(layer, change.box)
        return int(np.count_nonzero(change.where))

    def end(self) -> None:
        """Make what was drawn a step of undo; more than once does no harm."""
        self._is_open = False
        self._open.close()

    def cancel(self) -> None:
        """Take back what was drawn; nothing after `end`."""
        if self._is_open:
            # Private to napari, there since 0.9: its own strokes are cancelled by it.
            self._layer._abort_stroke()
            self.end()


class _Change(NamedTuple):
    """What becomes of the voxels of a box: labels of its shape, and which voxels change."""

    box: Box
    after: NDArray[Any]
    where: NDArray[np.bool_]


def _change_of(
    layer: Labels,
    box: Box,
    values: ArrayLike,
    where: NDArray[np.bool_] | None,
    *,
    preserve: bool | None,
) -> _Change | None:
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
    if not changed.any():
        return None
    tight = _bounds(changed)
    return _Change(_moved(tight, box), after[tight], changed[tight])


def _as_type(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    limits = np.iinfo(dtype)
    if values.size and (values.min() < limits.min or values.max() > limits.max):
        raise ValueError(
            f"labels must be from {limits.min} to {limits.max} in a layer of type {dtype}, "
            f"got {values.min()} to {values.max()}"
        )
    return values.astype(dtype, copy=False)


def _write(layer: Labels, change: _Change, *, public_only: bool = False) -> None:
    box, after, changed = change
    locks = attached(layer, LabelLocks)
    with nullcontext() if locks is None else locks.checked():
        if public_only or not hasattr(layer, "_paint_region_with_mask"):
            _set_items(layer, box, after, changed)
        elif (labels := _few_labels(after, changed)) is None:
            _copy(layer, box, after, changed)
        else:
            _paint(layer, box, after, changed, labels)


def _show_part(layer: Labels, box: Box) -> None:
    # Private to napari, there since 0.4: the part of the slice that changed, not all of it.
    if hasattr(layer, "_partial_labels_refresh"):
        layer._accumulate_updated_slice(box)
        layer._partial_labels_refresh()
    else:
        layer.refresh(extent=False)


def _few_labels(after: NDArray[Any], changed: NDArray[np.bool_]) -> set[int] | None:
    labels: set[int] = set()
    # Part by part: where there are many labels, a part or two show it.
    for part, where in zip(after, changed, strict=True):
        gained = part[where]
        if gained.size and (gained == gained[0]).all():
            labels.add(int(gained[0]))
        else:
            labels.update(np.unique(gained).tolist())
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
