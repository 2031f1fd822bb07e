"""The offer, after a crash, to restore what was not saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from napari.layers import Image, Labels
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_seg.viewer.jobs import Job
from napari_seg.viewer.keeping.kept_layer import KeptLayer
from napari_seg.viewer.keeping.recovery import (
    Recoverable,
    find_recoverable,
    layer_before,
    restore_into,
    restored_layer,
)
from napari_seg.viewer.layers import metadata_of, scan_of
from napari_seg.viewer.question import Answer, Question

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from napari.components import ViewerModel

    from napari_seg.imaging.scan import Scan

_RESTORE_TIP = "Show them as they were; nothing is written to a file before you save"
_DISCARD_TIP = "Delete them for good"
_LATER_TIP = "Ask again when napari is started the next time"


class RecoveryOffer(QWidget):
    """Asks what to do with each of the unsaved labels that were found; hidden without any.

    Parameters
    ----------
    viewer
        That gets the layers.
    folder
        Where journals lie.

    Attributes
    ----------
    asking
        Signal: whether there is something to decide.
    looked
        Signal: the folder was looked through.
    """

    asking = Signal(bool)
    looked = Signal()

    def __init__(self, viewer: ViewerModel, folder: Path) -> None:
        super().__init__()
        self._viewer = viewer
        self._found: list[Recoverable] = []
        self._restored: list[tuple[KeptLayer, Recoverable]] = []
        self._hashes: WeakKeyDictionary[Image, str] = WeakKeyDictionary()
        self._hashing: Image | None = None
        self.question = Question()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.question)
        self.setVisible(False)
        self._job = Job(find_recoverable, folder, parent=self)
        self._job.returned.connect(self._on_found)
        viewer.layers.events.inserted.connect(self._on_layers)
        viewer.layers.events.removed.connect(self._on_layers)
        self._job.start()

    @property
    def found(self) -> tuple[Recoverable, ...]:
        """What is still to be decided."""
        return tuple(self._found)

    def release(self) -> None:
        """Let the viewer go; what was not decided is offered the next time."""
        self._job.cancel()
        self._viewer.layers.events.inserted.disconnect(self._on_layers)
        self._viewer.layers.events.removed.disconnect(self._on_layers)
        for one in self._found:
            one.journal.release()
        self._found = []

    def restore(self) -> None:
        """Restore the first of them: into the labels it was made in, else in a new layer."""
        one = self._found.pop(0)
        layer = layer_before(one, self._labels())
        if layer is None:
            layer = restored_layer(one, self._scan_of(one))
            self._viewer.add_layer(layer)
        else:
            restore_into(layer, one)
        self._viewer.layers.selection.active = layer
        kept = KeptLayer.of(layer)
        if kept is not None:
            # Not before the new journal holds them, too.
            self._restored.append((kept, one))
            kept.journalling.written.connect(self._on_written)
            kept.journalling.flush()
        self._show()

    def discard(self) -> None:
        """Delete the first of them."""
        self._found.pop(0).journal.remove()
        self._show()

    def postpone(self) -> None:
        """Leave all of them to the next start."""
        for one in self._found:
            one.journal.release()
        self._found = []
        self._show()

    def _on_found(self, found: Sequence[Recoverable]) -> None:
        self._found = list(found)
        self._show()
        self.looked.emit()

    def _on_written(self) -> None:
        waiting = []
        for kept, one in self._restored:
            if kept.journalling.is_behind and kept.is_unsaved:
                waiting.append((kept, one))
            else:
                one.journal.remove()
        self._restored = waiting

    def _on_layers(self, _event: Any) -> None:
        if self._found:
            self._show()

    def _show(self) -> None:
        if self._found:
            count = len(self._found)
            text = self._found[0].describe() + f" {self._place(self._found[0])}"
            self.question.ask(
                text + (f" ({count - 1} more after this.)" if count > 1 else ""),
                (
                    Answer("Restore", _RESTORE_TIP, self.restore),
                    Answer("Discard", _DISCARD_TIP, self.discard),
                    Answer("Later", _LATER_TIP, self.postpone),
                ),
            )
            self._hash_next()
        self.setVisible(bool(self._found))
        self.asking.emit(bool(self._found))

    def _place(self, one: Recoverable) -> str:
        layer = layer_before(one, self._labels())
        if layer is not None:
            return f"They go back into '{layer.name}'."
        scan = self._scan_of(one)
        if scan is not None:
            return f"They belong to '{scan.name}'."
        return "Their scan is not open; open it first to see them on it."

    def _labels(self) -> list[Labels]:
        return [layer for layer in self._viewer.layers if isinstance(layer, Labels)]

    def _scan_of(self, one: Recoverable) -> Image | None:
        if one.base.scan_sha256 is None:
            return None
        for layer in self._viewer.layers:
            if isinstance(layer, Image) and self._hashes.get(layer) == one.base.scan_sha256:
                return layer
        return None

    def _hash_next(self) -> None:
        if self._hashing is not None:
            return
        for layer in self._viewer.layers:
            is_scan = isinstance(layer, Image) and "geometry" in metadata_of(layer)
            if is_scan and layer not in self._hashes and isinstance(layer.data, np.ndarray):
                self._hashing = layer
                job = Job(_hash, scan_of(layer), parent=self)
                job.returned.connect(self._on_hashed)
                job.start()
                return

    def _on_hashed(self, sha256: str) -> None:
        if self._hashing is not None:
            self._hashes[self._hashing] = sha256
            self._hashing = None
        self._on_layers(None)


def _hash(scan: Scan, *, on_progress: Callable[[float], None]) -> str:
    on_progress(0.0)
    return scan.sha256
