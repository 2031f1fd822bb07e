"""Where a layer that was opened goes among the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Image, Labels

if TYPE_CHECKING:
    from napari.components import LayerList
    from napari.layers import Layer


def add_opened(layers: LayerList, layer: Layer) -> None:
    """Add a layer where `place_of_opened` says, and select it."""
    layers.insert(place_of_opened(layers, layer), layer)


def place_of_opened(layers: LayerList, layer: Layer) -> int:
    """Return the place of labels on top, and of a scan below all labels.

    Nobody shall paint what is not seen.
    """
    if not isinstance(layer, Image):
        return len(layers)
    return next((n for n, one in enumerate(layers) if isinstance(one, Labels)), len(layers))
