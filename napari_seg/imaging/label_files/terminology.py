"""Codes of terminologies as 3D Slicer writes them into the tags of a segment."""

from __future__ import annotations

import re

from napari_seg.imaging.label_table import Label

_ENTRY = "TerminologyEntry:"
_CATEGORIES = "Segmentation category and type - 3D Slicer General Anatomy list"
_REGIONS = "Anatomic codes - DICOM master list"
_ANATOMICAL_STRUCTURE = "SCT^123037004^Anatomical Structure"
# What Slicer writes where nobody chose anything.
_UNCHOSEN = {"85756007", "T-D0050"}
_SNOMED_RT = re.compile(r"[A-Z]-[0-9A-F]{5}")
_OURS = "99NAPARISEG"


def tags_of(label: Label) -> str:
    """Write the tags of a segment: its code, if it has one.

    Examples
    --------
    >>> tags_of(Label(1, "liver", (0, 0, 0), "10200004")).split("~")[1:3]
    ['SCT^123037004^Anatomical Structure', 'SCT^10200004^liver']
    """
    if label.code is None:
        return "|"
    # These four part the fields of an entry.
    meaning = re.sub(r"[~^|:\s]+", " ", label.name)
    kind = f"{_scheme_of(label.code)}^{label.code}^{meaning}"
    parts = [_CATEGORIES, _ANATOMICAL_STRUCTURE, kind, "^^", _REGIONS, "^^", "^^"]
    return f"{_ENTRY}{'~'.join(parts)}|"


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
