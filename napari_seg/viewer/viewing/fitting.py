"""Keep the whole slice in view while a canvas changes its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_seg.viewer.viewing.planes import is_zoomed_in

if TYPE_CHECKING:
    from napari.components import ViewerModel


class Fitting:
    """Fit the view to each new size, unless a person zoomed or panned; until `release`.

    Parameters
    ----------
    viewer
        Whose canvas changes its size.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._fitted = None if is_zoomed_in(viewer) else self._state()
        viewer.canvas.events.size.connect(self._on_size)
        viewer.events.reset_view.connect(self._on_fitted)

    def release(self) -> None:
        """Let the view be."""
        self._viewer.canvas.events.size.disconnect(self._on_size)
        self._viewer.events.reset_view.disconnect(self._on_fitted)

    def _on_size(self, _event: object) -> None:
        if self._fitted is not None and np.allclose(self._fitted, self._state()):
            self._viewer.fit_to_view()

    def _on_fitted(self, _event: object) -> None:
        self._fitted = self._state()

    def _state(self) -> tuple[float, ...]:
        camera = self._viewer.scene.camera
        return (camera.zoom, *camera.center[-2:])
