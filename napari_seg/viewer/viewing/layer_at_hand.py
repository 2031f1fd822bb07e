"""Which layer is meant: the selected one, else the topmost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Image, Labels

if TYPE_CHECKING:
    from napari.components import ViewerModel


def image_at_hand(viewer: ViewerModel) -> Image | None:
    """Return the image whose window is changed and whose values are read; None without one."""
    active = viewer.layers.selection.active
    if _has_window(active):
        return active
    shown = (layer for layer in reversed(viewer.layers) if layer.visible and _has_window(layer))
    return next(shown, None)


def labels_at_hand(viewer: ViewerModel) -> tuple[Labels, ...]:
    """Return the visible labels, the selected ones first, then from the top."""
    shown = [
        layer for layer in reversed(viewer.layers) if layer.visible and isinstance(layer, Labels)
    ]
    active = viewer.layers.selection.active
    return tuple(sorted(shown, key=lambda layer: layer is not active))


def located_layer(viewer: ViewerModel) -> Image | Labels | None:
    """Return the layer that tells where in the patient one is; None without scan or labels."""
    active = viewer.layers.selection.active
    if isinstance(active, Image | Labels):
        return active
    images = (layer for layer in reversed(viewer.layers) if isinstance(layer, Image))
    labels = (layer for layer in reversed(viewer.layers) if isinstance(layer, Labels))
    return next(images, None) or next(labels, None)


def _has_window(layer: object) -> bool:
    return isinstance(layer, Image) and not layer.rgb
