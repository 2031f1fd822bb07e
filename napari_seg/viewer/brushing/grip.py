"""How a brush of ours takes the place of napari's on one canvas.

All that is private to napari here is in this file (napari 0.9): its brush is one of the layer's
callbacks, which changes with the layer's mode; and its second brush, by the right button, paints
past ours.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QAbstractButton, QApplication

from napari_seg.viewer.editing.hooks import Hook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from napari.components import ViewerModel
    from napari.layers import Labels

PAINT = "paint"
"""The mode of napari's that a brush of ours is used in: its cursor and its keys are wanted."""

_NAPARI_BRUSH = "draw"
_CIRCLE = "_brush_circle"
# Of its keys and of its mode buttons.
_ASKING = ("press_key", "_set_mode")


class Grip:
    """One layer on one canvas that a brush of ours draws on, until `release`.

    Parameters
    ----------
    layer
        As that canvas shows it: the labels, or their second view.
    draw
        Called with the layer and the event of a press in the place of napari's brush.
    on_napari_brush
        Called when napari's own brush was asked for, in the mode that ours is used in.

    Attributes
    ----------
    layer
        The layer.
    """

    def __init__(
        self,
        layer: Labels,
        draw: Callable[[Any, Any], Iterator[None] | None],
        on_napari_brush: Callable[[], None],
    ) -> None:
        self.layer = layer
        self._draw, self._on_napari_brush = draw, on_napari_brush
        self._is_held = False
        self._diameter_mm: float | None = None
        self._modes = Hook(layer, "_mode_setter_helper", self._on_mode_asked)
        layer.events.mode.connect(self._on_mode)
        # The canvas takes the size that it is told last.
        layer.events.cursor_size.connect(self._on_cursor_size, position="last")

    def hold(self, *, is_held: bool) -> None:
        """Draw with ours while the layer is in its mode, or let napari draw again."""
        self._is_held = is_held
        self._change_places()
        self._on_cursor_size()

    def show_diameter(self, diameter_mm: float) -> None:
        """Make the circle under the cursor as large as the brush."""
        self._diameter_mm = diameter_mm
        self._on_cursor_size()

    def release(self) -> None:
        """Give the layer back to napari."""
        self.hold(is_held=False)
        self._modes.remove(self.layer, self._on_mode_asked)
        self.layer.events.mode.disconnect(self._on_mode)
        self.layer.events.cursor_size.disconnect(self._on_cursor_size)
        # napari's own size is worked out anew.
        self.layer.brush_size = self.layer.brush_size

    def _on_mode(self, _event: object) -> None:
        self._change_places()

    def _on_mode_asked(self, mode: Any) -> Any:
        is_again = self.layer.mode == PAINT
        allowed = self._modes.call(self.layer, mode)
        if self._is_held and is_again and str(allowed) == PAINT and is_asked_for():
            self._on_napari_brush()
        return allowed

    def _change_places(self) -> None:
        callbacks, is_paint = self.layer.mouse_drag_callbacks, self.layer.mode == PAINT
        ours = self._is_held and is_paint
        napari_brush = type(self.layer)._drag_modes[self.layer._mode]
        wanted, other = (self._draw, napari_brush) if ours else (napari_brush, self._draw)
        if other in callbacks and getattr(napari_brush, "__name__", "") == _NAPARI_BRUSH:
            place = callbacks.index(other)
            callbacks.remove(other)
            if wanted not in callbacks:
                callbacks.insert(place, wanted)
        elif not ours and self._draw in callbacks:
            callbacks.remove(self._draw)
        self.layer._overlays["brush_stroke"].enabled = is_paint and not ours

    def _on_cursor_size(self, _event: object = None) -> None:
        if self._is_held and self._diameter_mm is not None:
            self.layer.cursor_size = self._diameter_mm


def leave_out_box(viewer: ViewerModel) -> None:
    """Let napari draw the circle under the cursor alone.

    It draws a small dark box with it, and forgets that one on the canvas, where the canvas is made
    anew while a brush is in hand.
    """
    circle = getattr(viewer.canvas, "overlays", {}).get(_CIRCLE)
    if circle is not None:
        circle.box = False


def paint_button(layer: Labels) -> QAbstractButton | None:
    """Find the button by which napari offers its own brush for a layer; None without a window.

    It is pressed already while ours is used, so that a click on it changes no mode.
    """
    for window in QApplication.topLevelWidgets():
        for button in window.findChildren(QAbstractButton):
            layer_of = getattr(button, "layer_ref", None)
            if layer_of is not None and layer_of() is layer and button.property("mode") == PAINT:
                return button
    return None


def is_asked_for() -> bool:
    """Tell whether a key or a button of napari asks for a mode now.

    Else it is given back: by napari when Space or another held key is let go, or the layer is
    shown again, and by tools that laid the brush aside. A layer does not say which it is.
    """
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name in _ASKING and "napari" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False
