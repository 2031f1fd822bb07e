"""Name pictures in messages, so that a person finds them."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from napari_seg.imaging.dicom.slice_header import SliceHeader


def picture_name(one: SliceHeader, among: Collection[SliceHeader]) -> str:
    """Name a picture's file, its frame where the file holds several of `among`.

    So is the folder where a file of the same name lies in another, from what they have in common.
    """
    paths = {one.path, *(other.path for other in among)}
    name = f"'{one.path.name}'"
    if any(path != one.path and path.name == one.path.name for path in paths):
        common = Path(os.path.commonpath([path.parent for path in paths]))
        folder = one.path.parent.relative_to(common).as_posix()
        name += "" if folder == "." else f" in the folder '{folder}'"
    if any(other.path == one.path and other.index != one.index for other in among):
        return f"frame {one.index + 1} of {name}"
    return name


def both_names(one: SliceHeader, other: SliceHeader) -> str:
    """Name two pictures, so that they are told apart."""
    pair = (one, other)
    return f"{picture_name(one, pair)} and {picture_name(other, pair)}"
