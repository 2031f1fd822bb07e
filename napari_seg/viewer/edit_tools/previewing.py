"""Keep the preview up to date: the newest request alone counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_seg.viewer.edit_tools.computing import compute
from napari_seg.viewer.jobs import Job

if TYPE_CHECKING:
    from napari_seg.viewer.edit_tools.computing import Outcome, Request


class Previewing(QObject):
    """Computes one request at a time beside the viewer; later ones wait, and only the last.

    Attributes
    ----------
    answered
        Signal: the `Outcome` of a request.
    """

    answered = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._job: Job | None = None
        self._waiting: Request | None = None

    @property
    def is_busy(self) -> bool:
        """Whether one is being computed."""
        return self._job is not None

    def ask(self, request: Request) -> None:
        """Compute a request as soon as possible."""
        if self._job is not None:
            self._job.cancel()
            self._waiting = request
            return
        self._job = Job(compute, request, parent=self)
        self._job.returned.connect(self._on_returned)
        self._job.finished.connect(self._on_finished)
        self._job.start()

    def forget(self) -> None:
        """Want no answer any more."""
        self._waiting = None
        if self._job is not None:
            self._job.cancel()

    def _on_returned(self, outcome: Outcome) -> None:
        self.answered.emit(outcome)

    def _on_finished(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.deleteLater()
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self.ask(waiting)
