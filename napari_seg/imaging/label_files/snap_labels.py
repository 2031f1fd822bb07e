"""Label descriptions of ITK-SNAP (``.txt``) in and out."""

from __future__ import annotations

import re
from pathlib import Path

from napari_seg.imaging.label_files.exact_rows import exact_rows, lines_of, with_exact_rows
from napari_seg.imaging.label_table import Label, LabelTable
from napari_seg.imaging.saving import write_text

_LARGEST_VALUE = 65535
# value, red, green, blue, opacity, visible, visible as a mesh, name
_ROW = re.compile(r'\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+[\d.]+\s+[01]\s+[01]\s+"(.*)"\s*')
_HEADING = """\
################################################
# ITK-SnAP Label Description File
# File format:
# IDX   -R-  -G-  -B-  -A--  VIS MSH  LABEL
# Fields:
#    IDX:   Zero-based index
#    -R-:   Red color component (0..255)
#    -G-:   Green color component (0..255)
#    -B-:   Blue color component (0..255)
#    -A-:   Label transparency (0.00 .. 1.00)
#    VIS:   Label visibility (0 or 1)
#    IDX:   Label mesh visibility (0 or 1)
#  LABEL:   Label description
################################################"""
_CLEAR = (0, (0, 0, 0), 0, "Clear Label")


def is_snap_labels(path: Path) -> bool:
    """Tell whether the first row of a text file is one of ITK-SNAP."""
    rows = (line for line in lines_of(path) if line.strip() and not line.startswith("#"))
    return _ROW.fullmatch(next(rows, "")) is not None


def read_snap_labels(path: Path) -> LabelTable:
    """Read a label description; its row of value 0 ("Clear Label") is passed over.

    Raises
    ------
    ValueError
        If a line has another form, or makes no sense.
    """
    lines = lines_of(path)
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        row = _ROW.fullmatch(line)
        if row is None:
            raise ValueError(
                f"'{path.name}' is not an ITK-SNAP label description: line {number} is no "
                "'index red green blue opacity visible mesh \"name\"'"
            )
        rows.append(row)
    try:
        labels = [
            Label(int(row[1]), row[5] or f"label {row[1]}", (int(row[2]), int(row[3]), int(row[4])))
            for row in rows
            if int(row[1]) != 0
        ]
        return with_exact_rows(labels, lines, _as_written)
    except ValueError as error:
        raise ValueError(f"'{path.name}' is not a table of labels: {error}") from error


def write_snap_labels(table: LabelTable, path: Path) -> None:
    """Write a label description that ITK-SNAP opens, every label visible.

    Raises
    ------
    ValueError
        If a value is larger than ITK-SNAP knows.
    OSError
        If the file cannot be written; see `saving.replace_file`.
    """
    largest = max((label.value for label in table), default=0)
    if largest > _LARGEST_VALUE:
        raise ValueError(
            f"'{path.name}' cannot be saved: ITK-SNAP knows values up to {_LARGEST_VALUE}, "
            f"got {largest}; save the table as .tsv"
        )
    rows = [_CLEAR, *((label.value, label.colour, 1, _as_written(label.name)) for label in table)]
    text = [
        f'{value:5d} {red:5d} {green:4d} {blue:4d} {shown:8d} {shown:2d} {shown:2d}    "{name}"'
        for value, (red, green, blue), shown, name in rows
    ]
    write_text(path, "\n".join([_HEADING, *exact_rows(table, _as_written), *text, ""]))


def _as_written(name: str) -> str:
    # ITK-SNAP reads a name up to the next quotation mark.
    return re.sub(r"\s", " ", name).replace('"', "'")
