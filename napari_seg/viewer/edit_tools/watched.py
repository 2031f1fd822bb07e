"""Whether the labels at hand changed since something was computed from them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.editing.locks import LabelLocks
from napari_seg.viewer.label_list.layer_table import LayerTable

if TYPE_CHECKING:
    from napari.layers import Labels


class Watched(QObject):
    """Follows one layer: its voxels, locks, rows and selected label.

    Attributes
    ----------
    revision
        Another number whenever voxels or locks became others.
    changed
        Signal: anything became another.
    """

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.revision = 0
        self._layer: Labels | None = None
        self._parts: tuple[Any, ...] = ()

    def set_layer(self, layer: Labels | None) -> None:
        """Follow another layer from now on; None for none."""
        self._let_go()
        self._layer = layer
        self.revision += 1
        if layer is None:
            return
        layer.events.selected_label.connect(self._on_event)
        layer.events.editable.connect(self._on_event)
        layer.events.data.connect(self._on_voxels)
        # A layer that cannot be edited has none of these, and does not change either.
        with suppress(ValueError):
            history, locks, table = (
                EditHistory.of(layer),
                LabelLocks.of(layer),
                LayerTable.of(layer),
            )
            self._parts = (history, locks, table)
            for signal in (history.applied, history.reverted):
                signal.connect(self._on_voxels)
            history.cleared.connect(self._on_cleared)
            locks.changed.connect(self._on_cleared)
            table.changed.connect(self.changed)

    def _let_go(self) -> None:
        layer, parts = self._layer, self._parts
        self._layer, self._parts = None, ()
        if layer is not None:
            layer.events.selected_label.disconnect(self._on_event)
            layer.events.editable.disconnect(self._on_event)
            layer.events.data.disconnect(self._on_voxels)
        if parts:
            history, locks, table = parts
            for signal in (history.applied, history.reverted):
                signal.disconnect(self._on_voxels)
            history.cleared.disconnect(self._on_cleared)
            locks.changed.disconnect(self._on_cleared)
            table.changed.disconnect(self.changed)

    def _on_event(self, _event: Any) -> None:
        self.changed.emit()

    def _on_voxels(self, _what: object) -> None:
        self.revision += 1
        self.changed.emit()

    def _on_cleared(self) -> None:
        self.revision += 1
        self.changed.emit()
