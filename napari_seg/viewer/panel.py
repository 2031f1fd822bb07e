"""The one dock widget of napari-seg: the scan on top, what one does below, news at the bottom."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.layers import Labels
from qtpy.QtCore import QEvent, QTimer
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QFileDialog, QMenu, QSizePolicy, QVBoxLayout, QWidget

from napari_seg.imaging.files import SCAN_SUFFIXES, sample_data_folder
from napari_seg.segmentation.bundle_description import describe_bundle
from napari_seg.segmentation.ensemble import load_models
from napari_seg.segmentation.execution import choose_device
from napari_seg.segmentation.inference import segment
from napari_seg.segmentation.warming import load_libraries, make_ready
from napari_seg.viewer.comparing import Comparing
from napari_seg.viewer.edit_section import EditSection
from napari_seg.viewer.garbage_pauses import GarbagePauses
from napari_seg.viewer.keeping import Keeping
from napari_seg.viewer.keys import PanelKeys
from napari_seg.viewer.label_list.label_list import LabelList
from napari_seg.viewer.labels_line import LabelsLine
from napari_seg.viewer.layers import is_preview
from napari_seg.viewer.one_job import OneJob
from napari_seg.viewer.opening.drops import Drops
from napari_seg.viewer.opening.labels_notices import LabelsNotices
from napari_seg.viewer.opening.opening import Opening
from napari_seg.viewer.opening.resampling import Resampling
from napari_seg.viewer.opening.scan_choice import ScanChoice
from napari_seg.viewer.opening.welcome import Welcome
from napari_seg.viewer.panel_parts.remembered import Remembered
from napari_seg.viewer.panel_parts.tabs import Tabs
from napari_seg.viewer.segmenting.model_run import Tools
from napari_seg.viewer.segmenting.segment_section import SegmentSection
from napari_seg.viewer.status_line import StatusLine
from napari_seg.viewer.viewing import Viewing

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image
    from qtpy.QtGui import QShowEvent

# The widest row of a tab fits beside its scroll bar.
_MINIMUM_WIDTH, _MARGIN = 320, 4
_TOOLS = Tools(segment, load_models, describe_bundle, choose_device, load_libraries, make_ready)


class Panel(QWidget):
    """Open a scan, segment it, and edit its labels.

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
        self._is_released = False
        self.setMinimumWidth(_MINIMUM_WIDTH)
        # Below whatever does not ask for all room napari puts a space, a larger one each time.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.status = StatusLine()
        self.scan = ScanChoice(napari_viewer)
        self.segment = SegmentSection(napari_viewer, tools, self.status)
        self.viewing = Viewing(napari_viewer)
        self.edit = EditSection(napari_viewer, self.status, self.viewing.three_views)
        self.tabs = Tabs()
        self.welcome = Welcome()
        self.work = OneJob(self.status, self)
        self.opening = Opening(napari_viewer, self.work)
        self.drops = Drops(self)
        self.resampling = Resampling(napari_viewer, self.work, self)
        self.keeping = Keeping(napari_viewer)
        self.keeping.setParent(self)
        self.labels_line = LabelsLine(self.keeping)
        self.labels = LabelList(napari_viewer)
        self.labels_notices = LabelsNotices(napari_viewer)
        self.comparing = Comparing(napari_viewer)
        parts = (self.viewing, self.comparing, self.labels, self.edit, self.keeping)
        self.keys = PanelKeys(self, napari_viewer, parts, self.tabs.run)
        self._garbage = GarbagePauses(napari_viewer, self)
        self._lay_out()
        # Brushes and contours are set on napari's page of preferences, too, which keeps them.
        self._remembered = Remembered({"tabs": self.tabs, "tools": self.edit.tools}, self)
        self._connect()
        self._on_keys()
        self._on_scan(self.scan.layer)
        self._show_labels(napari_viewer.layers.selection.active)

    def event(self, event: QEvent | None) -> bool:
        """Let go of the viewer when the dock is closed: napari then takes its widget out."""
        taken_out = event is not None and event.type() == QEvent.Type.ParentChange
        if taken_out and self.parent() is None:
            self._release()
        return bool(super().event(event))

    def showEvent(self, event: QShowEvent | None) -> None:
        """Take the keys of the canvases that are there, but for what their window has."""
        super().showEvent(event)
        self.keys.watch()
        self._on_keys()
        self.drops.watch()

    def is_of(self, viewer: ViewerModel) -> bool:
        """Tell whether it works in a viewer; once its dock was closed it works in none."""
        same = getattr(viewer, "__wrapped__", viewer)
        return not self._is_released and getattr(self._viewer, "__wrapped__", self._viewer) is same

    def open_path(self, path: str | Path) -> None:
        """Read a scan or labels beside the viewer, and show them."""
        if not self.work.is_busy and not self.segment.is_running:
            self.opening.open(path, self.scan.layer)

    def _open_next(self) -> None:
        """Open the next file that was dropped, if nothing else goes on."""
        goes_on = self.work.is_busy or self.segment.is_running or self.opening.is_asking
        if self.drops.waiting and not goes_on and not self._is_released:
            self.open_path(self.drops.waiting.pop(0))

    def _lay_out(self) -> None:
        self._body = QWidget()
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.addWidget(self.scan)
        body.addWidget(self.labels_line)
        # In a low window the table gives way: each gets its share, the table no more than it needs.
        body.addWidget(self.labels, 1)
        body.addWidget(self.tabs, 2)
        self.tabs.add(self.segment, "Segment", "Let a model label the scan")
        self.tabs.add(self.edit, "Edit", "Correct labels by brushes and tools")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*4 * (_MARGIN,))
        layout.addWidget(self.keeping.offer)
        layout.addWidget(self.labels_notices)
        layout.addWidget(self.welcome)
        layout.addWidget(self.opening, 1)
        layout.addWidget(self._body, 1)
        layout.addWidget(self.viewing.readout)
        layout.addWidget(self.status)

    def _connect(self) -> None:
        menu = QMenu(self)
        for text, slot in (
            ("Scan or label file…", self._on_open_file),
            ("Folder of DICOM or of masks…", self._on_open_folder),
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
        self.scan.moved.connect(self._on_moved)
        for part in (self.scan, self.segment.channels):
            part.resample_wanted.connect(self._on_resample_wanted)
        self.resampling.resampled.connect(self.segment.channels.replace)
        self.resampling.said.connect(self._on_said)
        self.work.busy.connect(self._on_busy)
        self.opening.asking.connect(self._on_asking)
        self.drops.came.connect(self._open_next)
        self.viewing.three_views.opened.connect(self.keys.watch)
        # They close at once with the window, which may be kept.
        self.viewing.three_views.opened.connect(self.keeping.ask_first)
        self.keeping.said.connect(self._on_said)
        self.comparing.said.connect(self._on_said)
        self.labels.acts.done.connect(self._on_said)
        self.edit.history.said.connect(self._on_said)
        self.edit.history.moved.connect(self.status.forget)
        self.edit.wanted.connect(self._on_edit_wanted)
        self.keys.changed.connect(self._on_keys)
        for changed in (self.tabs.currentChanged, self.edit.tools.settings_changed):
            changed.connect(self._remembered.note_change)
        self._viewer.layers.events.removed.connect(self._on_removed)
        self._viewer.layers.selection.events.active.connect(self._on_active)

    def _release(self) -> None:
        if self._is_released:
            return
        self._is_released = True
        self.drops.release()
        self._garbage.release()
        self.work.cancel()
        self._remembered.release()
        self.keys.release()
        self._viewer.layers.selection.events.active.disconnect(self._on_active)
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self.scan.release()
        self.keeping.release()
        self.labels_line.release()
        self.labels.release()
        self.labels_notices.release()
        self.segment.release()
        self.edit.release()
        self.comparing.release()
        self.viewing.release()

    def _on_busy(self, busy: bool) -> None:
        self.segment.setEnabled(not busy)
        self.welcome.setEnabled(not busy)
        self._on_running(busy)

    def _on_running(self, running: bool) -> None:
        self.scan.open.setEnabled(not running)
        if not running:
            # What has ended may have a question, or more to do.
            QTimer.singleShot(0, self._open_next)
        self.scan.open.setToolTip(
            "Wait until what goes on has ended" if running else "Open a file or a folder"
        )

    def _on_scan(self, layer: Image | None) -> None:
        self._show_parts()
        self.labels.set_scan(layer)
        self.segment.set_scan(layer)
        self.edit.set_scan(layer)

    def _on_moved(self) -> None:
        self.segment.set_scan(self.scan.layer)
        self.edit.set_scan(self.scan.layer)

    def _on_asking(self, asking: bool) -> None:
        self._show_parts()
        if not asking:
            QTimer.singleShot(0, self._open_next)

    def _show_parts(self) -> None:
        # What has to be chosen first gets the room.
        asking = self.opening.is_asking
        has_work = self.scan.layer is not None or self.labels.layer is not None
        self.welcome.setVisible(not asking and not has_work)
        self._body.setVisible(not asking and has_work)

    def _on_active(self, event: Any) -> None:
        self.scan.follow(event.value)
        self._show_labels(event.value)
        self.segment.region.drawn_box.follow(event.value)

    def _on_keys(self) -> None:
        for part in (self.edit.brushes, self.edit.tools, self.labels_line):
            part.show_keys(self.keys.key_text)
        key = self.keys.key_text("run_tab")
        self.segment.start.setText(f"Run   ({key})" if key else "Run")

    def _on_edit_wanted(self) -> None:
        self.tabs.show_section(self.edit)

    def _on_removed(self, event: Any) -> None:
        if event.value is self.labels.layer:
            self.labels.set_layer(None)
        self._follow_labels()

    def _on_said(self, news: str) -> None:
        if not self.work.is_busy and not self.segment.is_running:
            self.status.end(news)

    def _show_labels(self, layer: object) -> None:
        if isinstance(layer, Labels) and not is_preview(layer):
            self.labels.set_layer(layer)
            self._follow_labels()

    def _follow_labels(self) -> None:
        self.labels_line.set_layer(self.labels.layer)
        self.edit.set_layer(self.labels.layer)
        self.comparing.set_layer(self.labels.layer)
        self._show_parts()

    def _on_open_file(self) -> None:
        patterns = " ".join(f"*{suffix}" for suffix in SCAN_SUFFIXES)
        chosen, _ = QFileDialog.getOpenFileName(
            self, "Open a scan or its labels", filter=f"Scans and labels ({patterns});;All (*)"
        )
        if chosen:
            self.open_path(chosen)

    def _on_open_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Open a folder of DICOM slices or of masks")
        if chosen:
            self.open_path(chosen)

    def _on_open_sample(self) -> None:
        self.open_path(sample_data_folder() / "brain.nii.gz")

    def _on_resample_wanted(self, other: Image) -> None:
        scan = self.scan.layer
        goes_on = self.work.is_busy or self.segment.is_running
        if scan is not None and not goes_on:
            self.segment.channels.hold(other)
            self.resampling.start(other, scan)
