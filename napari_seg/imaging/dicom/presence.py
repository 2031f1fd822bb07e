"""Tell quickly whether a folder holds DICOM, without reading it through."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from napari_seg.imaging.dicom.headers import DamagedFile, read_headers
from napari_seg.imaging.file_formats import DICOM_SUFFIXES, PAIR_SUFFIXES, SCAN_SUFFIXES
from napari_seg.imaging.file_kinds import file_kind

# So many names are listed, and so many files opened, before a folder is taken to hold none. That
# of a file of another kind costs no more than listing it; few are opened in spite of it.
_MOST_NAMES = 50_000
_MOST_OPENED = 500
_MOST_MISNAMED = 20
# Slices on discs may be called I001.img, as half of an Analyze pair is.
_OTHER_SUFFIXES = (
    *(end for end in SCAN_SUFFIXES if end not in (*DICOM_SUFFIXES, *PAIR_SUFFIXES)),
    *(".avi", ".bmp", ".bval", ".bvec", ".class", ".csv", ".ctbl", ".db", ".dll", ".doc"),
    *(".docx", ".exe", ".gif", ".gz", ".heic", ".htm", ".html", ".inf", ".ini", ".jar", ".js"),
    *(".json", ".md", ".mov", ".mp4", ".pdf", ".ppt", ".pptx", ".py", ".pyc", ".stl"),
    *(".tsv", ".txt", ".xls", ".xlsx", ".xml", ".zip"),
)


def holds_dicom(folder: Path) -> bool:
    """Tell whether a folder holds a DICOM file at any depth, as far as a quick look shows.

    Links to folders are not followed, and folders that may not be read are passed over.
    """
    return any(True for _ in _dicom_files(folder))


def holds_dicom_image(folder: Path) -> bool:
    """Tell as `holds_dicom` does whether a folder holds a DICOM file that `read_scan` reads."""
    return any(_is_image(path) for path in islice(_dicom_files(folder), _MOST_OPENED))


def _is_image(path: Path) -> bool:
    try:
        return bool(read_headers(path))
    except (DamagedFile, OSError):
        return False


def _dicom_files(folder: Path) -> Iterator[Path]:
    """Give the DICOM files below a folder, those first that are called like slices."""
    unlikely: list[Path] = []
    misnamed: list[Path] = []
    opened = 0
    for above, name in islice(_names_below(folder), _MOST_NAMES):
        if name.lower().endswith(_OTHER_SUFFIXES):
            misnamed += [Path(above, name)] if len(misnamed) < _MOST_MISNAMED else []
        elif not _is_called_like_slices(name):
            unlikely.append(Path(above, name))
        elif opened < _MOST_OPENED:
            opened += 1
            if _is_dicom(Path(above, name)):
                yield Path(above, name)
    yield from filter(_is_dicom, (*unlikely[:_MOST_OPENED], *misnamed))


def _names_below(folder: Path) -> Iterator[tuple[str, str]]:
    for above, _, names in os.walk(folder):
        yield from ((above, name) for name in names if not name.startswith("."))


def _is_called_like_slices(name: str) -> bool:
    """Tell whether a name ends in ``.dcm``, in no suffix or, like a UID, in a number."""
    _, dot, end = name.lower().rpartition(".")
    return not dot or end.isdigit() or f".{end}" in (*DICOM_SUFFIXES, ".ima")


def _is_dicom(path: Path) -> bool:
    try:
        # A pipe would be waited for.
        return path.is_file() and file_kind(path) == "a DICOM file"
    except OSError:
        return False
