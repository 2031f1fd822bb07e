"""Writes what changed in one layer into its journal, a few seconds later and in another thread."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

from napari_seg.imaging.label_table import LabelTable
from napari_seg.viewer.jobs import Job
from napari_seg.viewer.keeping.changed_boxes import ChangedBoxes, whole_box
from napari_seg.viewer.keeping.journal_entries import Base, Patch
from napari_seg.viewer.keeping.journal_file import Journal
from napari_seg.viewer.layers import grid_of, metadata_of, sides_are_known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from napari.layers import Labels

    from napari_seg.imaging.scan import Scan
    from napari_seg.viewer.keeping.changed_boxes import Box
    from napari_seg.viewer.kept_labels import KeptLabels

_BEHIND_SECONDS = 8.0
_AFTER_FAILURE_SECONDS = 25.0
# From here on a journal is begun anew, with the labels as they are.
_MOST_BYTES = 64 * 2**20


@dataclass(frozen=True, eq=False)
class Failure:
    """Why nothing was written; Qt's workers take an error that is returned for one raised."""

    error: OSError


class Journalling(QObject):
    """The journal of one layer.

    Parameters
    ----------
    layer
        Gives the layer, or None once it is gone.
    find_scan
        Gives the scan that the labels were drawn on, if it is open.
    folder
        Where the journal lies.
    parent
        That owns this object.

    Attributes
    ----------
    written
        Signal: the journal holds all that changed before it was last begun to be written.
    noticed
        Signal: a sentence for the person, such as that the disk is full.
    behind_seconds
        A change is written after so long at the latest, and the time of writing.
    most_bytes
        A journal above that is begun anew.
    """

    written = Signal()
    noticed = Signal(str)

    def __init__(
        self,
        layer: Callable[[], Labels | None],
        find_scan: Callable[[Labels], Scan | None],
        folder: Path,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self.behind_seconds, self.most_bytes = _BEHIND_SECONDS, _MOST_BYTES
        self._layer, self._find_scan, self._folder = layer, find_scan, folder
        self._base: KeptLabels | None = None
        self._table = LabelTable()
        self._has_other_names = self._was_discarded = False
        self._journal: Journal | None = None
        self._outdated: list[Journal] = []
        self._boxes = ChangedBoxes()
        self._being_written: tuple[Box, ...] = ()
        self._is_writing = False
        self._job: Job | None = None
        self._told_of_failure = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.flush)

    @property
    def is_behind(self) -> bool:
        """Whether something is still to be written."""
        return self._has_news or self._is_writing

    @property
    def _has_news(self) -> bool:
        return bool(self._boxes or self._has_other_names)

    @property
    def journal(self) -> Journal | None:
        """The journal; None while there is nothing to be restored."""
        return self._journal

    def start(self, base: KeptLabels, table: LabelTable) -> None:
        """Take labels as saved; what was noted before is other than they are."""
        self._base, self._table = base, table
        if self._has_news:
            self.flush()

    def begin(self, base: KeptLabels, table: LabelTable, boxes: Iterable[Box] = ()) -> None:
        """Take labels as saved just now, and note in which boxes the layer is other than they are.

        A journal that is there goes once those boxes are written; at once if there are none.
        """
        self._boxes = ChangedBoxes(boxes)
        self._has_other_names = self._was_discarded = False
        self._leave_journal()
        if not self._boxes:
            self._timer.stop()
            self._remove_outdated()
        self.start(base, table)

    def note(self, box: Box | None) -> None:
        """Note what changed; None for all."""
        layer = self._layer()
        if layer is None:
            return
        # What was discarded is missing from a new journal.
        is_whole = box is None or self._was_discarded
        self._was_discarded = False
        self._boxes.add(whole_box(layer.data.shape) if box is None or is_whole else box)
        self._wait()

    def note_names(self) -> None:
        """Note that names or colours changed."""
        self._has_other_names = True
        self._wait()

    def flush(self) -> None:
        """Write what changed, without waiting longer."""
        self._timer.stop()
        layer = self._layer()
        if self._job is not None or layer is None or self._base is None or not self._has_news:
            # What is being waited for calls again.
            return
        if self._journal is not None and self._journal.size > self.most_bytes:
            self._leave_journal()
            self._boxes.add(whole_box(layer.data.shape))
        if self._journal is None:
            self._journal = Journal.new(self._folder)
        self._being_written, self._has_other_names = self._boxes.take(), False
        self._is_writing = True
        patch = Patch(
            time.time(),
            metadata_of(layer).get("table", LabelTable()),
            # Copies of this moment, so that each entry is a state that was there.
            tuple((box, np.array(layer.data[box])) for box in self._being_written),
        )
        scan = None if self._journal.size else self._find_scan(layer)
        base = Base(None, *grid_of(layer), self._base, self._table, sides_are_known(layer))
        self._job = Job(_write, self._journal, base, scan, patch, parent=self)
        self._job.returned.connect(self._on_written)
        self._job.finished.connect(self._on_finished)
        self._job.start()

    def discard(self) -> None:
        """Remove the journal: nobody wants what it holds, unless editing goes on after all."""
        self._timer.stop()
        self._boxes.take()
        self._has_other_names, self._was_discarded = False, True
        self._leave_journal()
        self._remove_outdated()

    def _wait(self) -> None:
        if not self._timer.isActive():
            self._timer.start(round(1000 * self.behind_seconds))

    def _leave_journal(self) -> None:
        if self._journal is not None:
            self._outdated.append(self._journal)
            self._journal = None

    def _remove_outdated(self) -> None:
        outdated, self._outdated = self._outdated, []
        for journal in outdated:
            journal.remove()

    def _on_written(self, failure: Failure | None) -> None:
        self._is_writing = False
        if failure is None:
            self._told_of_failure = False
            if self._journal is not None:
                self._remove_outdated()
            self._being_written = ()
            self.written.emit()
            return
        for box in self._being_written:
            self._boxes.add(box)
        self._being_written = ()
        if self._journal is not None and not self._journal.path.exists():
            # What lay in it has to be written again, too.
            self._leave_journal()
            self.note(None)
        self._timer.start(round(1000 * _AFTER_FAILURE_SECONDS))
        if not self._told_of_failure:
            self._told_of_failure = True
            self.noticed.emit(
                "unsaved labels could not be kept for after a crash: "
                f"{failure.error.strerror or failure.error}; make room on the disk, or save them"
            )

    def _on_finished(self) -> None:
        if self._job is not None:
            self._job.deleteLater()
            self._job = None
        self._is_writing = False
        if self._has_news and not self._timer.isActive():
            self.flush()


def _write(
    journal: Journal,
    base: Base,
    scan: Scan | None,
    patch: Patch,
    *,
    on_progress: Callable[[float], None],
) -> Failure | None:
    # Progress is not told, for that would stop it where the window is closed.
    del on_progress
    if scan is not None:
        base = replace(base, scan_sha256=scan.sha256)
    try:
        journal.write(base, patch)
    except OSError as error:
        return Failure(error)
    return None
