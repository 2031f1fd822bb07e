"""Put a layer among the others without selecting it, not even for a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari.components import LayerList
    from napari.layers import Layer


def insert_quietly(layers: LayerList, place: int, layer: Layer) -> None:
    """Insert a layer; what was selected stays so, and a stroke that is being drawn goes on."""
    # A plugin's view of the viewer warns of what is private.
    layers = getattr(layers, "__wrapped__", layers)
    selected, active = set(layers.selection), layers.selection.active
    # Private to napari: selected for a moment, it would break off a stroke.
    activates = getattr(layers, "_activate_on_insert", True)
    layers._activate_on_insert = False
    try:
        layers.insert(place, layer)
    finally:
        layers._activate_on_insert = activates
    if layers.selection.active is not active:
        layers.selection = selected
        layers.selection.active = active
