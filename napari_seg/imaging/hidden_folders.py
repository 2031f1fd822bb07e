"""Hidden folders in which files are written before they get their names, and what is left of them."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path

from napari_seg.imaging.adding import take_back

_HIDDEN = re.compile(r"\.napari-seg-([0-9a-f]{10})-(\d+)-[0-9a-f]{8}")
# Nobody writes the files of one case for so long.
_SECONDS_TO_ABANDONED = 7 * 24 * 3600.0


def make_hidden_folder(folder: Path) -> Path:
    """Make a folder of this program alone within another one; `remove_leftovers` knows it.

    Raises
    ------
    OSError
        If the folder cannot be written to.
    """
    hidden = folder / _hidden_name()
    hidden.mkdir(mode=0o700)
    return hidden


def remove_leftovers(folder: Path) -> None:
    """Remove what killed programs left in a folder: hidden folders, and files put in place by half."""
    for leftover in list(folder.glob(".napari-seg-*")):
        found = _HIDDEN.fullmatch(leftover.name)
        if not found or leftover.is_symlink():
            continue
        if not _is_abandoned(leftover, found[1], int(found[2])):
            continue
        mine = folder / _hidden_name()
        try:
            leftover.rename(mine)
        except OSError:
            continue  # another program is at it
        with suppress(OSError):
            take_back(mine, folder)
        shutil.rmtree(mine, ignore_errors=True)


def _hidden_name() -> str:
    return f".napari-seg-{_machine()}-{os.getpid()}-{secrets.token_hex(4)}"


def _is_abandoned(leftover: Path, machine: str, process: int) -> bool:
    import psutil

    if machine == _machine():
        return not psutil.pid_exists(process)
    # Whether a process of another machine of the cluster runs is not to be known.
    try:
        changed = max(place.lstat().st_mtime for place in (leftover, *leftover.iterdir()))
    except OSError:
        return False
    return time.time() - changed > _SECONDS_TO_ABANDONED


def _machine() -> str:
    named = platform.node()
    with suppress(OSError):
        # A container counts its processes by itself, and may be named like its neighbour.
        named += str(Path("/proc/self/ns/pid").readlink())
    return hashlib.sha256(named.encode(errors="surrogateescape")).hexdigest()[:10]
