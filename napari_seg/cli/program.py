"""The command line as a process of its own."""

from __future__ import annotations

import io
import signal
import sys
from types import FrameType


def main() -> None:
    """Run the command line of this process."""
    # A batch system that ends the program gets its temporary files removed too.
    signal.signal(signal.SIGTERM, _terminate)
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
        app(prog_name="napari-seg")
    except KeyboardInterrupt:
        raise SystemExit(128 + signal.SIGINT) from None


def _terminate(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
