"""How much memory the computer has left, or the container that the program runs in."""

from __future__ import annotations

from pathlib import Path

_CGROUP, _MEMORY = Path("/sys/fs/cgroup"), Path("/proc/meminfo")


def free_bytes() -> int:
    """Return how many bytes of memory are left."""
    free, limit = _of_computer(), _of_container()
    return free if limit is None else min(free, limit)


def require_memory(needed: int, name: str, *, way_out: str) -> None:
    """See that voxels fit into the memory left.

    Parameters
    ----------
    needed
        Bytes, with the copies that are made of them on the way.
    name
        Of the file or folder that they are read from.
    way_out
        What can be done where they do not fit.

    Raises
    ------
    MemoryError
        If they do not, with the figures.
    """
    free = free_bytes()
    if needed > free:
        raise MemoryError(
            f"'{name}' takes {needed / 1e9:.1f} GB of memory to read, and {free / 1e9:.1f} GB are "
            f"free; {way_out}"
        )


def _of_computer() -> int:
    # psutil reads and splits all of this file, for one line.
    try:
        text = _MEMORY.read_text()
        return 1024 * int(text.split("MemAvailable:", 1)[1].split(None, 1)[0])
    except (OSError, ValueError, IndexError):  # not Linux
        import psutil

        return int(psutil.virtual_memory().available)


def _of_container() -> int | None:
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        if not limit.isdigit():
            return None
        used = int((_CGROUP / "memory.current").read_text())
        files = (_CGROUP / "memory.stat").read_text().split()
    except (OSError, ValueError):
        return None
    # Pages of files are given back when memory is wanted.
    cached = int(files[files.index("file") + 1]) if "file" in files else 0
    return max(int(limit) - used + cached, 0)
