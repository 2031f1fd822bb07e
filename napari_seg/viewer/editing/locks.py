"""Locked labels: no brush, tool or network changes their voxels; undo and redo alone do."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import Signal

from napari_seg.viewer.editing.attached import LayerPart
from napari_seg.viewer.editing.editable import require_editable
from napari_seg.viewer.editing.hooks import Hook

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import ArrayLike, NDArray

# Private to napari: brush, fill, polygon and the eraser in 3D all write through it (0.8 to 0.9).
_NAPARI_WRITES = "_apply_mask_to_data"
_ITS_ARGUMENTS = ["self", "data", "mask", "new_label", "volume_slice"]
# Up to so many labels comparing with one after the other is faster than looking voxels up.
_FEW = 6


class LabelLocks(LayerPart):
    """The locked labels of one layer; at first none.

    A locked label neither loses voxels nor gains any.

    Parameters
    ----------
    layer
        Whose labels they are.

    Attributes
    ----------
    changed
        Signal: other labels are locked now.
    holds_for_napari
        Whether napari's own brush, fill and polygon keep to the locks. False with a napari that
        writes in another way: then only our own tools do, and the panel should say so.

    Raises
    ------
    TypeError, ValueError
        If the layer is none that can be edited; see `require_editable`.
    """

    changed = Signal()

    def __init__(self, layer: Labels) -> None:
        require_editable(layer)
        super().__init__(layer)
        self._labels: frozenset[int] = frozenset()
        self._is_checked = False
        self.holds_for_napari = _writes_as_known(layer)
        if self.holds_for_napari:
            self._writing = Hook(layer, _NAPARI_WRITES, self._apply_mask_to_data)
        self._setting = Hook(layer, "data_setitem", self._data_setitem)

    @property
    def labels(self) -> frozenset[int]:
        """The locked labels."""
        return self._labels

    def lock(self, *labels: int) -> None:
        """Lock labels, whether or not the layer has voxels of them yet.

        Raises
        ------
        ValueError
            If one of them is 0: locking the background would lock everything.
        """
        if 0 in labels:
            raise ValueError("0 is the background, which cannot be locked; lock labels from 1 on")
        self._set(self._labels.union(labels))

    def unlock(self, *labels: int) -> None:
        """Unlock labels; one that is not locked is passed over."""
        self._set(self._labels.difference(labels))

    def unlocked(self, before: NDArray[Any], after: ArrayLike) -> NDArray[np.bool_]:
        """Tell which voxels may change.

        Parameters
        ----------
        before
            Their labels now.
        after
            What they are to become: one label, or an array of the shape of `before`.
        """
        if not self._labels:
            return np.ones(before.shape, dtype=bool)
        after = np.asarray(after)
        if after.ndim == 0:
            if int(after) in self._labels:
                return np.zeros(before.shape, dtype=bool)
            return _without(before, self._labels)
        return _without(before, self._labels) & _without(after, self._labels)

    @contextmanager
    def checked(self) -> Iterator[None]:
        """Let writes pass unchecked whose caller asked `unlocked` for every voxel."""
        before, self._is_checked = self._is_checked, True
        try:
            yield
        finally:
            self._is_checked = before

    def release(self) -> None:
        """Unlock all and give the layer its own methods back."""
        self._labels = frozenset()
        layer = self._layer()
        if layer is not None:
            if self.holds_for_napari:
                self._writing.remove(layer, self._apply_mask_to_data)
            self._setting.remove(layer, self._data_setitem)
        self.leave()

    def _set(self, labels: Iterable[int]) -> None:
        before, self._labels = self._labels, frozenset(int(label) for label in labels)
        if self._labels != before:
            self.changed.emit()

    def _apply_mask_to_data(
        self,
        data: NDArray[Any],
        mask: NDArray[np.bool_],
        new_label: int,
        volume_slice: tuple[slice, ...],
    ) -> Any:
        if self._labels and not self._is_checked:
            # Before napari notes what it changes, so that history and voxels agree.
            mask = mask & self.unlocked(data, new_label)
        return self._writing.call(self._layer(), data, mask, new_label, volume_slice)

    def _data_setitem(self, indices: Any, value: ArrayLike, refresh: bool = True) -> None:
        layer = self._layer()
        if self._labels and not self._is_checked:
            now = np.atleast_1d(np.asarray(layer.data[indices]))
            value = np.broadcast_to(np.asarray(value), now.shape)
            free = self.unlocked(now, value)
            indices = tuple(np.broadcast_to(axis, now.shape)[free] for axis in indices)
            value = value[free]
        self._setting.call(layer, indices, value, refresh=refresh)


def _writes_as_known(layer: Labels) -> bool:
    method = getattr(type(layer), _NAPARI_WRITES, None)
    return method is not None and list(inspect.signature(method).parameters) == _ITS_ARGUMENTS


def _without(array: NDArray[Any], labels: frozenset[int]) -> NDArray[np.bool_]:
    """Tell which voxels have none of the labels."""
    limits = np.iinfo(array.dtype)
    possible = [label for label in labels if limits.min <= label <= limits.max]
    without = np.ones(array.shape, dtype=bool)
    if len(possible) <= _FEW:
        for label in possible:
            without &= array != label
        return without
    if limits.min < 0 or limits.max > np.iinfo(np.uint16).max:
        return np.isin(array, possible, invert=True)
    table = np.ones(limits.max + 1, dtype=bool)
    table[possible] = False
    # Part by part: looking up turns labels into numbers of eight bytes.
    for part, found in zip(array, without, strict=True):
        found[...] = table[part]
    return without
