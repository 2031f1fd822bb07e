"""Label files under names that nobody has taken: new labels, and what a network wrote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_seg.imaging.file_formats import case_name
from napari_seg.imaging.files import read_labels, record_path, write_labels
from napari_seg.imaging.hidden_folders import remove_leftovers
from napari_seg.imaging.label_files.tables import HASH_KEY, hash_of_voxels, table_path
from napari_seg.imaging.saving import add_files
from napari_seg.viewer.keeping.label_records import read_record
from napari_seg.viewer.keeping.saving_places import is_free, numbered_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_seg.imaging.scan import LabelMap, Notice


@dataclass(frozen=True)
class RunFile:
    """The file that holds what a network wrote, beside labels that were corrected by hand.

    Attributes
    ----------
    name
        Of the file.
    is_new
        Whether it was written just now.
    """

    name: str
    is_new: bool


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


def keep_run(labels: LabelMap, edited: Path) -> RunFile:
    """Find the file with what a network wrote, beside the one with the corrections, or write it.

    Parameters
    ----------
    labels
        As the network left them, with the record of the run.
    edited
        The file with the corrections.

    Raises
    ------
    ValueError, OSError
        As `write_labels` does.
    """
    voxels = hash_of_voxels(labels.array)
    # Names that a killed save has taken are free again.
    remove_leftovers(edited.parent)
    for path in numbered_names(edited.parent, f"{case_name(edited)}_network"):
        if is_free(path) and add_labels(labels, path) is not None:
            return RunFile(path.name, is_new=True)
        if _holds(path, labels, voxels):
            break
    return RunFile(path.name, is_new=False)


def take_back(run_file: RunFile, folder: Path) -> None:
    """Remove the file with what a network wrote, with table and record, if it was written just now.

    Parameters
    ----------
    run_file
        As `keep_run` returned it.
    folder
        Where it lies.
    """
    path = folder / run_file.name
    if run_file.is_new:
        for written in (path, table_path(path), record_path(path)):
            written.unlink(missing_ok=True)


def _holds(path: Path, labels: LabelMap, voxels: str) -> bool:
    record, of_run = read_record(path) or {}, labels.record or {}
    if record.get(HASH_KEY) != voxels or record.get("bundle") != of_run.get("bundle"):
        return False
    try:
        return hash_of_voxels(read_labels(path).array) == voxels
    except (OSError, ValueError):
        return False
