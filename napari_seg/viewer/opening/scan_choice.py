"""Choose the scan to work on: one of the viewer's Image layers, or a new one from disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Image
from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_seg.imaging.channels import axis_name
from napari_seg.viewer.elided_choice import ElidedChoice
from napari_seg.viewer.layers import grid_of, metadata_of, modality_of, notices_of
from napari_seg.viewer.notice_list import NoticeList, Offer
from napari_seg.viewer.opening.layer_kind import offer_of, show_as_labels
from napari_seg.viewer.opening.reading import KIND_GUESSED
from napari_seg.viewer.opening.scans_together import mismatches
from napari_seg.viewer.wrapped_label import WrappedLabel

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_seg.imaging.geometry import Geometry

# What moves a layer of another reader, whose place is nowhere else.
_MOVES = ("scale", "translate", "rotate", "shear", "affine", "units")
_AS_LABELS = "as labels"
_NO_SCAN = "No scan is open"


class ScanChoice(QWidget):
    """A list of scans, what the chosen one is, and what was noticed while reading it.

    Parameters
    ----------
    viewer
        Whose Image layers are listed, and whose selected layer is followed.

    Attributes
    ----------
    changed
        Signal: another scan, or none; its Image layer.
    moved
        Signal: the chosen scan lies elsewhere now, or has another spacing.
    resample_wanted
        Signal: the Image layer that is to be brought onto the grid of the chosen scan.
    """

    changed = Signal(object)
    moved = Signal()
    resample_wanted = Signal(object)

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self._layers: list[Image] = []
        self.list = ElidedChoice()
        self.list.setAccessibleName("Scan")
        self.open = QPushButton("Open…")
        self.open.setToolTip("Open a scan or labels: a file or a folder")
        self.description = WrappedLabel()
        self.description.setToolTip("Shown with anterior up and the patient's left on the right")
        self.warn = QToolButton()
        self.warn.setCheckable(True)
        self.warn.setAutoRaise(True)
        self.notices = NoticeList()
        self._lay_out()
        self._connect()
        self._list_layers()
        self.follow(viewer.layers.selection.active)

    @property
    def layer(self) -> Image | None:
        """The layer of the chosen scan."""
        index = self.list.currentIndex()
        return self._layers[index] if 0 <= index < len(self._layers) else None

    def follow(self, layer: object) -> None:
        """Choose the scan that a selected layer is, or belongs to."""
        if isinstance(layer, Image):
            self._choose(layer)
            return
        scan_id = metadata_of(layer).get("scan_id") if layer is not None else None
        for scan in self._layers:
            if scan_id is not None and scan.unique_id == scan_id:
                self._choose(scan)

    def release(self) -> None:
        """Let go of the viewer."""
        events = self._viewer.layers.events
        for event in (events.inserted, events.removed, events.renamed):
            event.disconnect(self._on_layers)
        for layer in self._layers:
            self._follow_moves(layer, False)

    def _lay_out(self) -> None:
        row, line = QHBoxLayout(), QHBoxLayout()
        title = QLabel("Scan")
        title.setBuddy(self.list)
        row.addWidget(title)
        row.addWidget(self.list, 1)
        row.addWidget(self.open)
        line.addWidget(self.description, 1)
        line.addWidget(self.warn)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addLayout(line)
        layout.addWidget(self.notices)

    def _connect(self) -> None:
        events = self._viewer.layers.events
        for event in (events.inserted, events.removed, events.renamed):
            event.connect(self._on_layers)
        self.list.currentIndexChanged.connect(self._on_chosen)
        self.warn.toggled.connect(self.notices.unfold)
        self.notices.taken.connect(self._on_taken)

    def _choose(self, layer: Image) -> None:
        if layer in self._layers:
            self.list.setCurrentIndex(self._layers.index(layer))

    def _list_layers(self) -> None:
        before = self.layer
        for layer in self._layers:
            self._follow_moves(layer, False)
        self._layers = [layer for layer in self._viewer.layers if isinstance(layer, Image)]
        for layer in self._layers:
            self._follow_moves(layer, True)
        self.list.blockSignals(True)
        self.list.clear()
        self.list.addItems([layer.name for layer in self._layers])
        if before in self._layers:
            self.list.setCurrentIndex(self._layers.index(before))
        self.list.blockSignals(False)
        self._describe()
        if self.layer is not before:
            self.changed.emit(self.layer)

    def _follow_moves(self, layer: Image, follow: bool) -> None:
        for name in _MOVES:
            event = getattr(layer.events, name)
            (event.connect if follow else event.disconnect)(self._on_moved)

    def _on_moved(self, event: Any) -> None:
        self._describe()
        if event.source is self.layer:
            self.moved.emit()

    def _on_taken(self, value: object) -> None:
        if value != _AS_LABELS:
            self.resample_wanted.emit(value)
        elif self.layer is not None:
            show_as_labels(self.layer, self._viewer.layers)

    def _on_layers(self, _event: Any) -> None:
        self._list_layers()

    def _on_chosen(self, _index: int) -> None:
        layer = self.layer
        self._describe()
        if layer is not None and not self._belongs(self._viewer.layers.selection.active, layer):
            self._viewer.layers.selection.active = layer
        self.changed.emit(layer)

    def _belongs(self, active: object, layer: Image) -> bool:
        return active is layer or (
            active is not None and metadata_of(active).get("scan_id") == layer.unique_id
        )

    def _describe(self) -> None:
        text = _NO_SCAN if self.layer is None else ""
        name = "" if self.layer is None else f": {self.layer.name}"
        self.list.setToolTip(f"The scan to work on{name}")
        self.list.setEnabled(self.layer is not None)
        lines: list[tuple[str, Offer | None]] = []
        if self.layer is not None:
            try:
                geometry, _ = grid_of(self.layer)
            except ValueError as error:
                lines = [(str(error), None)]
            else:
                text = describe(geometry, modality_of(self.layer), _volumes(self.layer))
                lines = self._lines(self.layer)
        self.description.setText(text)
        self.warn.setText(f"⚠ {len(lines)}")
        self.warn.setToolTip("\n".join(line for line, _ in lines))
        self.warn.setAccessibleName(f"{len(lines)} notices on this scan")
        self.warn.setVisible(bool(lines))
        self.notices.show_lines(lines)

    def _lines(self, layer: Image) -> list[tuple[str, Offer | None]]:
        as_labels = Offer(*offer_of(layer), _AS_LABELS)
        lines: list[tuple[str, Offer | None]] = [
            (notice.message, as_labels if notice.code == KIND_GUESSED else None)
            for notice in notices_of(layer)
        ]
        for found in mismatches(layer, self._layers):
            tip = f"Bring '{found.other.name}' onto the grid of '{layer.name}', as a new layer"
            offer = Offer("Resample to this scan", tip, found.other)
            lines.append((found.message, offer if found.can_resample else None))
        return lines


def describe(geometry: Geometry, modality: str | None, volumes: str = "") -> str:
    """Say in one line what a scan is.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_seg.imaging.geometry import Geometry
    >>> describe(Geometry((4, 5, 6), np.diag([1, 1, 3, 1])), "MR")
    'MR · 1.00 × 1.00 × 3.00 mm · 4 × 5 × 6'
    """
    spacing = geometry.spacing
    if max(spacing) - min(spacing) < 0.005:
        voxel = f"{spacing[0]:.2f} mm iso"
    else:
        voxel = " × ".join(f"{step:.2f}" for step in spacing) + " mm"
    size = " × ".join(str(count) for count in geometry.shape if count > 1)
    return " · ".join(part for part in (modality, voxel, size, volumes) if part)


def _volumes(layer: Image) -> str:
    """Say how many times or channels a scan has; nothing for one."""
    names = metadata_of(layer).get("channel_names", ())
    if layer.rgb or layer.ndim < 3 or len(names) < 2:
        return ""
    # napari copies our metadata when it splits channels.
    count = (layer.data[0] if layer.multiscale else layer.data).shape[0]
    has_them = layer.ndim > len(grid_of(layer)[1].kept) and count == len(names)
    return f"{count} {axis_name(names)}s" if has_them else ""
