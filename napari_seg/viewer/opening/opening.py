"""Open a file or folder from the panel: read it beside the viewer, ask, and show it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari.layers import Image
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_seg.imaging.dicom.reading import SeveralSeriesError
from napari_seg.viewer.opening.opened_layers import grids_of, layer_of, open_scans
from napari_seg.viewer.opening.reading import Opened, Undecided, open_file, place_nearest
from napari_seg.viewer.opening.scans_together import tell_mismatches
from napari_seg.viewer.opening.series_chooser import SeriesChooser
from napari_seg.viewer.opening.stacking import add_opened
from napari_seg.viewer.question import Answer, Question
from napari_seg.viewer.viewing.into_view import bring_into_view

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_seg.imaging.dicom.reading import NeedsRepairError
    from napari_seg.imaging.dicom.series import Series
    from napari_seg.viewer.one_job import OneJob

_REPAIR_TIP = "Resample the slices to an even grid, and leave damaged ones out; a notice says so"
_RESAMPLE_TIP = "Each voxel of the scan takes the label that lies nearest"
_OWN_GRID_TIP = "They show at their true place, and are saved as they are"


@dataclass(frozen=True, eq=False)
class _Request:
    """What is being opened, and the scans that were open when that began."""

    path: Path
    scans: tuple[Image, ...]
    series: int | None = None
    repair: bool = False
    unplaced: Opened | None = None


class Opening(QWidget):
    """Opens one file or folder at a time; is seen only while there is something to choose.

    Parameters
    ----------
    viewer
        That gets the layers.
    work
        Reads beside the viewer.

    Attributes
    ----------
    asking
        Signal: whether there is something to choose now.
    """

    asking = Signal(bool)

    def __init__(self, viewer: ViewerModel, work: OneJob) -> None:
        super().__init__()
        self._viewer, self._work = viewer, work
        self._request: _Request | None = None
        self._is_asking = False
        self.chooser = SeriesChooser()
        self.question = Question()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.chooser)
        layout.addWidget(self.question)
        layout.addStretch()
        self._ask(None)
        self._decline = Answer("Do not open", "Leave everything as it is", self._on_declined)
        self.chooser.chosen.connect(self._on_series)
        self.chooser.cancelled.connect(self._on_declined)

    @property
    def is_asking(self) -> bool:
        """Whether there is something to choose."""
        return self._is_asking

    def open(self, path: str | Path, chosen_scan: Image | None) -> None:
        """Read a scan or labels, and show them; labels on the grid of `chosen_scan` if they fit."""
        self._read(_Request(Path(path), open_scans(self._viewer.layers, chosen_scan)))

    def _read(self, request: _Request) -> None:
        self._request = request
        self._ask(None)
        name, grids = request.path.name, grids_of(request.scans)
        self._work.start(
            f"Opening {name}",
            f"{name} was not opened",
            self._on_read,
            open_file,
            *(request.path, request.series, request.repair, grids),
        )

    def _on_read(self, answer: Opened | Undecided) -> None:
        request = self._request
        if request is None:
            return
        if isinstance(answer, Undecided):
            self._ask_for(answer.error, request)
        elif answer.fits:
            self._show(answer, request)
        else:
            self._ask_for_grid(answer, request)

    def _ask_for(self, error: SeveralSeriesError | NeedsRepairError, request: _Request) -> None:
        if isinstance(error, SeveralSeriesError):
            self.chooser.offer(request.path.name, error.series, theme=self._viewer.theme)
            self._ask(self.chooser)
            return
        repair = Answer("Repair and open", _REPAIR_TIP, self._on_repair)
        self.question.ask(error.cause, (repair, self._decline))
        self._ask(self.question)

    def _ask_for_grid(self, answer: Opened, request: _Request) -> None:
        self._request = replace(request, unplaced=answer)
        scan = request.scans[0].name
        self.question.ask(
            f"The labels of '{request.path.name}' lie on another grid than the scan '{scan}'.",
            (
                Answer("Resample to this scan", _RESAMPLE_TIP, self._on_resample),
                Answer("Open on their own grid", _OWN_GRID_TIP, self._on_own_grid),
                self._decline,
            ),
        )
        self._ask(self.question)

    def _show(self, answer: Opened, request: _Request) -> None:
        like = None if answer.place is None else request.scans[answer.place]
        if like is not None and like not in self._viewer.layers:
            # It was closed meanwhile; the labels know their grid without it.
            like = None
        layer = layer_of(
            answer.read,
            request.path,
            series=request.series,
            like=like,
            shown=answer.shown,
            order=answer.order,
            stamp=answer.stamp,
        )
        add_opened(self._viewer.layers, layer)
        tell_mismatches(layer, self._viewer.layers)
        if isinstance(layer, Image):
            bring_into_view(self._viewer, layer)

    def _on_series(self, series: Series, repair: bool) -> None:
        if self._request is not None:
            self._read(replace(self._request, series=series.number, repair=repair))

    def _on_repair(self) -> None:
        if self._request is not None:
            self._read(replace(self._request, repair=True))

    def _on_resample(self) -> None:
        request = self._request
        if request is None or request.unplaced is None:
            return
        self._ask(None)
        name, grid = request.path.name, grids_of(request.scans)[0]
        self._work.start(
            f"Resampling {name}",
            f"{name} was not opened",
            self._on_read,
            place_nearest,
            *(request.unplaced.read, grid, request.unplaced.stamp),
        )

    def _on_own_grid(self) -> None:
        request = self._request
        if request is not None and request.unplaced is not None:
            self._ask(None)
            self._show(request.unplaced, request)

    def _on_declined(self) -> None:
        self._request = None
        self._ask(None)

    def _ask(self, widget: QWidget | None) -> None:
        self.chooser.setVisible(widget is self.chooser)
        self.question.setVisible(widget is self.question)
        self._is_asking = widget is not None
        self.setVisible(self._is_asking)
        self.asking.emit(self._is_asking)
        if widget is self.chooser:
            self.chooser.list.setFocus()
