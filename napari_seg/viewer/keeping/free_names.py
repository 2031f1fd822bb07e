"""Names for label files that nobody has taken, and labels written under one of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from napari_seg.imaging.file_formats import SCAN_SUFFIXES, case_name
from napari_seg.imaging.files import write_labels
from napari_seg.imaging.hidden_folders import remove_leftovers
from napari_seg.imaging.saving import add_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from napari_seg.imaging.scan import LabelMap, Notice

_NEW = ".nii.gz"
# Files that differ in these alone share a table and a record.
_ENDS_OF_ONE_NAME = (*SCAN_SUFFIXES, ".tsv", ".json")


def numbered_names(folder: Path, stem: str) -> Iterator[Path]:
    """Name label files of a stem, one after the other: ``x.nii.gz``, ``x_2.nii.gz``.

    Names that a killed save has taken without coming to its end are made free first.
    """
    remove_leftovers(folder)
    yield folder / f"{stem}{_NEW}"
    number = 2
    while True:
        yield folder / f"{stem}_{number}{_NEW}"
        number += 1


def is_free(path: Path) -> bool:
    """Tell whether neither labels of this name are there, in any format, nor table nor record."""
    # A link that leads nowhere takes a name, too.
    return not any(
        os.path.lexists(path.with_name(case_name(path) + end)) for end in _ENDS_OF_ONE_NAME
    )


def add_labels(
    labels: LabelMap, path: Path, *, before_adding: Callable[[Path], None] | None = None
) -> tuple[Notice, ...] | None:
    """Write labels with table and record where none of these is; None where one of them is.

    Parameters
    ----------
    labels, path
        As in `write_labels`.
    before_adding
        As its `before_replacing`.

    Raises
    ------
    ValueError, OSError
        As `write_labels` does. Nothing is left then.
    """
    notices: list[Notice] = []

    def write(hidden: Path) -> None:
        notices.extend(write_labels(labels, hidden, before_replacing=before_adding))

    try:
        add_files(path, write)
    except FileExistsError:
        return None
    return tuple(notices)
