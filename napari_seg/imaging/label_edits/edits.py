"""A change to labels that is not yet written, and what may be taken out of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.label_edits.boxes import (
    Box,
    bounds,
    box_within,
    require_same_shape,
)


@dataclass(frozen=True, eq=False)
class Edit:
    """A change to labels: one box, and what its voxels become.

    Every tool returns one and leaves the labels that it was given as they were. Write it as one
    step of a viewer's undo: ``labels[edit.box][edit.changed] = edit.values[edit.changed]``. An
    edit of nothing is false, its box empty.

    Attributes
    ----------
    box
        The smallest box that holds every changed voxel: one slice with start and stop for each
        axis of the labels.
    values
        Labels of the box's shape, of the labels' own type, as they are after the change.
    changed
        Of the box's shape: the voxels whose label becomes another.

    Examples
    --------
    >>> labels = np.array([[0, 0, 0], [0, 7, 0]])
    >>> edit = Edit.between(labels, (slice(0, 2), slice(1, 3)), np.array([[0, 0], [7, 5]]))
    >>> edit.box, edit.values.tolist(), edit.count
    ((slice(1, 2, None), slice(2, 3, None)), [[5]], 1)
    >>> edit.applied(labels).tolist()
    [[0, 0, 0], [0, 7, 5]]
    """

    box: Box
    values: NDArray[Any]
    changed: NDArray[np.bool_]

    @classmethod
    def between(
        cls,
        labels: NDArray[Any],
        box: Box,
        values: NDArray[Any] | int,
        *,
        where: NDArray[np.bool_] | None = None,
    ) -> Edit:
        """Return the change from labels to what a box of them should become.

        Parameters
        ----------
        labels
            As they are.
        box
            One slice with start and stop for each axis.
        values
            Labels of the box's shape, or one for all of it.
        where
            Of the box's shape: the voxels that may change; None for all.
        """
        before = labels[box]
        changed = np.asarray(before != values)
        if where is not None:
            changed &= where
        return cls._of(labels, box, values, changed)

    @classmethod
    def _of(
        cls, labels: NDArray[Any], box: Box, values: NDArray[Any] | int, changed: NDArray[np.bool_]
    ) -> Edit:
        tight = bounds(changed)
        if tight is None:
            nothing = (slice(0, 0),) * labels.ndim
            return cls(nothing, labels[nothing].copy(), np.zeros((0,) * labels.ndim, dtype=bool))
        box, changed = box_within(tight, box), changed[tight]
        after = labels[box].copy()
        gained = np.broadcast_to(
            values[tight] if isinstance(values, np.ndarray) else values, after.shape
        )
        # Slice by slice, so that what is in between stays in the processor's cache.
        for row in range(len(after)):
            part = slice(row, row + 1)
            if changed[part].any():
                after[part] = _merged(after[part], gained[part], changed[part])
        return cls(box, after, changed)

    def __bool__(self) -> bool:
        """Tell whether anything changes."""
        return self.values.size > 0

    @property
    def count(self) -> int:
        """How many voxels change."""
        return int(np.count_nonzero(self.changed))

    def applied(self, labels: NDArray[Any]) -> NDArray[Any]:
        """Return a copy of labels with the change made."""
        result = labels.copy()
        np.copyto(result[self.box], self.values, where=self.changed)
        return result

    def moved(self, box: Box) -> Edit:
        """Return the same change to the whole labels that `box` was cut from.

        A tool that was given ``labels[box]``, such as for a preview, counts from the corner of it.
        """
        return Edit(box_within(self.box, box), self.values, self.changed) if self else self

    def only(self, labels: NDArray[Any], mask: NDArray[np.bool_]) -> Edit:
        """Return the part of the change inside a mask of the box's shape."""
        return Edit._of(labels, self.box, self.values, self.changed & mask)


def respecting(edit: Edit, labels: NDArray[Any], locked: Collection[int]) -> Edit:
    """Take out of an edit what would change a locked label.

    Parameters
    ----------
    edit
        The change.
    labels
        As they are before it.
    locked
        Labels that neither lose nor gain a voxel.

    Returns
    -------
    Edit
        The rest of the change; it may be nothing.

    Examples
    --------
    >>> labels = np.array([0, 1, 2])
    >>> edit = Edit.between(labels, (slice(0, 3),), np.array([2, 3, 3]))
    >>> respecting(edit, labels, [1]).applied(labels).tolist()
    [2, 1, 3]
    >>> respecting(edit, labels, [2]).applied(labels).tolist()
    [0, 3, 2]
    """
    if not locked or not edit:
        return edit
    touched = holds_any(labels[edit.box], locked) | holds_any(edit.values, locked)
    return edit.only(labels, ~touched)


def only_over(edit: Edit, labels: NDArray[Any], allowed: Collection[int]) -> Edit:
    """Keep of an edit what changes voxels that now hold one of some values.

    ``{0}`` paints over empty voxels only, ``{3}`` inside label 3 only, and ``{0, 3}`` lets a tool
    on label 3 touch no other label.

    Examples
    --------
    >>> labels = np.array([0, 1, 2])
    >>> edit = Edit.between(labels, (slice(0, 3),), 5)
    >>> only_over(edit, labels, {0}).applied(labels).tolist()
    [5, 1, 2]
    """
    return edit.only(labels, holds_any(labels[edit.box], allowed)) if edit else edit


def only_in_range(
    edit: Edit, labels: NDArray[Any], scan: NDArray[Any], low: float, high: float
) -> Edit:
    """Keep of an edit what changes voxels whose intensity lies from `low` to `high`.

    Raises
    ------
    ValueError
        If the scan has another shape than the labels, or `low` is above `high`.
    """
    require_same_shape(labels, scan, "scan")
    return edit.only(labels, in_range(scan[edit.box], low, high)) if edit else edit


def in_range(intensity: NDArray[Any], low: float, high: float) -> NDArray[np.bool_]:
    """Tell which voxels lie from `low` to `high`; those that are no number do not.

    Raises
    ------
    ValueError
        If `low` is above `high` or one of them is no number.
    """
    if not low <= high:
        raise ValueError(
            f"the lower end of a range must not be above its upper, got {low} to {high}"
        )
    return np.asarray((intensity >= low) & (intensity <= high))


def count_changes(edit: Edit, labels: NDArray[Any]) -> dict[int, int]:
    """Count how many voxels each label gains; what it loses counts as negative.

    Parameters
    ----------
    edit
        The change.
    labels
        As they are before it.

    Examples
    --------
    >>> labels = np.array([0, 1, 2])
    >>> count_changes(Edit.between(labels, (slice(0, 3),), np.array([2, 2, 2])), labels)
    {1: -1, 2: 2}
    """
    gained: dict[int, int] = {}
    for values, sign in ((labels[edit.box], -1), (edit.values, 1)):
        for value, count in _counts(values[edit.changed]).items():
            gained[value] = gained.get(value, 0) + sign * count
    return {value: gained[value] for value in sorted(gained) if value and gained[value]}


def holds_any(labels: NDArray[Any], values: Collection[int]) -> NDArray[np.bool_]:
    """Tell which voxels hold one of a few values."""
    found = np.zeros(labels.shape, dtype=bool)
    for value in values:
        found |= labels == value
    return found


def _merged(old: NDArray[Any], new: NDArray[Any], chosen: NDArray[np.bool_]) -> NDArray[Any]:
    # Products take as long for a noisy mask as for a smooth one; a masked copy ten times more.
    merged = new.astype(old.dtype)
    merged *= chosen
    kept = (~chosen).astype(old.dtype)
    kept *= old
    merged += kept
    return merged


def _counts(values: NDArray[Any]) -> dict[int, int]:
    if values.dtype.kind == "u" and values.itemsize <= 2:
        counts = np.bincount(values)
        found = np.flatnonzero(counts)
        counts = counts[found]
    else:
        found, counts = np.unique(values, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))
