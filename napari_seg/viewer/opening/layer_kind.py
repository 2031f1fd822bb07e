"""Show the voxels of a layer as labels, or as a scan, without changing one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Image, Labels

from napari_seg.imaging.label_files.voxel_checks import whole_numbers
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.measures import count_voxels
from napari_seg.imaging.scan import LabelMap, Scan
from napari_seg.viewer.layers import (
    grid_of,
    image_layer,
    label_map_of,
    labels_layer,
    metadata_of,
    scan_of,
)
from napari_seg.viewer.opening.reading import KIND_GUESSED

if TYPE_CHECKING:
    from napari.components import LayerList
    from napari.layers import Layer

    from napari_seg.imaging.scan import Notice

_SAME_VALUES = "Show the same voxels as {}, in a layer that takes the place of this one"


def show_as_labels(layer: Image, layers: LayerList) -> Labels:
    """Put a Labels layer with the voxels of an Image layer in its place.

    Raises
    ------
    ValueError
        If the voxels are no whole numbers from 0.
    """
    scan = scan_of(layer)
    try:
        array = whole_numbers(scan.array, layer.name)
    except ValueError as error:
        raise ValueError(str(error).replace("; open it as a scan instead", "")) from error
    table = metadata_of(layer).get("table", LabelTable())
    labels = LabelMap(
        array,
        scan.geometry,
        table.completed(count_voxels(array)),
        _without_guess(scan.notices),
        scan.source,
    )
    shown = labels_layer(labels, name=layer.name, like=layer, **_kept(layer))
    _replace(layer, shown, layers)
    return shown


def show_as_scan(layer: Labels, layers: LayerList) -> Image:
    """Put an Image layer with the voxels of a Labels layer in its place."""
    labels = label_map_of(layer)
    notices = _without_guess(labels.notices)
    scan = Scan(labels.array, labels.geometry, notices=notices, source=labels.source)
    _, order = grid_of(layer)
    shown = image_layer(scan, name=layer.name, order=order, table=labels.table, **_kept(layer))
    _replace(layer, shown, layers)
    return shown


def offer_of(layer: Layer) -> tuple[str, str]:
    """Return what a button says that shows a layer as the other kind, and its tooltip."""
    other = "scan" if isinstance(layer, Labels) else "labels"
    return f"Show as {other}", _SAME_VALUES.format("a scan" if other == "scan" else "labels")


def _kept(layer: Layer) -> dict[str, Any]:
    remade = ("geometry", "order", "source", "notices", "table", "channel_names")
    return {key: value for key, value in metadata_of(layer).items() if key not in remade}


def _without_guess(notices: tuple[Notice, ...]) -> tuple[Notice, ...]:
    # A person has decided now.
    return tuple(notice for notice in notices if notice.code != KIND_GUESSED)


def _replace(old: Layer, new: Layer, layers: LayerList) -> None:
    place = layers.index(old)
    layers.remove(old)
    layers.insert(place, new)
    layers.selection.active = new
