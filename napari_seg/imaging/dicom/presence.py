"""Tell quickly whether a folder holds DICOM, without reading it through."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from napari_seg.imaging.dicom.headers import DamagedFile, read_headers
from napari_seg.imaging.file_formats import DICOM_SUFFIXES, PAIR_SUFFIXES, SCAN_SUFFIXES, suffix_of
from napari_seg.imaging.file_kinds import file_kind

# So many names are listed, and so many files opened, before a folder is taken to hold none: a
# file of another kind is told by its name, which costs no more than listing it.
_MOST_NAMES = 50_000
_MOST_OPENED = 500
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
    opened = 0
    for path in _possible_files(folder):
        if not _is_called_like_slices(path):
            unlikely.append(path)
        elif opened < _MOST_OPENED:
            opened += 1
            if _is_dicom(path):
                yield path
    yield from filter(_is_dicom, unlikely[:_MOST_OPENED])


def _possible_files(folder: Path) -> Iterator[Path]:
    names = ((above, name) for above, _, within in os.walk(folder) for name in within)
    for above, name in islice(names, _MOST_NAMES):
        if not name.startswith(".") and not name.lower().endswith(_OTHER_SUFFIXES):
            yield Path(above, name)


def _is_called_like_slices(path: Path) -> bool:
    """Tell whether a name ends in ``.dcm``, in no suffix or, like a UID, in a number."""
    end = path.suffix.lower()
    return suffix_of(path) in DICOM_SUFFIXES or end in ("", ".ima") or end[1:].isdigit()


def _is_dicom(path: Path) -> bool:
    try:
        # A pipe would be waited for.
        return path.is_file() and file_kind(path) == "a DICOM file"
    except OSError:
        return False
