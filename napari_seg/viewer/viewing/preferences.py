"""What the person set on napari's page of preferences for this plugin."""

from __future__ import annotations

from napari.settings import get_plugin_settings


def uses_our_mouse() -> bool:
    """Tell whether mouse and wheel work as in a radiology viewer, and not as in napari.

    True, too, where napari does not know the plugin: it is imported, but not installed.
    """
    try:
        viewing = get_plugin_settings("napari-seg").viewing
    except (KeyError, AttributeError):
        return True
    return bool(viewing.radiology_mouse)
