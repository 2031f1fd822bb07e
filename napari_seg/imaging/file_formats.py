"""What the names of files say: the format, the case, whether they hold labels."""

from __future__ import annotations

import re
from pathlib import Path

NIFTI_SUFFIXES = (".nii", ".nii.gz")
PAIR_SUFFIXES = (".hdr", ".img", ".hdr.gz", ".img.gz")
ITK_SUFFIXES = (".nrrd", ".nhdr", ".mha", ".mhd")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
DICOM_SUFFIXES = (".dcm",)
SCAN_SUFFIXES = (
    *NIFTI_SUFFIXES,
    *PAIR_SUFFIXES,
    *ITK_SUFFIXES,
    *PICTURE_SUFFIXES,
    *DICOM_SUFFIXES,
)
"""How the names of the files end that are read; DICOM slices may have no suffix at all."""
WRITABLE_ITK_SUFFIXES = (".nrrd", ".mha")
WRITABLE_PICTURE_SUFFIXES = (".png", ".tif", ".tiff")
WRITABLE_SUFFIXES = (*NIFTI_SUFFIXES, *WRITABLE_ITK_SUFFIXES, *WRITABLE_PICTURE_SUFFIXES)
"""How the names of the files end that are written."""

_LABEL_WORD = re.compile(r"d?seg|(label|mask|segmentation)s?", re.IGNORECASE)
_LABEL_FOLDER = re.compile(r"(label|mask|segmentation)s?(tr|ts)?", re.IGNORECASE)


def suffix_of(path: str | Path) -> str:
    """Return the end of a name that says its format, in small letters; empty for an unknown one.

    Examples
    --------
    >>> suffix_of("scans/Patient 1.5T.NII.GZ")
    '.nii.gz'
    """
    name = Path(path).name.lower()
    known = [suffix for suffix in SCAN_SUFFIXES if name.endswith(suffix) and name != suffix]
    return max(known, key=len, default="")


def case_name(path: str | Path) -> str:
    """Return the name of a file without the end that says its format.

    Examples
    --------
    >>> case_name("scans/patient 1.5T.nii.gz")
    'patient 1.5T'
    """
    name = Path(path).name
    return name[: len(name) - len(suffix_of(name))]


def is_label_name(path: str | Path) -> bool:
    """Tell by its name, or that of its folder, whether a file holds labels.

    Examples
    --------
    >>> is_label_name("case_7_seg.nii.gz"), is_label_name("segovia_t1.nii.gz")
    (True, False)
    """
    words = re.split(r"[^A-Za-z]+", case_name(path))
    in_label_folder = _LABEL_FOLDER.fullmatch(Path(path).absolute().parent.name) is not None
    return in_label_folder or any(_LABEL_WORD.fullmatch(word) for word in words)
