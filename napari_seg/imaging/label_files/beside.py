"""The table and the record beside a label file: whose they are, and that no other file is lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_seg.imaging.file_formats import DICOM_SUFFIXES, SCAN_SUFFIXES, case_name, suffix_of
from napari_seg.imaging.label_files.tables import (
    HASH_KEY,
    OF_OTHER_VOXELS,
    hash_of_voxels,
    stated_voxels,
    table_path,
    text_of_table_beside,
)
from napari_seg.imaging.label_files.voxel_checks import whole_numbers
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import LabelMap, Notice
from napari_seg.imaging.voxel_files import read_voxels

Record = Mapping[str, Any]

# In each record that a network's labels, or labels of the panel, ever had.
_KEYS_OF_OURS = {"purpose", "versions"}


def record_path(path: str | Path) -> Path:
    """Name the record of a label file: ``x_dseg.json`` for ``x_dseg.nii.gz``."""
    path = Path(path)
    return path.with_name(f"{case_name(path)}.json")


def texts_beside(
    path: Path, table: LabelTable | None, record: Record | None, voxels: str
) -> dict[Path, str]:
    """Return what belongs beside a label file, the table first; both name the hash of its voxels.

    A `table` or `record` of None is not written.
    """
    texts = {} if table is None else {table_path(path): text_of_table_beside(table, voxels)}
    if record is not None:
        text = json.dumps({**record, HASH_KEY: voxels}, indent=2, ensure_ascii=False)
        texts[record_path(path)] = f"{text}\n"
    return texts


def has_table(path: Path) -> bool:
    """Tell by its name whether a label file has a table beside it, or holds names itself."""
    is_slicers = path.name.lower().endswith(".seg.nrrd")
    return not is_slicers and suffix_of(path) not in DICOM_SUFFIXES


def require_places_beside(
    path: Path, record: Record | None, *, overwrite: bool, given: Sequence[Path] = ()
) -> None:
    """See that what is written beside a label file takes the place of no file that is to stay.

    That is one which is no table of labels, or a record that is none of ours and says what the
    new one does not.

    Parameters
    ----------
    path
        The label file.
    record
        That will be written; None where there is none.
    overwrite
        Whether such a file is replaced. The sidecar of another image never is.
    given
        Files or folders of scans, wherever they lie, beside the images of the label file's name.

    Raises
    ------
    FileExistsError
        If such a file lies there.
    OSError
        If what lies there is a folder, or cannot be read.
    """
    table, noted = table_path(path), record_path(path)
    for beside in [*([table] if has_table(path) else []), *([] if record is None else [noted])]:
        _require_readable(path, beside)
    to_stay: list[tuple[str, Callable[[Path], Path]]] = []
    if has_table(path) and table.exists() and _table_in(table) is None:
        to_stay.append(("table of labels", table_path))
    if record is not None and noted.exists() and not _is_replaceable(noted, record):
        to_stay.append(("record of labels", record_path))
    for kind, name_beside in to_stay:
        other = name_beside(path)
        if not overwrite:
            raise FileExistsError(
                f"'{path.name}' was not saved, because '{other.name}' beside it is no {kind} and "
                "would be lost; rename that file, or save the labels under another name"
            )
        for image in [*map(Path.absolute, given), *_same_case(path)]:
            _require_no_sidecar(path, other, image, name_beside(image))


def _require_readable(path: Path, beside: Path) -> None:
    if beside.is_dir():
        raise IsADirectoryError(
            f"'{path.name}' was not saved, because '{beside.name}' beside it is a folder; rename "
            "it, or save the labels under another name"
        )
    try:
        if beside.is_file():
            beside.open("rb").close()
    except OSError as error:
        raise PermissionError(
            f"'{path.name}' was not saved, because '{beside.name}' beside it cannot be read "
            f"({error.strerror}); ask for the right to it, or save the labels under another name"
        ) from error


def require_names_stay(path: Path, labels: LabelMap) -> None:
    """See that labels whose names were left out, as of other voxels, do not take their place.

    Raises
    ------
    FileExistsError
        If the table beside holds other names than the labels, and is still of other voxels.
    """
    beside = table_path(path)
    left_out = any(notice.code == OF_OTHER_VOXELS for notice in labels.notices)
    if not (left_out and has_table(path) and beside.is_file()):
        return
    stated, lost = _stated_in_table(beside), {*(_table_in(beside) or ())} - {*labels.table}
    if lost and stated and stated != {_hash_of(path)}:
        raise FileExistsError(
            f"'{path.name}' was not saved, because the names in '{beside.name}' were left out when "
            "the labels were read and would be lost; give the labels this table "
            "(napari-seg convert --table), save them under another name, or ask for it "
            "(overwrite=True, --overwrite)"
        )


def _require_no_sidecar(path: Path, other: Path, image: Path, sidecar: Path) -> None:
    if sidecar.exists() and sidecar.samefile(other):
        raise FileExistsError(
            f"'{path.name}' was not saved, because '{other.name}' belongs to '{image.name}' "
            "and would be lost; save the labels under another name"
        )


def shared_with_others(
    path: Path, table: LabelTable | None, record: Record | None, voxels: str
) -> tuple[Notice, ...]:
    """Say that the table or record beside is that of another label file, and will not be any more.

    Files that differ in the end of their name alone, ``x.nii.gz`` and ``x.nrrd``, share them.
    To be asked before the file is written; `voxels` is the hash of what will be written, `table`
    and `record` are what will be beside it, None where nothing will be written.
    """
    lost = set() if record is None else _stated_in_record(record_path(path)) - {voxels}
    if table is not None:
        stated = _stated_in_table(table_path(path))
        # Equal voxels under one table have its names, too.
        is_same = stated == {voxels} and table == _table_in(table_path(path))
        lost |= set() if is_same else stated
    if not lost:
        return ()
    others = [other for other in _same_case(path) if _hash_of(other) in lost]
    if not others:
        return ()
    ends = " and ".join(f"'{suffix_of(other)}'" for other in others)
    message = (
        f"the table and record beside were those of another label file of this name, ending in "
        f"{ends}, and are now those of the labels just saved; save one of them under another name"
    )
    return (Notice("beside-shared", message, {"ends": ends}),)


def _table_in(path: Path) -> LabelTable | None:
    try:
        return LabelTable.read_tsv(path)
    except ValueError:
        return None


def _is_replaceable(path: Path, record: Record) -> bool:
    there = _read(path)
    if there is None:
        return False
    is_ours = HASH_KEY in there or there.keys() >= _KEYS_OF_OURS
    return is_ours or there.keys() <= record.keys()


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _stated_in_table(path: Path) -> set[str]:
    try:
        return stated_voxels(path)
    except ValueError:
        return set()


def _stated_in_record(path: Path) -> set[str]:
    stated = (_read(path) or {}).get(HASH_KEY) if path.is_file() else None
    return {stated} if isinstance(stated, str) else set()


def _same_case(path: Path) -> list[Path]:
    ends = [end for end in SCAN_SUFFIXES if end not in DICOM_SUFFIXES and end != suffix_of(path)]
    others = (path.with_name(case_name(path) + end) for end in ends)
    return [other for other in others if other.is_file()]


def _hash_of(path: Path) -> str | None:
    try:
        return hash_of_voxels(whole_numbers(read_voxels(path).array, path.name))
    except (OSError, ValueError):
        return None  # a scan, which has neither table nor record
