"""Which layer is meant: the selected one, else the topmost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Image, Labels

from napari_seg.viewer.layers import is_preview, knows_its_grid, metadata_of, sides_are_known

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

    It is the selected image, or the selected labels if they know their grid. Else, as under
    napari's own new labels, it is an image that knows its grid, the topmost one that does not know
    its sides first: what is seen may be that one.
    """
    active = viewer.layers.selection.active
    if isinstance(active, Image) or (isinstance(active, Labels) and knows_its_grid(active)):
        return active
    layers = [layer for layer in reversed(viewer.layers) if isinstance(layer, Image | Labels)]
    placed = [layer for layer in layers if knows_its_grid(layer)]
    images = [layer for layer in placed if isinstance(layer, Image)]
    doubtful = [layer for layer in images if not sides_are_known(layer)]
    selected = [layer for layer in layers if layer is active]
    return next(iter((*doubtful, *images, *placed, *selected, *layers)), None)


def _has_window(layer: object) -> bool:
    return isinstance(layer, Image) and not layer.rgb
