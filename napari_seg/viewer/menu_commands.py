"""What our entries in napari's Layers menu do, to the layer that is selected there."""

from __future__ import annotations

import napari
from napari.layers import Image, Labels

from napari_seg.viewer import layer_kind


def show_as_labels() -> None:
    """Show the selected image as labels.

    Raises
    ------
    ValueError
        If no image is selected, or its voxels are no whole numbers.
    """
    viewer = napari.current_viewer()
    layer = None if viewer is None else viewer.layers.selection.active
    if viewer is None or not isinstance(layer, Image):
        raise ValueError("select one image in the list of layers first")
    layer_kind.show_as_labels(layer, viewer.layers)


def show_as_scan() -> None:
    """Show the selected labels as a scan.

    Raises
    ------
    ValueError
        If no labels are selected.
    """
    viewer = napari.current_viewer()
    layer = None if viewer is None else viewer.layers.selection.active
    if viewer is None or not isinstance(layer, Labels):
        raise ValueError("select one layer of labels in the list of layers first")
    layer_kind.show_as_scan(layer, viewer.layers)
