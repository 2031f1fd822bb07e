"""Tables of labels in their file forms, and the one that lies beside a label file."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.file_formats import case_name
from napari_seg.imaging.label_colours import stated_colour
from napari_seg.imaging.label_files.slicer_colours import read_slicer_colours, write_slicer_colours
from napari_seg.imaging.label_files.snap_labels import (
    is_snap_labels,
    read_snap_labels,
    write_snap_labels,
)
from napari_seg.imaging.label_table import LabelTable, has_tsv_column, read_tsv_column
from napari_seg.imaging.paths import naming_no_folder, readable_path
from napari_seg.imaging.scan import Notice

TABLE_SUFFIXES = (".tsv", ".txt", ".ctbl")
"""BIDS ``dseg.tsv``, ITK-SNAP label descriptions, 3D Slicer colour tables."""

HASH_KEY = "voxels_sha256"
"""What a table and a record say of which voxels they are."""

OF_OTHER_VOXELS = "table-of-other-voxels"
"""The code of the notice that the names in a table were left out."""


def read_label_table(path: str | Path) -> LabelTable:
    """Read the names and colours of labels from a file of their own.

    Parameters
    ----------
    path
        A BIDS ``.tsv``, an ITK-SNAP label description (``.txt``), or a colour table of 3D
        Slicer or FreeSurfer (``.ctbl``, ``.txt``).

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no table of labels.
    """
    path = readable_path(path, what="table of labels")
    suffix = _suffix(path)
    with naming_no_folder():
        if suffix == ".tsv":
            return LabelTable.read_tsv(path)
        if suffix == ".txt" and is_snap_labels(path):
            return read_snap_labels(path)
        return read_slicer_colours(path)


def write_label_table(table: LabelTable, path: str | Path) -> None:
    """Write the names, colours and codes of labels to a file of their own.

    Parameters
    ----------
    table
        The labels.
    path
        Its end chooses the form: ``.tsv`` for BIDS, ``.txt`` for ITK-SNAP, ``.ctbl`` for 3D
        Slicer. What the last two cannot hold of a name or a code stands in comments, which
        `read_label_table` heeds.

    Raises
    ------
    ValueError
        If the name ends in another way, or the form cannot hold the values.
    OSError
        If the file cannot be written; see `saving.replace_file`.
    """
    path = Path(path)
    suffix = _suffix(path)
    if suffix == ".tsv":
        table.write_tsv(path)
    elif suffix == ".txt":
        write_snap_labels(table, path)
    else:
        write_slicer_colours(table, path)


def table_path(path: Path) -> Path:
    """Name the table beside a label file: ``x_dseg.tsv`` for ``x_dseg.nii.gz``."""
    return path.with_name(f"{case_name(path)}.tsv")


def text_of_table_beside(table: LabelTable, voxels: str) -> str:
    """Return the table of a label file, which says by their hash of which voxels it is."""
    return table.tsv_text({HASH_KEY: {label.value: voxels for label in table}})


def stated_voxels(path: Path) -> set[str]:
    """Read of which voxels a table says that it is; empty where it is not there or says nothing.

    Raises
    ------
    ValueError
        If it is no table of labels.
    """
    return set(read_tsv_column(path, HASH_KEY).values()) if path.is_file() else set()


def read_table_beside(path: Path, array: NDArray[Any]) -> tuple[LabelTable, tuple[Notice, ...]]:
    """Read the table of a label file; an empty one, with a notice, where it is not of these voxels.

    A table that says nothing of voxels, from another program, is taken at its word.
    """
    beside = table_path(path)
    if not beside.is_file():
        return LabelTable(), ()
    try:
        table = LabelTable.read_tsv(beside)
        stated = stated_voxels(beside)
    except ValueError as error:
        # A notice is handed on with the labels, and the name of a file may be a patient's.
        cause = str(error).replace(f"'{beside.name}'", "the table beside the labels")
        return LabelTable(), (Notice("table-unread", f"names were not read: {cause}"),)
    # The table of a segmentation without labels has no row to hold the hash.
    is_of_none = not len(table) and has_tsv_column(beside, HASH_KEY)
    if is_of_none and array.any():
        message = (
            "the table beside the labels was written for voxels without labels, so it names none"
        )
        return table, (Notice("table-of-no-labels", message),)
    if not stated or stated == {hash_of_voxels(array)}:
        return table, unread_colours(beside)
    message = (
        "the table beside the labels was written for other voxels, so its names were not used; "
        f"if they are right, delete its column {HASH_KEY}"
    )
    return LabelTable(), (Notice(OF_OTHER_VOXELS, message),)


def unread_colours(path: Path) -> tuple[Notice, ...]:
    """Tell how many colours a ``.tsv`` states in a way that is not understood.

    Raises
    ------
    ValueError
        If it is no table of labels.
    """
    stated = read_tsv_column(path, "color")
    count = sum(value > 0 and stated_colour(text) is None for value, text in stated.items())
    if not count:
        return ()
    colours = "1 colour is" if count == 1 else f"{count} colours are"
    message = (
        f"{colours} not understood in the table of labels: write them as #rrggbb; the usual ones "
        "were taken"
    )
    return (Notice("colours-unread", message, {"labels": count}),)


def hash_of_voxels(array: NDArray[Any]) -> str:
    """Hash shape and values, equal whatever the file and the kind of whole number."""
    hashed = hashlib.sha256(str(array.shape).encode())
    kind = np.min_scalar_type(int(array.max())).newbyteorder("<")
    # The bytes in NIfTI's order (i fastest), which its voxels already have.
    hashed.update(np.asfortranarray(array, dtype=kind).T.data)
    return hashed.hexdigest()


def _suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in TABLE_SUFFIXES:
        raise ValueError(
            f"'{path.name}' is no table of labels by its name, which must end in one of "
            f"{', '.join(TABLE_SUFFIXES)}"
        )
    return suffix
