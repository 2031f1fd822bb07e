"""What tells whether a file was written to since."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Stamp:
    """How a file looked from outside. To be taken before it is read, not after.

    Attributes
    ----------
    modified_ns
        When it was written to last, in ns since 1970.
    bytes
        Its size.
    """

    modified_ns: int
    bytes: int

    @classmethod
    def of(cls, path: Path) -> Stamp | None:
        """Look at a file; None where there is none."""
        try:
            found = path.stat()
        except OSError:
            return None
        return cls(found.st_mtime_ns, found.st_size)
