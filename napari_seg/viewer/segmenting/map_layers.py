"""Probabilities and entropy of a run, each in an image layer just above the scan."""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image
from napari.utils.colormaps import Colormap, ensure_colormap

from napari_seg.segmentation.run_settings import ENTROPY
from napari_seg.viewer.layers import SIDES_KNOWN, grid_of, image_layer, metadata_of, sides_are_known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari.components import ViewerModel

    from napari_seg.imaging.scan import Scan


def show_maps(
    viewer: ViewerModel, scan_layer: Image, maps: Mapping[str, Scan], *, classes: int
) -> list[Image]:
    """Show the maps of a run; those of an earlier run on the same scan are replaced.

    Parameters
    ----------
    viewer
        That shows the scan.
    scan_layer
        What was segmented.
    maps
        By the name of their label, or ``"entropy"``.
    classes
        How many the model tells apart, the background included.
    """
    return [_show(viewer, scan_layer, name, values, classes) for name, values in maps.items()]


def _show(viewer: ViewerModel, scan_layer: Image, name: str, values: Scan, classes: int) -> Image:
    title = "entropy" if name == ENTROPY else f"probability of {name}"
    this = (scan_layer.unique_id, name)
    _, order = grid_of(scan_layer)
    ours = {"map_of": this, SIDES_KNOWN: sides_are_known(scan_layer)}
    new = image_layer(values, name=f"{scan_layer.name}: {title}", order=order, **ours)
    for layer in viewer.layers:
        if isinstance(layer, Image) and metadata_of(layer).get("map_of") == this:
            layer.data = new.data
            return layer
    most = log2(max(classes, 2)) if name == ENTROPY else 1.0
    new.contrast_limits_range = new.contrast_limits = (0.0, most)
    new.colormap, new.blending, new.opacity = _clear_to_bright(), "translucent", 0.7
    viewer.layers.insert(viewer.layers.index(scan_layer) + 1, new)
    return new


def _clear_to_bright() -> Colormap:
    """Make a map of colours through which the scan is seen where there is nothing to show."""
    steps = np.linspace(0, 1, 256)
    colours = ensure_colormap("inferno").map(steps)
    colours[:, 3] = np.minimum(steps * 2, 1)
    return Colormap(colours, name="certainty", controls=np.linspace(0, 1, 256))
