"""What the masks of a folder are called, and by which value: by its table, or by their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from napari_seg.imaging.file_formats import case_name
from napari_seg.imaging.label_colours import colour_of
from napari_seg.imaging.label_files.structure_files import (
    TABLE_NAME,
    file_names,
    is_ours,
    read_file_names,
)
from napari_seg.imaging.label_files.tables import (
    TABLE_SUFFIXES,
    read_label_table,
    read_table_beside,
    table_path,
    unread_colours,
)
from napari_seg.imaging.label_files.voxel_checks import whole_numbers
from napari_seg.imaging.label_table import Label, LabelTable
from napari_seg.imaging.progress import OnProgress
from napari_seg.imaging.scan import Notice
from napari_seg.imaging.voxel_files import read_voxels

MASK_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha")
"""How the names of masks end that are written."""


def name_masks(
    folder: Path, files: Sequence[Path], *, reports: Sequence[OnProgress]
) -> tuple[LabelTable, dict[Path, int], list[Notice]]:
    """Find the value of each mask, and the table that gives values, names, colours and codes.

    Parameters
    ----------
    folder
        ``labels.tsv`` in it, or another table of labels that is called like none of the files,
        speaks for all of them.
    files
        The masks in it. One that the folder's table does not name, but that has a table of its
        own (``x.tsv`` beside ``x.nii.gz``), is what that says of the value inside. Its value is
        kept where no other mask has it, else a notice says so. All other masks get the next free
        values and the names of their files.
    reports
        For each file that `has_own_table`, called with the fraction of it that was read.

    Raises
    ------
    ValueError
        If two masks are of one structure, or one with a table of its own is no mask.
    """
    table, said, notices = _stated(folder, files)
    values = _by_name(table, said, files)
    own: dict[Path, Label] = {}
    for file, report in zip(filter(has_own_table, files), reports, strict=True):
        label, told = _own_label(file, report)
        notices += [one for one in told if one not in notices]
        if label is not None and file not in values:
            own[file] = label
    structures = [(value, table.names.get(value)) for value in values.values()]
    structures += [(label.value, label.name) for label in own.values()]
    if len(set(structures)) < len(structures):
        raise ValueError(
            f"'{folder.name}' holds two masks of one structure; move one of them elsewhere"
        )
    moved = 0
    for file in sorted(set(files) - set(values), key=lambda file: (file not in own, file)):
        free = max([*table.names, *values.values(), 0]) + 1
        label = own.get(file) or Label(free, _text(case_name(file)), colour_of(free))
        if label.value in table.names:
            label, moved = replace(label, value=free), moved + 1
        values[file] = label.value
        table = LabelTable((*table, label))
    return table, values, [*notices, *([_moved(moved)] if moved else [])]


def has_own_table(file: Path) -> bool:
    """Tell whether a table is called like a mask, and is not that of its whole folder."""
    return bool(_own_tables(file))


def _own_tables(file: Path) -> list[Path]:
    beside = [table_path(file).with_suffix(suffix) for suffix in TABLE_SUFFIXES]
    there = [path for path in beside if path.is_file()]
    return [path for path in there if path.name != TABLE_NAME or not is_ours(file.parent)]


def _own_label(file: Path, report: OnProgress) -> tuple[Label | None, tuple[Notice, ...]]:
    array = whole_numbers(read_voxels(file, on_progress=report).array, file.name)
    table, notices = _own_table(file, array)
    inside = int(array.max())
    if inside in table.names:
        return table.label(inside), notices
    # An empty mask, or 255 in one of which only the structure is told.
    return next(iter(table)) if len(table) == 1 else None, notices


def _own_table(file: Path, array: NDArray[Any]) -> tuple[LabelTable, tuple[Notice, ...]]:
    for path in _own_tables(file):
        if path == table_path(file):
            return read_table_beside(file, array)
        with suppress(ValueError):  # another text
            return read_label_table(path), ()
    return LabelTable(), ()


def _stated(folder: Path, files: Sequence[Path]) -> tuple[LabelTable, dict[int, str], list[Notice]]:
    """Read the table of a folder, and the names of files in it."""
    own = {path for file in files for path in _own_tables(file)}
    ours = folder / TABLE_NAME
    if ours.is_file() and ours not in own:
        try:
            return read_label_table(ours), read_file_names(ours), [*unread_colours(ours)]
        except ValueError as error:
            message = f"names and colours were not read: {error}"
            return LabelTable(), {}, [Notice("table-unread", message)]
    for other in sorted(folder.iterdir()):
        if other.suffix.lower() in TABLE_SUFFIXES and other.is_file() and other not in own:
            with suppress(ValueError):  # another text
                table = read_label_table(other)
                is_tsv = other.suffix.lower() == ".tsv"
                return table, {}, [*unread_colours(other)] if is_tsv else []
    return LabelTable(), {}, []


def _by_name(table: LabelTable, said: Mapping[int, str], files: Sequence[Path]) -> dict[Path, int]:
    """Find the value of each mask that the table of the folder names."""
    by_name = {name.casefold(): value for value, name in said.items()}
    for end in MASK_SUFFIXES:
        for value, name in file_names(table, end).items():
            by_name.setdefault(name.casefold(), value)
    found = {file: by_name.get(file.name.casefold()) for file in files}
    return {file: value for file, value in found.items() if value is not None}


def _text(name: str) -> str:
    """Replace bytes of a name that are no text, as old archives have them."""
    return name.encode(errors="surrogateescape").decode(errors="replace")


def _moved(count: int) -> Notice:
    masks = "1 mask has" if count == 1 else f"{count} masks have"
    message = (
        f"{masks} the value of another in the folder by the table beside it: "
        f"{'it' if count == 1 else 'each'} got the next free value"
    )
    return Notice("values-changed", message, {"masks": count})
