"""Which layer is meant: the selected one, else the topmost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Image, Labels

from napari_seg.viewer.layers import is_preview, metadata_of
from napari_seg.viewer.viewing.patient import sides_are_known

if TYPE_CHECKING:
    from napari.components import ViewerModel


def image_at_hand(viewer: ViewerModel) -> Image | None:
    """Return the image whose window is changed and whose values are read; None without one.

    It is the selected one, else the scan that the selected labels belong to, else the topmost.
    """
    active = viewer.layers.selection.active
    if _has_window(active):
        return active
    shown = [layer for layer in reversed(viewer.layers) if layer.visible and _has_window(layer)]
    scan_id = None if active is None else metadata_of(active).get("scan_id")
    own = (layer for layer in shown if layer.unique_id == scan_id)
    return next(own, None) or next(iter(shown), None)


def labels_at_hand(viewer: ViewerModel) -> tuple[Labels, ...]:
    """Return the visible labels, the selected ones first, then from the top."""
    shown = [
        layer
        for layer in reversed(viewer.layers)
        if layer.visible and isinstance(layer, Labels) and not is_preview(layer)
    ]
    active = viewer.layers.selection.active
    return tuple(sorted(shown, key=lambda layer: layer is not active))


def located_layer(viewer: ViewerModel) -> Image | Labels | None:
    """Return the layer that tells where in the patient one is; None without scan or labels.

    Labels that do not say their sides, such as napari's own new ones, lie over a scan that may.
    """
    active = viewer.layers.selection.active
    if isinstance(active, Image):
        return active
    layers = [layer for layer in reversed(viewer.layers) if isinstance(layer, Image | Labels)]
    # The selected one first, then images from the top, then labels.
    layers.sort(key=lambda layer: 0 if layer is active else 1 + isinstance(layer, Labels))
    sure = (layer for layer in layers if sides_are_known(layer))
    return next(sure, None) or next(iter(layers), None)


def _has_window(layer: object) -> bool:
    return isinstance(layer, Image) and not layer.rgb
