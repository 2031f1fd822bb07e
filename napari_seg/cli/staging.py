"""The files of one case, which come to their place together or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from napari_seg.cli.places import beside, made_folder

if TYPE_CHECKING:
    from collections.abc import Iterator


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
    from napari_seg.imaging.hidden_folders import remove_leftovers

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
    from napari_seg.imaging.hidden_folders import make_hidden_folder

    try:
        return make_hidden_folder(folder)
    except OSError as error:
        raise OSError(
            f"the folder '{folder.resolve().name}' cannot be written to: {error.strerror}"
        ) from error
