"""One section of napari's page of preferences for this plugin, followed while it is changed."""

from __future__ import annotations

from typing import Any

from napari.settings import get_plugin_settings
from qtpy.QtCore import QObject, Signal


class Preferences(QObject):
    """What the person chose in one section, until `release`.

    Parameters
    ----------
    section
        Its name in ``napari.yaml``.

    Attributes
    ----------
    changed
        Signal: something else was chosen.
    """

    changed = Signal()

    def __init__(self, section: str) -> None:
        super().__init__()
        self._section = section
        self._settings: Any = None
        self._follow()

    def value(self, name: str, default: Any) -> Any:
        """Return what was chosen; the default where napari knows of no such choice.

        That is so where the plugin is imported, but not installed.
        """
        self._follow()
        return getattr(self._settings, name, default)

    def release(self) -> None:
        """Follow the page no more."""
        if self._settings is not None:
            self._settings.events.disconnect(self._on_chosen)
            self._settings = None

    def _follow(self) -> None:
        # napari makes new settings when a plugin is switched on or off.
        try:
            settings = getattr(get_plugin_settings("napari-seg"), self._section)
        except (KeyError, AttributeError):
            settings = None
        if settings is not self._settings:
            self.release()
            self._settings = settings
            if settings is not None:
                settings.events.connect(self._on_chosen)

    def _on_chosen(self, _event: object) -> None:
        self.changed.emit()
