"""Segment: choose a model and a region, run it on the scan, show the labels."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from napari.layers import Image
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QPushButton, QVBoxLayout, QWidget

from napari_seg.imaging.channels import take_volume
from napari_seg.segmentation.run_settings import RunSettings
from napari_seg.viewer.appearance import primary_style
from napari_seg.viewer.jobs import Job
from napari_seg.viewer.layers import grid_of
from napari_seg.viewer.segmenting.channel_choice import ChannelChoice
from napari_seg.viewer.segmenting.current_run import CurrentRun, voxels_of, why_it_does_not_fit
from napari_seg.viewer.segmenting.difference_line import DifferenceLine, Part
from napari_seg.viewer.segmenting.loaded_models import LoadedModels
from napari_seg.viewer.segmenting.model_choice import ModelChoice
from napari_seg.viewer.segmenting.model_run import Result, Tools, run_model
from napari_seg.viewer.segmenting.outcome import Outcome
from napari_seg.viewer.segmenting.region_choice import RegionChoice
from napari_seg.viewer.segmenting.run_options import RunOptions
from napari_seg.viewer.segmenting.shown_time import shown_time
from napari_seg.viewer.segmenting.warm_up import WarmUp

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_seg.segmentation.preview import LabelWindow
    from napari_seg.viewer.status_line import StatusLine

_DEVICES = {"Automatic": "auto", "CPU": "cpu", "NVIDIA GPU": "cuda"}
if sys.platform == "darwin":
    _DEVICES["Apple GPU"] = "mps"
_NO_SCAN = "Open a scan first"


class SegmentSection(QWidget):
    """Segment a scan with a model.

    Parameters
    ----------
    viewer
        That shows the scan and gets the labels.
    tools
        The functions that describe, load and run a model.
    status
        Where progress, result and what is left to decide are shown.

    Attributes
    ----------
    running
        Signal: whether a run goes on now.
    """

    running = Signal(bool)

    def __init__(self, viewer: ViewerModel, tools: Tools, status: StatusLine) -> None:
        super().__init__()
        self._viewer, self._tools, self._status = viewer, tools, status
        self._scan: Image | None = None
        self._run: CurrentRun | None = None
        self._time: int | None = None
        self._models = LoadedModels(tools.load_models)
        self._warm_up = WarmUp(viewer, tools, self._models, self)
        self.model = ModelChoice(tools.describe_bundle)
        self.channels = ChannelChoice(viewer)
        self.region = RegionChoice(viewer)
        self.differences = DifferenceLine()
        self.outcome = Outcome(viewer, status, self)
        self.device = QComboBox()
        self.device.addItems(list(_DEVICES))
        self.device.setAccessibleName("Device")
        self.device.setToolTip("Where the network runs; automatic takes a GPU if there is one")
        self.options = RunOptions(tools.describe_bundle)
        self.start = QPushButton("Run   (Ctrl+Enter)")
        self._lay_out()
        self._connect()
        self._on_theme()
        self._on_model()

    @property
    def is_running(self) -> bool:
        """Whether a run goes on."""
        return self._run is not None

    def set_scan(self, layer: Image | None) -> None:
        """Segment another scan from now on."""
        self._scan = layer
        self.channels.set_scan(layer)
        self.region.set_scan(layer)
        self.region.setEnabled(layer is not None)
        self.region.setToolTip(_NO_SCAN if layer is None else "")
        self._update()

    def reason_not_to_run(self) -> str:
        """Say why a run cannot start now; empty if it can."""
        if self._run is not None:
            return "A run goes on; wait for it or cancel it"
        if self._scan is None:
            return _NO_SCAN
        if self.options.kept_labels == ():
            return "Choose at least one label to keep, under Options"
        try:
            self.region.region()
            return self._why_they_do_not_fit(self._scan)
        except ValueError as error:
            return str(error)

    def run(self) -> None:
        """Start a run with what is chosen; nothing happens where there is a reason not to."""
        if self._scan is None or self.reason_not_to_run():
            return
        settings = self._settings()
        _, order = grid_of(self._scan)
        scan = self.channels.scan()
        job = Job(
            run_model,
            self._tools,
            scan if self._time is None else take_volume(scan, self._time),
            settings,
            self._models,
            len(self.channels.layers) - 1,
            order,
            self._time,
            parent=self,
            channel="on_window",
        )
        layers = self.channels.layers
        voxels = tuple(voxels_of(one) for one in layers)
        model = self.model.description
        self._run = CurrentRun(job, layers, voxels, model, settings, self._time)
        self._warm_up.hurry()
        self.outcome.begin()
        self._status.begin("Starting" if self._models.knows(settings) else "Loading the model")
        job.progressed.connect(self._on_progress)
        job.reported.connect(self._on_window)
        job.returned.connect(self._on_result)
        job.failed.connect(self._on_failed)
        job.finished.connect(self._on_finished)
        job.finished.connect(job.deleteLater)
        job.start()
        self._update()
        self.running.emit(True)

    def cancel(self) -> None:
        """Drop the run at once; nothing is changed, and what still goes on ends by itself."""
        run = self._run
        if run is not None:
            run.job.cancel()
            run.job.finished.disconnect(self._on_finished)
            self._status.end("Stopped; nothing was changed")
            self._end(run)

    def release(self) -> None:
        """Stop, and let go of the viewer."""
        if self._run is not None:
            self._run.job.cancel()
            self._run.remove_preview()
        self.channels.release()
        self.region.release()
        self.differences.release()
        self._warm_up.release()
        self.outcome.release()
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self._viewer.events.theme.disconnect(self._on_theme)
        self._viewer.dims.events.point.disconnect(self._on_place)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Model", self.model)
        form.addRow(self.channels)
        form.addRow("Region", self.region)
        form.addRow(self.differences)
        form.addRow("Device", self.device)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        layout.addWidget(self.options)
        layout.addWidget(self.start)

    def _connect(self) -> None:
        self.model.changed.connect(self._on_model)
        self.channels.changed.connect(self._update)
        self.region.changed.connect(self._update)
        self.options.changed.connect(self._update)
        self.start.clicked.connect(self.run)
        self._status.cancelled.connect(self.cancel)
        self._viewer.layers.events.removed.connect(self._on_removed)
        self._viewer.events.theme.connect(self._on_theme)
        self._viewer.dims.events.point.connect(self._on_place)

    def _on_theme(self, _event: Any = None) -> None:
        # The one primary button has the theme's own accent.
        self.start.setStyleSheet(primary_style(self._viewer.theme))

    def _settings(self) -> RunSettings:
        return RunSettings(
            folder=self.model.folder,
            variant=self.model.description.variant,
            device=_DEVICES[self.device.currentText()],
            region=self.region.region(),
            **self.options.as_settings(),
        )

    def _on_place(self, _event: Any) -> None:
        if self._shown_time() != self._time:
            self._update()

    def _shown_time(self) -> int | None:
        """Return the number of the time that a run would take; None where it takes all of the scan."""
        if self._scan is None or self.model.description.in_channels != 1:
            return None
        return shown_time(self._viewer, self._scan)

    def _update(self) -> None:
        self._time = self._shown_time()
        reason = self.reason_not_to_run()
        self.start.setEnabled(not reason)
        scan = "" if self._scan is None else self._scan.name
        scan += "" if self._time is None else f", time {self._time},"
        self.start.setToolTip(reason or f"Segment {scan} with {self.model.description.title}")
        self._compare()
        self._warm_up.want(None if reason else self._settings())

    def _why_they_do_not_fit(self, scan: Image) -> str:
        """Say why the model cannot segment the scan and its channels; may raise a ValueError."""
        further = len(self.channels.layers) - 1
        return self.channels.reason_not_to_run() or why_it_does_not_fit(
            scan, self.model.description, further_channels=further
        )

    def _compare(self) -> None:
        """Have the scan compared with the model's training, if the model can take it at all."""
        scan: Image | None = self._scan
        part: Part = "auto"
        try:
            if scan is not None and self._why_they_do_not_fit(scan):
                scan = None
            part = self.region.region()
        except ValueError:
            pass  # the Run button tells; of voxels and modality there is something to say
        self.differences.compare(scan, self.model.description, part, time=self._time)

    def _on_model(self) -> None:
        self.options.set_model(self.model.folder, self.model.description)
        self.channels.set_model(self.model.description)
        self.region.set_model(self.model.description)
        self._update()

    def _on_progress(self, fraction: float) -> None:
        if self._run is not None:
            what = "Finding and segmenting" if self._run.settings.finds_place else "Segmenting"
            self._status.progress(fraction, f"{what} {self._run.layer.name}")

    def _on_window(self, window: LabelWindow) -> None:
        if self._run is not None:
            self._run.show_window(self._viewer, window)

    def _on_result(self, result: Result) -> None:
        run = self._run
        if run is None:
            return
        run.remove_preview()
        if not run.is_current(self._viewer):
            self._status.end(f"{run.layer.name} changed during the run: its result was dropped")
            return
        # Until its labels are shown the run has not succeeded.
        run.has_failed = True
        self.outcome.show(run, result)
        run.has_failed = False

    def _on_failed(self, error: Exception) -> None:
        if self._run is not None:
            self._run.has_failed = True
            known = isinstance(error, ValueError)
            self._run.reason = str(error) if known else "napari's notification says why"

    def _on_finished(self) -> None:
        run = self._run
        if run is None:
            return
        if run.has_failed:
            self._status.end(f"The run failed: {run.reason}")
        self._end(run)

    def _end(self, run: CurrentRun) -> None:
        run.remove_preview()
        self._run = None
        self._update()
        self.running.emit(False)

    def _on_removed(self, event: Any) -> None:
        if self._run is not None and event.value in self._run.layers:
            self.cancel()
