"""What the command line writes: results on stdout; news, progress and errors on stderr."""

from __future__ import annotations

import errno
import json
import logging
import os
import sys
import time
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from napari_seg.cli.defects import defect_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

# What a wrong input or a full machine raises; anything else is a defect of ours.
EXPECTED_ERRORS = (OSError, ValueError, MemoryError)

_SECONDS_BETWEEN_LINES = 1.0


def one_line(error: BaseException) -> str:
    """Say an error in one line: the cause, with the file where one is known.

    Of an error that nobody expected it says what is to be reported.
    """
    if isinstance(error, OSError) and error.strerror:
        # The name alone: the folders above a scan may be named after a patient.
        name = Path(str(error.filename)).name if error.filename else ""
        message = f"'{name}': {error.strerror}" if name else error.strerror
    elif hasattr(error, "summary"):
        message = str(error.summary)
    elif is_out_of_memory(error) and isinstance(error, ImportError):
        message = f"there is too little memory to load a library that it needs ({error})"
    elif is_out_of_memory(error) and not (type(error) is MemoryError and str(error)):
        # Ours say how much is needed, and how much is there.
        on_card = any(name in str(error) for name in ("CUDA", "HIP", "MPS"))
        message = f"out of memory; give a smaller --region{', or --device cpu' * on_card}"
    elif not isinstance(error, EXPECTED_ERRORS):
        message = defect_line(error)
    else:
        message = str(error) or type(error).__name__
    return " ".join(message.split())


def listing(error: BaseException) -> list[str]:
    """Return the lines of what there is to choose from, where an error asks for a choice."""
    return str(error).splitlines()[1:] if hasattr(error, "series") else []


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether the machine or its graphics card ran out of memory."""
    from napari_seg.segmentation.slabs import memory

    return memory.is_out_of_memory(error)


@contextmanager
def exit_codes(so_far: Callable[[], dict[str, Any]] | None = None) -> Iterator[None]:
    """End the program with one line and code 1 on an error, and 130 on Ctrl-C.

    Parameters
    ----------
    so_far
        Gives what is done so far, where stdout is to hold one JSON document whatever happens. It
        is written with the error, or the news that the program was stopped.
    """
    try:
        yield
    except BrokenPipeError:
        # Whoever read the results has gone, as `head` does.
        silence_stdout()
        raise typer.Exit(1) from None
    except (typer.Exit, typer.Abort, typer.BadParameter):
        raise
    except Exception as error:  # noqa: BLE001 - a defect must not take the JSON along
        _stop_with(error, so_far)
    except KeyboardInterrupt:
        _tell("napari-seg: stopped")
        _print_unfinished(so_far, {"stopped": True})
        raise typer.Exit(130) from None
    except SystemExit:
        # A batch system ended the program.
        _print_unfinished(so_far, {"stopped": True})
        raise


def _stop_with(error: BaseException, so_far: Callable[[], dict[str, Any]] | None) -> None:
    for line in (f"napari-seg: {one_line(error)}", *listing(error)):
        _tell(line)
    _print_unfinished(so_far, {"error": one_line(error)})
    raise typer.Exit(1) from error


def _tell(line: str) -> None:
    """Write to stderr; where its reader has gone or its disk is full, that is lost and no more."""
    with suppress(OSError):
        typer.echo(line, err=True)


def _print_unfinished(so_far: Callable[[], dict[str, Any]] | None, more: dict[str, Any]) -> None:
    # Without a stdout there is nobody to tell.
    if so_far is not None and sys.stdout is not None:
        print_json({**so_far(), **more})


def quiet_libraries() -> None:
    """Keep what libraries warn their programmers of away from the user."""
    warnings.filterwarnings("ignore")
    for library in ("monai", "torch", "pydicom", "nibabel", "matplotlib", "ignite"):
        logging.getLogger(library).setLevel(logging.ERROR)


class _Remarks(Console):
    """Lines on stderr; when its reader has gone nothing more is written, and the work goes on."""

    def on_broken_pipe(self) -> None:
        self.quiet = True


class News:
    """Progress and remarks on stderr: a bar on a terminal, now and then a plain line elsewhere."""

    def __init__(self) -> None:
        self._console = _Remarks(stderr=True, highlight=False, markup=False, emoji=False)
        self._held: list[str] | None = None

    def say(self, message: str) -> None:
        """Write one line, unless lines are held back."""
        if self._held is not None:
            self._held.append(message)
            return
        # A log that takes no more, on a full disk, is no reason to end a study.
        with suppress(OSError):
            self._console.print(" ".join(message.split()), soft_wrap=True)

    def hold(self) -> None:
        """Hold lines back, for others must come first."""
        self._held = []

    def release(self) -> list[str]:
        """Hold nothing back any more; return the lines that were, to be said in their turn."""
        held, self._held = self._held or [], None
        return held

    @contextmanager
    def following(self, title: str) -> Iterator[Callable[[float], None]]:
        """Follow one long step; the function that is handed out takes the fraction done."""
        if self._console.is_terminal:
            with Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TextColumn("{task.percentage:>3.0f} %"),
                TimeRemainingColumn(),
                console=self._console,
                transient=True,
            ) as progress:
                task = progress.add_task(title, total=1.0)
                yield lambda fraction: progress.update(task, completed=fraction)
        else:
            yield self._lines(title)

    def _lines(self, title: str) -> Callable[[float], None]:
        last_time, last_tenth = time.monotonic(), 0

        def on_progress(fraction: float) -> None:
            nonlocal last_time, last_tenth
            tenth = int(fraction * 10)
            is_due = time.monotonic() - last_time >= _SECONDS_BETWEEN_LINES
            if last_tenth < tenth < 10 and is_due:
                last_time, last_tenth = time.monotonic(), tenth
                self.say(f"{title}: {tenth}0 %")

        return on_progress


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a table to stdout: drawn on a terminal, separated by tabs elsewhere.

    Raises
    ------
    OSError
        As `print_json`, but where there is no stdout.
    """
    with _results_on_stdout():
        _print_table(columns, rows)


def _print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    console = Console()
    if not console.is_terminal:
        for row in [columns, *rows]:
            typer.echo("\t".join(row))
        return
    table = Table()
    for column in columns:
        is_number = bool(rows) and all(_is_number(row[columns.index(column)]) for row in rows)
        table.add_column(column, justify="right" if is_number else "left")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def print_json(document: object) -> None:
    """Write one JSON document to stdout.

    Raises
    ------
    OSError
        If stdout is closed, or the disk that it goes to is full.
    """
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    with _results_on_stdout():
        if sys.stdout is None:
            raise OSError(errno.EBADF, "it is closed")
        sys.stdout.write(f"{text}\n")


@contextmanager
def _results_on_stdout() -> Iterator[None]:
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        silence_stdout()
        raise OSError(f"stdout does not take the results: {error.strerror}") from error


def silence_stdout() -> None:
    """Send what is still held for stdout nowhere; at its end Python would complain of it."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text == ""
    return True
