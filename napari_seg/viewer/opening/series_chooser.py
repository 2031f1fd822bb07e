"""Choose one of several DICOM series: in the panel, or in a window of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.utils.theme import get_theme
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_seg.imaging.dicom.damaged_files import apart_words
from napari_seg.viewer.appearance import primary_style
from napari_seg.viewer.opening.series_list import SeriesList, can_open
from napari_seg.viewer.wrapped_label import WrappedLabel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtWidgets import QListWidgetItem

    from napari_seg.imaging.dicom.series import Series


class SeriesChooser(QWidget):
    """A list of series, and a button that opens the chosen one.

    Attributes
    ----------
    chosen
        Signal: a series, and whether it is to be repaired.
    cancelled
        Signal: none is wanted.
    """

    chosen = Signal(object, bool)
    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.question = WrappedLabel()
        self.list = SeriesList()
        self.open = QPushButton("Open")
        self.cancel = QPushButton("Cancel")
        self.cancel.setToolTip("Open none of them (Esc)")
        buttons = QHBoxLayout()
        buttons.addWidget(self.cancel)
        buttons.addStretch()
        buttons.addWidget(self.open)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.question)
        layout.addWidget(self.list)
        layout.addLayout(buttons)
        layout.addStretch()
        self.list.itemSelectionChanged.connect(self._on_selected)
        self.list.itemActivated.connect(self._on_activated)
        self.open.clicked.connect(self._on_open)
        self.cancel.clicked.connect(self.cancelled)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        escape.activated.connect(self.cancelled)

    def offer(self, name: str, series: Sequence[Series], *, theme: str) -> None:
        """Ask which series of the folder `name` to open, in the colours of a theme of napari."""
        self.list.set_accent(get_theme(theme).current.as_hex())
        self.open.setStyleSheet(primary_style(theme))
        refused = sum(not can_open(one) for one in series)
        cannot = f" {refused} of them cannot be opened." if refused else ""
        apart = series[0].damaged_apart if series else ()
        damaged = f" {apart_words(apart)}." if apart else ""
        self.question.setText(f"'{name}' holds {len(series)} series. Which one?{cannot}{damaged}")
        self.list.show_series(series)
        self._on_selected()
        self.list.setFocus()

    def _on_selected(self) -> None:
        series = self.list.chosen
        repair = series is not None and series.can_repair
        self.open.setText("Repair and open" if repair else "Open")
        self.open.setEnabled(series is not None)
        if series is None:
            self.open.setToolTip("Choose a series first")
        elif repair:
            self.open.setToolTip(
                "Resample the slices to an even grid, and leave damaged ones out (Enter)"
            )
        else:
            self.open.setToolTip("Open the chosen series (Enter)")

    def _on_activated(self, _item: QListWidgetItem) -> None:
        self._on_open()

    def _on_open(self) -> None:
        series = self.list.chosen
        if series is not None:
            self.chosen.emit(series, series.can_repair)


class SeriesDialog(QDialog):
    """The same in a window of its own, for where there is no panel."""

    def __init__(
        self, name: str, series: Sequence[Series], parent: QWidget | None, *, theme: str
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Choose a series")
        self.resize(460, 420)
        self.answer: tuple[Series, bool] | None = None
        self.chooser = SeriesChooser()
        layout = QVBoxLayout(self)
        layout.addWidget(self.chooser)
        self.chooser.chosen.connect(self._on_chosen)
        self.chooser.cancelled.connect(self.reject)
        self.chooser.offer(name, series, theme=theme)

    def _on_chosen(self, series: Series, repair: bool) -> None:
        self.answer = series, repair
        self.accept()
