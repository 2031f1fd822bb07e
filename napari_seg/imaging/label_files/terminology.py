"""Codes and status as 3D Slicer writes them into the tags of a segment."""

from __future__ import annotations

import re

from napari_seg.imaging.label_table import STATUSES, Label

_ENTRY = "TerminologyEntry:"
_CATEGORIES = "Segmentation category and type - 3D Slicer General Anatomy list"
_REGIONS = "Anatomic codes - DICOM master list"
_ANATOMICAL_STRUCTURE = "SCT^123037004^Anatomical Structure"
# What Slicer writes where nobody chose anything.
_UNCHOSEN = {"85756007", "T-D0050"}
_SNOMED_RT = re.compile(r"[A-Z]-[0-9A-F]{5}")
_OURS = "99NAPARISEG"
_STATUS = "Segmentation.Status:"
_STATUS_WORDS = dict(
    zip(STATUSES, ("notstarted", "inprogress", "completed", "flagged"), strict=True)
)


def tags_of(label: Label) -> str:
    """Write the tags of a segment: its status and its code, if it has them.

    Examples
    --------
    >>> tags_of(Label(1, "liver", (0, 0, 0), "10200004")).split("~")[1:3]
    ['SCT^123037004^Anatomical Structure', 'SCT^10200004^liver']
    """
    status = "" if label.status == STATUSES[0] else f"{_STATUS}{_STATUS_WORDS[label.status]}|"
    if label.code is None:
        return status or "|"
    # These four part the fields of an entry.
    meaning = re.sub(r"[~^|:\s]+", " ", label.name)
    kind = f"{_scheme_of(label.code)}^{label.code}^{meaning}"
    parts = [_CATEGORIES, _ANATOMICAL_STRUCTURE, kind, "^^", _REGIONS, "^^", "^^"]
    return f"{status}{_ENTRY}{'~'.join(parts)}|"


def status_in_tags(tags: str) -> str:
    """Read how far a person has come with a segment; not started where nothing is said.

    Examples
    --------
    >>> status_in_tags("Segmentation.Status:completed|")
    'done'
    """
    for status, word in _STATUS_WORDS.items():
        if f"{_STATUS}{word}" in tags.split("|"):
            return status
    return STATUSES[0]


def code_in_tags(tags: str) -> str | None:
    """Read the code of what a segment is; None where none was chosen.

    Codes of SNOMED are read, and our own; a number of another terminology would be taken for
    one of SNOMED later.
    """
    for tag in tags.split("|"):
        parts = tag.removeprefix(_ENTRY).split("~")
        if not tag.startswith(_ENTRY) or len(parts) < 3:
            continue
        category, kind = (part.split("^") for part in parts[1:3])
        if len(kind) < 2 or (kind[1] in _UNCHOSEN and category[1:2] == kind[1:2]):
            return None
        return kind[1] or None if kind[0] in ("SCT", "SRT", _OURS) else None
    return None


def _scheme_of(code: str) -> str:
    if code.isdecimal():
        return "SCT"
    return "SRT" if _SNOMED_RT.fullmatch(code) else _OURS
