"""What a person does to the labels of the layer at hand; refusals are said in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QColorDialog, QWidget

from napari_seg.imaging.label_table import LabelTable
from napari_seg.viewer.label_list.jump import Jump
from napari_seg.viewer.label_list.layer_table import LayerTable
from napari_seg.viewer.label_list.new_labels import empty_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from napari.components import ViewerModel
    from napari.layers import Image, Labels

    from napari_seg.imaging.label_sets import LabelSet
    from napari_seg.viewer.label_list.rows import Row


class LabelActs(QObject):
    """Acts on the labels of one layer at a time.

    Parameters
    ----------
    viewer
        That shows the layers.
    window
        The widget over which a colour is chosen; owns this object.

    Attributes
    ----------
    said
        Signal: why something was not done, in a sentence; empty after something was.
    done
        Signal: how the voxels were changed, in a sentence.
    """

    said = Signal(str)
    done = Signal(str)

    def __init__(self, viewer: ViewerModel, window: QWidget) -> None:
        super().__init__(window)
        self._viewer, self._window = viewer, window
        self.layer: Labels | None = None
        self._dialog: QColorDialog | None = None
        self._recoloured = 0
        self._jump = Jump(viewer, self)
        self._jump.not_found.connect(self._on_not_found)

    @property
    def table(self) -> LayerTable | None:
        """The table of the layer; None without a layer."""
        return None if self.layer is None else LayerTable.of(self.layer)

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows of the layer's labels."""
        return () if self.table is None else self.table.rows

    def reason_not_to_add(self) -> str:
        """Say why no label can be added; empty if one can."""
        return "Choose or make labels first" if self.table is None else self._read_only()

    def reason_not_to_delete(self, values: Collection[int]) -> str:
        """Say why labels cannot be deleted or merged; empty if they can."""
        if self.table is None or not values:
            return "Choose a label first"
        locked = [row.name for row in self.rows if row.value in values and row.is_locked]
        if locked:
            return f"'{locked[0]}' is locked; unlock it first"
        return self._read_only()

    def select(self, value: int) -> None:
        """Draw with a label from now on; the view stays where it is."""
        layer = self.layer
        if layer is None or layer not in self._viewer.layers:
            return
        if self._try(_select, layer, value) and self._viewer.layers.selection.active is not layer:
            self._viewer.layers.selection.active = layer

    def can_step(self) -> bool:
        """Tell whether there is a label to choose."""
        return self.layer is not None and bool(self.rows)

    def step(self, count: int) -> None:
        """Choose the label that comes some rows after the chosen one, around the end."""
        values = [row.value for row in self.rows]
        if self.layer is None or not values:
            return
        now = int(self.layer.selected_label)
        if now in values:
            place = values.index(now) + count
        else:
            before = sum(value < now for value in values)
            place = before + count - (1 if count > 0 else 0)
        self.select(values[place % len(values)])

    def jump(self, value: int) -> None:
        """Choose a label and go to it."""
        self.select(value)
        if self.layer is not None:
            self.said.emit("")
            self._jump.start(self.layer, value)

    def add(self) -> int | None:
        """Add a label and choose it; return its value, None where that is refused."""
        table = self.table
        if reason := self.reason_not_to_add():
            self.said.emit(reason)
            return None
        added: list[int] = []
        if table is None or not self._try(lambda: added.append(table.add())):
            return None
        self.select(added[0])
        return added[0]

    def rename(self, value: int, name: str) -> None:
        """Call a label by another name."""
        if self.table is not None:
            self._try(self.table.rename, value, name)

    def choose_colour(self, value: int) -> None:
        """Let the person choose another colour."""
        row = next((row for row in self.rows if row.value == value), None)
        if row is None:
            return
        self._recoloured = value
        self._dialog = QColorDialog(QColor(*row.colour), self._window)
        self._dialog.setWindowTitle(f"Colour of {row.name}")
        self._dialog.colorSelected.connect(self._on_colour)
        self._dialog.open()

    def delete(self, values: Collection[int]) -> None:
        """Delete labels, as one step, and choose the one that comes after."""
        table = self.table
        if table is None or not values:
            self.said.emit("Choose a label first")
            return
        left = [row.value for row in table.rows if row.value not in values]
        if self._change(table.delete, values) and left:
            last = max(values)
            self.select(min((value for value in left if value > last), default=left[-1]))

    def merge(self, values: Collection[int], into: int) -> None:
        """Give labels to another one, as one step, and choose that."""
        if self.table is not None and self._change(self.table.merge, values, into):
            self.select(into)

    def set_locked(self, values: Collection[int], locked: bool) -> None:
        """Lock or unlock labels."""
        if self.table is not None:
            self._try(self.table.set_locked, values, locked)

    def set_visible(self, values: Collection[int], visible: bool) -> None:
        """Show or hide labels."""
        if self.table is not None:
            self.table.set_visible(values, visible)

    def show_only(self, values: Collection[int]) -> None:
        """Hide all other labels."""
        if self.table is not None:
            self.table.show_only(values)

    def show_all(self) -> None:
        """Show all labels."""
        if self.table is not None:
            self.table.show_all()

    def set_status(self, values: Collection[int], status: str) -> None:
        """Say how far one has come."""
        if self.table is not None:
            self.table.set_status(values, status)

    def make_new(self, get: Callable[[], LabelSet], scan: Image | None) -> Labels | None:
        """Add an empty layer on a scan's grid; return None where that is refused."""
        if scan is None or scan not in self._viewer.layers:
            self.said.emit("Open a scan first: new labels lie on its grid")
            return None
        made: list[Labels] = []
        if not self._try(lambda: made.append(empty_labels(scan, get()))):
            return None
        layer = made[0]
        layer.selected_label = min(LayerTable.of(layer).table.names)
        self._viewer.add_layer(layer)
        self._viewer.layers.selection.active = layer
        return layer

    def release(self) -> None:
        """Go nowhere any more."""
        self._jump.cancel()
        self._close_dialog()
        self.layer = None

    def set_layer(self, layer: Labels | None) -> None:
        """Act on another layer from now on."""
        if layer is not self.layer:
            self._jump.cancel()
            self._close_dialog()
            self.said.emit("")
        self.layer = layer

    def _close_dialog(self) -> None:
        if self._dialog is not None:
            self._dialog.close()
            self._dialog.deleteLater()
            self._dialog = None

    def _on_colour(self, colour: QColor) -> None:
        # The label may have been deleted while the dialog was open.
        if self.table is not None and self._recoloured in self.table.table.names:
            parts = colour.red(), colour.green(), colour.blue()
            self.table.recolour(self._recoloured, parts)

    def _on_not_found(self, value: int) -> None:
        names = LabelTable().names if self.table is None else self.table.table.names
        self.said.emit(f"'{names.get(value, value)}' has no voxels yet; there is nowhere to go")

    def _read_only(self) -> str:
        return "" if self.table is None else self.table.reason_not_to_edit

    def _change(self, act: Callable[..., str], *arguments: Any) -> bool:
        told: list[str] = []
        if not self._try(lambda: told.append(act(*arguments))):
            return False
        if told[0]:
            self.done.emit(told[0])
        return True

    def _try(self, act: Callable[..., Any], *arguments: Any) -> bool:
        try:
            act(*arguments)
        except (ValueError, FileNotFoundError) as error:
            self.said.emit(str(error))
            return False
        self.said.emit("")
        return True


def _select(layer: Labels, value: int) -> None:
    largest = int(np.iinfo(layer.dtype).max)
    if value > largest:
        raise ValueError(
            f"'{layer.name}' is of type {layer.dtype} and holds labels up to {largest}, so nothing "
            f"can be drawn with {value}; delete its row or give it to another label"
        )
    layer.selected_label = value
