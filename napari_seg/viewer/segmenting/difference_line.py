"""Say before a run where the scan is unlike those that the model was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import QToolButton, QVBoxLayout, QWidget

from napari_seg.imaging.channels import take_volume
from napari_seg.imaging.geometry import Region, clip_region
from napari_seg.segmentation.further_channels import notice_channels
from napari_seg.segmentation.wrong_scan import notice_differences
from napari_seg.viewer.jobs import Job
from napari_seg.viewer.layers import grid_of, scan_of
from napari_seg.viewer.notice_list import NoticeList

if TYPE_CHECKING:
    from napari.layers import Image

    from napari_seg.imaging.progress import OnProgress
    from napari_seg.imaging.scan import Notice, Scan
    from napari_seg.segmentation.bundle_description import BundleDescription


Part = Region | Literal["auto"] | None
"""What the network is to see, as in `inference.segment`."""

# A box that is being drawn or moved is looked at when it rests.
_MS_OF_REST = 250


class DifferenceLine(QWidget):
    """One quiet line, which unfolds; not seen where there is nothing to say.

    Attributes
    ----------
    compared
        Signal: the scan was compared.
    """

    compared = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._wanted: _Subject | None = None
        self._job: Job | None = None
        self.warn = QToolButton()
        self.warn.setText("⚠ The scan is unlike the model's training")
        self.warn.setCheckable(True)
        self.warn.setAutoRaise(True)
        self.warn.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.notices = NoticeList()
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_MS_OF_REST)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.warn)
        layout.addWidget(self.notices)
        self.setVisible(False)
        self.warn.toggled.connect(self.notices.unfold)
        self._rest.timeout.connect(self._on_rest)

    def compare(
        self,
        layer: Image | None,
        model: BundleDescription,
        part: Part,
        *,
        time: int | None = None,
    ) -> None:
        """Compare another scan, or part of it, with what another model was trained on.

        Parameters
        ----------
        layer
            Of the scan; None for none.
        model
            What it says of itself.
        part
            The region that the network is to see, as in `inference.segment`.
        time
            The number of the time that it is to see, from 1; None for all of the scan.
        """
        wanted = _subject(layer, model, part, time)
        if wanted == self._wanted:
            return
        self._stop()
        self._wanted = wanted
        self._show(())
        if wanted is not None:
            self._rest.start()

    def release(self) -> None:
        """Look at nothing more."""
        self._stop()
        self._wanted = None

    def _stop(self) -> None:
        self._rest.stop()
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _on_rest(self) -> None:
        if self._wanted is None:
            return
        layer, model, part = self._wanted.layer, self._wanted.model, self._wanted.part
        scan, time = scan_of(layer), self._wanted.time
        scan = scan if time is None else take_volume(scan, time)
        job = Job(differences, scan, model, part, parent=self, raises_errors=False)
        job.returned.connect(self._on_compared)
        job.finished.connect(job.deleteLater)
        self._job = job
        job.start()

    def _on_compared(self, notices: tuple[Notice, ...]) -> None:
        self._job = None
        self._show(notices)
        self.compared.emit()

    def _show(self, notices: tuple[Notice, ...]) -> None:
        lines = [notice.message for notice in notices]
        self.warn.setToolTip("\n".join(f"• {line}" for line in lines))
        self.warn.setAccessibleName(f"{len(lines)} differences from the model's training")
        self.notices.show_lines([(line, None) for line in lines])
        self.setVisible(bool(lines))


def differences(
    scan: Scan, model: BundleDescription, part: Part, *, on_progress: OnProgress
) -> tuple[Notice, ...]:
    """Compare what a network would see with its training, as a run does.

    Parameters
    ----------
    scan
        The whole scan.
    model
        What it says of itself.
    part
        As in `inference.segment`.
    on_progress
        Told 0 first; what it raises stops the comparison.
    """
    on_progress(0.0)
    voxels_only = part == "auto"
    if part is not None and part != "auto":
        scan = scan.crop(clip_region(part, scan.geometry.shape))
    return (
        *notice_differences(scan, model, voxels_only=voxels_only),
        *notice_channels(scan, model, voxels_only=voxels_only),
    )


@dataclass(frozen=True)
class _Subject:
    """What is compared with what; equal where the answer would be the same."""

    layer: Image
    voxels: int
    place: bytes
    model: BundleDescription
    part: Part
    time: int | None


def _subject(
    layer: Image | None, model: BundleDescription, part: Part, time: int | None
) -> _Subject | None:
    # Voxels that are not in memory are not fetched for this.
    if layer is None or layer.multiscale or not isinstance(layer.data, np.ndarray):
        return None
    if model.fingerprint is None:
        return None
    try:
        geometry, _ = grid_of(layer)
    except ValueError:
        return None  # no scan, which is said elsewhere
    return _Subject(layer, id(layer.data), geometry.affine.tobytes(), model, part, time)
