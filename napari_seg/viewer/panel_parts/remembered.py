"""How the panel was set when it was used last, kept in a file of the person."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import platformdirs
from qtpy.QtCore import QObject, QTimer

from napari_seg.imaging.saving import write_text

if TYPE_CHECKING:
    from collections.abc import Mapping

# Sliding along a control is one change.
_SECONDS = 1.0
_LOG = logging.getLogger(__name__)


class Remembers(Protocol):
    """A part of the panel with settings that outlive it."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """How it is set, in values that JSON holds."""

    def restore(self, settings: Mapping[str, Any]) -> None:
        """Set it so; what makes no sense is passed over."""


class Remembered(QObject):
    """Restores the settings of parts, and keeps what becomes of them until `release`.

    Parameters
    ----------
    parts
        By the name that each has in the file.
    path
        Of the file; None for the one in the person's folder of application data.
    parent
        Owns this object.
    """

    def __init__(
        self, parts: Mapping[str, Remembers], parent: QObject, *, path: Path | None = None
    ) -> None:
        super().__init__(parent)
        self._parts = dict(parts)
        self._path = remembered_path() if path is None else path
        self._values = _read(self._path)
        for name, part in self._parts.items():
            if isinstance(self._values.get(name), dict):
                part.restore(self._values[name])
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self.save)

    def note_change(self) -> None:
        """Keep the settings of now, in a moment."""
        self._later.start(round(1000 * _SECONDS))

    def save(self) -> None:
        """Keep the settings of now, if they are others; a disk that is full keeps none."""
        values = {name: dict(part.settings) for name, part in self._parts.items()}
        if values == self._values:
            return
        self._values = values
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_text(self._path, json.dumps(values, indent=2))
        except OSError as error:
            _LOG.warning("how the panel is set was not kept: %s", error)

    def release(self) -> None:
        """Keep the settings of now, and follow them no more."""
        if self._parts:
            self._later.stop()
            self.save()
            self._parts = {}


def remembered_path() -> Path:
    """Return where settings are kept: in the person's folder of application data."""
    return Path(platformdirs.user_data_path("napari-seg", appauthor=False)) / "panel.json"


def _read(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        _LOG.warning("how the panel was set could not be read: %s", error)
        return {}
    return values if isinstance(values, dict) else {}
