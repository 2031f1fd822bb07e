"""Where a layer that was opened goes among the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Image, Labels

if TYPE_CHECKING:
    from napari.components import LayerList
    from napari.layers import Layer


def add_opened(layers: LayerList, layer: Layer) -> None:
    """Put labels on top, and a scan below all labels: nobody shall paint what is not seen."""
    place = len(layers)
    if isinstance(layer, Image):
        place = next((n for n, one in enumerate(layers) if isinstance(one, Labels)), place)
    layers.insert(place, layer)
