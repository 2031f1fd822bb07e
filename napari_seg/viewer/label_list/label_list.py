"""The labels of a layer as a table, and the buttons under it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Labels
from napari.utils.theme import get_theme
from qtpy.QtCore import QPoint, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from napari_seg.imaging.label_sets import departures
from napari_seg.viewer.actions import Action
from napari_seg.viewer.label_list import unseen
from napari_seg.viewer.label_list.acts import LabelActs
from napari_seg.viewer.label_list.layer_table import LayerTable
from napari_seg.viewer.label_list.model import Column, RowModel
from napari_seg.viewer.label_list.new_labels_menu import NewLabelsMenu
from napari_seg.viewer.label_list.row_menu import RowMenu, StatusMenu
from napari_seg.viewer.label_list.summary import flag_text, total_text
from napari_seg.viewer.label_list.view import LabelView
from napari_seg.viewer.viewing.layer_at_hand import image_at_hand
from napari_seg.viewer.wrapped_label import WrappedLabel

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

_NO_LAYER = "No labels yet. Segment the scan, or make an empty layer with ⋮"
_NO_ROWS = "No label yet. + adds one, or paint"


class LabelList(QWidget):
    """The table of the labels of one layer: choose, name, colour, lock, hide, merge, delete.

    Parameters
    ----------
    viewer
        That shows the layers.

    Attributes
    ----------
    said
        Signal: why something was not done, in a sentence; empty after something was. It is shown
        under the table, too.
    layer_made
        Signal: an empty layer that was made and added to the viewer.
    """

    said = Signal(str)
    layer_made = Signal(object)

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        # The proxy that napari hands to plugins would tell of other objects than come by events.
        viewer = getattr(viewer, "__wrapped__", viewer)
        self._viewer = viewer
        self._scan: Image | None = None
        self._table: LayerTable | None = None
        self.acts = LabelActs(viewer, self)
        self.model = RowModel()
        self.view = LabelView(self.model)
        self.flag, self.news = WrappedLabel(), WrappedLabel()
        self.total = QLabel()
        self.add, self.delete, self.more = QToolButton(), QToolButton(), QToolButton()
        self.show_hidden = QToolButton()
        self.new_like = NewLabelsMenu(viewer, self)
        self.menu = RowMenu(self.acts, self._chosen, self.new_like, self)
        self.status_menu = StatusMenu(self.acts, self)
        self._lay_out()
        self._connect()
        self._on_theme()
        self._update()

    @property
    def offers(self) -> tuple[Action, ...]:
        """What keys and menus can ask for: to choose another label, or go to it."""
        group = "Labels"
        of_rows: Any = {"repeats": True, "can_run": self.acts.can_step}
        return (
            Action("next_label", "Next label", group, "Tab", self.next_label, **of_rows),
            Action(
                "previous_label",
                "Previous label",
                group,
                "Shift+Tab",
                self.previous_label,
                **of_rows,
            ),
            Action("go_to_label", "Go to the label", group, "J", self._on_jump_wanted),
            Action("show_all_labels", "Show all labels", group, "Shift+Space", self.show_all),
        )

    @property
    def layer(self) -> Labels | None:
        """The layer whose labels are shown."""
        return self.acts.layer

    def set_layer(self, layer: Labels | None) -> None:
        """Show the labels of another layer from now on; None for none."""
        layer = getattr(layer, "__wrapped__", layer)
        if layer is not None and layer not in self._viewer.layers:
            layer = None
        if layer is self.layer:
            return
        self._let_go()
        self.acts.set_layer(layer)
        if layer is not None:
            self._table = LayerTable.of(layer)
            self._table.changed.connect(self._update)
            layer.events.selected_label.connect(self._on_selected_label)
            unseen.watch(layer)
        self._update()

    def set_scan(self, layer: Image | None) -> None:
        """Make new labels on the grid of this scan; None for that of the image at hand."""
        self._scan = getattr(layer, "__wrapped__", layer)
        self._update()

    def next_label(self) -> None:
        """Choose the label of the next row."""
        self.acts.step(1)

    def previous_label(self) -> None:
        """Choose the label of the row before."""
        self.acts.step(-1)

    def show_all(self) -> None:
        """Show all labels that were hidden."""
        self.acts.show_all()

    def release(self) -> None:
        """Let go of the viewer and of the layer; names, locks and colours stay with the layer."""
        self._let_go()
        self.acts.release()
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self._viewer.layers.events.inserted.disconnect(self._on_inserted)
        self._viewer.events.theme.disconnect(self._on_theme)

    def _lay_out(self) -> None:
        for button, text, name in (
            (self.add, "+", "Add a label"),
            (self.delete, "−", "Delete the chosen labels"),  # noqa: RUF001 - a minus sign
            (self.more, "⋮", "More, and new labels like…"),
            (self.show_hidden, "Show all", "Show all labels that are hidden"),
        ):
            button.setText(text)
            button.setToolTip(name)
            button.setAccessibleName(name)
            button.setAutoRaise(True)
        self.more.setMenu(self.menu)
        self.more.setStyleSheet("QToolButton::menu-indicator { image: none; width: 0px; }")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.flag.setAccessibleName("What differs from the set of labels")
        self.news.setAccessibleName("Why something was not done")
        self.total.setAccessibleName("Labels and their volume")
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        for widget in (self.add, self.delete, self.more):
            buttons.addWidget(widget)
        buttons.addStretch()
        buttons.addWidget(self.total)
        buttons.addWidget(self.show_hidden)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.flag)
        layout.addWidget(self.view)
        layout.addLayout(buttons)
        layout.addWidget(self.news)

    def _connect(self) -> None:
        self.view.chosen.connect(self.acts.select)
        self.view.jump_wanted.connect(self.acts.jump)
        self.view.colour_wanted.connect(self.acts.choose_colour)
        self.view.mark_pressed.connect(self._on_mark)
        self.view.delete_wanted.connect(self._on_delete)
        self.view.show_all_wanted.connect(self.show_all)
        self.view.customContextMenuRequested.connect(self._on_menu)
        self.view.selection_changed.connect(self._update_buttons)
        self.model.rename_wanted.connect(self.acts.rename)
        self.menu.rename_wanted.connect(self.view.rename)
        self.add.clicked.connect(self._on_add)
        self.delete.clicked.connect(self._on_delete)
        self.show_hidden.clicked.connect(self.show_all)
        self.new_like.wanted.connect(self._on_new_like)
        self.acts.said.connect(self._on_said)
        self._viewer.layers.events.removed.connect(self._on_removed)
        self._viewer.layers.events.inserted.connect(self._on_inserted)
        self._viewer.events.theme.connect(self._on_theme)

    def _let_go(self) -> None:
        if self._table is not None:
            self._table.changed.disconnect(self._update)
            self._table = None
        if self.layer is not None:
            self.layer.events.selected_label.disconnect(self._on_selected_label)
            unseen.leave(self.layer)

    def _update(self) -> None:
        table, rows = self._table, () if self._table is None else self._table.rows
        self.view.empty_text = _NO_LAYER if table is None else _NO_ROWS
        self.view.show_rows(rows)
        if self.layer is not None:
            self.view.follow(int(self.layer.selected_label))
        self._flag(table)
        hidden = sum(not row.is_visible for row in rows)
        # The button needs the room.
        self.total.setText(total_text(rows, short=hidden > 0))
        self.show_hidden.setText(f"Show {hidden} hidden")
        self.show_hidden.setVisible(hidden > 0)
        self._update_buttons()

    def _flag(self, table: LayerTable | None) -> None:
        agreed = None if table is None else table.label_set
        found = () if table is None or agreed is None else departures(table.table, agreed)
        self.flag.setText("" if agreed is None else flag_text(agreed.name, found))
        self.flag.setToolTip("\n".join(found))
        self.flag.setVisible(bool(found))

    def _update_buttons(self) -> None:
        add, delete = self.acts.reason_not_to_add(), self.acts.reason_not_to_delete(self._chosen())
        self.add.setEnabled(not add)
        self.add.setToolTip(add or "Add a label, and name it")
        self.delete.setEnabled(not delete)
        self.delete.setToolTip(delete or "Delete the chosen labels and their voxels (Del)")
        scan = self._scan_at_hand()
        self.new_like.set_reason("" if scan is not None else "Open a scan first")

    def _chosen(self) -> tuple[int, ...]:
        return self.view.selected

    def _scan_at_hand(self) -> Image | None:
        if self._scan is not None and self._scan in self._viewer.layers:
            return self._scan
        return image_at_hand(self._viewer)

    def _on_add(self) -> None:
        value = self.acts.add()
        if value is not None:
            self.view.rename(value)

    def _on_jump_wanted(self) -> None:
        if self.layer is not None:
            self.acts.jump(int(self.layer.selected_label))

    def _on_delete(self) -> None:
        self.acts.delete(self._chosen())

    def _on_mark(self, value: int, column: int, place: QPoint) -> None:
        row = next(row for row in self.model.rows if row.value == value)
        chosen = self._chosen()
        # A mark of one of several selected rows is for all of them.
        values = chosen if value in chosen else (value,)
        if column == Column.LOCK:
            self.acts.set_locked(values, not row.is_locked)
        elif column == Column.EYE:
            self.acts.set_visible(values, not row.is_visible)
        else:
            self.status_menu.offer(values, row.status)
            self.status_menu.popup(place)

    def _on_menu(self, place: QPoint) -> None:
        viewport = self.view.viewport()
        if viewport is not None:
            self.menu.popup(viewport.mapToGlobal(place))

    def _on_new_like(self, get: Any) -> None:
        layer = self.acts.make_new(get, self._scan_at_hand())
        if layer is not None:
            self.set_layer(layer)
            self.layer_made.emit(layer)

    def _on_said(self, sentence: str) -> None:
        text = f"{sentence[:1].upper()}{sentence[1:]}"
        self.news.setText(text)
        self.news.setVisible(bool(text))
        self.said.emit(text)

    def _on_selected_label(self, _event: Any = None) -> None:
        if self.layer is not None:
            self.view.follow(int(self.layer.selected_label))

    def _on_removed(self, event: Any) -> None:
        if event.value is self.layer:
            self.set_layer(None)
        self._update_buttons()

    def _on_inserted(self, _event: Any) -> None:
        self._update_buttons()

    def _on_theme(self, _event: Any = None) -> None:
        self.view.set_accent(get_theme(self._viewer.theme).current.as_hex())
        self._update_buttons()
