"""The colours of a layer's labels on the canvas, and which of them are not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils.colormaps import DirectLabelColormap

from napari_seg.viewer.appearance import label_colours

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from napari.layers import Labels
    from numpy.typing import NDArray

    from napari_seg.imaging.label_colours import Colour
    from napari_seg.imaging.label_table import LabelTable

_LARGEST = int(np.iinfo(np.uint16).max)


class TableColormap(DirectLabelColormap):  # type: ignore[misc] # napari has no types
    """Colours of labels that are mapped at once, where napari takes 150 ms for 16 bits.

    Where a later napari no longer asks for the one method, it maps by its own.
    """

    def _map_without_cache(self, values: NDArray[Any]) -> NDArray[np.float32]:
        limits = np.iinfo(values.dtype)
        if limits.min < 0 or limits.max > _LARGEST:
            return super()._map_without_cache(values)  # type: ignore[no-any-return]
        colours = np.tile(np.asarray(self.default_color, np.float32), (limits.max + 1, 1))
        for value, colour in self.color_dict.items():
            if value is not None and 0 <= value <= limits.max:
                colours[value] = colour
        mapped: NDArray[np.float32] = colours[values]
        return mapped


def has_own_colours(layer: Labels) -> bool:
    """Tell whether each label has its colour; else napari draws them in the order of a circle."""
    return isinstance(layer.colormap, DirectLabelColormap)


def show_colours(layer: Labels, table: LabelTable, hidden: Collection[int]) -> None:
    """Draw labels in the colours of a table, and hidden ones not at all."""
    colours: dict[int | None, Any] = dict(label_colours(table).color_dict)
    for value in hidden:
        colours[value] = (*(colours[value][:3] if value in colours else (0.6,) * 3), 0.0)
    layer.colormap = TableColormap(
        color_dict=colours,
        use_selection=layer.show_selected_label,
        selection=layer.selected_label,
    )


def colours_seen(layer: Labels, values: Iterable[int]) -> dict[int, Colour]:
    """Return the colours in which labels are drawn; without those that have none of their own."""
    colormap = layer.colormap
    if isinstance(colormap, DirectLabelColormap):
        drawn = {value: colormap.color_dict.get(value) for value in values}
    else:
        # Where the selected label is the only one seen, the others have their colours still.
        whole = colormap.model_copy(update={"use_selection": False})
        drawn = {value: whole.map(value) for value in values}
    return {
        value: _parts(colour) for value, colour in drawn.items() if colour is not None and colour[3]
    }


def hidden_in(layer: Labels, values: Iterable[int]) -> frozenset[int]:
    """Return which labels are drawn fully transparent, each by itself."""
    if not has_own_colours(layer):
        return frozenset()
    colours = layer.colormap.color_dict
    return frozenset(value for value in values if value in colours and colours[value][3] == 0)


def _parts(colour: NDArray[np.floating[Any]]) -> Colour:
    red, green, blue = (round(255 * float(part)) for part in colour[:3])
    return red, green, blue
