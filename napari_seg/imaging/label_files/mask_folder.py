"""A folder of masks, one file a structure (TotalSegmentator's form), in and out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from napari_seg.imaging.file_formats import (
    ITK_SUFFIXES,
    NIFTI_SUFFIXES,
    case_name,
    suffix_of,
)
from napari_seg.imaging.label_alignment import place_labels
from napari_seg.imaging.label_files.structure_files import (
    RECORD_NAME,
    TABLE_NAME,
    file_names,
    read_file_names,
    require_replaceable,
    write_folder_table,
)
from napari_seg.imaging.label_files.tables import TABLE_SUFFIXES, read_label_table
from napari_seg.imaging.label_files.voxel_checks import smallest, whole_numbers
from napari_seg.imaging.label_table import Label, LabelTable, colour_of
from napari_seg.imaging.measures import count_voxels
from napari_seg.imaging.progress import OnProgress, share_of
from napari_seg.imaging.saving import replace_folder, write_text
from napari_seg.imaging.scan import LabelMap, Notice, Scan
from napari_seg.imaging.voxel_files import read_voxels, write_voxels

MASK_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha")
"""How the names of masks end that are written."""

_MOST_NAMED = 5


def mask_files(folder: Path) -> list[Path]:
    """List the volumes that lie directly in a folder, by name."""
    suffixes = {*NIFTI_SUFFIXES, *ITK_SUFFIXES}
    return sorted(
        path
        for path in folder.iterdir()
        if suffix_of(path) in suffixes and not path.name.startswith(".") and path.is_file()
    )


def read_masks(folder: Path, *, on_progress: OnProgress | None = None) -> LabelMap:
    """Read a folder of masks as one map of labels.

    Parameters
    ----------
    folder
        One volume a structure, 0 outside it and one other value inside. ``labels.tsv``, or
        another table of labels in it, gives values, names, colours and codes; files that it
        does not name get the next free values, in the order of their names.
    on_progress
        Called with the fraction that was read.

    Returns
    -------
    LabelMap
        On the grid of the first file. Where masks overlap, the larger value holds the voxel,
        with a notice.

    Raises
    ------
    ValueError
        If the folder holds no masks, a file is none, or their grids differ.
    """
    files = mask_files(folder)
    if not files:
        raise ValueError(
            f"'{folder.name}' holds no masks: a folder of labels has one .nii.gz, .nrrd or .mha "
            "file for each structure"
        )
    table, of_file, notices = _table_in(folder, files)
    masks = {value: file for file, value in of_file.items()}
    first, *_ = files
    shares = [
        share_of(on_progress, n / len(masks), (n + 1) / len(masks)) for n in range(len(masks))
    ]
    whole = _read_mask(first, on_progress=shares[0])
    array = np.zeros(whole.array.shape, np.min_scalar_type(max(masks)), order="F")
    overlaps: Counter[tuple[int, int]] = Counter()
    others = iter(shares[1:])
    for value in sorted(masks):
        mask = whole
        if masks[value] != first:
            mask = _read_mask(masks[value], like=whole, of=first, on_progress=next(others))
        inside = mask.array != 0
        for below, count in count_voxels(array[inside].reshape(-1, 1, 1)).items():
            overlaps[value, below] = count
        array[inside] = value
        notices += [one for one in mask.notices if one not in notices]
    if overlaps:
        notices.append(_overlap(overlaps, table))
    array = smallest(array)
    return LabelMap(array, whole.geometry, table, notices=tuple(notices), source=whole.source)


def write_masks(
    labels: LabelMap,
    folder: str | Path,
    *,
    source: Scan | None = None,
    suffix: str = ".nii.gz",
) -> tuple[Notice, ...]:
    """Write one mask a structure, 0 outside and 1 inside, each called after it, and their table.

    Parameters
    ----------
    labels
        Every label of the table gets a file, an empty one where no voxel has it.
    folder
        Written whole or not at all. One that holds anything but such masks is not replaced.
    source
        The scan that the labels belong to, as in `write_labels`.
    suffix
        ``.nii.gz``, ``.nii``, ``.nrrd`` or ``.mha``.

    Returns
    -------
    tuple of Notice
        Empty: nothing is left out.

    Raises
    ------
    FileNotFoundError
        If the folder that it lies in does not exist.
    FileExistsError
        If the folder holds other things.
    ValueError
        If the labels are not on the scan's grid, or the format is not written.
    OSError
        If the disk is full or the folder may not be written to. Nothing is changed then.
    """
    folder = Path(folder)
    if suffix not in MASK_SUFFIXES:
        raise ValueError(f"masks are written to {', '.join(MASK_SUFFIXES)}, got '{suffix}'")
    if source is not None:
        labels.require_grid(source.geometry)
    require_replaceable(folder)
    table = labels.table.completed(count_voxels(labels.array))
    names = file_names(table, suffix)
    grid = labels if source is None else source

    def write(partial: Path) -> None:
        write_folder_table(partial, table, names)
        write_folder_record(partial, labels.record)
        for value, name in names.items():
            mask = np.asarray(labels.array == value).astype(np.uint8)
            write_voxels(partial / name, mask, grid.geometry, grid.source)

    replace_folder(folder, write)
    return ()


def write_folder_record(folder: Path, record: Mapping[str, Any] | None) -> None:
    """Write how a network drew the labels into their folder, where one did."""
    if record is not None:
        text = json.dumps(record, indent=2, ensure_ascii=False)
        write_text(folder / RECORD_NAME, f"{text}\n")


def _read_mask(
    path: Path,
    *,
    like: LabelMap | None = None,
    of: Path | None = None,
    on_progress: OnProgress,
) -> LabelMap:
    """Read one mask, on the grid of another where one is given."""
    scan = read_voxels(path, on_progress=on_progress)
    array = whole_numbers(scan.array, path.name)
    inside = array.max()
    if not ((array == 0) | (array == inside)).all():
        raise ValueError(
            f"'{path.name}' is no mask of one structure: it holds several values besides 0; "
            "move it out of the folder, or open it by itself"
        )
    mask = LabelMap(array, scan.geometry, LabelTable(), scan.notices, scan.source)
    if like is None or of is None:
        return mask
    placed = place_labels(mask, like.geometry)
    # A notice more: it would be a part of the other grid, or reach beyond it.
    if placed is None or placed.notices != mask.notices:
        raise ValueError(
            f"'{path.name}' lies on another grid than '{of.name}' of the same folder; "
            "open them one by one, or resample one of them"
        )
    return placed


def _table_in(folder: Path, files: list[Path]) -> tuple[LabelTable, dict[Path, int], list[Notice]]:
    """Find the table of a folder, complete it, and the value of each file."""
    table, said, notices = _stated(folder)
    by_name = {name.casefold(): value for value, name in said.items()}
    for end in MASK_SUFFIXES:
        for value, name in file_names(table, end).items():
            by_name.setdefault(name.casefold(), value)
    values = {
        file: by_name[file.name.casefold()] for file in files if file.name.casefold() in by_name
    }
    if len(set(values.values())) < len(values):
        raise ValueError(
            f"'{folder.name}' holds two masks of one structure; move one of them elsewhere"
        )
    for file in files:
        if file not in values:
            values[file] = max([*table.names, *values.values(), 0]) + 1
            value = values[file]
            table = LabelTable((*table, Label(value, _text(case_name(file)), colour_of(value))))
    return table, values, notices


def _text(name: str) -> str:
    """Replace bytes of a name that are no text, as old archives have them."""
    return name.encode(errors="surrogateescape").decode(errors="replace")


def _stated(folder: Path) -> tuple[LabelTable, dict[int, str], list[Notice]]:
    ours = folder / TABLE_NAME
    if ours.is_file():
        try:
            return read_label_table(ours), read_file_names(ours), []
        except ValueError as error:
            message = f"names and colours were not read: {error}"
            return LabelTable(), {}, [Notice("table-unread", message)]
    for other in sorted(folder.iterdir()):
        if other.suffix.lower() in TABLE_SUFFIXES and other.is_file():
            with suppress(ValueError):  # another text
                return read_label_table(other), {}, []
    return LabelTable(), {}, []


def _overlap(overlaps: Counter[tuple[int, int]], table: LabelTable) -> Notice:
    names = table.names
    total = sum(overlaps.values())
    pairs = [
        f"'{names[above]}' over '{names[below]}' ({count})"
        for (above, below), count in overlaps.most_common(_MOST_NAMED)
    ]
    more = ", …" if len(overlaps) > _MOST_NAMED else ""
    message = (
        f"masks overlap in {total} voxels, where the one of larger value was kept: "
        f"{', '.join(pairs)}{more}"
    )
    return Notice("overlap", message, {"voxels": total, "names": ", ".join(pairs)})
