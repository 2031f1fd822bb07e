"""Run one long call beside the viewer, and bring its news back."""

from __future__ import annotations

import atexit
import logging
from threading import Event
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from qtpy.QtCore import QObject, QThreadPool, Signal
from superqt.utils import create_worker

if TYPE_CHECKING:
    from collections.abc import Callable


_LEAST_THREADS = 8
_LONGEST_WAIT_MS = 10_000
_stops: WeakSet[Event] = WeakSet()


@atexit.register
def _stop_all() -> None:
    """Let no job outlive the objects by which it tells its news: Qt ends a process for that."""
    if not _stops:
        return
    for stop in tuple(_stops):
        stop.set()
    pool = QThreadPool.globalInstance()
    if pool is not None:
        pool.waitForDone(_LONGEST_WAIT_MS)


class _Cancelled(Exception):
    pass


class _Wire(QObject):
    """Carries news out of the other thread; lives as long as that thread needs it."""

    progressed = Signal(float)
    reported = Signal(object)


class Job(QObject):
    """One call of a function in another thread.

    Its signals arrive in the viewer's thread. An error of the function is raised there, where
    napari shows it. When its parent is deleted the call is cancelled and its news are dropped.

    Parameters
    ----------
    function
        Takes ``on_progress``, calls it with fractions from 0 to 1, and lets pass what it raises.
    *arguments
        Handed to `function`.
    parent
        The widget that wants the news.
    raises_errors
        Whether an error is raised in the viewer's thread; otherwise `failed` alone tells of it.
    channel
        Name of a further keyword of `function`, called with values on the way: each is brought
        by `reported`. None if it has no such keyword.

    Attributes
    ----------
    progressed
        Signal: the fraction done.
    reported
        Signal: one value on the way.
    returned
        Signal: the result; not sent by a cancelled job.
    failed
        Signal: the error, just before it is raised in the viewer's thread; not sent by a
        cancelled job.
    finished
        Signal: the call is over, whichever way.
    """

    progressed = Signal(float)
    reported = Signal(object)
    returned = Signal(object)
    failed = Signal(object)
    finished = Signal()

    def __init__(
        self,
        function: Callable[..., Any],
        *arguments: Any,
        parent: QObject,
        channel: str | None = None,
        raises_errors: bool = True,
    ) -> None:
        super().__init__(parent)
        self._raises_errors = raises_errors
        self._stop = Event()
        self._wire = _Wire()
        call = _Call(function, arguments, self._stop, self._wire, channel)
        self._worker = create_worker(call.run, _ignore_errors=True, _start_thread=False)
        call.worker = self._worker
        self._wire.progressed.connect(self._on_progressed)
        self._wire.reported.connect(self._on_reported)
        self._worker.returned.connect(self._on_returned)
        self._worker.errored.connect(self._on_errored)
        self._worker.finished.connect(self._on_finished)
        # A parent that goes takes this object along; the other thread must not run on for nobody.
        self.destroyed.connect(self._stop.set)

    @property
    def is_cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._stop.is_set()

    def start(self) -> None:
        """Begin, in another thread."""
        pool = QThreadPool.globalInstance()
        if pool is not None:
            # Qt runs as many as there are processors: on a laptop of two a model that runs and
            # another that is loaded would keep counts, previews and journals waiting.
            pool.setMaxThreadCount(max(pool.maxThreadCount(), _LEAST_THREADS))
        _stops.add(self._stop)
        self._worker.start()

    def cancel(self) -> None:
        """Make the function's next report of progress stop it; nothing more is heard of it."""
        self._stop.set()

    def _on_progressed(self, fraction: float) -> None:
        if not self.is_cancelled:
            self.progressed.emit(fraction)

    def _on_reported(self, value: object) -> None:
        if not self.is_cancelled:
            self.reported.emit(value)

    def _on_returned(self, result: object) -> None:
        if not self.is_cancelled:
            self.returned.emit(result)

    def _on_errored(self, error: Exception) -> None:
        if isinstance(error, _Cancelled):
            return
        if self.is_cancelled:
            logging.getLogger(__name__).debug("a cancelled job failed: %s", error)
            return
        self.failed.emit(error)
        if self._raises_errors:
            raise error

    def _on_finished(self) -> None:
        self.finished.emit()


class _Call:
    """The function, and how it reaches the viewer from its own thread."""

    worker: Any

    def __init__(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        stop: Event,
        wire: _Wire,
        channel: str | None,
    ) -> None:
        self._function, self._arguments = function, arguments
        self._stop, self._wire, self._channel = stop, wire, channel

    def run(self) -> Any:
        further = {} if self._channel is None else {self._channel: self._report}
        return self._function(*self._arguments, on_progress=self._progress, **further)

    def _progress(self, fraction: float) -> None:
        self._check()
        self._wire.progressed.emit(fraction)

    def _report(self, value: object) -> None:
        self._check()
        self._wire.reported.emit(value)

    def _check(self) -> None:
        # napari asks every worker to stop when its window closes.
        if self._stop.is_set() or self.worker.abort_requested:
            raise _Cancelled
