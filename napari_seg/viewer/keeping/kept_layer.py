"""One layer of labels that is kept: whether it has unsaved changes, where it goes, its journal."""

from __future__ import annotations

import weakref
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import LabelMap, Scan, Source
from napari_seg.viewer.editing.attached import attach, attached
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.editing.strokes import commit_stroke
from napari_seg.viewer.file_stamp import Stamp
from napari_seg.viewer.jobs import Job
from napari_seg.viewer.keeping.backgrounds import Background, look_at
from napari_seg.viewer.keeping.changed_boxes import ChangedBoxes, whole_box
from napari_seg.viewer.keeping.edit_state import EditState
from napari_seg.viewer.keeping.journalling import Journalling
from napari_seg.viewer.keeping.label_saving import Request, Saved
from napari_seg.viewer.keeping.saving_places import OwnFile, what_file_holds_more
from napari_seg.viewer.kept_labels import KeptLabels
from napari_seg.viewer.layers import grid_of, metadata_of, notices_of, update_metadata
from napari_seg.viewer.segmenting.standing import stand_on_file, standing_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari.layers import Labels

    from napari_seg.viewer.keeping.changed_boxes import Box
    from napari_seg.viewer.keeping.saving_places import ScanPlace

RESTORED = "restored"
"""In the metadata of a layer: its labels were never saved, but restored after a crash."""

# Likewise: its file was written from it, whatever was noticed of the one it was read from.
_IS_WHOLE = "is_whole"


class KeptLayer(QObject):
    """What is known of a layer that is kept. The layer owns it; get it with `attached`.

    It stays when the panel is closed, so that unsaved changes go on being kept for after a crash.

    Parameters
    ----------
    layer
        Labels that can be edited.
    path
        The file that they came from; None where there is none, or another layer has it.
    find_scan
        Gives the scan that labels were drawn on, if it is open.
    folder
        Where journals lie.

    Attributes
    ----------
    unsaved_changed
        Signal: whether there are unsaved changes is otherwise now.
    ready
        Signal: the labels were looked at, which is needed to save them, or that failed.
    journalling
        The layer's journal.
    """

    unsaved_changed = Signal()
    ready = Signal()

    def __init__(
        self,
        layer: Labels,
        *,
        path: Path | None,
        find_scan: Callable[[Labels], Scan | None],
        folder: Path,
    ) -> None:
        super().__init__()
        grid_of(layer)
        commit_stroke(layer)
        self._layer = weakref.ref(layer)
        self._state = EditState(EditHistory.of(layer), self)
        self.journalling = Journalling(self._layer, find_scan, folder, self)
        self.background: Background | None = None
        self._path = path
        self._file = None if path is None else _own_file(layer, path)
        self._first_number = self._state.number
        # A number that no state has: what was never saved has no state to come back to.
        self._was_saved = path is not None or not _is_work(layer)
        self._saved_number = self._state.number if self._was_saved else -1
        self._saved_table = self._table = metadata_of(layer).get("table")
        self._was_unsaved = self.is_unsaved
        self._job: Job | None = None
        self._since_request: ChangedBoxes | None = None
        self._requested: tuple[int, LabelTable | None] | None = None
        self._written_to: Path | None = None
        attach(layer, self)
        self._state.changed.connect(self._on_state)
        layer.events.metadata.connect(self._on_metadata)
        self._look(layer)

    @classmethod
    def of(cls, layer: Labels) -> KeptLayer | None:
        """Return that of a layer; None where it is not kept."""
        return attached(layer, cls)

    @property
    def layer(self) -> Labels | None:
        """The layer, until it is gone."""
        return self._layer()

    @property
    def path(self) -> Path | None:
        """The file that the labels came from or were saved to last."""
        return self._path

    @property
    def is_unsaved(self) -> bool:
        """Whether labels or names are other than in the file; undo may lead back to them."""
        layer = self._layer()
        if layer is None:
            return False
        other_names = metadata_of(layer).get("table") != self._saved_table
        return self._state.number != self._saved_number or other_names

    @property
    def was_edited(self) -> bool:
        """Whether anything was changed since the layer was shown."""
        return self.is_unsaved and self._state.number != self._first_number

    def request(self, *, scan: Scan | None, place: ScanPlace) -> Request:
        """Take a copy of the labels to save; changes from now on count as made after it.

        Raises
        ------
        ValueError
            If the layer is gone, or not looked at yet; see `ready`.
        """
        layer = self._layer()
        if layer is None or self.background is None:
            raise ValueError("the labels are still being looked at; save them in a moment")
        commit_stroke(layer)
        geometry, order = grid_of(layer)
        ours = metadata_of(layer)
        table = ours.get("table", LabelTable())
        self._requested = self._state.number, ours.get("table")
        self._since_request = ChangedBoxes()
        none = np.broadcast_to(np.zeros((), layer.data.dtype), geometry.shape)
        return Request(
            layer.name,
            np.array(layer.data),
            order,
            LabelMap(none, geometry, table, notices_of(layer), ours.get("source", Source())),
            scan,
            place,
            self.background,
            standing_of(layer),
        )

    def look_again(self) -> None:
        """Look at the labels once more where that failed; `ready` tells when it is over."""
        layer = self._layer()
        if layer is not None and self.background is None and self._job is None:
            self._look(layer)

    def take_saved(self, saved: Saved) -> None:
        """Note that what was requested is on disk."""
        layer = self._layer()
        if layer is None or self._requested is None or self._since_request is None:
            return
        self._saved_number, self._saved_table = self._requested
        self.background, self._path = saved.background, saved.path
        since = self._since_request.take()
        self._requested = self._since_request = None
        self.journalling.begin(saved.background.saved, self._saved_table or LabelTable(), since)
        own = saved.background.own
        stamp = None if own is None else own.stamp
        update_metadata(layer, path=saved.path, stamp=stamp, **{_IS_WHOLE: True})
        self._tell()

    def state_now(self) -> tuple[int, LabelTable | None]:
        """Return what tells these labels and names, with what a stroke has drawn so far, from others."""
        layer = self._layer()
        if layer is None:
            return self._state.number, None
        commit_stroke(layer)
        return self._state.number, metadata_of(layer).get("table")

    def note_saved(self, path: Path, state: tuple[int, LabelTable | None]) -> None:
        """Note that the labels were written to a file, by napari's own Save.

        Parameters
        ----------
        path
            The file.
        state
            The `state_now` that was written. Where the labels have changed since, as by a run that
            ended meanwhile, they stay unsaved.
        """
        layer = self._layer()
        if layer is None or state != self.state_now():
            return
        _, order = grid_of(layer)
        self._requested, self._since_request = state, ChangedBoxes()
        self._written_to = path
        file = OwnFile(path, Stamp.of(path))
        job = Job(look_at, np.array(layer.data), order, file, parent=self)
        job.returned.connect(self._on_written)
        job.start()

    def drop_request(self) -> None:
        """Note that nothing was saved."""
        self._requested = self._since_request = None

    def discard(self) -> None:
        """Remove the journal: nobody wants the unsaved changes."""
        self.journalling.discard()

    def resume(self) -> None:
        """Keep on, after the layer was away from the viewer."""
        if self.is_unsaved and self.journalling.journal is None:
            self.journalling.note(None)

    def _look(self, layer: Labels) -> None:
        # A copy: it is of this moment, whatever is drawn while it is looked at.
        shown, (_, order) = np.array(layer.data), grid_of(layer)
        self._job = Job(look_at, shown, order, self._file, parent=self)
        self._job.returned.connect(self._on_looked)
        self._job.failed.connect(self._on_not_looked)
        self._job.start()

    def _on_looked(self, background: Background) -> None:
        layer = self._layer()
        if layer is None:
            return
        if not self._was_saved:
            background = replace(
                background, saved=KeptLabels.empty(layer.data.shape, layer.data.dtype)
            )
            self.journalling.note(None)
        self.background = background
        if background.standing is not None:
            stand_on_file(layer, background.standing)
        self.journalling.start(background.saved, self._saved_table or LabelTable())
        self.ready.emit()

    def _on_not_looked(self, _error: object) -> None:
        self._job = None
        self.ready.emit()

    def _on_written(self, background: Background) -> None:
        if self._written_to is not None:
            self.take_saved(Saved(self._written_to, background, ""))
            self._written_to = None

    def _on_state(self, box: Box | None) -> None:
        layer = self._layer()
        if layer is None:
            return
        self.journalling.note(box)
        if self._since_request is not None:
            self._since_request.add(whole_box(layer.data.shape) if box is None else box)
        if not self.is_unsaved and not self._requested and self.background is not None:
            # Undone back to what is on disk.
            self.journalling.begin(self.background.saved, self._saved_table or LabelTable())
        self._tell()

    def _on_metadata(self, _event: Any) -> None:
        layer = self._layer()
        if layer is not None and metadata_of(layer).get("table") != self._table:
            self._table = metadata_of(layer).get("table")
            self.journalling.note_names()
        self._tell()

    def _tell(self) -> None:
        if self._was_unsaved != self.is_unsaved:
            self._was_unsaved = self.is_unsaved
            self.unsaved_changed.emit()


def _own_file(layer: Labels, path: Path) -> OwnFile:
    """Return the file as it was before it was read; as it is now where nobody noted that."""
    ours = metadata_of(layer)
    stamp = ours["stamp"] if "stamp" in ours else Stamp.of(path)
    holds_more = "" if _IS_WHOLE in ours else what_file_holds_more(notices_of(layer))
    return OwnFile(path, stamp, holds_more)


def _is_work(layer: Labels) -> bool:
    """Tell whether labels without a file would be lost: those of a network, and restored ones."""
    ours = metadata_of(layer)
    return "written" in ours or RESTORED in ours
