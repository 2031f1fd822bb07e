"""What a removed layer held on the graphics card is freed in the context that it was made in.

napari 0.9 frees it (``VispyCanvas._clean_and_update_scenegraph``) in whichever OpenGL context is
current: Qt's own, or that of another canvas. What one context still uses and another one deletes
ends the process under Mesa, as soon as the canvas is drawn without the layer.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from qtpy.QtGui import QOpenGLContext

from napari_seg.viewer.canvases import canvas_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.components import ViewerModel


class OwnContext:
    """Make the context of a viewer's canvas the current one when a layer goes, until `release`.

    Parameters
    ----------
    viewer
        Whose layers anybody may take away.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        # When a layer is gone, napari's own callbacks come before all others.
        viewer.layers.events.removing.connect(self._make_current)

    def release(self) -> None:
        """Leave the contexts as they are."""
        self._viewer.layers.events.removing.disconnect(self._make_current)

    def _make_current(self, _event: object = None) -> None:
        _make_current(self._viewer)


@contextmanager
def own_context(viewer: ViewerModel) -> Iterator[None]:
    """Make the context of a viewer's canvas the current one, and then the one before it again."""
    before = QOpenGLContext.currentContext()
    surface = None if before is None else before.surface()
    _make_current(viewer)
    try:
        yield
    finally:
        if before is not None and surface is not None:
            before.makeCurrent(surface)


def _make_current(viewer: ViewerModel) -> None:
    canvas = canvas_of(viewer)
    if canvas is not None:
        # Nothing happens before the canvas was shown for the first time.
        canvas.canvas.native.makeCurrent()
