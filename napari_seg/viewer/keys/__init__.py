"""Keys of the canvas: bound while the panel is open, never over another's binding."""

from napari_seg.viewer.keys.canvas_keys import CanvasKeys
from napari_seg.viewer.keys.key_bindings import KeyBindings
from napari_seg.viewer.keys.panel_keys import PanelKeys

__all__ = ["CanvasKeys", "KeyBindings", "PanelKeys"]
