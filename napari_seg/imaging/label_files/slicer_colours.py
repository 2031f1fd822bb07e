"""Colour tables of 3D Slicer (``.ctbl``) in and out; those of FreeSurfer have the same rows."""

from __future__ import annotations

import re
from pathlib import Path

from napari_seg.imaging.label_files.exact_rows import exact_rows, lines_of, with_exact_rows
from napari_seg.imaging.label_table import Label, LabelTable
from napari_seg.imaging.saving import write_text

_ROW = re.compile(r"\s*(\d+)\s+(\S+)\s+(\d+)\s+(\d+)\s+(\d+)(?:\s+\d+)?\s*")
_UNNAMED = "(none)"


def read_slicer_colours(path: Path) -> LabelTable:
    """Read a colour table; a row of value 0 (background) is passed over.

    Raises
    ------
    ValueError
        If a line is no ``value name red green blue alpha``, or makes no sense.
    """
    is_slicers = path.suffix.lower() == ".ctbl"
    lines = lines_of(path)
    labels, rows = [], 0
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        row = _ROW.fullmatch(line)
        if row is None:
            raise ValueError(
                f"'{path.name}' is not a table of labels: line {number} is no "
                "'value name red green blue alpha'"
            )
        rows += 1
        # Slicer itself reads an underscore as a space.
        name = row[2].replace("_", " ") if is_slicers else row[2]
        if int(row[1]) != 0 and name != _UNNAMED:
            colour = int(row[3]), int(row[4]), int(row[5])
            labels.append((int(row[1]), name, colour))
    if not rows:
        raise ValueError(f"'{path.name}' is not a table of labels: it holds no row")
    try:
        return with_exact_rows((Label(*label) for label in labels), lines, _as_read)
    except ValueError as error:
        raise ValueError(f"'{path.name}' is not a table of labels: {error}") from error


def write_slicer_colours(table: LabelTable, path: Path) -> None:
    """Write a colour table that Slicer opens, background included.

    Raises
    ------
    OSError
        If the file cannot be written; see `saving.replace_file`.
    """
    rows = [
        f"{label.value} {_as_written(label.name)} {' '.join(map(str, label.colour))} 255"
        for label in table
    ]
    heading = ["# Color table file", f"# {len(rows) + 1} values"]
    comments = exact_rows(table, _as_read)
    write_text(path, "\n".join([*heading, *comments, "0 Background 0 0 0 0", *rows, ""]))


def _as_written(name: str) -> str:
    # Slicer, too, takes a row of that name for none.
    return "none" if name == _UNNAMED else re.sub(r"\s", "_", name) or "_"


def _as_read(name: str) -> str:
    return _as_written(name).replace("_", " ")
