"""Say what a file is by its first bytes, whatever its name claims."""

from __future__ import annotations

from pathlib import Path

# DICOM files begin with 128 free bytes and this word.
_DICOM_WORD = slice(128, 132)
_HEAD_BYTES = 512
_BEGINNINGS = (
    (b"\x1f\x8b", "a gzip file"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"NRRD", "an NRRD file"),
    (b"ObjectType", "a MetaImage file"),
    (b"%PDF", "a PDF document"),
    (b"\x89HDF", "an HDF5 file"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file it stands for"),
)


def file_kind(path: Path) -> str:
    """Name what a file holds, such as ``"a web page"``; ``"an unknown kind of file"`` at worst.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        return "an empty file"
    if head.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html", b"<head")):
        return "a web page"
    if head[_DICOM_WORD] == b"DICM":
        return "a DICOM file"
    # A NIfTI header begins with its own length, in either byte order.
    if head[:4] in (b"\x5c\x01\0\0", b"\0\0\x01\x5c", b"\x1c\x02\0\0", b"\0\0\x02\x1c"):
        return "a plain NIfTI file"
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if not any(head):
        return "a file of zeros"
    return "an unknown kind of file"
