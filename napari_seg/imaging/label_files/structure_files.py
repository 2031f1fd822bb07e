"""A folder with one file a structure: what its files are called, and which is which."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from napari_seg.imaging.label_table import LabelTable, read_tsv_column

TABLE_NAME = "labels.tsv"
RECORD_NAME = "labels.json"

_FILE_COLUMN = "file"
# Written by file browsers, of no worth.
_LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}
_LONGEST_NAME_BYTES = 120
# Names that Windows keeps for devices.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def file_names(table: LabelTable, suffix: str) -> dict[int, str]:
    """Name the file of each value after its structure, safe on every system and each once.

    Examples
    --------
    >>> table = LabelTable.from_names({1: "kidney/left", 2: "Liver", 3: "liver"})
    >>> file_names(table, ".stl")
    {1: 'kidney_left.stl', 2: 'Liver.stl', 3: 'liver_3.stl'}
    """
    names: dict[int, str] = {}
    taken: set[str] = set()
    for label in table:
        name = _safe(label.name) or f"label {label.value}"
        while name.casefold() in taken:
            name = f"{name}_{label.value}"
        taken.add(name.casefold())
        names[label.value] = name + suffix
    return names


def write_folder_table(folder: Path, table: LabelTable, names: Mapping[int, str]) -> None:
    """Write names, colours and codes into the folder, with the file of each."""
    table.write_tsv(folder / TABLE_NAME, more={_FILE_COLUMN: names})


def read_file_names(table_path: Path) -> dict[int, str]:
    """Read the file of each value; empty where the table names none.

    Raises
    ------
    ValueError
        If it is no table of labels.
    """
    return read_tsv_column(table_path, _FILE_COLUMN)


def is_ours(folder: Path) -> bool:
    """Tell whether a folder holds a table that says which file is which structure."""
    table = folder / TABLE_NAME
    try:
        return table.is_file() and bool(read_file_names(table))
    except ValueError:
        return False


def is_saved_without_labels(folder: Path) -> bool:
    """Tell whether labels were saved here of which there was none: no file but an empty table."""
    others = {path.name for path in folder.iterdir()} - {*_LITTER, RECORD_NAME}
    table = folder / TABLE_NAME
    return others == {TABLE_NAME} and _is_saved_so(table) and not len(LabelTable.read_tsv(table))


def require_replaceable(folder: Path) -> None:
    """Raise ``FileExistsError`` where a folder holds anything but a segmentation saved so."""
    if not folder.is_dir():
        return
    ours = set(_LITTER)
    if _is_saved_so(folder / TABLE_NAME):
        ours |= {TABLE_NAME, RECORD_NAME, *read_file_names(folder / TABLE_NAME).values()}
    others = sorted(path.name for path in folder.iterdir() if path.name not in ours)
    if others:
        raise FileExistsError(
            f"'{folder.name}' holds '{others[0]}' and is not replaced, because what it holds "
            "would be lost; choose another folder, or a new one"
        )


def _is_saved_so(table: Path) -> bool:
    # A segmentation without labels has a table without rows.
    try:
        return table.is_file() and len(LabelTable.read_tsv(table)) == len(read_file_names(table))
    except ValueError:
        return False


def _safe(name: str) -> str:
    plain = re.sub(r'[\x00-\x1f\x7f<>:"/\\|?*]+', "_", name).strip(" .")
    plain = plain.encode()[:_LONGEST_NAME_BYTES].decode(errors="ignore").strip(" .")
    return f"_{plain}" if _DEVICES.fullmatch(plain) else plain
