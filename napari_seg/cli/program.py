"""The command line as a process of its own."""

from __future__ import annotations

import io
import signal
import sys
from types import FrameType

from napari_seg.cli.commands import app


def main() -> None:
    """Run the command line of this process."""
    # A batch system that ends the program gets its temporary files removed too.
    signal.signal(signal.SIGTERM, _terminate)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # The name of a file may hold bytes that are no text.
        sys.stdout.reconfigure(errors="backslashreplace")
    app(prog_name="napari-seg")


def _terminate(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
