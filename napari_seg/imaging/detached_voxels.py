"""Find the file of voxels that a header names: in its own folder, or nowhere."""

from __future__ import annotations

import re
from pathlib import Path

_LONGEST_NAME = 200


def file_beside(path: Path, stated: str) -> Path | None:
    """Return the file that a header names, or None where the voxels follow the header.

    Parameters
    ----------
    path
        The file of the header.
    stated
        The name in it.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it names several files, or one in another folder.
    """
    stated = stated.removeprefix("./")
    if stated.upper() == "LOCAL":
        return None
    if stated.upper().startswith("LIST") or "%" in stated:
        raise ValueError(
            f"'{path.name}' spreads its voxels over several files, which is not read; "
            "convert it to one .nrrd or .mha file"
        )
    if re.search(r"[/\\:\0]", stated) or stated in ("", "..", ".") or len(stated) > _LONGEST_NAME:
        raise ValueError(
            f"'{path.name}' takes its voxels from outside its folder, which is refused; "
            "move both files into one folder and correct the name in the header"
        )
    beside = path.with_name(stated)
    if not beside.is_file():
        raise FileNotFoundError(
            f"'{path.name}' keeps its voxels in '{stated}', which is not beside it; copy it there"
        )
    return beside


def both_names(header: str, voxels: str) -> str:
    """Name the file of a header and that of its voxels, to stand between quotes in a message."""
    return f"{header}' with '{voxels}"
