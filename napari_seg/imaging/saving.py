"""Replace a file or a folder whole or not at all."""

from __future__ import annotations

import hashlib
import os
import platform
import secrets
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from napari_seg.imaging.adding import add_all
from napari_seg.imaging.hidden_folders import make_hidden_folder, remove_leftovers
from napari_seg.imaging.replacing import exchange, replace_all

_LONGEST_ENDING = 12


def replace_file(
    path: str | Path,
    write: Callable[[Path], None],
    *,
    check: Callable[[Path], None] | None = None,
    beside: Mapping[Path, str] | None = None,
) -> None:
    """Write a file so that whatever happens, the old one or the new one is there whole.

    Parameters
    ----------
    path
        The file to write. Its folder must exist.
    write
        Called with the path of an empty hidden file in the same folder, to fill. It ends like
        `path`, in small letters, because writers choose the format by that.
    check
        Called with that path once it is filled; raises ``OSError`` or ``ValueError`` where what
        was written is not right.
    beside
        Files that belong to it, and their texts. They are written before any of them takes its
        name, and take it before the file itself does.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    ValueError
        If the path leads to a pipe or a device.
    OSError
        If the disk is full or the folder may not be written to; the message says so. The old
        files are untouched then, and nothing else is left. What a killed program left is removed
        by the next save.
    """
    texts = beside or {}
    target = _target(path)
    targets = {_aside_of(one, target): _replaceable(one) for one in (*texts, path)}
    *others, partial = targets
    # What a killed save wrote beside the file may not be written this time.
    in_their_folders = (one.with_name(target.name) for one in targets.values())
    try:
        for one in {*targets.values(), *in_their_folders}:
            _remove_leftovers(one)
        partial.open("xb").close()
        write(partial)
        for other, text in zip(others, texts.values(), strict=True):
            other.write_bytes(_encoded(text))
        for aside in targets:
            _flush(aside)
        if check is not None:
            _check(partial, check)
        for aside, one in targets.items():
            if one.exists():
                shutil.copymode(one, aside)
        replace_all(list(targets.items()))
    except OSError as error:
        raise _not_saved(target, error) from error
    finally:
        for aside in targets:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
    _flush_folder(target.parent)


def add_files(path: str | Path, write: Callable[[Path], None]) -> None:
    """Write a file, and what belongs beside it, over nothing: all of them or none.

    Parameters
    ----------
    path
        The file to add. Its folder must exist.
    write
        Called with a path of that name in an empty hidden folder, to write there and beside it.

    Raises
    ------
    FileExistsError
        If a file of one of the names is there, were it since a moment ago; nothing is added then.
    FileNotFoundError
        If the folder does not exist.
    OSError
        As in `replace_file`. Names that a killed program took without coming to the end are free.
    """
    path = _target(path).with_name(Path(path).name)
    try:
        _remove_leftovers(path)
        remove_leftovers(path.parent)
        hidden = make_hidden_folder(path.parent)
        try:
            write(hidden / path.name)
            # The file itself comes last: it is never there without what belongs to it.
            files = sorted(hidden.iterdir(), key=lambda file: (file.name == path.name, file.name))
            add_all(files, path.parent)
        finally:
            shutil.rmtree(hidden, ignore_errors=True)
    except OSError as error:
        # Without a number it was said in a sentence by whoever wrote.
        if isinstance(error, FileExistsError) or error.errno is None:
            raise
        raise _not_saved(path, error) from error
    _flush_folder(path.parent)


def replace_folder(path: str | Path, write: Callable[[Path], None]) -> None:
    """Write a folder so that whatever happens, the old one or the new one is there whole.

    Everything that the old folder holds is gone afterwards: look first, what that is. Where the
    system cannot exchange two folders in one step (Windows, some network drives), the old one
    is moved aside for a moment; the next save puts it back if the program was killed just then.

    Parameters
    ----------
    path
        The folder to write. The folder that it lies in must exist.
    write
        Called with the path of an empty folder beside it, to fill with files.

    Raises
    ------
    FileNotFoundError
        If the folder that it lies in does not exist.
    OSError
        If the disk is full or the folder may not be written to; the message says so. The old
        folder is untouched then, and nothing else is left.
    """
    target = _target(path)
    if target.exists() and not target.is_dir():
        raise NotADirectoryError(f"'{target.name}' cannot be saved: there is a file of that name")
    partial = _partial(target, ".partial")
    try:
        _remove_leftovers(target)
        partial.mkdir()
        write(partial)
        for file in filter(Path.is_file, partial.rglob("*")):
            _flush(file)
        _flush_folder(partial)
        _put_in_place(partial, target)
    except OSError as error:
        raise _not_saved(target, error) from error
    finally:
        # The old folder, if they were exchanged.
        shutil.rmtree(partial, ignore_errors=True)
    _flush_folder(target.parent)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file in UTF-8, whole or not at all; errors as in `replace_file`."""

    def write(partial: Path) -> None:
        partial.write_bytes(_encoded(text))

    replace_file(path, write)


def _encoded(text: str) -> bytes:
    # The name of a file may hold bytes that are no text; so JSON can be read again.
    return text.encode(errors="backslashreplace")


def _aside_of(path: str | Path, saved: Path) -> Path:
    """Name the hidden file for `path` so that the next save of the file `saved` knows it."""
    ending = f".partial{_format_ending(Path(path))}"
    return _partial(_target(path).with_name(saved.name), ending)


def _replaceable(path: str | Path) -> Path:
    target = _target(path)
    if target.is_dir():
        raise IsADirectoryError(f"'{target.name}' cannot be saved: it is a folder")
    if target.exists() and not target.is_file():
        raise ValueError(f"'{target.name}' cannot be saved: it is a pipe or a device, not a file")
    return target


def _target(path: str | Path) -> Path:
    # Through a link what lies behind it is replaced, never the link itself.
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"'{target.name}' cannot be saved: there is no folder '{target.parent.name}'; "
            "make it first"
        )
    return target


def _check(partial: Path, check: Callable[[Path], None]) -> None:
    try:
        check(partial)
    except ValueError as error:
        # Some writers say nothing of a full disk.
        raise OSError("what was written cannot be read back; the disk may be full") from error


def _not_saved(target: Path, error: OSError) -> OSError:
    # A file that could not be saved within a folder says the same once more.
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    return OSError(
        f"'{target.name}' could not be saved: {cause.strerror or cause}; "
        "nothing on disk was changed"
    )


def _format_ending(path: Path) -> str:
    """Return how writers know the format by a name: in small letters, `.nii.gz` for one of two."""
    # Of the name that was given: what lies behind a link may have any.
    return "".join(part for part in path.suffixes[-2:] if len(part) <= _LONGEST_ENDING).lower()


def _partial(target: Path, ending: str) -> Path:
    name = f"{_leftover_start(target)}{os.getpid()}-{secrets.token_hex(4)}{ending}"
    return target.with_name(name)


def _leftover_start(target: Path) -> str:
    # The machine counts too: it alone can tell whether its process still runs.
    named = f"{platform.node()} {target.name}".encode(errors="surrogateescape")
    whose = hashlib.sha256(named).hexdigest()
    return f".{whose[:10]}-"


def _remove_leftovers(target: Path) -> None:
    """Remove what killed processes left of this target; put back what one had moved aside."""
    for leftover in target.parent.glob(f"{_leftover_start(target)}*"):
        process = leftover.name.split("-")[1]
        if not process.isdecimal() or _runs(int(process)):
            continue
        if leftover.suffix == ".aside" and not target.exists():
            leftover.rename(target)
        elif leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    import psutil

    return bool(psutil.pid_exists(process))


def _put_in_place(partial: Path, target: Path) -> None:
    if not target.exists():
        partial.rename(target)
        return
    shutil.copymode(target, partial)
    if exchange(partial, target):
        return
    aside = _partial(target, ".aside")
    target.rename(aside)
    try:
        partial.rename(target)
    except OSError:
        aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


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
