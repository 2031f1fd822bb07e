"""Strokes of a brush that are still being drawn: what napari has staged of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Labels

# So many masks of a stroke become one: its boxes overlap, and a mask for each takes much memory.
_JOINED = 16


def commit_stroke(layer: Labels) -> None:
    """Make what a stroke in progress has drawn so far a step; the rest becomes another one."""
    staged = layer._staged_history
    undo = layer._undo_history
    # While napari tells of a step, the step is still staged.
    if staged and not (undo and undo[-1] is staged):
        with layer.block_history():
            pass


def join_staged(layer: Labels, first: int) -> int:
    """Keep what a stroke drew last in one mask, once it takes many.

    A voxel that was changed twice, or to another label than the others, is left as it is kept.

    Parameters
    ----------
    layer
        That is drawn on.
    first
        How many of the staged parts were joined before; 0 for a new stroke.

    Returns
    -------
    int
        How many are now.
    """
    staged = layer._staged_history
    first = min(first, len(staged))
    if len(staged) - first < _JOINED:
        return first
    latest = staged[first:]
    joined = _join(latest) if all(_is_masked(atom) for atom in latest) else None
    if joined is not None:
        staged[first:] = [joined]
    return len(staged)


def _is_masked(atom: Any) -> bool:
    # Private to napari, there since 0.9: box, mask in it, labels before, label after.
    return len(atom) == 4 and atom[1] is not None


def _join(atoms: Sequence[Any]) -> Any:
    box = tuple(
        slice(min(part.start for part in parts), max(part.stop for part in parts))
        for parts in zip(*(atom[0] for atom in atoms), strict=True)
    )
    shape = [part.stop - part.start for part in box]
    kept_bytes = sum(mask.nbytes for _, mask, _, _ in atoms)
    if len({label for *_, label in atoms}) > 1 or np.prod(shape) > kept_bytes:
        return None
    where, before = np.zeros(shape, dtype=bool), np.zeros(shape, atoms[0][2].dtype)
    for part, mask, labels, _ in atoms:
        inner = tuple(
            slice(one.start - outer.start, one.stop - outer.start)
            for one, outer in zip(part, box, strict=True)
        )
        if (where[inner] & mask).any():
            return None
        where[inner] |= mask
        before[inner][mask] = labels
    return type(atoms[0])(box, where, before[where], atoms[0][3])
