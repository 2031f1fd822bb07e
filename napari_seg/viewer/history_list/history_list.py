"""The history of the labels at hand: folded away, or a list to click in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.utils.theme import get_theme
from qtpy.QtCore import QModelIndex, Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QListView, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from napari_seg.viewer.editing.editable import require_editable
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.editing.locks import LabelLocks
from napari_seg.viewer.history_list.model import StepModel
from napari_seg.viewer.preferences import Preferences
from napari_seg.viewer.wrapped_label import WrappedLabel

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Labels

    from napari_seg.viewer.editing.steps import Step

_ROWS_SHOWN = 8
_MB = 2**20
_DEFAULT_MB = 512
# Its name among napari's preferences.
_LIMIT = "history_mb"
_LOCKS_ARE_OURS = (
    "This napari draws in a way of its own: locks hold for the brushes and tools of this panel only"
)


class HistoryList(QWidget):
    """The steps of one layer by name; a click undoes or redoes up to one.

    Parameters
    ----------
    viewer
        Whose theme it has.

    Attributes
    ----------
    said
        Signal: what became of the history, such as that its oldest steps were dropped.
    moved
        Signal: a stroke was drawn, or a step undone: what was told of the step before may hold
        no longer.
    fold
        The button that shows and hides the list.
    """

    said = Signal(str)
    moved = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer: ViewerModel = getattr(viewer, "__wrapped__", viewer)
        self._history: EditHistory | None = None
        self._preferences = Preferences("editing")
        self.model = StepModel()
        self.view = QListView()
        self.fold = QToolButton()
        self.notice, self.locks = WrappedLabel(), WrappedLabel()
        self._lay_out()
        self._on_theme()
        self._on_fold(False)
        self._update()
        self.fold.toggled.connect(self._on_fold)
        self.view.clicked.connect(self._on_wanted)
        self.view.activated.connect(self._on_wanted)
        self._preferences.changed.connect(self._on_preferences)
        self._viewer.events.theme.connect(self._on_theme)

    def set_layer(self, layer: Labels | None) -> None:
        """Show the history of another layer from now on; None for none."""
        history = None if layer is None else _history_of(layer)
        if history is self._history and history is not None:
            return
        self._let_go()
        self._history = history
        self.notice.setText("")
        self.notice.hide()
        ours = (
            layer is not None and history is not None and not LabelLocks.of(layer).holds_for_napari
        )
        self.locks.setVisible(ours)
        if history is not None:
            history.changed.connect(self._update)
            history.noticed.connect(self._on_noticed)
            history.applied.connect(self._on_applied)
            history.reverted.connect(self._on_reverted)
            self._set_limit()
        self._update()

    def release(self) -> None:
        """Let go of viewer and layer; the history stays with the layer."""
        self._let_go()
        self._history = None
        self._preferences.release()
        self._viewer.events.theme.disconnect(self._on_theme)

    def _lay_out(self) -> None:
        self.fold.setCheckable(True)
        self.fold.setAutoRaise(True)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.view.setModel(self.model)
        self.view.setUniformItemSizes(True)
        self.view.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.view.setAccessibleName("Steps of the history")
        self.view.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.notice.setAccessibleName("What became of the history")
        self.locks.setText(_LOCKS_ARE_OURS)
        self.locks.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for widget in (self.locks, self.fold, self.notice, self.view):
            layout.addWidget(widget)

    def _set_limit(self) -> None:
        if self._history is not None:
            limit = int(self._preferences.value(_LIMIT, _DEFAULT_MB)) * _MB
            self._history.limit_bytes = limit
            self._update()

    def _on_preferences(self, name: str) -> None:
        if name == _LIMIT:
            self._set_limit()

    def _let_go(self) -> None:
        if self._history is not None:
            self._history.changed.disconnect(self._update)
            self._history.noticed.disconnect(self._on_noticed)
            self._history.applied.disconnect(self._on_applied)
            self._history.reverted.disconnect(self._on_reverted)

    def _update(self) -> None:
        history = self._history
        steps = () if history is None else history.steps
        self.fold.setText(f"History ({len(steps)})" if steps else "History")
        self.fold.setEnabled(history is not None)
        # An empty box, which could not be folded either, would say nothing.
        self.view.setVisible(self.fold.isChecked() and history is not None)
        if history is None:
            self.fold.setToolTip("Choose labels that can be edited to see their history")
            self.model.show("", (), 0)
            return
        self.fold.setToolTip(
            "Go back and forth by a click (Ctrl+Z, Ctrl+Shift+Z). "
            f"{_megabytes(history.kept_bytes)} of {_megabytes(history.limit_bytes)} used"
        )
        if self.fold.isChecked():
            self._show_steps(history)

    def _show_steps(self, history: EditHistory) -> None:
        first = "Oldest state that is kept" if history.has_dropped else "Before all steps"
        self.model.show(first, history.steps, history.done)
        rows = min(max(self.model.rowCount(), 3), _ROWS_SHOWN)
        self.view.setFixedHeight(rows * max(self.view.sizeHintForRow(0), 1) + 4)
        present = self.model.index(self.model.present)
        self.view.setCurrentIndex(present)
        self.view.scrollTo(present)

    def _on_fold(self, unfolded: bool) -> None:
        self.fold.setArrowType(Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow)
        self._update()

    def _on_wanted(self, index: QModelIndex) -> None:
        history, step = self._history, self.model.step(index.row())
        if history is None or index.row() == self.model.present:
            return
        # Each step on the way tells of itself; the list is for the last.
        history.changed.disconnect(self._update)
        try:
            history.go_to(step)
        finally:
            history.changed.connect(self._update)
        self._update()

    def _on_noticed(self, news: str) -> None:
        self.notice.setText(f"{news[:1].upper()}{news[1:]}")
        self.notice.show()
        self.said.emit(self.notice.text())
        self._update()

    def _on_applied(self, step: Step) -> None:
        if step.by == "hand":
            self.moved.emit()

    def _on_reverted(self, _step: Step) -> None:
        self.moved.emit()

    def _on_theme(self, _event: Any = None) -> None:
        self.model.set_text_colour(QColor(get_theme(self._viewer.theme).text.as_hex()))


def _history_of(layer: Labels) -> EditHistory | None:
    try:
        require_editable(layer)
    except ValueError:
        return None
    return EditHistory.of(layer)


def _megabytes(count: int) -> str:
    return f"{count / _MB:.0f} MB"
