"""What one item of napari's undo history did: which voxels, how many of each label, how big."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_seg.imaging.measures import count_voxels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    Box = tuple[slice, ...]
    Atom = tuple[Any, ...]

By = Literal["hand", "tool", "network"]
"""Who made a step: a person with a brush, a tool on what was there, or a network."""

# What Python keeps for an atom beside its voxels.
_ATOM_BYTES = 500
# Counting turns labels into numbers of eight bytes: so many at a time.
_AT_ONCE = 1 << 20
# Counting more would keep the window waiting.
_MOST_COUNTED = 1 << 24


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a layer's history; it stays the same object through undo and redo.

    Attributes
    ----------
    name
        For people, such as ``"brush: liver"``.
    box
        Holds all voxels that the step changed; one slice for each axis of the layer's data.
    changes
        How many voxels each label gained; below 0 where it lost some, 0 where it lost as many.
        Without the background. None for a step too large to count at once.
    kept_bytes
        Memory that it takes to undo or redo the step.
    by
        Who made it.
    """

    name: str
    box: Box
    changes: Mapping[int, int] | None
    kept_bytes: int
    by: By = "tool"


def count_labels(
    array: NDArray[Any], *, on_progress: Callable[[float], None] | None = None
) -> Counter[int]:
    """Count the voxels of each label, little by little.

    Parameters
    ----------
    array
        Labels, of any shape.
    on_progress
        Called with the fraction done.
    """
    # Without a copy if the array lies in one piece.
    flat = array.ravel(order="K")
    counts: Counter[int] = Counter()
    for start in range(0, flat.size, _AT_ONCE):
        counts.update(count_voxels(flat[start : start + _AT_ONCE, None]))
        if on_progress is not None:
            on_progress(min(1.0, (start + _AT_ONCE) / flat.size))
    return counts


def changes_of(item: Sequence[Atom], shape: Sequence[int]) -> dict[int, int] | None:
    """Count how many voxels each label gained by an item of napari's history.

    None where that would take long.

    Parameters
    ----------
    item
        Atoms in the order in which they were written.
    shape
        Of the layer's data.
    """
    changes: Counter[int] = Counter()
    if sum(np.size(atom[-2]) + np.size(atom[-1]) for atom in item) > _MOST_COUNTED:
        return None
    for atom in item:
        before, after = _values(atom, shape)
        if np.ndim(after) == 0:
            changes[int(after)] += before.size
        else:
            changes.update(count_labels(after))
        changes.subtract(count_labels(before))
    return {label: count for label, count in changes.items() if label}


def box_of(item: Sequence[Atom], shape: Sequence[int]) -> Box:
    """Return the smallest box around all that an item of napari's history changed."""
    boxes = [_box(atom, shape) for atom in item]
    return tuple(
        slice(min(part.start for part in parts), max(part.stop for part in parts))
        for parts in zip(*boxes, strict=True)
    )


def changed_voxels(items: Sequence[Sequence[Atom]], shape: Sequence[int]) -> NDArray[np.bool_]:
    """Tell which voxels items of napari's history changed, also if they were changed back.

    Parameters
    ----------
    items
        Each of atoms.
    shape
        Of the layer's data.
    """
    changed = np.zeros(shape, dtype=bool)
    for atom in (atom for item in items for atom in item):
        if not _is_masked(atom):
            index, before, after = atom
            changed[index] |= np.asarray(before != after)
        elif atom[1] is None:
            changed[atom[0]] = True
        else:
            changed[atom[0]] |= atom[1]
    return changed


def bytes_of(item: Sequence[Atom]) -> int:
    """Measure the memory that an item of napari's history takes."""
    return sum(_ATOM_BYTES + sum(_bytes(part) for part in atom) for atom in item)


def _bytes(part: Any) -> int:
    if isinstance(part, tuple):
        return sum(_bytes(inner) for inner in part)
    return part.nbytes if isinstance(part, np.ndarray) else 0


def _values(atom: Atom, shape: Sequence[int]) -> tuple[NDArray[Any], Any]:
    """Return the labels before and after, each changed voxel once."""
    if _is_masked(atom):
        _, _, before, after = atom
        return before, after
    index, before, after = atom
    before = np.asarray(before)
    if _is_box(index):
        return before, np.broadcast_to(after, before.shape)
    places = _places(index, shape)
    before = np.broadcast_to(before, places.shape)
    after = np.broadcast_to(after, places.shape)
    if places.size == 0 or not _has_repeats(places):
        return before, after
    # A voxel named twice gets the last of its labels.
    _, last = np.unique(places[::-1], return_index=True)
    last = places.size - 1 - last
    return before[last], after[last]


def _box(atom: Atom, shape: Sequence[int]) -> Box:
    index = atom[0]
    if _is_masked(atom) or _is_box(index):
        return tuple(
            slice(*part.indices(length)[:2]) for part, length in zip(index, shape, strict=True)
        )
    axes = np.unravel_index(_places(index, shape), shape)
    return tuple(slice(int(axis.min()), int(axis.max()) + 1) for axis in axes)


def _is_masked(atom: Atom) -> bool:
    return len(atom) == 4


def _is_box(index: Any) -> bool:
    return all(isinstance(part, slice) for part in index)


def _places(index: Sequence[Any], shape: Sequence[int]) -> NDArray[np.int64]:
    axes = [np.asarray(axis) % length for axis, length in zip(index, shape, strict=True)]
    flat: NDArray[np.int64] = np.ravel_multi_index(np.broadcast_arrays(*axes), shape).ravel()
    return flat


def _has_repeats(places: NDArray[np.int64]) -> bool:
    first = int(places.min())
    seen = np.zeros(int(places.max()) - first + 1, dtype=bool)
    seen[places - first] = True
    return int(np.count_nonzero(seen)) < places.size
