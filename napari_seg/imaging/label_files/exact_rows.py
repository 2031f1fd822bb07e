"""What a text form cannot hold of a label, kept in a comment that other programs pass over."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from napari_seg.imaging.label_table import STATUSES, Label, LabelTable

_START = "#= "


def exact_rows(table: LabelTable, as_read: Callable[[str], str]) -> list[str]:
    """Write comments with the name, code and status of those labels whose rows lose one of them.

    Parameters
    ----------
    table
        The labels.
    as_read
        The name that is read back from the row of a name.
    """
    rows = []
    for label in table:
        more = {} if label.code is None else {"code": label.code}
        if label.status != STATUSES[0]:
            more["status"] = label.status
        if more or as_read(label.name) != label.name:
            said = {"value": label.value, "name": label.name, **more}
            rows.append(_START + json.dumps(said))
    return rows


def with_exact_rows(
    labels: Iterable[Label], lines: Iterable[str], as_read: Callable[[str], str]
) -> LabelTable:
    """Give labels what comments tell of them; rows renamed since keep their names."""
    told = _told(lines)
    restored = []
    for label in labels:
        name, code, status = told.get(label.value, (label.name, None, STATUSES[0]))
        is_same = as_read(name) == label.name
        restored.append(replace(label, name=name, code=code, status=status) if is_same else label)
    return LabelTable(tuple(restored))


def lines_of(path: Path) -> list[str]:
    """Read the lines of a text file; ``ValueError`` where it is none."""
    raw = path.read_bytes()
    if b"\0" in raw:
        raise ValueError(f"'{path.name}' is not a table of labels: it is no text")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")  # older programs wrote in the code page of their system
    return text.replace("\r\n", "\n").split("\n")


def _told(lines: Iterable[str]) -> dict[int, tuple[str, str | None, str]]:
    told = {}
    for line in lines:
        if line.startswith(_START):
            try:
                said = json.loads(line.removeprefix(_START))
                status = said.get("status")
                told[int(said["value"])] = (
                    str(said["name"]),
                    said.get("code"),
                    status if status in STATUSES else STATUSES[0],
                )
            except (ValueError, TypeError, KeyError):
                continue  # a comment of somebody else
    return told
