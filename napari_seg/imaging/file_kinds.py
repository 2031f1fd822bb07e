"""Say what a file is by its first bytes, whatever its name claims."""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path
from typing import Literal

# DICOM files begin with 128 free bytes and this word.
_DICOM_WORD = slice(128, 132)
HEAD_BYTES = 512
FREESURFER = "a FreeSurfer volume (MGH)"
_BEGINNINGS = (
    (b"\x1f\x8b", "a gzip file"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"NRRD", "an NRRD file"),
    (b"BZh", "a file packed by bzip2"),
    (b"\xfd7zXZ\x00", "a file packed by xz"),
    (b"\x28\xb5\x2f\xfd", "a file packed by zstd"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"\0\0\0\x0cjP", "a JPEG 2000 picture"),
    (b"CDF", "a MINC or netCDF file"),
    (b"MATLAB", "a MATLAB file"),
    (b"\0\0\0\1\0\0", FREESURFER),
    (b"<?xml", "an XML file"),
    (b"%PDF", "a PDF document"),
    (b"\x89HDF", "an HDF5 file"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file it stands for"),
)
# Lines of "Name = value", one of the names being that of every MetaImage.
_META_IMAGE = re.compile(rb"(?:\w+[ \t]*=[^\r\n]*\r?\n)*?(?:ObjectType|NDims)[ \t]*=")


def file_kind(path: Path) -> str:
    """Name what a file holds, such as ``"a web page"``; ``"an unknown kind of file"`` at worst.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        return kind_of_bytes(file.read(HEAD_BYTES))


def kind_inside(path: Path) -> str:
    """Name what a file holds as `file_kind` does, and of a gzip file what is packed in it."""
    kind = file_kind(path)
    if kind != "a gzip file":
        return kind
    try:
        with gzip.open(path, "rb") as file:
            return kind_of_bytes(file.read(HEAD_BYTES))
    except (EOFError, OSError, zlib.error):
        return "a damaged gzip file"


def kind_of_bytes(head: bytes) -> str:
    """Name what begins with these bytes; `HEAD_BYTES` of them are enough."""
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
    if _META_IMAGE.match(head):
        return "a MetaImage file"
    if _begins_with_an_element(head):
        return "a DICOM file"
    if not any(head):
        return "a file of zeros"
    return "an unknown kind of file"


def _begins_with_an_element(head: bytes) -> bool:
    """Tell whether a file may be DICOM without the free bytes, as old ones are.

    It begins with its first element, of group 0002 or 0008: the group, a small number, then two
    letters or a small length.
    """
    is_typed = head[4:6].isalpha() and head[4:6].isupper()
    orders: tuple[Literal["little", "big"], ...] = ("little", "big")
    for order in orders:
        group, element = (int.from_bytes(head[at : at + 2], order) for at in (0, 2))
        length = int.from_bytes(head[4:8], order)
        if group in (2, 8) and element <= 0x1000 and (is_typed or length in range(2, 66, 2)):
            return True
    return False
