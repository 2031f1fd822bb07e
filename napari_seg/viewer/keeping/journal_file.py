"""Journals on disk: each is of one layer of one running napari, and readable after any crash."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import platformdirs
from filelock import FileLock, Timeout

from napari_seg.viewer.keeping.journal_entries import (
    MAGIC,
    pack_base,
    pack_patch,
    unpack,
)

if TYPE_CHECKING:
    from napari_seg.viewer.keeping.journal_entries import Base, Patch

_NEW_BYTES = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
_SUFFIX, _PARTIAL = ".journal", ".partial"


class Journal:
    """One journal, which no other process touches while this one lives; for use in any thread.

    Parameters
    ----------
    path
        Of the file, which `write` makes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = Lock()
        # The system frees it however the process ends.
        self._lock = FileLock(f"{path}.lock", thread_local=False)
        self._size = 0
        self._is_removed = False

    @classmethod
    def new(cls, folder: Path) -> Journal:
        """Name a journal that is not there yet."""
        return cls(folder / f"{secrets.token_hex(8)}{_SUFFIX}")

    @classmethod
    def abandoned(cls, folder: Path) -> list[Journal]:
        """Take over the journals whose processes have ended, the oldest first."""
        for partial in folder.glob(f"*{_PARTIAL}"):
            # Nobody's, or of a process that writes it just now.
            cls(partial.with_suffix(_SUFFIX))._clear_away(partial)
        taken = [one for one in map(cls, folder.glob(f"*{_SUFFIX}")) if one._take()]
        return sorted(taken, key=_time_of)

    @property
    def size(self) -> int:
        """Bytes written so far; 0 before the first."""
        return self._size

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    def write(self, base: Base, patch: Patch) -> None:
        """Add an entry; the first one brings the base along. Nothing once it is removed.

        Raises
        ------
        OSError
            If the disk is full or the folder may not be written to. What was written before
            stays readable.
        """
        with self._guard:
            if self._is_removed:
                return
            if self._size:
                self._append(pack_patch(patch))
            else:
                self._begin(MAGIC + pack_base(base) + pack_patch(patch))

    def read(self) -> tuple[Base, list[Patch]]:
        """Read up to the last whole entry.

        Raises
        ------
        OSError, ValueError
            If there is no such file, or it is no journal.
        """
        return unpack(self._path.read_bytes())

    def remove(self) -> None:
        """Delete it for good; what another thread is writing into it goes, too."""
        with self._guard:
            self._is_removed = True
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            self._free()

    def release(self) -> None:
        """Leave the file to whoever comes next."""
        with self._guard:
            self._is_removed = True
            with suppress(OSError):
                self._lock.release(force=True)

    def _take(self) -> bool:
        try:
            self._lock.acquire(blocking=False)
        except (Timeout, OSError):
            return False
        # Its process may have removed it just now.
        if not self._path.is_file():
            self._free()
            return False
        return True

    def _clear_away(self, partial: Path) -> None:
        try:
            self._lock.acquire(blocking=False)
        except (Timeout, OSError):
            return
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        self._free()

    def _free(self) -> None:
        if not self._lock.is_locked:
            return
        file = Path(self._lock.lock_file)
        with suppress(OSError):
            if os.name == "posix":
                # While it is held, so that nobody waits for it; names are never used twice.
                file.unlink(missing_ok=True)
            self._lock.release(force=True)
            file.unlink(missing_ok=True)

    def _begin(self, content: bytes) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = self._path.with_suffix(_PARTIAL)
        if not self._lock.is_locked:
            self._lock.acquire(blocking=False)
        try:
            with os.fdopen(os.open(partial, _NEW_BYTES, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._path)
        except OSError:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            raise
        self._size = len(content)

    def _append(self, entry: bytes) -> None:
        with self._path.open("r+b") as file:
            # Away with what an entry left that did not fit onto the disk.
            file.truncate(self._size)
            file.seek(self._size)
            file.write(entry)
            file.flush()
            os.fsync(file.fileno())
        self._size += len(entry)


def _time_of(journal: Journal) -> float:
    return journal.path.stat().st_mtime


def journal_folder() -> Path:
    """Return where journals lie: in the person's folder of application data."""
    return Path(platformdirs.user_data_path("napari-seg", appauthor=False)) / "unsaved labels"
