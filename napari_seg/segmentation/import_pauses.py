"""Let an import pause between the modules that it brings, for whoever needs the processor."""

from __future__ import annotations

import builtins
from contextlib import contextmanager
from threading import Lock, get_ident
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SECONDS_BETWEEN = 0.02
_ONE_AT_A_TIME = Lock()


@contextmanager
def pauses_between_imports(on_pause: Callable[[], None]) -> Iterator[None]:
    """Call a function now and then, before one of the imports that this thread makes inside.

    A library such as torch is a thousand modules that import each other, and takes seconds. A
    finder on `sys.meta_path` would be called under the lock of all imports, and so hold up those of
    other threads; the import statement itself is called under none but the locks of the modules
    that are being imported. Where another thread is inside already, this one makes no pauses.

    Parameters
    ----------
    on_pause
        Called once in 0.02 s at most. After it has raised something it is called no
        more, and the imports go on, for one that is broken off half-way cannot be made again; what
        it raised is raised at the end.
    """
    if not _ONE_AT_A_TIME.acquire(blocking=False):
        yield
        return
    hook = _Hook(on_pause)
    ours = builtins.__import__ = hook.call
    try:
        yield
    finally:
        hook.is_over = True
        if builtins.__import__ is ours:
            builtins.__import__ = hook.plain
        _ONE_AT_A_TIME.release()
    if hook.raised is not None:
        raise hook.raised


class _Hook:
    """Stands before the import statement of all threads, and looks at those of its own."""

    def __init__(self, on_pause: Callable[[], None]) -> None:
        self._on_pause, self._thread, self._last = on_pause, get_ident(), monotonic()
        self.plain = builtins.__import__
        self.raised: BaseException | None = None
        self.is_over = False

    def call(self, *arguments: Any, **named: Any) -> Any:
        """Import as Python does, after a pause where one is due."""
        if get_ident() == self._thread and not self.is_over and self.raised is None:
            self._pause()
        return self.plain(*arguments, **named)

    def _pause(self) -> None:
        if monotonic() - self._last < _SECONDS_BETWEEN:
            return
        # What is imported while it pauses gets no pause of its own.
        self._last = float("inf")
        try:
            self._on_pause()
        except BaseException as error:  # noqa: BLE001 - raised again at the end
            self.raised = error
        self._last = monotonic()
