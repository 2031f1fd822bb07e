"""Find the files in a folder at any depth, and the links that are not followed on the way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def files_below(folder: Path) -> Iterator[Path]:
    """Give the files of a folder and the folders in it; links to folders are not followed.

    A link may lead anywhere, also back up, and what hides the names of files looks at what lies
    in a folder alone. Links to files are files.

    Raises
    ------
    OSError
        If a folder may not be read.
    """
    for entry in list(os.scandir(folder)):
        if entry.is_dir(follow_symlinks=False):
            yield from files_below(Path(entry.path))
        elif _is_file(entry):
            yield Path(entry.path)


def unfollowed_links(path: Path) -> str:
    """Say how many links to folders a folder holds, as the end of a sentence; empty for none."""
    links = [
        Path(above, name)
        for above, folders, _ in os.walk(path)
        for name in folders
        if Path(above, name).is_symlink()
    ]
    if not links:
        return ""
    if len(links) == 1:
        return f"; the link '{links[0].name}' to a folder is not followed: choose that folder"
    return f"; its {len(links)} links to folders are not followed: choose one of those folders"


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        # Links in a circle.
        return False
