"""Give files names that nobody has taken, were it a moment ago."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path


def _rename(file: Path, target: Path) -> None:
    file.replace(target)


def add_all(
    files: Sequence[Path], folder: Path, *, move: Callable[[Path, Path], None] = _rename
) -> None:
    """Give files their names in another folder: all of them or none.

    Parameters
    ----------
    files
        Moved or linked in this order; whoever has put the first one in place has the names.
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
    try:
        for file in files:
            target = Path(os.path.realpath(folder / file.name))
            _add(file, target, move)
            added.append(target)
    except BaseException:
        for target in added:
            with suppress(OSError):
                target.unlink()
        raise


def _add(file: Path, target: Path, move: Callable[[Path, Path], None]) -> None:
    try:
        os.link(file, target)
    except FileExistsError as error:
        # A network drive says so, too, where its first answer was lost.
        if not target.exists() or not target.samefile(file):
            raise FileExistsError(error.errno, error.strerror, str(target)) from error
    except OSError:
        # No hard links here, so the name is taken first, by an empty file.
        target.open("xb").close()
        try:
            move(file, target)
        except BaseException:
            target.unlink()
            raise
