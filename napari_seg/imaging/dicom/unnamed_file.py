"""Open a file so that what is logged of it does not name it."""

from __future__ import annotations

import io
from pathlib import Path


class _Unnamed(io.BufferedReader):
    name = "a DICOM file"


def open_unnamed(path: Path) -> io.BufferedReader:
    """Open a file so that pydicom's warnings do not show its path.

    Raises
    ------
    PermissionError
        If it may not be read; the message holds its name alone.
    """
    try:
        return _Unnamed(io.FileIO(path))
    except PermissionError as error:
        raise PermissionError(
            f"'{path.name}' may not be read; ask for the right to it, or take it out of the folder"
        ) from error
