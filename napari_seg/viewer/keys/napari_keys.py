"""napari's own keys for drawing labels, as they are bound now."""

from __future__ import annotations

from napari.settings import get_settings

from napari_seg.viewer.keys.key_text import read_key, shown_key

_TITLES = {
    "napari:activate_labels_paint_mode": "Brush",
    "napari:activate_labels_erase_mode": "Erase",
    "napari:activate_labels_polygon_mode": "Polygon",
    "napari:activate_labels_fill_mode": "Fill",
    "napari:activate_labels_picker_mode": "Pick a label",
    "napari:activate_labels_pan_zoom_mode": "Move the view",
    "napari:hold_for_pan_zoom": "Move the view (hold)",
    "napari:decrease_brush_size": "Smaller brush",
    "napari:increase_brush_size": "Larger brush",
    "napari:swap_selected_and_background_labels": "Swap label and background",
    "napari:toggle_preserve_labels": "Draw over no other label",
    "napari:toggle_selected_visibility": "Show or hide the layer",
}
# napari keeps these apart from the keys that can be changed.
_FIXED = (("Ctrl+Z", "Undo"), ("Ctrl+Shift+Z", "Redo"))


def napari_lines() -> tuple[tuple[str, str], ...]:
    """Return the keys and titles of what helps to draw labels."""
    shortcuts = get_settings().shortcuts.shortcuts
    lines = [(shown_key(key), title) for key, title in _FIXED]
    for name, title in _TITLES.items():
        keys = [_shown(str(key)) for key in shortcuts.get(name, ())]
        if keys:
            lines.append((" or ".join(keys), title))
    return tuple(lines)


def _shown(key: str) -> str:
    try:
        return shown_key(read_key(key))
    except ValueError:
        # A key that Qt calls otherwise.
        return key
