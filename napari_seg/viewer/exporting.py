"""Export the labels of a layer: a file dialog, then a job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari.utils.notifications import show_info
from qtpy.QtCore import QObject
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_seg.viewer.jobs import Job
from napari_seg.viewer.label_forms import FORMS, Form, Undone, form_of, labels_with_scan, write_form
from napari_seg.viewer.opening.asking import wants_uids
from napari_seg.viewer.opening.opened_layers import show_notice

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari.layers import Labels, Layer

    from napari_seg.imaging.scan import LabelMap, Notice, Scan


class Export(QObject):
    """Writes the labels of one layer beside the viewer, and tells what came of it.

    Parameters
    ----------
    layer
        Of the labels; they are taken out of it now.
    layers
        Among which their scan is looked for.
    window
        That napari is in.
    """

    def __init__(self, layer: Labels, layers: Iterable[Layer], window: QWidget) -> None:
        super().__init__(window)
        self._window, self._name = window, layer.name
        labels, scan = labels_with_scan(layer, layers)
        # The layer may be painted on while it is written.
        self._labels: LabelMap = labels.with_array(labels.array.copy())
        self._scan: Scan | None = scan
        self._form, self._path = FORMS[0], Path()

    def ask(self) -> None:
        """Ask for the form and the place, and write."""
        chosen, chosen_filter = QFileDialog.getSaveFileName(
            self._window, "Export labels", self._name, ";;".join(form.filter for form in FORMS)
        )
        form = next((form for form in FORMS if form.filter == chosen_filter), FORMS[0])
        if chosen:
            form = form_of(chosen, form)
            self.write(form, form.complete(chosen))
        else:
            self.deleteLater()

    def write(self, form: Form, path: Path, *, new_uids: bool = False) -> None:
        """Write in a form to a place."""
        self._form, self._path = form, path
        job = Job(write_form, form, self._labels, self._scan, path, new_uids, parent=self)
        job.returned.connect(self._on_written)
        job.failed.connect(self._on_failed)
        job.start()

    def _on_written(self, answer: tuple[Notice, ...] | Undone) -> None:
        if isinstance(answer, Undone):
            self._ask_for_uids(answer)
            return
        show_info(f"{self._name}: exported to {self._path.name}")
        show_notice(self._path.name, [notice.message for notice in answer])
        self.deleteLater()

    def _ask_for_uids(self, undone: Undone) -> None:
        if wants_uids(self._window, undone.reason):
            self.write(self._form, self._path, new_uids=True)
        else:
            self.deleteLater()

    def _on_failed(self, _error: Exception) -> None:
        # napari shows the error itself.
        self.deleteLater()
