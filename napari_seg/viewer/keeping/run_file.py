"""The file with what a network wrote, beside labels that were corrected by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_seg.imaging.file_formats import case_name
from napari_seg.imaging.files import read_labels, record_path
from napari_seg.imaging.label_files.tables import HASH_KEY, hash_of_voxels, table_path
from napari_seg.viewer.keeping.free_names import add_labels, is_free, numbered_names
from napari_seg.viewer.keeping.label_records import read_record

if TYPE_CHECKING:
    from pathlib import Path

    from napari_seg.imaging.scan import LabelMap
    from napari_seg.viewer.display_order import DisplayOrder
    from napari_seg.viewer.keeping.backgrounds import Background
    from napari_seg.viewer.keeping.origins import NetworkRun


@dataclass(frozen=True)
class RunFile:
    """A file that holds what a network wrote.

    Attributes
    ----------
    name
        Of the file.
    is_new
        Whether it was written just now.
    """

    name: str
    is_new: bool


def keep_run(
    run: NetworkRun, labels: LabelMap, edited: Path, *, background: Background, order: DisplayOrder
) -> RunFile:
    """Find the file with what a network wrote, beside the one with the corrections, or write it.

    Parameters
    ----------
    run
        What the network wrote.
    labels
        The corrected ones.
    edited
        The file that they are saved to.
    background
        Where they came from.
    order
        The display order.

    Raises
    ------
    ValueError, OSError
        As `write_labels` does.
    """
    known, in_file, own = background.run_file, background.run, background.own
    is_this_run = in_file is not None and in_file.labels == run.labels
    is_beside = own is not None and own.path.parent == edited.parent
    # What lies in the file that is written now is not kept by it.
    if known is not None and is_this_run and is_beside and known != edited.name:
        return RunFile(known, is_new=False)
    array = order.restore(run.labels.restore())
    return _find_or_write(replace(labels, array=array, record=run.record), edited)


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


def _find_or_write(labels: LabelMap, edited: Path) -> RunFile:
    voxels = hash_of_voxels(labels.array)
    for path in numbered_names(edited.parent, f"{case_name(edited)}_network"):
        if is_free(path) and add_labels(labels, path) is not None:
            return RunFile(path.name, is_new=True)
        if _holds(path, labels, voxels):
            break
    return RunFile(path.name, is_new=False)


def _holds(path: Path, labels: LabelMap, voxels: str) -> bool:
    record, of_run = read_record(path) or {}, labels.record or {}
    if record.get(HASH_KEY) != voxels or record.get("bundle") != of_run.get("bundle"):
        return False
    try:
        return hash_of_voxels(read_labels(path).array) == voxels
    except (OSError, ValueError):
        return False
