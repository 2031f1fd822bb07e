"""Keep the whole slice in view while a canvas changes its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari.components import ViewerModel
    from numpy.typing import NDArray


class Fitting:
    """Fit the view to each new size in 2D, unless a person zoomed or panned; until `release`.

    Parameters
    ----------
    viewer
        Whose canvas changes its size.
    is_fitted
        Whether all of the slice is meant to be seen now, whatever the size was until now.
    is_wanted
        Asked at each new size; None for always.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        *,
        is_fitted: bool,
        is_wanted: Callable[[], bool] | None = None,
    ) -> None:
        self._viewer, self._is_wanted = viewer, is_wanted
        self._fitted = self._state() if is_fitted else None
        viewer.canvas.events.size.connect(self._on_size)
        viewer.events.reset_view.connect(self._on_fitted)

    def release(self) -> None:
        """Let the view be."""
        self._viewer.canvas.events.size.disconnect(self._on_size)
        self._viewer.events.reset_view.disconnect(self._on_fitted)

    def _on_size(self, _event: object) -> None:
        # In 3D it would move the depth of the camera, which becomes the slice back in 2D.
        if self._viewer.dims.ndisplay != 2 or self._fitted is None:
            return
        is_wanted = self._is_wanted is None or self._is_wanted()
        if is_wanted and np.allclose(self._fitted, self._state()):
            self._viewer.fit_to_view()

    def _on_fitted(self, _event: object) -> None:
        self._fitted = self._state()

    def _state(self) -> tuple[float, ...]:
        camera = self._viewer.scene.camera
        return (camera.zoom, *camera.center[-2:])


def is_in_the_middle(viewer: ViewerModel) -> bool:
    """Tell whether the view is where napari puts it by itself: a person's zoom or pan moves it.

    napari fits it to the first layer, maybe before the window has its size, and to all if asked.
    """
    centre = viewer.scene.camera.center[-2:]
    return any(np.allclose(centre, middle) for middle in _middles(viewer))


def _middles(viewer: ViewerModel) -> Iterator[NDArray[np.float64]]:
    dims = viewer.dims
    axes = np.array(dims.displayed[-2:])
    yield np.array([(dims.range[axis].start + dims.range[axis].stop) / 2 for axis in axes])
    for layer in viewer.layers:
        # A layer of fewer axes has the last ones.
        own = axes - (dims.ndim - layer.ndim)
        if own.min() >= 0:
            yield np.asarray(layer.extent.world, dtype=float)[:, own].mean(axis=0)
