"""Give files names that nobody has taken, were it a moment ago; all of them or none."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

# Beside the files until they have their names: the last of them, then each that is moved.
_NOTES = ".adding"


def _rename(file: Path, target: Path) -> None:
    file.replace(target)


def add_all(
    files: Sequence[Path], folder: Path, *, move: Callable[[Path, Path], None] = _rename
) -> None:
    """Give files their names in another folder: all of them or none.

    Parameters
    ----------
    files
        Of one folder, which is the caller's own. Moved or linked in this order; whoever has put
        the first one in place has the names, and with the last one they are whole.
    folder
        Where they go; where a link of such a name leads to no file yet, there.
    move
        Moves a file over another one where there are no hard links, or where a link leads to
        another drive; by default within one drive.

    Raises
    ------
    FileExistsError
        If one of the names is taken; its `filename` says which. What was added until then is
        taken back.
    OSError
        If the folder may not be written to; likewise.
    """
    added: list[Path] = []
    _note(files[-1].parent, files[-1].name)
    try:
        for file in files:
            target = _target(file.name, folder)
            _add(file, target, move)
            added.append(target)
    except BaseException:
        for target in added:
            with suppress(OSError):
                target.unlink()
        raise


def take_back(aside: Path, folder: Path) -> None:
    """Remove what a killed program had put in place, if it had not come to the last of its files.

    Parameters
    ----------
    aside
        Where its files lay. Without the notes of `add_all` nothing is removed.
    folder
        Where they were to go.

    Raises
    ------
    OSError
        If `aside` cannot be read.
    """
    notes = _notes(aside)
    if not notes or _is_in_place(aside / notes[0][0], folder):
        return
    for file in aside.iterdir():
        target = _target(file.name, folder)
        with suppress(OSError):
            if not file.is_symlink() and target.samefile(file):
                target.unlink()
    for name, size, modified_ns in notes[1:]:
        # In this folder alone, wherever the notes come from.
        target = _target(Path(name).name, folder)
        with suppress(OSError):
            found = target.stat()
            # Where it still lies aside its name was taken at most, by an empty file.
            is_only_taken = (aside / name).exists() and found.st_size == 0
            if is_only_taken or (found.st_size, found.st_mtime_ns) == (size, modified_ns):
                target.unlink()


def _add(file: Path, target: Path, move: Callable[[Path, Path], None]) -> None:
    try:
        os.link(file, target)
    except FileExistsError as error:
        # A network drive says so, too, where its first answer was lost.
        if not target.exists() or not target.samefile(file):
            raise FileExistsError(error.errno, error.strerror, str(target)) from error
    except OSError:
        # No hard links here, so the name is taken first, by an empty file.
        written = file.stat()
        _note(file.parent, file.name, written.st_size, written.st_mtime_ns)
        target.open("xb").close()
        try:
            move(file, target)
        except BaseException:
            target.unlink()
            raise


def _target(name: str, folder: Path) -> Path:
    return Path(os.path.realpath(folder / name))


def _is_in_place(last: Path, folder: Path) -> bool:
    if not last.exists():
        return True  # it was moved
    # Its user may have renamed it since.
    target = _target(last.name, folder)
    return last.stat().st_nlink > 1 or (target.exists() and target.samefile(last))


def _note(aside: Path, *said: str | int) -> None:
    with (aside / _NOTES).open("a", encoding="ascii") as notes:
        notes.write(f"{json.dumps(said)}\n")


def _notes(aside: Path) -> list[Any]:
    """Read the name of the last file; then name, size and time of each that was to be moved."""
    try:
        lines = (aside / _NOTES).read_text(encoding="ascii").splitlines()
        return [json.loads(line) for line in lines]
    except (FileNotFoundError, ValueError):
        return []
