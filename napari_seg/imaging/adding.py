"""Give files names that nobody has taken, were it a moment ago."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path


def add_all(files: Sequence[Path], folder: Path) -> None:
    """Give files their names in another folder of the same drive: all of them or none.

    Parameters
    ----------
    files
        Moved or linked in this order; whoever has put the first one in place has the names.
    folder
        Where they go.

    Raises
    ------
    FileExistsError
        If one of the names is taken. What was added until then is taken back.
    OSError
        If the folder may not be written to; likewise.
    """
    added: list[Path] = []
    try:
        for file in files:
            _add(file, folder / file.name)
            added.append(folder / file.name)
    except BaseException:
        for target in added:
            with suppress(OSError):
                target.unlink()
        raise


def _add(file: Path, target: Path) -> None:
    try:
        os.link(file, target)
    except FileExistsError:
        # A network drive says so, too, where its first answer was lost.
        if not target.exists() or not target.samefile(file):
            raise
    except OSError:
        # No hard links here, so the name is taken first, by an empty file.
        target.open("xb").close()
        try:
            file.replace(target)
        except BaseException:
            target.unlink()
            raise
