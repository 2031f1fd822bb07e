"""The hand that holds a brush: on which layer, on which canvases, and what the mouse does with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from app_model.types import KeyBinding
from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from napari_seg.viewer.brushing.grip import (
    PAINT,
    Grip,
    is_asked_for,
    leave_out_box,
    paint_button,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari.components import ViewerModel
    from napari.layers import Labels
    from numpy.typing import NDArray
    from qtpy.QtWidgets import QAbstractButton

    from napari_seg.imaging.label_edits.strokes import Kind
    from napari_seg.viewer.brushing.drawing import Drawing
    from napari_seg.viewer.viewing.three_views import ThreeViews

    Begin = Callable[[Kind, NDArray[Any], int | None], Drawing | None]

_LEFT = 1
_CANCEL = KeyBinding.from_str("Escape")


class Hand(QObject):
    """Holds one brush of ours, or none, until `release`.

    A brush of ours is used in napari's mode for painting, in the place of its own brush. It rests
    while the layer is in another mode, such as for as long as Space is held or a tool takes the
    clicks; who asks napari for its own brush puts ours down.

    Parameters
    ----------
    viewer
        On whose canvas it draws.
    three_views
        Whose canvases it draws on, too; None for the one canvas.
    begin
        Makes the drawing that begins at a place, given the kind of brush, the place in voxels,
        and the axis that the view looks along; None where nothing can be drawn.

    Attributes
    ----------
    changed
        Signal: another brush is in hand, or none.
    sized
        Signal: the diameter in mm, when napari's own keys, slider or mouse changed it.
    """

    changed = Signal()
    sized = Signal(float)

    def __init__(self, viewer: ViewerModel, three_views: ThreeViews | None, begin: Begin) -> None:
        super().__init__()
        self._viewer, self._three_views, self._begin = viewer, three_views, begin
        self._layer: Labels | None = None
        self._kind: Kind | None = None
        self._is_resting = self._is_sizing = False
        self._diameter_mm, self._napari_size = 1.0, 1
        self._grips: list[Grip] = []
        self._napari_button: QAbstractButton | None = None
        self._drawing: Drawing | None = None
        viewer.dims.events.ndisplay.connect(self._on_ndisplay)
        viewer.layers.selection.events.active.connect(self._on_active)
        viewer.layers.events.removed.connect(self._on_removed)
        if three_views is not None:
            three_views.opened.connect(self._on_views)
            three_views.closed.connect(self._on_views)

    @property
    def kind(self) -> Kind | None:
        """The brush that a press of the mouse draws with now; None where it is not ours."""
        is_active = self._viewer.layers.selection.active is self._layer
        return None if self._is_resting or not is_active else self._kind

    @property
    def drawing(self) -> Drawing | None:
        """The stroke that is being drawn."""
        drawing = self._drawing
        return None if drawing is None or drawing.is_over else drawing

    def take(self, kind: Kind, layer: Labels) -> None:
        """Take a brush in hand, to draw on a layer that can be drawn on; it becomes selected."""
        self._end_drawing()
        if layer is not self._layer or not self._grips:
            self._let_go()
            self._layer = layer
            layer.events.mode.connect(self._on_mode)
            layer.events.brush_size.connect(self._on_brush_size)
            self._napari_button = paint_button(layer)
            if self._napari_button is not None:
                self._napari_button.clicked.connect(self._on_napari_button)
        self._viewer.layers.selection.active = layer
        self._kind = None
        if layer.mode != PAINT:
            layer.mode = PAINT
        self._kind, self._is_resting = kind, False
        self._grip()
        self.changed.emit()

    def put_down(self) -> None:
        """Let the layer go; the mouse moves the camera again."""
        layer = self._layer
        if layer is None:
            return
        self._let_go()
        if layer.mode == PAINT:
            layer.mode = "pan_zoom"
        self.changed.emit()

    def set_diameter(self, diameter_mm: float) -> None:
        """Show another diameter under the cursor, and as napari's own, in whole voxels."""
        self._diameter_mm = diameter_mm
        self._show_diameter(diameter_mm)
        layer = self._layer
        if layer is not None:
            self._is_sizing = True
            layer.brush_size = max(1, round(diameter_mm / min(spacing_of(layer))))
            self._napari_size = layer.brush_size
            self._is_sizing = False

    def release(self) -> None:
        """Give layer and viewer back."""
        self.put_down()
        self._viewer.dims.events.ndisplay.disconnect(self._on_ndisplay)
        self._viewer.layers.selection.events.active.disconnect(self._on_active)
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        if self._three_views is not None:
            self._three_views.opened.disconnect(self._on_views)
            self._three_views.closed.disconnect(self._on_views)

    def _grip(self) -> None:
        self._release_grips()
        layer = self._layer
        if layer is None:
            return
        views = () if self._three_views is None else self._three_views.views
        for viewer in (self._viewer, *(view.viewer for view in views)):
            leave_out_box(viewer)
        shown = [layer, *(view.shown_as(layer) for view in views)]
        self._grips = [
            Grip(each, self._draw, self._on_napari_brush) for each in shown if each is not None
        ]
        for grip in self._grips:
            grip.hold(is_held=not self._is_resting)
        self.set_diameter(self._diameter_mm)

    def _release_grips(self) -> None:
        grips, self._grips = self._grips, []
        self._is_sizing = True
        for grip in grips:
            grip.release()
        self._is_sizing = False

    def _let_go(self) -> None:
        self._end_drawing()
        layer, self._layer = self._layer, None
        self._kind, self._is_resting = None, False
        self._release_grips()
        if layer is not None:
            layer.events.mode.disconnect(self._on_mode)
            layer.events.brush_size.disconnect(self._on_brush_size)
        button, self._napari_button = self._napari_button, None
        if button is not None and isalive(button):  # type: ignore[no-untyped-call] # qtpy's
            button.clicked.disconnect(self._on_napari_button)

    def _rest(self, *, is_resting: bool) -> None:
        self._is_resting = is_resting
        for grip in self._grips:
            grip.hold(is_held=not is_resting)
        self.changed.emit()

    def _end_drawing(self) -> None:
        if self._drawing is not None:
            self._drawing.finish()
            self._drawing = None

    def _show_diameter(self, diameter_mm: float) -> None:
        for grip in self._grips:
            grip.show_diameter(diameter_mm)

    # What napari tells.

    def _on_mode(self, _event: object) -> None:
        if self._layer is None or self._kind is None:
            return
        if self._layer.mode != PAINT:
            self._end_drawing()
            self._rest(is_resting=True)
        elif is_asked_for():
            self._on_napari_brush()
        else:
            self._rest(is_resting=False)

    def _on_napari_brush(self) -> None:
        self._let_go()
        self.changed.emit()

    def _on_napari_button(self) -> None:
        # A click that changes the mode was heard of before.
        if self.kind is not None:
            self._on_napari_brush()

    def _on_brush_size(self, _event: object) -> None:
        if self._layer is not None and self._kind is not None and not self._is_sizing:
            larger = self._layer.brush_size - self._napari_size
            self.sized.emit(self._diameter_mm + larger * float(min(spacing_of(self._layer))))

    def _on_ndisplay(self, _event: object) -> None:
        if self._viewer.dims.ndisplay != 2:
            self.put_down()

    def _on_active(self, _event: object) -> None:
        if self._layer is not None:
            self._end_drawing()
            self.changed.emit()

    def _on_removed(self, event: Any) -> None:
        if event.value is self._layer:
            self.put_down()

    def _on_views(self) -> None:
        if self._grips:
            self._end_drawing()
            self._grip()

    # What the mouse does.

    def _draw(self, layer: Any, event: Any) -> Iterator[None]:
        if event.button != _LEFT or layer.cursor == "circle_frozen" or self._kind is None:
            return
        self._end_drawing()
        place, axis = np.asarray(layer.world_to_data(event.position)), axis_through(layer, event)
        drawing = self._begin(self._kind, place, axis)
        if drawing is None:
            return
        self._drawing = drawing
        before = layer.keymap.get(_CANCEL)
        layer.bind_key(_CANCEL, self._on_cancel, overwrite=True)
        try:
            self._show_diameter(drawing.diameter_mm)
            drawing.draw_to(place)
            yield
            while event.type == "mouse_move":
                drawing.draw_to(np.asarray(layer.world_to_data(event.position)))
                yield
        finally:
            layer.bind_key(_CANCEL, before, overwrite=True)
            self._show_diameter(self._diameter_mm)
            drawing.end()

    def _on_cancel(self, _layer: object) -> None:
        if self._drawing is not None:
            self._drawing.cancel()


def spacing_of(layer: Labels) -> NDArray[np.float64]:
    """Return the length of a layer's voxel along each of its axes, in mm."""
    return np.asarray(np.abs(np.multiply(layer.scale, layer.affine.scale)))


def axis_through(layer: Labels, event: Any) -> int | None:
    """Return the layer's axis that a canvas looks along; None for a picture."""
    if layer.ndim < 3:
        return None
    before = len(event.position) - layer.ndim
    shown = {axis - before for axis in event.dims_displayed}
    return next(axis for axis in range(layer.ndim) if axis not in shown)
