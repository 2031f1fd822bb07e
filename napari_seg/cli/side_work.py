"""What is done beside the network: the next scan is read, and the last one's labels are written."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_seg.imaging.progress import OnProgress

Result = TypeVar("Result")

_SECONDS_BETWEEN_LOOKS = 0.1


class SideWork(Generic[Result]):
    """One piece of work at a time, in a thread of its own."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._future: Future[Result] | None = None
        self._fraction = 0.0
        self._is_unwanted = False

    @property
    def is_there(self) -> bool:
        """Whether work was begun, and its result not taken yet."""
        return self._future is not None

    @property
    def is_done(self) -> bool:
        """Whether its result is there to be taken."""
        return self._future is not None and self._future.done()

    def begin(self, work: Callable[[OnProgress], Result]) -> None:
        """Begin; what was begun before must have been taken or dropped."""
        if self._future is not None:
            raise RuntimeError("the work before this one was not taken")
        self._fraction, self._is_unwanted = 0.0, False
        self._future = self._pool.submit(work, self._follow)

    def take(self, on_progress: OnProgress | None = None) -> Result:
        """Wait for the result, or raise what the work raised.

        Parameters
        ----------
        on_progress
            Told meanwhile how far the work is; what it raises ends the wait.
        """
        if self._future is None:
            raise RuntimeError("no work was begun")
        while not wait([self._future], _SECONDS_BETWEEN_LOOKS).done:
            if on_progress is not None:
                on_progress(self._fraction)
        future, self._future = self._future, None
        return future.result()

    def drop(self) -> None:
        """End the work at its next sign of life, and forget what it gives or raises."""
        future, self._future = self._future, None
        self._is_unwanted = True
        if future is not None:
            wait([future])

    def close(self) -> None:
        """Let work that was begun come to its end."""
        self._pool.shutdown()

    def _follow(self, fraction: float) -> None:
        if self._is_unwanted:
            raise _Unwanted
        self._fraction = fraction


class _Unwanted(Exception):
    """Nobody waits for the work any more."""
