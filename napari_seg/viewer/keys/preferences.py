"""Which keys the person chose on napari's page of preferences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.settings import get_plugin_settings
from qtpy.QtCore import QObject, Signal

if TYPE_CHECKING:
    from napari_seg.viewer.actions import Action


class ChosenKeys(QObject):
    """The keys of the page of preferences, until `release`.

    Attributes
    ----------
    changed
        Signal: another key was chosen.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._settings: Any = None

    def of(self, action: Action) -> str:
        """Return the key of an action as the person wrote it; its own where none was chosen."""
        self._follow()
        chosen = getattr(self._settings, action.name, None)
        return (action.key or "") if chosen is None else str(chosen)

    def is_chosen(self, action: Action) -> bool:
        """Tell whether the person gave the action another key than its own."""
        return self.of(action) != (action.key or "")

    def release(self) -> None:
        """Follow the page no more."""
        if self._settings is not None:
            self._settings.events.disconnect(self._on_chosen)
            self._settings = None

    def _follow(self) -> None:
        # napari makes new settings when a plugin is switched on or off.
        settings = _settings()
        if settings is not self._settings:
            self.release()
            self._settings = settings
            if settings is not None:
                settings.events.connect(self._on_chosen)

    def _on_chosen(self, _event: object) -> None:
        self.changed.emit()


def _settings() -> Any:
    try:
        return get_plugin_settings("napari-seg").keys
    except (KeyError, AttributeError):
        # The plugin is imported, but not installed.
        return None
