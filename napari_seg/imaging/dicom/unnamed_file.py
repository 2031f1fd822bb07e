"""Open a DICOM file so that what is logged of it tells nothing of it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydicom.config import disable_value_validation


class _Unnamed(io.BufferedReader):
    name = "a DICOM file"


@contextmanager
def open_unnamed(path: Path) -> Iterator[io.BufferedReader]:
    """Open a file; inside the ``with``, pydicom's warnings neither name nor quote it.

    Those of a validation would quote what is wrong, such as an identifier.
    """
    with _Unnamed(io.FileIO(path)) as file, disable_value_validation():
        yield file
