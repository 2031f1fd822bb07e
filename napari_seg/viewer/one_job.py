"""One job at a time, with its progress on the bottom line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_seg.viewer.jobs import Job

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_seg.viewer.status_line import StatusLine


@dataclass(eq=False)
class _Running:
    job: Job
    doing: str
    undone: str
    then: Callable[[Any], None]
    has_failed: bool = False
    result: Any = None
    has_returned: bool = False


class OneJob(QObject):
    """Runs a function beside the viewer, and hands its result on when it is over.

    Parameters
    ----------
    status
        Where progress is shown, and where Cancel is pressed.
    parent
        The widget that wants the results.

    Attributes
    ----------
    busy
        Signal: whether a function runs now.
    """

    busy = Signal(bool)

    def __init__(self, status: StatusLine, parent: QObject) -> None:
        super().__init__(parent)
        self._status = status
        self._running: _Running | None = None
        status.cancelled.connect(self.cancel)

    @property
    def is_busy(self) -> bool:
        """Whether a function runs."""
        return self._running is not None

    def start(
        self,
        doing: str,
        undone: str,
        then: Callable[[Any], None],
        function: Callable[..., Any],
        *arguments: Any,
    ) -> None:
        """Run a function, unless one runs already.

        Parameters
        ----------
        doing
            What happens, such as ``"Opening head"``.
        undone
            What to say if nothing came of it, such as ``"head was not opened"``.
        then
            A method of a widget; called in the viewer's thread with the result.
        function, *arguments
            As `Job` takes them.
        """
        if self._running is not None:
            return
        job = Job(function, *arguments, parent=self)
        self._running = _Running(job, doing, undone, then)
        self._status.begin(doing)
        self.busy.emit(True)
        job.progressed.connect(self._on_progress)
        job.returned.connect(self._on_returned)
        job.failed.connect(self._on_failed)
        job.finished.connect(self._on_finished)
        job.start()

    def cancel(self) -> None:
        """Stop at the function's next report of progress."""
        if self._running is not None:
            self._running.job.cancel()

    def _on_progress(self, fraction: float) -> None:
        if self._running is not None:
            self._status.progress(fraction, self._running.doing)

    def _on_returned(self, result: Any) -> None:
        if self._running is not None:
            self._running.result, self._running.has_returned = result, True

    def _on_failed(self, _error: Exception) -> None:
        if self._running is not None:
            self._running.has_failed = True
            self._status.end(f"{self._running.undone}; the notification says why")

    def _on_finished(self) -> None:
        running, self._running = self._running, None
        if running is None:
            return
        if running.has_returned:
            self._status.end("")
        elif not running.has_failed:
            self._status.end(f"Stopped: {running.undone}")
        running.job.deleteLater()
        self.busy.emit(False)
        # Last, because it may start the next one.
        if running.has_returned:
            running.then(running.result)
