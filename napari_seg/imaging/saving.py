"""Replace a file whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def replace_file(
    path: str | Path,
    write: Callable[[Path], None],
    *,
    check: Callable[[Path], None] | None = None,
) -> None:
    """Write a file so that whatever happens, the old one or the new one is there whole.

    Parameters
    ----------
    path
        The file to write. Its folder must exist.
    write
        Called with the path of an empty file in the same folder, of the same suffix (in small
        letters), to fill.
    check
        Called with that path once it is filled; raises where what was written is not right.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    OSError
        If the disk is full or the folder may not be written to; the message says so. The old
        file is untouched then, and nothing else is left.
    """
    # Through a link the file behind it is replaced, never the link itself.
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"'{target.name}' cannot be saved: there is no folder '{target.parent.name}'; "
            "make it first"
        )
    if target.is_dir():
        raise IsADirectoryError(f"'{target.name}' cannot be saved: it is a folder")
    # Hidden; it ends like the target, because writers choose the format by the end of the name,
    # and some know it in small letters only.
    ending = "".join(target.suffixes[-2:]).lower()
    partial = target.with_name(f".{secrets.token_hex(4)}.partial{ending}")
    try:
        partial.open("xb").close()
        write(partial)
        _flush(partial)
        if check is not None:
            check(partial)
        if target.exists():
            shutil.copymode(target, partial)
        partial.replace(target)
    except OSError as error:
        raise OSError(
            f"'{target.name}' could not be saved: {error.strerror or error}; "
            "nothing on disk was changed"
        ) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    _flush_folder(target.parent)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file in UTF-8, whole or not at all; errors as in `replace_file`."""

    def write(partial: Path) -> None:
        partial.write_bytes(text.encode())

    replace_file(path, write)


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # only POSIX systems open a folder
    handle = os.open(folder, os.O_RDONLY)
    try:
        # Some network drives cannot flush a folder; the file itself is already safe.
        with suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)
