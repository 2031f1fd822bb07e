"""Names for the steps that napari's own tools make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_seg.viewer.layers import metadata_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari.layers import Labels

    from napari_seg.viewer.editing.steps import By

    Namer = Callable[[Labels, Mapping[int, int] | None], str]

_TOOLS = {"paint": "brush", "erase": "erase", "fill": "fill", "polygon": "polygon"}


def describe(layer: Labels, changes: Mapping[int, int] | None, *, tool: str | None = None) -> str:
    """Name a step just made by the tool in hand and what it drew, such as ``"brush: liver"``.

    Parameters
    ----------
    layer
        That was drawn on.
    changes
        How many voxels each label gained or lost; None where that is not known.
    tool
        What drew; None for the tool of napari's that is in hand.
    """
    changes = changes or {}
    gained = [label for label, count in changes.items() if count > 0]
    lost = [label for label, count in changes.items() if count < 0]
    if tool is None:
        tool = _TOOLS.get(str(layer.mode), "edit")
    if tool == "brush" and lost and not gained:
        # The brush with the background in it.
        tool = "erase"
    drawn = gained or lost or list(changes)
    if not drawn:
        return tool
    return f"{tool}: {label_name(layer, drawn[0]) if len(drawn) == 1 else f'{len(drawn)} labels'}"


def drawn_by(layer: Labels) -> By:
    """Tell whether a step just made without a name was a person's, or another plugin's."""
    return "hand" if str(layer.mode) in _TOOLS else "tool"


def label_name(layer: Labels, label: int) -> str:
    """Return the name of a label in the layer's table; one without a row is "label 7"."""
    table = metadata_of(layer).get("table")
    names = {} if table is None else table.names
    return str(names.get(label, f"label {label}"))
