"""The files of one case, which come to their place together or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import platform
import re
import secrets
import shutil
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from napari_seg.cli.places import beside, made_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

_HIDDEN = re.compile(r"\.napari-seg-([0-9a-f]{10})-(\d+)-[0-9a-f]{8}")
# Nobody writes the files of one case for so long.
_SECONDS_TO_ABANDONED = 7 * 24 * 3600.0


def remove_leftovers(folder: Path) -> None:
    """Remove what killed programs left in a folder: files written aside, and halves of cases."""
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
            _take_back(mine, folder)
        shutil.rmtree(mine, ignore_errors=True)


@contextmanager
def staged(labels: Path, *, overwrite: bool) -> Iterator[Path]:
    """Let the files of one case be written aside; then move them to their place.

    Parameters
    ----------
    labels
        Where the labels go; its folder is made. What a killed program left there is removed.
    overwrite
        Whether files that are there are replaced. Without it none is, not even one that another
        program wrote just now.

    Yields
    ------
    Path
        Where to write the labels, and beside them what belongs to them.

    Raises
    ------
    ValueError
        If a file is there and `overwrite` is not given. Then none of these was moved.
    OSError
        If the folder cannot be made or written to.
    """
    with made_folder(labels.parent):
        remove_leftovers(labels.parent)
        folder = _hidden_folder(labels.parent)
        try:
            yield folder / labels.name
            files = _in_order(folder, labels)
            if overwrite:
                for file in files:
                    move_into(file, labels.parent)
            else:
                _add(files, labels.parent)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def move_into(file: Path, folder: Path) -> None:
    """Move a file into a folder; where a link of that name lies there, the file behind it."""
    _move(file, _target(file, folder))


def _in_order(folder: Path, labels: Path) -> list[Path]:
    # The record comes first: whoever puts it in place has the case to itself. The labels come
    # last: they are never there without their record.
    record = beside(labels, ".json").name
    return sorted(
        folder.iterdir(),
        key=lambda file: (file.name == labels.name, file.name != record, file.name),
    )


def _add(files: list[Path], folder: Path) -> None:
    """Move files where none of their names is."""
    from napari_seg.imaging.adding import add_all

    try:
        add_all(files, folder, move=_move)
    except FileExistsError as error:
        raise ValueError(
            f"{folder / Path(error.filename).name} is already there, another program wrote it "
            "meanwhile; --overwrite replaces it"
        ) from error


def _target(file: Path, folder: Path) -> Path:
    return Path(os.path.realpath(folder / file.name))


def _move(file: Path, target: Path) -> None:
    from napari_seg.imaging.saving import replace_file

    try:
        file.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        replace_file(target, lambda partial: _copy(file, partial))


def _copy(file: Path, partial: Path) -> None:
    shutil.copyfile(file, partial)


def _hidden_folder(folder: Path) -> Path:
    hidden = folder / _hidden_name()
    try:
        hidden.mkdir(mode=0o700)
    except OSError as error:
        raise OSError(
            f"the folder '{folder.resolve().name}' cannot be written to: {error.strerror}"
        ) from error
    return hidden


def _hidden_name() -> str:
    return f".napari-seg-{_machine()}-{os.getpid()}-{secrets.token_hex(4)}"


def _take_back(aside: Path, folder: Path) -> None:
    """Remove what a killed program had put in place of a case whose labels it had not."""
    files = [file for file in aside.iterdir() if file.is_file() and not file.is_symlink()]
    labels = [file for file in files if _has_record(file, folder)]
    if not labels or any(_is_in_place(file, folder) for file in labels):
        return
    for file in files:
        target = _target(file, folder)
        with suppress(OSError):
            # Where there are no hard links, a name is taken by an empty file first.
            if target.samefile(file) or target.stat().st_size == 0:
                target.unlink()


def _has_record(file: Path, folder: Path) -> bool:
    record = beside(file, ".json").name
    return (file.parent / record).exists() or (folder / record).exists()


def _is_in_place(file: Path, folder: Path) -> bool:
    target = _target(file, folder)
    # Its user may have renamed it since.
    return file.stat().st_nlink > 1 or (target.exists() and target.samefile(file))


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
