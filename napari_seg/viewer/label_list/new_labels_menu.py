"""The menu "New labels like…": presets, a file, a bundle, another layer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from napari.layers import Labels
from qtpy.QtCore import Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QFileDialog, QMenu, QWidget

from napari_seg.imaging.label_files.tables import TABLE_SUFFIXES
from napari_seg.imaging.label_sets import PRESETS, LabelSet
from napari_seg.viewer.label_list.new_labels import set_of_bundle, set_of_file, set_of_layer

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import ViewerModel


class NewLabelsMenu(QMenu):
    """Where the values, names and colours of new labels come from.

    Parameters
    ----------
    viewer
        Whose layers are offered.
    parent
        The widget that the menu belongs to.

    Attributes
    ----------
    wanted
        Signal: a function without arguments that returns a `LabelSet` or raises why not.
    """

    wanted = Signal(object)

    def __init__(self, viewer: ViewerModel, parent: QWidget) -> None:
        super().__init__("New labels like", parent)
        self._viewer = viewer
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self._fill)
        self._fill()

    def set_reason(self, reason: str) -> None:
        """Say why no labels can be made now; empty if they can."""
        entry = self.menuAction()
        if entry is not None:
            entry.setEnabled(not reason)
            entry.setToolTip(reason or "An empty layer with these names and colours")

    def _fill(self) -> None:
        self.clear()
        for preset in PRESETS:
            names = ", ".join(preset.table.names.values())
            self._add(preset.name, partial(_itself, preset), tip=names)
        self.addSeparator()
        layers = [layer for layer in self._viewer.layers if isinstance(layer, Labels)]
        for layer in reversed(layers):
            self._add(f"Layer '{layer.name}'".replace("&", "&&"), partial(set_of_layer, layer))
        self.addSeparator()
        self._add("The shipped network", partial(set_of_bundle, None))
        for text, slot in (
            ("A network's bundle…", self._on_bundle),
            ("A table in a file…", self._on_file),
        ):
            action = QAction(text, self)
            action.triggered.connect(slot)
            self.addAction(action)

    def _add(self, text: str, get: Callable[[], LabelSet], *, tip: str = "") -> None:
        action = QAction(text, self)
        action.setData(get)
        if tip:
            action.setToolTip(tip)
        action.triggered.connect(self._on_triggered)
        self.addAction(action)

    def _on_triggered(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.wanted.emit(action.data())

    def _on_bundle(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self.parentWidget(), "Labels of a bundle")
        if chosen:
            self.wanted.emit(partial(set_of_bundle, chosen))

    def _on_file(self) -> None:
        patterns = " ".join(f"*{suffix}" for suffix in TABLE_SUFFIXES)
        chosen, _ = QFileDialog.getOpenFileName(
            self.parentWidget(), "A table of labels", filter=f"Tables of labels ({patterns})"
        )
        if chosen:
            self.wanted.emit(partial(set_of_file, chosen))


def _itself(preset: LabelSet) -> LabelSet:
    return preset
