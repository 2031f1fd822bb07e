"""A stroke reaches the place where the button was let go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.utils.interactions import mouse_move_callbacks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.components import ViewerModel


class LastMove:
    """Draw the end of a quick stroke, too, until `release`.

    vispy drops a move of the mouse that comes within 10 ms of the one before, and napari draws
    nothing where the button is let go: a stroke that ends in a quick movement, or while the window
    is busy, would stop short of the cursor.

    Parameters
    ----------
    viewer
        On whose canvas the mouse is.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        viewer.mouse_drag_callbacks.append(self._on_press)

    def release(self) -> None:
        """Leave strokes to napari."""
        self._viewer.mouse_drag_callbacks.remove(self._on_press)

    def _on_press(self, viewer: ViewerModel, event: Any) -> Iterator[None]:
        place = tuple(event.pos)
        yield
        while event.type == "mouse_move":
            place = tuple(event.pos)
            yield
        layer = viewer.layers.selection.active
        # The viewer hears of the release before the layer, whose stroke then ends.
        if layer is not None and tuple(event.pos) != place:
            # napari lends all callbacks one event, and puts into it what happens: this is what it holds.
            mouse_move_callbacks(layer, _Move(event.__wrapped__))


class _Move:
    """A release of the button as the move that led there."""

    type = "mouse_move"

    def __init__(self, event: Any) -> None:
        self._event, self.handled = event, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._event, name)
