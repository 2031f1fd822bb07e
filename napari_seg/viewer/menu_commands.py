"""What our entries in napari's Layers menu do, to the layer that is selected there."""

from __future__ import annotations

import napari
from napari.layers import Image, Labels

from napari_seg.viewer.exporting import Export
from napari_seg.viewer.opening import layer_kind
from napari_seg.viewer.opening.asking import main_window


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


def export_labels() -> None:
    """Write the selected labels to a file or folder of another form, after asking for it.

    Raises
    ------
    ValueError
        If no labels are selected.
    """
    viewer, window = napari.current_viewer(), main_window()
    layer = None if viewer is None else viewer.layers.selection.active
    if viewer is None or window is None or not isinstance(layer, Labels):
        raise ValueError("select one layer of labels in the list of layers first")
    Export(layer, viewer.layers, window).ask()
