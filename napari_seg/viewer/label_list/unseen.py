"""Labels that are hidden while somebody draws them: they are shown again, so that it is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_seg.viewer.editing.attached import attached
from napari_seg.viewer.label_list.layer_table import LayerTable

if TYPE_CHECKING:
    from napari.layers import Labels

_LEFT = 1
_DRAWING = ("paint", "fill", "polygon")


def show_selected(layer: Labels) -> None:
    """Show the label that a layer draws, if it was hidden by the table of labels."""
    table = attached(layer, LayerTable)
    value = int(layer.selected_label)
    if table is not None and any(row.value == value and not row.is_visible for row in table.rows):
        table.set_visible((value,), True)


def on_press(layer: Labels, event: Any) -> None:
    """Show the label that one of napari's own tools draws; to be called with a press of the mouse."""
    if event.type == "mouse_press" and event.button == _LEFT and str(layer.mode) in _DRAWING:
        show_selected(layer)


def watch(layer: Labels) -> None:
    """See to it with each press of the mouse on a layer, until `leave`."""
    if on_press not in layer.mouse_drag_callbacks:
        layer.mouse_drag_callbacks.append(on_press)


def leave(layer: Labels) -> None:
    """See to it no more."""
    if on_press in layer.mouse_drag_callbacks:
        layer.mouse_drag_callbacks.remove(on_press)
