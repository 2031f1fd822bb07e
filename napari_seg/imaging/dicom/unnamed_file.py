"""Open a file so that what is logged of it does not name it."""

from __future__ import annotations

import io
from pathlib import Path


class _Unnamed(io.BufferedReader):
    name = "a DICOM file"


def open_unnamed(path: Path) -> io.BufferedReader:
    """Open a file so that pydicom's warnings do not show its path."""
    return _Unnamed(io.FileIO(path))
