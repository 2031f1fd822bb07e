"""Labels out of sight while a key is held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Labels

if TYPE_CHECKING:
    from napari.components import ViewerModel


class Hiding:
    """Makes all labels see-through, and as they were.

    Not by `visible`: what becomes visible again is sliced anew first.

    Parameters
    ----------
    viewer
        That shows them.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._before: list[tuple[Labels, float]] = []

    def hide(self) -> None:
        """Show the scan alone."""
        if not self._before:
            self._before = [
                (layer, layer.opacity) for layer in self._viewer.layers if isinstance(layer, Labels)
            ]
            for layer, _ in self._before:
                layer.opacity = 0.0

    def show(self) -> None:
        """Show the labels again."""
        before, self._before = self._before, []
        for layer, opacity in before:
            # Whoever gave it another opacity meanwhile means that.
            if layer.opacity == 0.0:
                layer.opacity = opacity
