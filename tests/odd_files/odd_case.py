"""One odd file, and what is to become of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from napari_seg import read_labels, read_scan

Build = Callable[..., Path]


@dataclass(frozen=True)
class Place:
    """A voxel, the RAS+ millimetres of its centre, and what it holds."""

    index: tuple[int, int, int]
    mm: tuple[float, float, float]
    value: Any


@dataclass(frozen=True)
class Case:
    """A file that `build` makes, and its verdict.

    Parameters
    ----------
    name
        What is odd about it.
    build
        Makes it in a folder; where it is of real bytes it is given the folder of those, too.
    read
        The public door that it goes through.
    places
        Two voxels at least, by hand or by another reader. For real bytes a function of their
        folder.
    notices
        The codes of all notices, in their order.
    refused
        A pattern that the message matches; empty where the file is read.
    in_viewer
        Whether it goes through the viewer's reader, too.
    is_real
        Whether it is made of real bytes.
    """

    name: str
    build: Build
    read: Callable[[Path], Any] = read_scan
    places: tuple[Place, ...] | Callable[[Path], tuple[Place, ...]] = ()
    notices: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    refused: str = ""
    in_viewer: bool = False
    is_real: bool = False


def is_read(
    name: str,
    *notices: str,
    places: Any,
    shape: tuple[int, ...] = (),
    **how: Any,
) -> Callable[[Build], Case]:
    """Make a case of a builder, which is read with these notices."""

    def case_of(build: Build) -> Case:
        return Case(name, build, places=places, notices=notices, shape=shape, **how)

    return case_of


def is_refused(name: str, message: str, **how: Any) -> Callable[[Build], Case]:
    """Make a case of a builder, which is refused with a message that this pattern matches."""

    def case_of(build: Build) -> Case:
        return Case(name, build, refused=message, **how)

    return case_of


def from_bytes(case: Callable[[Build], Case], file_name: str, content: bytes) -> Case:
    """Make a case of what a file of this name holds."""

    def build(folder: Path) -> Path:
        path = folder / file_name
        path.write_bytes(content)
        return path

    return case(build)


def as_labels(case: Case, **how: Any) -> Case:
    """Let a case go through the door for labels instead."""
    return replace(case, read=partial(read_labels, **how))
