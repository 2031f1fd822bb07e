"""Strokes of napari's brush that are still being drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari.layers import Labels


def commit_stroke(layer: Labels) -> None:
    """Make what a stroke in progress has drawn so far a step; the rest becomes another one."""
    staged = layer._staged_history
    undo = layer._undo_history
    # While napari tells of a step, the step is still staged.
    if staged and not (undo and undo[-1] is staged):
        with layer.block_history():
            pass
