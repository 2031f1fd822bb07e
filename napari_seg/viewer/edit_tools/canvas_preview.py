"""What a tool would change, on the canvas: a layer of ours that is nobody's work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_seg.viewer.edit_tools.computing import EMPTIED
from napari_seg.viewer.layer_removal import remove_layer
from napari_seg.viewer.layers import mark_as_preview
from napari_seg.viewer.quiet_insert import insert_quietly

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from numpy.typing import NDArray

    from napari_seg.viewer.edit_tools.computing import Outcome

_STRONGER = 0.15
_PLACE = ("scale", "translate", "rotate", "shear", "affine", "units", "axis_labels")


class CanvasPreview:
    """Shows the outcome of a request over the labels, until `clear`.

    Gained voxels have a stronger colour than their label, emptied ones are dark. The layer cannot
    be edited, so that neither undo nor autosave know of it, and it is never the selected one. It
    is as visible as the labels.

    Parameters
    ----------
    viewer
        That shows the labels.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self.layer: Labels | None = None
        self._over: Labels | None = None
        self._box: tuple[slice, ...] | None = None

    def show(self, outcome: Outcome, over: Labels) -> None:
        """Show what would change of a layer, in place of what was shown."""
        edit, codes = outcome.edit, outcome.codes
        if not edit or codes is None or over not in self._viewer.layers:
            self.clear()
            return
        layer, name = self.layer, f"preview of {over.name}"
        colours = _colours(over, outcome.shown)
        if layer is None or layer not in self._viewer.layers or not _fits(layer, over):
            self.clear()
            data = np.zeros(over.data.shape, dtype=np.uint8)
            data[edit.box] = codes
            self._add(data, over, name=name, colormap=colours)
        else:
            if self._box is not None:
                layer.data[self._box] = 0
            layer.data[edit.box] = codes
            layer.name, layer.colormap = name, colours
            layer.refresh(extent=False)
        self._box = edit.box

    def clear(self) -> None:
        """Take the preview away."""
        if self._over is not None:
            self._over.events.visible.disconnect(self._on_looks)
            self._over.events.opacity.disconnect(self._on_looks)
        layer, self.layer, self._over, self._box = self.layer, None, None, None
        if layer is None or layer not in self._viewer.layers:
            return
        selected = set(self._viewer.layers.selection) - {layer}
        remove_layer(self._viewer, layer)
        if selected:
            self._viewer.layers.selection = selected

    def _add(self, data: NDArray[np.uint8], over: Labels, **looks: Any) -> None:
        place = {name: getattr(over, name) for name in _PLACE}
        layer = Labels(data, metadata=mark_as_preview(), **place, **looks)
        layer.editable = False
        _leave_out_drawing_aids(layer)
        self.layer, self._over = layer, over
        # Once it is on the canvas, each change would draw it anew.
        self._on_looks()
        insert_quietly(self._viewer.layers, self._viewer.layers.index(over) + 1, layer)
        over.events.visible.connect(self._on_looks)
        over.events.opacity.connect(self._on_looks)

    def _on_looks(self, _event: object = None) -> None:
        if self.layer is not None and self._over is not None:
            self.layer.visible = self._over.visible
            self.layer.opacity = min(self._over.opacity + _STRONGER, 1.0)


def _leave_out_drawing_aids(layer: Labels) -> None:
    """Let no canvas make a brush's circle and a polygon for labels that nobody draws on.

    They take a third of the time in which a layer is added. They are private to napari (0.9); with
    one that has no such things nothing happens.
    """
    for name in ("brush_stroke", "polygon"):
        if name in getattr(layer, "_overlays", {}):
            layer._overlays[name].visible = False


def _fits(layer: Labels, over: Labels) -> bool:
    return tuple(layer.data.shape) == tuple(over.data.shape) and all(
        np.allclose(getattr(layer, name), getattr(over, name)) for name in ("scale", "translate")
    )


def _colours(over: Labels, shown: tuple[int, ...]) -> DirectLabelColormap:
    colours: dict[int | None, Any] = {
        None: (0.0, 0.0, 0.0, 0.0),
        0: (0.0, 0.0, 0.0, 0.0),
        EMPTIED: (0.0, 0.0, 0.0, 0.8),
    }
    for place, label in enumerate(shown):
        seen = over.get_color(label)
        colours[place + 1] = (1.0, 1.0, 1.0, 1.0) if seen is None else (*seen[:3], 1.0)
    return DirectLabelColormap(color_dict=colours)
