"""The command line as a process of its own."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

_STDERR = 2


def main() -> None:
    """Run the command line of this process."""
    # A batch system that ends the program gets its temporary files removed too.
    signal.signal(signal.SIGTERM, _terminate)
    _hold_closed_streams()
    heeds_ctrl_c = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if heeds_ctrl_c:
        # While modules load there is nothing to tidy up, and a traceback would tell nothing.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from napari_seg.cli.commands import app

    if heeds_ctrl_c:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # The name of a file may hold bytes that are no text.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        _run(app)
    except KeyboardInterrupt:
        raise SystemExit(128 + signal.SIGINT) from None


def _run(app: Callable[..., object]) -> None:
    """Run the commands, and see that all that they said has reached stdout."""
    from napari_seg.cli.terminal import one_line, silence_stdout

    try:
        try:
            app(prog_name="napari-seg")
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        silence_stdout()
        raise SystemExit(1) from None
    except OSError as error:
        silence_stdout()
        with suppress(AttributeError, OSError):  # without a stderr, or one that takes no more
            where = "" if error.filename else "stdout: "
            sys.stderr.write(f"napari-seg: {where}{one_line(error)}\n")
        raise SystemExit(1) from None


def _hold_closed_streams() -> None:
    """Let no file that is opened get the number of stdout or stderr, where that is closed."""
    if sys.stdout is None or sys.stderr is None:
        while os.open(os.devnull, os.O_RDWR) <= _STDERR:
            pass


def _terminate(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
