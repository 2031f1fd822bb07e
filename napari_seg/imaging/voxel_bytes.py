"""Take the voxels out of a file, plain or packed, without trusting what its header claims."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

_CHUNK_BYTES = 1 << 22
# No gzip stream unpacks to more than this many times its own size.
_LARGEST_RATIO = 1032
_GZIP = b"\x1f\x8b"


def is_packed(path: Path) -> bool:
    """Tell by its first bytes whether a file is a gzip file, whatever its name."""
    with path.open("rb") as file:
        return file.read(2) == _GZIP


@contextmanager
def open_unpacked(path: Path, *, name: str | None = None) -> Iterator[BinaryIO]:
    """Open a file, and unpack it on the way where it is a gzip file.

    Parameters
    ----------
    path
        The file.
    name
        What messages call it; ``None`` for its name.

    Raises
    ------
    ValueError
        Where what is read of it inside the ``with`` cannot be unpacked.
    """
    try:
        with gzip.open(path, "rb") if is_packed(path) else path.open("rb") as stream:
            yield cast("BinaryIO", stream)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(
            f"'{name or path.name}' is damaged or cut short and cannot be unpacked; fetch it again"
        ) from error


def most_bytes(path: Path) -> int:
    """Return how many bytes a file can hold at most, once unpacked."""
    return path.stat().st_size * (_LARGEST_RATIO if is_packed(path) else 1)


def read_exactly(
    stream: BinaryIO,
    count: int,
    path: Path,
    *,
    name: str | None = None,
    skipped: int = 0,
    on_progress: Callable[[float], None] | None = None,
) -> tuple[NDArray[np.uint8], int]:
    """Read `count` bytes of an opened file, and the rest of it to prove it whole.

    Parameters
    ----------
    stream
        From `open_unpacked`.
    count
        What the header claims.
    path
        The file behind the stream.
    name
        What messages call it; ``None`` for its name.
    skipped
        Where they begin in the unpacked file, at or behind where the stream is.
    on_progress
        Called with the fraction that was read.

    Returns
    -------
    bytes, surplus
        The bytes, and how many more the file holds.

    Raises
    ------
    ValueError
        If the file holds fewer; found before any memory is taken, or while it grows.
    """
    name = name or path.name
    if skipped + count > most_bytes(path):
        raise ValueError(too_short(name, count, max(most_bytes(path) - skipped, 0)))
    stream.seek(skipped)
    if not is_packed(path) or _packed_size(path) == (skipped + count) % (1 << 32):
        raw = _fill(stream, np.empty(count, np.uint8), name, on_progress)
    else:
        raw = _grow(stream, count, name, on_progress)
    if not is_packed(path):
        return raw, path.stat().st_size - skipped - count
    surplus = 0
    while chunk := stream.read(_CHUNK_BYTES):  # a gzip file proves itself only at its end
        surplus += len(chunk)
    return raw, surplus


def unpack_zlib(path: Path, *, name: str, skipped: int, count: int) -> NDArray[np.uint8]:
    """Unpack `count` bytes of a zlib or gzip stream that begins inside a file; messages call it `name`.

    Raises
    ------
    ValueError
        If the stream is damaged, or does not hold just so many.
    """
    if count > (path.stat().st_size - skipped) * _LARGEST_RATIO:
        raise ValueError(too_short(name, count, path.stat().st_size * _LARGEST_RATIO))
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    raw = bytearray()
    with path.open("rb") as file:
        file.seek(skipped)
        try:
            while not unpacker.eof and len(raw) <= count:
                packed = unpacker.unconsumed_tail or file.read(_CHUNK_BYTES)
                if not packed:
                    break
                raw += unpacker.decompress(packed, _CHUNK_BYTES)
        except zlib.error as error:
            raise ValueError(
                f"'{name}' is damaged and cannot be unpacked; fetch it again"
            ) from error
    if len(raw) < count or not unpacker.eof:
        raise ValueError(too_short(name, count, len(raw)))
    return np.frombuffer(raw, np.uint8)


def too_short(name: str, count: int, held: int) -> str:
    """Say that a file holds less than its header claims."""
    return (
        f"'{name}' is cut short or damaged: its header claims {count} bytes of voxels, "
        f"the file holds at most {held}; fetch it again"
    )


def _packed_size(path: Path) -> int:
    # A gzip file of one part ends with the size of what it holds, modulo 2**32.
    with path.open("rb") as file:
        file.seek(-4, os.SEEK_END)
        return int.from_bytes(file.read(4), "little")


def _fill(
    stream: BinaryIO,
    raw: NDArray[np.uint8],
    name: str,
    on_progress: Callable[[float], None] | None,
) -> NDArray[np.uint8]:
    view, done = raw.data, 0
    while done < len(raw):
        # `readinto` exists in every binary stream, though not in its type.
        got = stream.readinto(view[done : done + _CHUNK_BYTES])  # type: ignore[attr-defined]
        if not got:
            raise ValueError(too_short(name, len(raw), done))
        done += got
        if on_progress is not None:
            on_progress(done / len(raw))
    return raw


def _grow(
    stream: BinaryIO, count: int, name: str, on_progress: Callable[[float], None] | None
) -> NDArray[np.uint8]:
    # Grows with what is there, so that a false header cannot claim memory.
    raw = bytearray()
    while len(raw) < count:
        chunk = stream.read(min(_CHUNK_BYTES, count - len(raw)))
        if not chunk:
            raise ValueError(too_short(name, count, len(raw)))
        raw += chunk
        if on_progress is not None:
            on_progress(len(raw) / count)
    return np.frombuffer(raw, np.uint8)
