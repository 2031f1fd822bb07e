"""What the person set on napari's page of preferences about saving."""

from __future__ import annotations

from pathlib import Path

from napari.settings import get_plugin_settings


def preferred_folder() -> Path | None:
    """Return the folder for labels that have no file yet; None to save beside their scan."""
    try:
        folder = str(get_plugin_settings("napari-seg").saving.folder).strip()
    except (KeyError, AttributeError):
        # The plugin is imported, but not installed.
        return None
    return Path(folder).expanduser() if folder else None
