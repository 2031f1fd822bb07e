"""A folder of masks, one file a structure (TotalSegmentator's form), in and out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from napari_seg.imaging.file_formats import ITK_SUFFIXES, NIFTI_SUFFIXES, suffix_of
from napari_seg.imaging.label_alignment import place_labels
from napari_seg.imaging.label_files.mask_tables import (
    MASK_SUFFIXES,
    has_own_table,
    name_masks,
)
from napari_seg.imaging.label_files.structure_files import (
    RECORD_NAME,
    file_names,
    require_replaceable,
    write_folder_table,
)
from napari_seg.imaging.label_files.voxel_checks import smallest, whole_numbers
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.measures import count_voxels
from napari_seg.imaging.progress import OnProgress, share_of
from napari_seg.imaging.saving import replace_folder, write_text
from napari_seg.imaging.scan import LabelMap, Notice, Scan
from napari_seg.imaging.voxel_files import read_voxels, write_voxels

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
        One volume a structure, 0 outside it and one other value inside; see
        `mask_tables.name_masks` for their values and names.
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
    # Masks with a table of their own are read twice: it names the value inside.
    to_read = len(files) + sum(has_own_table(file) for file in files)
    shares = [share_of(on_progress, n / to_read, (n + 1) / to_read) for n in range(to_read)]
    table, of_file, notices = name_masks(folder, files, reports=shares[: -len(files)])
    masks = {value: file for file, value in of_file.items()}
    shares = shares[-len(files) :]
    first, *_ = files
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
