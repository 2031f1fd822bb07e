"""Take layers of ours away without the pause that napari makes for each."""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from napari_seg.viewer.own_context import own_context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.components import ViewerModel
    from napari.layers import Layer

# napari 0.9 collects the garbage of the whole process twice for each layer that goes, because
# some drivers for Windows need it. With torch loaded that keeps the window waiting for 0.3 to 0.8 s.
_NEEDS_COLLECTING = sys.platform == "win32"


def remove_layer(viewer: ViewerModel, layer: Layer | None) -> None:
    """Take a layer away; nothing happens where it is gone already.

    Garbage is left to Python's own collector, but on Windows.
    """
    if layer not in viewer.layers:
        return
    with own_context(viewer), _garbage_left_alone():
        viewer.layers.remove(layer)


def remove_all_layers(viewer: ViewerModel) -> None:
    """Take all layers of a viewer of ours away, in the same manner."""
    with own_context(viewer), _garbage_left_alone():
        viewer.layers.clear()


@contextmanager
def _garbage_left_alone() -> Iterator[None]:
    if _NEEDS_COLLECTING or gc.get_freeze_count():
        yield
        return
    # What is frozen is not looked at, and freezing takes no time.
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
