"""Take the voxels out of a file, plain or packed, without trusting what its header claims.

Packed files are read by ``isal``, at two to three times the speed of Python's own ``gzip``.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from isal import igzip, isal_zlib
from numpy.typing import NDArray

from napari_seg.imaging.free_memory import require_memory

_CHUNK_BYTES = 1 << 22
# No gzip stream unpacks to more than this many times its own size.
_LARGEST_RATIO = 1032
# Where a file does not fit into the memory left.
_WAY_OUT = "of a plain .nii 'napari-seg segment' holds only parts"
_GZIP = b"\x1f\x8b"
_GZIP_WRAPPED = zlib.MAX_WBITS | 16
# Its type is given wrongly, as that of a value.
_UNPACKING_ERROR = cast("type[Exception]", isal_zlib.error)


def is_packed(path: Path) -> bool:
    """Tell by its first bytes whether a file is a gzip file, whatever its name."""
    with path.open("rb") as file:
        return file.read(2) == _GZIP


def unpacked_size(path: Path) -> int:
    """Return what a gzip file says that it holds: of one part its bytes, modulo 2**32."""
    with path.open("rb") as file:
        file.seek(-4, os.SEEK_END)
        return int.from_bytes(file.read(4), "little")


@dataclass(frozen=True)
class StoredBytes:
    """A file that holds voxels.

    Parameters
    ----------
    path
        The file.
    name
        What messages call it, to stand between single quotes.
    packed
        Whether it is a gzip file.
    """

    path: Path
    name: str
    packed: bool

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open the file, to be read unpacked.

        Raises
        ------
        ValueError
            Where what is read of it inside the ``with`` cannot be unpacked.
        """
        try:
            with igzip.open(self.path, "rb") if self.packed else self.path.open("rb") as stream:
                yield cast("BinaryIO", stream)
        except (EOFError, gzip.BadGzipFile, _UNPACKING_ERROR) as error:
            raise ValueError(
                f"'{self.name}' is damaged or cut short and cannot be unpacked; fetch it again"
            ) from error

    def read(
        self,
        stream: BinaryIO,
        count: int,
        *,
        skipped: int,
        on_progress: Callable[[float], None] | None = None,
    ) -> tuple[NDArray[np.uint8], int]:
        """Read voxels, and what follows them to prove the file whole.

        Parameters
        ----------
        stream
            From `open`.
        count
            The bytes that the header claims.
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
            If the file holds fewer; found before the memory is taken, or while it grows.
        MemoryError
            If they do not fit into the memory left; with the figures.
        """
        size = self.path.stat().st_size
        most = size * _LARGEST_RATIO if self.packed else size
        if skipped + count > most:
            raise ValueError(too_short(self.name, count, max(most - skipped, 0)))
        require_memory(count, self.name, way_out=_WAY_OUT)
        stream.seek(skipped)
        if not self.packed or unpacked_size(self.path) == (skipped + count) % (1 << 32):
            raw = self._fill(stream, np.empty(count, np.uint8), on_progress)
        else:
            raw = self._grow(stream, count, on_progress)
        surplus = 0 if self.packed else size - skipped - count
        while self.packed and (chunk := stream.read(_CHUNK_BYTES)):
            surplus += len(chunk)  # a gzip file proves itself only at its end
        return raw, surplus

    def mapped(self, count: int, *, skipped: int) -> tuple[NDArray[np.uint8], int]:
        """Give the voxels of a plain file where they lie; parameters and results as of `read`.

        Raises
        ------
        ValueError
            If the file holds fewer.
        """
        size = self.path.stat().st_size
        if skipped + count > size:
            raise ValueError(too_short(self.name, count, max(size - skipped, 0)))
        raw = np.memmap(self.path, np.uint8, "r", skipped, (count,))
        return np.asarray(raw), size - skipped - count

    def _fill(
        self,
        stream: BinaryIO,
        raw: NDArray[np.uint8],
        on_progress: Callable[[float], None] | None,
    ) -> NDArray[np.uint8]:
        view, done = raw.data, 0
        while done < len(raw):
            # `readinto` exists in every binary stream, though not in its type.
            got = stream.readinto(view[done : done + _CHUNK_BYTES])  # type: ignore[attr-defined]
            if not got:
                raise ValueError(too_short(self.name, len(raw), done))
            done += got
            if on_progress is not None:
                on_progress(done / len(raw))
        return raw

    def _grow(
        self, stream: BinaryIO, count: int, on_progress: Callable[[float], None] | None
    ) -> NDArray[np.uint8]:
        # Grows with what is there, so that a false header cannot claim memory.
        raw = bytearray()
        while len(raw) < count:
            chunk = stream.read(min(_CHUNK_BYTES, count - len(raw)))
            if not chunk:
                raise ValueError(too_short(self.name, count, len(raw)))
            raw += chunk
            if on_progress is not None:
                on_progress(len(raw) / count)
        return np.frombuffer(raw, np.uint8)

    def read_zlib(
        self, count: int, *, skipped: int, on_progress: Callable[[float], None] | None = None
    ) -> tuple[NDArray[np.uint8], int]:
        """Unpack a zlib or gzip stream that begins at byte `skipped`; returns as `read` does.

        Raises
        ------
        ValueError
            If the stream is damaged, has no end or holds fewer bytes.
        """
        most = (self.path.stat().st_size - skipped) * _LARGEST_RATIO
        if count > most:
            raise ValueError(too_short(self.name, count, most))
        raw = bytearray()
        with self.path.open("rb") as file:
            file.seek(skipped)
            wrapped = _GZIP_WRAPPED if file.read(2) == _GZIP else zlib.MAX_WBITS
            file.seek(skipped)
            unpacker = isal_zlib.decompressobj(wbits=wrapped)
            try:
                while not unpacker.eof and len(raw) <= count:
                    packed = unpacker.unconsumed_tail or file.read(_CHUNK_BYTES)
                    part = unpacker.decompress(packed, _CHUNK_BYTES)
                    if not packed and not part:
                        break
                    raw += part
                    if on_progress is not None:
                        on_progress(min(len(raw) / count, 1.0))
            except _UNPACKING_ERROR as error:
                raise ValueError(
                    f"'{self.name}' is damaged and cannot be unpacked; fetch it again"
                ) from error
        if len(raw) < count or not (unpacker.eof or len(raw) > count):
            raise ValueError(too_short(self.name, count, min(len(raw), count - 1)))
        return np.frombuffer(raw, np.uint8, count), len(raw) - count


def too_short(name: str, count: int, held: int) -> str:
    """Say that a file holds less than its header claims."""
    return (
        f"'{name}' is cut short or damaged: its header claims {count} bytes of voxels, "
        f"the file holds at most {held}; fetch it again"
    )
