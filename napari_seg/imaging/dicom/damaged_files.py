"""Tell which series the damaged files of a folder belong to, or may."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_seg.imaging.dicom.headers import DamagedFile
from napari_seg.imaging.dicom.slice_header import SliceHeader

# The free bytes and the word of DICOM: with fewer a file says nothing of itself.
_LEAST_BYTES = 132
# The parts of a name in which the slices of a series differ; some are numbered in hex.
_NUMBERS = re.compile(r"[0-9A-Fa-f]+")
_UID = re.compile(r"[0-9]+(\.[0-9]+)+")


def blank_slices(strays: Iterable[Path], headers: Iterable[SliceHeader]) -> list[DamagedFile]:
    """Return the files that hold nothing, or zeros, and are named like a slice that was read.

    An interrupted copy or a full disk leaves such. Others, such as an empty ``LOCKFILE``, are none.
    """
    names = {_without_numbers(one.path) for one in headers}
    return [
        DamagedFile(path)
        for path in strays
        if _without_numbers(path) in names and _begins_with_nothing(path)
    ]


@dataclass(frozen=True)
class Damage:
    """The damaged files that concern a series.

    Parameters
    ----------
    own
        They name it, or may be of it and lie beside a slice of it.
    near
        They lie in a folder without any slice, may be of it and are near.
    """

    own: tuple[Path, ...] = ()
    near: tuple[Path, ...] = ()


def share_out(
    series: Sequence[Sequence[SliceHeader]], damaged: Iterable[DamagedFile]
) -> tuple[list[Damage], tuple[Path, ...]]:
    """Share damaged files out among series, each given by its slices.

    A file that names another series is of none of these. One without a name in a folder without
    slices is near to those that lie below the closest folder above it: to one series, or to
    those of one study next to it. Of several studies it may be any, or another.

    Returns
    -------
    list of Damage
        For each series.
    tuple of Path
        The files that concern none of them.
    """
    places = [_Place.of(slices) for slices in series]
    own: list[list[Path]] = [[] for _ in series]
    near: list[list[Path]] = [[] for _ in series]
    apart = []
    for one in damaged:
        folder = one.path.parent
        named = [number for number, place in enumerate(places) if one.uid and place.uid == one.uid]
        possible = [number for number, place in enumerate(places) if place.may_hold(one.uid)]
        owners = named or [number for number in possible if folder in places[number].folders]
        neighbours = [] if owners else _neighbours(folder, possible, places)
        for number in owners:
            own[number].append(one.path)
        for number in neighbours:
            near[number].append(one.path)
        if not owners and not neighbours:
            apart.append(one.path)
    shares = [Damage(tuple(its), tuple(by)) for its, by in zip(own, near, strict=True)]
    return shares, tuple(apart)


def near_words(paths: Sequence[Path]) -> str:
    """Say in a sentence that damaged files lie near a series."""
    if len(paths) == 1:
        return f"{_such(paths)} is a damaged DICOM file, perhaps of this series"
    return (
        f"{len(paths)} DICOM files elsewhere are damaged, such as {_such(paths)}, "
        "perhaps of this series"
    )


def apart_words(paths: Sequence[Path]) -> str:
    """Say in a sentence that damaged files concern none of the series of a folder."""
    count = len(paths)
    files = "1 damaged DICOM file is" if count == 1 else f"{count} damaged DICOM files are"
    such = "" if count == 1 else "such as "
    return f"{files} of none of these series as far as can be told, {such}{_such(paths)}"


def _such(paths: Sequence[Path]) -> str:
    return f"'{paths[0].name}' in the folder '{paths[0].parent.name}'"


@dataclass(frozen=True)
class _Place:
    uid: str
    groups: frozenset[object]
    studies: frozenset[str]
    folders: frozenset[Path]
    around: frozenset[Path]

    @classmethod
    def of(cls, slices: Sequence[SliceHeader]) -> _Place:
        folders = frozenset(one.path.parent for one in slices)
        return cls(
            slices[0].uid,
            frozenset(one.group for one in slices),
            frozenset(one.study for one in slices),
            folders,
            frozenset(above for folder in folders for above in (folder, *folder.parents)),
        )

    def may_hold(self, uid: str) -> bool:
        # A file may end within the UID, and a de-identifier may have emptied that of the others.
        return not self.uid or not _is_uid(uid) or self.uid.startswith(uid)

    def is_next_to(self, folder: Path) -> bool:
        beside = {own.parent for own in self.folders}
        return (
            folder in self.around
            or bool({folder.parent, *folder.parents} & self.folders)
            or (folder.parent in beside)
        )


def _neighbours(folder: Path, possible: Sequence[int], places: Sequence[_Place]) -> list[int]:
    for above in (folder, *folder.parents):
        below = [number for number in possible if above in places[number].around]
        if below:
            break
    else:
        return []
    if len({group for number in below for group in places[number].groups}) == 1:
        return below
    if len({study for number in below for study in places[number].studies}) > 1:
        return []
    return [number for number in below if places[number].is_next_to(folder)]


def _is_uid(text: str) -> bool:
    return bool(_UID.fullmatch(text))


def _without_numbers(path: Path) -> str:
    return _NUMBERS.sub("#", path.name)


def _begins_with_nothing(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(_LEAST_BYTES)
    return len(head) < _LEAST_BYTES or not any(head)
