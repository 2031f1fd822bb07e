"""Saves layers one after the other, beside the viewer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_seg.viewer.jobs import Job
from napari_seg.viewer.keeping.label_saving import save

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_seg.viewer.keeping.kept_layer import KeptLayer
    from napari_seg.viewer.keeping.label_saving import Request, Saved


@dataclass(eq=False)
class _Batch:
    """Layers that are saved together, and who wants to know whether all were."""

    left: list[KeptLayer]
    then: Callable[[bool], None] | None
    all_saved: bool = True


class SaveQueue(QObject):
    """Saves; an error is shown by napari, and the layer stays unsaved.

    Parameters
    ----------
    make_request
        Takes a copy of what is to be saved.
    parent
        That owns this object.

    Attributes
    ----------
    said
        Signal: a sentence on what was saved.
    busy
        Signal: whether something is being saved now.
    """

    said = Signal(str)
    busy = Signal(bool)

    def __init__(self, make_request: Callable[[KeptLayer], Request], parent: QObject) -> None:
        super().__init__(parent)
        self._make_request = make_request
        self._batches: list[_Batch] = []
        self._job: Job | None = None
        self._current: KeptLayer | None = None

    @property
    def is_busy(self) -> bool:
        """Whether something is being saved, or waits for it."""
        return bool(self._batches)

    def add(self, layers: Sequence[KeptLayer], then: Callable[[bool], None] | None = None) -> None:
        """Save layers as they are when their turn comes.

        Parameters
        ----------
        layers
            Those that have no unsaved changes by then are passed over.
        then
            Called in the end with whether all of them were saved.
        """
        self._batches.append(_Batch(list(layers), then))
        if len(self._batches) == 1:
            self.busy.emit(True)
            self._next()

    def _next(self) -> None:
        while self._batches and self._job is None and self._current is None:
            batch = self._batches[0]
            if not batch.left:
                del self._batches[0]
                if not self._batches:
                    self.busy.emit(False)
                if batch.then is not None:
                    batch.then(batch.all_saved)
                continue
            kept = batch.left.pop(0)
            if kept.is_unsaved:
                self._current = kept
                if kept.background is None:
                    kept.ready.connect(self._on_ready)
                    kept.look_again()
                else:
                    self._begin(kept)

    def _on_ready(self) -> None:
        kept = self._current
        if kept is not None:
            kept.ready.disconnect(self._on_ready)
            if kept.background is None:
                # napari shows what went wrong.
                self._pass_over()
            else:
                self._begin(kept)

    def _begin(self, kept: KeptLayer) -> None:
        try:
            request = self._make_request(kept)
        except Exception:
            # Told by whoever called; the others have their turn.
            self._pass_over()
            raise
        self._job = Job(save, request, parent=self)
        self._job.returned.connect(self._on_saved)
        self._job.failed.connect(self._on_failed)
        self._job.finished.connect(self._on_finished)
        self._job.start()

    def _pass_over(self) -> None:
        self._on_failed(None)
        self._current = None
        self._next()

    def _on_saved(self, saved: Saved) -> None:
        if self._current is not None:
            self._current.take_saved(saved)
            self.said.emit(saved.news)

    def _on_failed(self, _error: object) -> None:
        if self._current is not None:
            self._current.drop_request()
        self._batches[0].all_saved = False

    def _on_finished(self) -> None:
        if self._job is not None:
            self._job.deleteLater()
        self._job = self._current = None
        self._next()
