"""The one dock widget of napari-seg: the scan on top, what one does below, news at the bottom."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QAction, QKeySequence, QShortcut
from qtpy.QtWidgets import (
    QFileDialog,
    QFrame,
    QMenu,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_seg.imaging.files import SCAN_SUFFIXES, sample_data_folder
from napari_seg.segmentation.bundle import load_bundle
from napari_seg.segmentation.bundle_description import describe_bundle
from napari_seg.segmentation.execution import choose_device
from napari_seg.segmentation.inference import segment
from napari_seg.viewer.contributions import layer_of, read_either
from napari_seg.viewer.jobs import Job
from napari_seg.viewer.model_run import Tools
from napari_seg.viewer.scan_choice import ScanChoice
from napari_seg.viewer.segment_section import SegmentSection
from napari_seg.viewer.status_line import StatusLine
from napari_seg.viewer.viewing import Viewing
from napari_seg.viewer.welcome import Welcome

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

    from napari_seg.imaging.scan import LabelMap, Scan

_MINIMUM_WIDTH = 320
_TOOLS = Tools(segment, load_bundle, describe_bundle, choose_device)


class Panel(QWidget):
    """Open a scan, and segment it.

    Parameters
    ----------
    napari_viewer
        The viewer that the panel belongs to; napari knows the argument by this name.
    tools
        The functions that describe, load and run a model.
    """

    def __init__(self, napari_viewer: ViewerModel, tools: Tools = _TOOLS) -> None:
        super().__init__()
        self._viewer = napari_viewer
        self._opening: tuple[Job, Path] | None = None
        self._is_released = False
        self.setMinimumWidth(_MINIMUM_WIDTH)
        self.status = StatusLine()
        self.scan = ScanChoice(napari_viewer)
        self.segment = SegmentSection(napari_viewer, tools, self.status)
        self.welcome = Welcome()
        self.viewing = Viewing(napari_viewer)
        self._lay_out()
        self._connect()
        self._on_scan(self.scan.layer)

    def event(self, event: QEvent | None) -> bool:
        """Let go of the viewer when the dock is closed: napari then takes its widget out."""
        taken_out = event is not None and event.type() == QEvent.Type.ParentChange
        if taken_out and self.parent() is None:
            self._release()
        return bool(super().event(event))

    def open_path(self, path: str | Path) -> None:
        """Read a scan or labels beside the viewer, and show them."""
        if self._opening is not None or self.segment.is_running:
            return
        job = Job(read_either, path, parent=self)
        self._opening = job, Path(path)
        self.status.begin(f"Opening {Path(path).name}")
        self._set_busy(True)
        job.returned.connect(self._on_read)
        job.failed.connect(self._on_not_read)
        job.finished.connect(self._on_opened)
        job.start()

    def _lay_out(self) -> None:
        self._body = QWidget()
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.addWidget(self.scan)
        body.addWidget(self.segment)
        body.addStretch()
        scroll = QScrollArea()
        scroll.setWidget(self._body)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll = scroll
        layout = QVBoxLayout(self)
        layout.addWidget(self.welcome)
        layout.addWidget(scroll, 1)
        layout.addWidget(self.viewing.readout)
        layout.addWidget(self.status)

    def _connect(self) -> None:
        menu = QMenu(self)
        for text, slot in (
            ("Scan or label file…", self._on_open_file),
            ("DICOM folder…", self._on_open_folder),
            ("The sample", self._on_open_sample),
        ):
            action = QAction(text, menu)
            action.triggered.connect(slot)
            menu.addAction(action)
        self.scan.open.setMenu(menu)
        self.welcome.file.clicked.connect(self._on_open_file)
        self.welcome.folder.clicked.connect(self._on_open_folder)
        self.welcome.sample.clicked.connect(self._on_open_sample)
        self.scan.changed.connect(self._on_scan)
        self.segment.running.connect(self._on_running)
        self.status.cancelled.connect(self._on_cancelled)
        self._viewer.layers.selection.events.active.connect(self._on_active)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            QShortcut(QKeySequence(keys), self).activated.connect(self.segment.run)

    def _release(self) -> None:
        if self._is_released:
            return
        self._is_released = True
        if self._opening is not None:
            self._opening[0].cancel()
        self._viewer.layers.selection.events.active.disconnect(self._on_active)
        self.scan.release()
        self.segment.release()
        self.viewing.release()

    def _set_busy(self, busy: bool) -> None:
        self.segment.setEnabled(not busy)
        self.welcome.setEnabled(not busy)
        self._on_running(busy)

    def _on_running(self, running: bool) -> None:
        self.scan.open.setEnabled(not running)
        self.scan.open.setToolTip(
            "Wait until what goes on has ended" if running else "Open a file or a DICOM folder"
        )

    def _on_cancelled(self) -> None:
        if self._opening is not None:
            self._opening[0].cancel()

    def _on_scan(self, layer: Image | None) -> None:
        self.welcome.setVisible(layer is None)
        self._scroll.setVisible(layer is not None)
        self.segment.set_scan(layer)

    def _on_active(self, event: Any) -> None:
        self.scan.follow(event.value)
        self.segment.region.drawn_box.follow(event.value)

    def _on_open_file(self) -> None:
        patterns = " ".join(f"*{suffix}" for suffix in SCAN_SUFFIXES)
        chosen, _ = QFileDialog.getOpenFileName(
            self, "Open a scan or its labels", filter=f"Scans and labels ({patterns});;All (*)"
        )
        if chosen:
            self.open_path(chosen)

    def _on_open_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Open a DICOM folder")
        if chosen:
            self.open_path(chosen)

    def _on_open_sample(self) -> None:
        self.open_path(sample_data_folder() / "brain.nii.gz")

    def _on_read(self, read: Scan | LabelMap) -> None:
        if self._opening is not None:
            self._viewer.add_layer(layer_of(read, self._opening[1]))
            self.status.end("")

    def _on_not_read(self, _error: Exception) -> None:
        if self._opening is not None:
            self.status.end(f"{self._opening[1].name} was not opened; the notification says why")

    def _on_opened(self) -> None:
        if self._opening is None:
            return
        job, path = self._opening
        self._opening = None
        if job.is_cancelled:
            self.status.end(f"Stopped opening {path.name}")
        job.deleteLater()
        self._set_busy(False)
