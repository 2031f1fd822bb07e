"""Choose a scan for each channel of a model that takes several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from napari_seg.imaging.channels import stack_channels
from napari_seg.imaging.scan_alignment import frames_differ
from napari_seg.viewer.elided_choice import ElidedChoice
from napari_seg.viewer.layers import grid_of, scan_of
from napari_seg.viewer.notice_list import NoticeList, Offer
from napari_seg.viewer.opening.opened_layers import frame_of

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_seg.imaging.scan import Scan
    from napari_seg.segmentation.bundle_description import BundleDescription

_NONE = "choose…"


class ChannelChoice(QWidget):
    """One list of scans for each channel after the first, which is the chosen scan.

    Seen only where the model takes several channels and the scan has one.

    Parameters
    ----------
    viewer
        Whose Image layers are listed.

    Attributes
    ----------
    changed
        Signal: another choice.
    resample_wanted
        Signal: the Image layer that is to be brought onto the grid of the scan.
    """

    changed = Signal()
    resample_wanted = Signal(object)

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self._scan: Image | None = None
        self._names: tuple[str, ...] = ()
        self._layers: list[Image] = []
        # By the name of the channel, so that a choice outlives the lists.
        self._wanted: dict[str, Image] = {}
        self._held: list[str] = []
        self.first = QLabel()
        self.lists: list[QComboBox] = []
        self.notices = NoticeList()
        self.notices.unfold(True)
        self.notices.taken.connect(self.resample_wanted)
        self._form = QFormLayout()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._form)
        layout.addWidget(self.notices)
        events = viewer.layers.events
        for event in (events.inserted, events.removed, events.renamed):
            event.connect(self._on_layers)
        self._update()

    @property
    def is_needed(self) -> bool:
        """Whether the model takes more channels than the scan has."""
        return self._scan is not None and len(self._names) > 1 and _has_one_channel(self._scan)

    @property
    def layers(self) -> tuple[Image, ...]:
        """The layers of the channels in their order, those that are chosen yet."""
        if self._scan is None:
            return ()
        return (self._scan, *(layer for _, layer in self._chosen() if layer is not None))

    def set_model(self, model: BundleDescription) -> None:
        """Ask for the channels of another model."""
        known = model.channel_names
        numbers = range(1, model.in_channels + 1)
        names = known if len(known) == model.in_channels else [f"channel {n}" for n in numbers]
        self._names = tuple(names)
        self._update()

    def set_scan(self, scan: Image | None) -> None:
        """Take another scan for the first channel."""
        self._scan = scan
        self._update()

    def reason_not_to_run(self) -> str:
        """Say what is left to choose, or why the scans do not go together; empty if they do."""
        if not self.is_needed or self._scan is None:
            return ""
        for name, layer in self._chosen():
            if layer is None:
                return f"Choose the scan for {name}: the model takes {len(self._names)} channels"
        for name, layer in self._elsewhere():
            way_out = "Resample it" if self._is_same_frame(layer) else "Register the two"
            return (
                f"'{layer.name}' ({name}) lies on another grid than '{self._scan.name}' "
                f"({self._names[0]}): {grid_of(layer)[0]} against {grid_of(self._scan)[0]}. "
                f"{way_out} first"
            )
        return ""

    def hold(self, layer: Image) -> None:
        """Remember which channels a layer is chosen for, until `replace` has another for them."""
        self._held = [name for name, one in self._chosen() if one is layer]
        # It may have been chosen by its name, which that of the new layer begins with.
        self._wanted |= dict.fromkeys(self._held, layer)

    def replace(self, layer: Image, by: Image) -> None:
        """Take another layer for the channels that one is held for and still wanted for.

        No channel may be asked for just now: another scan, or another model, can have been chosen
        meanwhile. Then the other layer is taken once they are asked for again.
        """
        still = [name for name in self._held if self._wanted.get(name) is layer]
        self._wanted |= dict.fromkeys(still, by)
        self._update()
        self.changed.emit()

    def scan(self) -> Scan:
        """Return the chosen scan with all channels.

        Raises
        ------
        ValueError
            If no scan is chosen, or the channels do not lie on one grid.
        """
        scans = [scan_of(layer) for layer in self.layers]
        return stack_channels(scans, self._names) if self.is_needed else scans[0]

    def release(self) -> None:
        """Let go of the viewer."""
        events = self._viewer.layers.events
        for event in (events.inserted, events.removed, events.renamed):
            event.disconnect(self._on_layers)

    def _chosen(self) -> list[tuple[str, Image | None]]:
        """Return what is chosen for each further channel, by its name; none if none is needed."""
        if not self.is_needed:
            return []
        rows = [one.currentIndex() - 1 for one in self.lists]
        layers = [self._layers[row] if 0 <= row < len(self._layers) else None for row in rows]
        return list(zip(self._names[1:], layers, strict=True))

    def _elsewhere(self) -> list[tuple[str, Image]]:
        """Return what is chosen on another grid than the scan's, with the names of the channels."""
        if self._scan is None or not self.is_needed:
            return []
        grid, _ = grid_of(self._scan)
        return [
            (name, layer)
            for name, layer in self._chosen()
            if layer is not None and not grid_of(layer)[0].matches(grid)
        ]

    def _is_same_frame(self, layer: Image) -> bool:
        return self._scan is None or not frames_differ(frame_of(layer), frame_of(self._scan))

    def _offer_to_resample(self) -> None:
        lines = []
        for name, layer in self._elsewhere():
            tip = f"Bring '{layer.name}' onto that grid, as a new layer, and take it for {name}"
            offer = Offer("Resample to this scan", tip, layer)
            text = f"'{layer.name}' lies on another grid than the scan"
            lines.append((text, offer if self._is_same_frame(layer) else None))
        self.notices.show_lines(lines)

    def _on_layers(self, _event: Any) -> None:
        if self.is_needed:
            self._update()
            self.changed.emit()

    def _on_chosen(self, _index: int) -> None:
        self._wanted |= {name: layer for name, layer in self._chosen() if layer is not None}
        self._offer_to_resample()
        self.changed.emit()

    def _update(self) -> None:
        while self._form.rowCount():
            self._form.removeRow(0)
        self.lists = []
        self.setVisible(self.is_needed)
        if not self.is_needed or self._scan is None:
            return
        self._layers = [
            layer
            for layer in self._viewer.layers
            if isinstance(layer, Image) and layer is not self._scan and _has_one_channel(layer)
        ]
        self.first = QLabel(self._scan.name)
        self._form.addRow(_title(self._names[0]), self.first)
        for name in self._names[1:]:
            self._form.addRow(_title(name), self._list(name))
        self._offer_to_resample()

    def _list(self, name: str) -> QComboBox:
        choice = ElidedChoice()
        choice.setAccessibleName(name)
        choice.setToolTip(f"The scan that the model takes for {name}")
        choice.addItems([_NONE, *(layer.name for layer in self._layers)])
        choice.setCurrentIndex(self._place_of(name) + 1)
        choice.currentIndexChanged.connect(self._on_chosen)
        self.lists.append(choice)
        return choice

    def _place_of(self, name: str) -> int:
        if self._wanted.get(name) in self._layers:
            return self._layers.index(self._wanted[name])
        named = [name.lower() in layer.name.lower() for layer in self._layers]
        return int(np.flatnonzero(named)[0]) if sum(named) == 1 else -1


def _title(name: str) -> QLabel:
    title = QLabel(name)
    # In line with the rows above and below.
    title.setMinimumWidth(QLabel("Region").sizeHint().width())
    return title


def _has_one_channel(layer: Image) -> bool:
    try:
        _, order = grid_of(layer)
    except ValueError:
        return False  # several times or channels
    return not layer.rgb and layer.ndim == len(order.kept)
