"""Check a MetaImage file before SimpleITK reads it, which complains to the terminal by itself."""

from __future__ import annotations

import re
import zlib
from math import prod
from pathlib import Path

_BYTES = {
    "CHAR": 1,
    "UCHAR": 1,
    "SHORT": 2,
    "USHORT": 2,
    "INT": 4,
    "UINT": 4,
    "LONG": 4,
    "ULONG": 4,
    "LONG_LONG": 8,
    "ULONG_LONG": 8,
    "FLOAT": 4,
    "DOUBLE": 8,
}
_FIELD = re.compile(rb"^[ \t]*(\w+)[ \t]*=[ \t]*(.*?)[ \t]*\r?\n", re.MULTILINE)
_LAST_FIELD = "ElementDataFile"
_CHUNK_BYTES = 1 << 22


def check_meta_image(path: Path, header: bytes, voxel_file: Path) -> None:
    """Refuse a file that lacks a field, or holds fewer voxels than its header claims.

    Parameters
    ----------
    path
        The file that holds the header.
    header
        Its first bytes.
    voxel_file
        `path`, or the file that the header names.

    Raises
    ------
    ValueError
        Naming the file and what is missing.
    """
    fields, length = _fields(header)
    sizes = _whole_numbers(fields.get("DimSize", ""))
    if not sizes or min(sizes) < 1 or fields.get("NDims") != str(len(sizes)):
        raise ValueError(f"'{path.name}' is damaged: its header states no shape; fetch it again")
    kind = fields.get("ElementType", "").removeprefix("MET_").removesuffix("_ARRAY")
    if kind not in _BYTES:
        raise ValueError(
            f"'{path.name}' is damaged: its header states no kind of voxel; fetch it again"
        )
    if _LAST_FIELD not in fields:
        raise ValueError(f"'{path.name}' is cut short within its header; fetch it again")
    channels = _whole_numbers(fields.get("ElementNumberOfChannels", "1")) or [1]
    claimed = prod(sizes) * channels[0] * _BYTES[kind]
    skipped = length if voxel_file == path else 0
    held = (
        _unpacked_bytes(voxel_file, skipped, claimed)
        if fields.get("CompressedData", "").lower() == "true"
        else voxel_file.stat().st_size - skipped
    )
    if held < claimed:
        raise ValueError(
            f"'{path.name}' is cut short or damaged: its header claims {claimed} bytes of voxels, "
            f"the file holds {held} that can be read; fetch it again"
        )


def _fields(header: bytes) -> tuple[dict[str, str], int]:
    """Read the fields up to the last one, and the number of bytes that they take."""
    fields: dict[str, str] = {}
    for match in _FIELD.finditer(header):
        name = match[1].decode()
        fields[name] = match[2].decode(errors="replace")
        if name == _LAST_FIELD:
            return fields, match.end()
    return fields, len(header)


def _whole_numbers(text: str) -> list[int]:
    words = text.split()
    return [int(word) for word in words] if all(word.isdecimal() for word in words) else []


def _unpacked_bytes(path: Path, start: int, most: int) -> int:
    """Count what can be unpacked; fewer than `most` where the end of the stream is missing."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    count = 0
    with path.open("rb") as file:
        file.seek(start)
        try:
            while not unpacker.eof and count <= most:
                packed = unpacker.unconsumed_tail or file.read(_CHUNK_BYTES)
                if not packed:
                    return min(count, most - 1)
                count += len(unpacker.decompress(packed, _CHUNK_BYTES))
        except zlib.error:
            return min(count, most - 1)
    return count
