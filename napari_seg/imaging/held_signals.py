"""Hold signals, such as Ctrl+C, back while a library runs that loses what they raise."""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Callable
from types import FrameType, TracebackType


class HeldSignals:
    """Let signals in where they are asked for, and at the end of the ``with`` block.

    Python hands a signal to its handler between any two instructions, so also in a function that a
    library in C++ called, before any ``try`` of that function: what the handler raises is then the
    library's to lose. Here each handler runs at `let_in`, or as the block ends. Signals reach the
    main thread alone: in another one nothing is done.
    """

    def __init__(self) -> None:
        self._handlers: dict[int, Callable[[int, FrameType | None], object]] = {}
        self._came: deque[int] = deque()
        self._is_holding = False

    def __enter__(self) -> HeldSignals:
        if threading.current_thread() is not threading.main_thread():
            return self
        try:
            for number in signal.valid_signals():
                handler = signal.getsignal(number)
                if callable(handler):
                    self._handlers[number] = handler
                    signal.signal(number, self._on_signal)
        except BaseException:
            # A signal that came in between.
            self._give_back()
            raise
        self._is_holding = True
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._is_holding = False
        try:
            self._give_back()
        finally:
            self.let_in()

    def let_in(self) -> None:
        """Run the handlers of the signals that came since, and raise what they raise."""
        if self._came:
            number = self._came.popleft()
            try:
                self._handlers[number](number, None)
            finally:
                self.let_in()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._is_holding:
            self._came.append(number)
        else:
            self._handlers[number](number, frame)

    def _give_back(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
