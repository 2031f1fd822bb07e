"""One section of napari's page of preferences for this plugin, followed while it is changed."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from napari.settings import get_plugin_settings
from qtpy.QtCore import QObject, QTimer, Signal

# napari writes its file at once, for every value: sliding along a control is one change.
_WRITE_AFTER_MS = 250
_LOG = logging.getLogger(__name__)


class Preferences(QObject):
    """What the person chose in one section, there or in the panel, until `release`.

    Parameters
    ----------
    section
        Its name in ``napari.yaml``.

    Attributes
    ----------
    changed
        Signal: the name of what was chosen otherwise, and not by `choose`.
    """

    changed = Signal(str)

    def __init__(self, section: str) -> None:
        super().__init__()
        self._section = section
        self._settings: Any = None
        self._seen: dict[str, Any] = {}
        # In the panel, and not yet on the page.
        self._chosen: dict[str, Any] = {}
        self._is_writing = False
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_WRITE_AFTER_MS)
        self._later.timeout.connect(self._write)
        self._follow()

    def value(self, name: str, default: Any) -> Any:
        """Return what was chosen; the default where napari knows of no such choice.

        That is so where the plugin is imported, but not installed.
        """
        self._follow()
        return self._chosen[name] if name in self._chosen else self._on_page(name, default)

    def choose(self, name: str, value: Any) -> None:
        """Choose in the panel what stands on the page, too, a moment later.

        Where napari knows of no such choice it holds until `release`.
        """
        self._follow()
        if self._on_page(name, None) == value:
            self._chosen.pop(name, None)
            return
        self._chosen[name] = value
        self._later.start()

    def release(self) -> None:
        """Follow the page no more; what was chosen last is written to it."""
        # Where the process ends with its window open, Qt may have taken the timer away already.
        with suppress(RuntimeError):
            self._later.stop()
        self._write()
        self._leave()

    def _on_page(self, name: str, default: Any) -> Any:
        return getattr(self._settings, name, default)

    def _leave(self) -> None:
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
            self._leave()
            self._settings = settings
            self._seen = {}
            if settings is not None:
                self._seen = settings.model_dump()
                settings.events.connect(self._on_chosen)

    def _write(self) -> None:
        self._is_writing = True
        try:
            for name in [name for name in self._chosen if hasattr(self._settings, name)]:
                setattr(self._settings, name, self._chosen[name])
                # It holds from here on, and until now for whoever asks while napari tells of it.
                del self._chosen[name]
        except OSError as error:
            _LOG.warning("what was chosen in the panel was not kept: %s", error)
        finally:
            self._is_writing = False

    def _on_chosen(self, _event: object) -> None:
        # The page tells only that something is another, and that of every part it shows.
        before, self._seen = self._seen, self._settings.model_dump()
        if self._is_writing:
            return
        for name, value in self._seen.items():
            if before.get(name) != value:
                self._chosen.pop(name, None)
                self.changed.emit(name)
