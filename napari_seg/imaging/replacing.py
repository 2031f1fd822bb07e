"""Let files and folders that were written aside take the place of others."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_EXCHANGE = 2
_NOT_OFFERED = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EXDEV}


def replace_all(files: Sequence[tuple[Path, Path]]) -> None:
    """Let files take the place of others, one after the other; if one cannot, none does.

    Parameters
    ----------
    files
        Where each lies, whole and on the disk, and the name that it takes on the same drive. A
        killed program leaves those behind it as they were.

    Raises
    ------
    OSError
        If one of the names may not be taken, or what has a name cannot be kept until the end.
    """
    # With the last one nothing can fail any more.
    kept = [(aside.with_name(f"{aside.name}.kept"), target) for aside, target in files[:-1]]
    taken: list[tuple[Path, Path]] = []
    try:
        for old, target in kept:
            _keep(target, old)
        for place, (aside, target) in enumerate(files):
            aside.replace(target)
            taken += kept[place : place + 1]
    except BaseException:
        for old, target in reversed(taken):
            with suppress(OSError):
                _put_back(old, target)
        raise
    finally:
        for old, _ in kept:
            with suppress(OSError):
                old.unlink(missing_ok=True)


def exchange(one: Path, other: Path) -> bool:
    """Let two folders change places in one step; false where the system does not offer it."""
    if os.name != "posix":
        return False
    library = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    try:
        if sys.platform == "darwin":
            failed = library.renamex_np(*names, _EXCHANGE)
        else:
            here = -100  # AT_FDCWD
            failed = library.renameat2(here, names[0], here, names[1], _EXCHANGE)
    except AttributeError:
        return False
    if failed and ctypes.get_errno() not in _NOT_OFFERED:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return not failed


def _keep(target: Path, old: Path) -> None:
    if not target.exists():
        return
    try:
        os.link(target, old)
    except OSError:
        shutil.copy2(target, old)  # no hard links here


def _put_back(old: Path, target: Path) -> None:
    if old.exists():
        old.replace(target)
    else:
        target.unlink()
