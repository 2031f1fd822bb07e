"""What must hold of a path before it is read, paths for libraries, errors that name no folder."""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def readable_path(path: str | Path, *, what: str = "file or folder") -> Path:
    """Return the path of a file or folder, under a name that a message can show.

    Parameters
    ----------
    path
        Also ``"."`` and ``".."``, which are given the name of their folder.
    what
        What is looked for, as the message calls it where there is none.

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    PermissionError
        If a folder on the way may not be entered.
    ValueError
        If it is a pipe or a device, whose reading might never end.
    """
    path = Path(path)
    if path.name in ("", ".."):
        path = path.resolve()
    try:
        mode = path.stat().st_mode
    except PermissionError as error:
        raise PermissionError(_not_allowed(path.name)) from error
    except (OSError, ValueError) as error:
        # No such file, links in a circle, a name that no system can hold.
        raise FileNotFoundError(f"there is no {what} '{path.name}'; check the path") from error
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise ValueError(
            f"'{path.name}' is neither a file nor a folder but a pipe or a device, which is not "
            "read; save what it gives to a file first"
        )
    return path


@contextmanager
def naming_no_folder() -> Iterator[None]:
    """Let errors of the system name a file without the folders that it lies in."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            raise
        name = Path(str(error.filename)).name
        if isinstance(error, PermissionError):
            raise PermissionError(_not_allowed(name)) from error
        if isinstance(error, FileNotFoundError):
            raise FileNotFoundError(f"'{name}' is no longer there; check the path") from error
        raise OSError(
            f"'{name}' cannot be read ({error.strerror}); check the disk and the connection to it"
        ) from error


@contextmanager
def text_path(path: Path) -> Iterator[str]:
    """Give a path as text that any library takes, inside the ``with``.

    Old archives name files in bytes that are no UTF-8, and SimpleITK ends the whole program over
    them: these are reached through links of other names.
    """
    if _is_text(str(path)):
        yield str(path)
        return
    with tempfile.TemporaryDirectory() as links:
        folder = Path(links) / "folder"
        folder.symlink_to(path.parent.absolute(), target_is_directory=True)
        reached = folder / path.name
        if not _is_text(path.name):
            reached = Path(links) / f"file{path.suffix}"
            reached.symlink_to(path.absolute())
        yield str(reached)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _not_allowed(name: str) -> str:
    return f"'{name}' may not be read; ask for the right to it"
