"""Which labels are edited, whether they are saved, and the button that saves them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget
from superqt import QElidingLabel

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Labels

    from napari_seg.viewer.keeping import Keeping


class LabelsLine(QWidget):
    """The name of the labels at hand, "●" while they have unsaved changes, and Save.

    Parameters
    ----------
    keeping
        That knows of unsaved changes, and saves.
    """

    def __init__(self, keeping: Keeping) -> None:
        super().__init__()
        self._keeping = keeping
        self._layer: Labels | None = None
        self._key = ""
        self.name = QElidingLabel()
        # The middle goes first: the end of a long name tells layers apart, and whether one is saved.
        self.name.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.save = QPushButton("Save")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("Labels"))
        row.addWidget(self.name, 1)
        row.addWidget(self.save)
        self.save.clicked.connect(self._on_save)
        keeping.unsaved_changed.connect(self._on_unsaved_changed)
        self.set_layer(None)

    def set_layer(self, layer: Labels | None) -> None:
        """Tell of another layer from now on; of none where there is none."""
        if self._layer is not None:
            self._layer.events.name.disconnect(self._on_name)
        self._layer = layer
        if layer is not None:
            layer.events.name.connect(self._on_name)
        self._describe()

    def show_keys(self, key_of: Callable[[str], str]) -> None:
        """Tell the key that saves, given what tells that of an action."""
        key = key_of("save_labels")
        self._key = f" ({key})" if key else ""
        self._describe()

    def release(self) -> None:
        """Let go of the layer."""
        self.set_layer(None)

    def _describe(self) -> None:
        layer = self._layer
        self.setVisible(layer is not None)
        if layer is None:
            return
        unsaved = self._keeping.is_unsaved(layer)
        self.name.setText(f"{layer.name} ●" if unsaved else layer.name)
        self.name.setToolTip(f"{layer.name}: unsaved changes" if unsaved else layer.name)
        self.save.setEnabled(unsaved)
        self.save.setToolTip(
            f"Save to their own file, without a dialog{self._key}"
            if unsaved
            else "There are no unsaved changes"
        )

    def _on_save(self) -> None:
        self._keeping.save(self._layer)

    def _on_name(self, _event: Any) -> None:
        self._describe()

    def _on_unsaved_changed(self, layer: Labels) -> None:
        if layer is self._layer:
            self._describe()
