"""Tell which series the damaged files of a folder belong to, or may."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from napari_seg.imaging.dicom.headers import DamagedFile
from napari_seg.imaging.dicom.slice_header import SliceHeader

# The free bytes and the word of DICOM: with fewer a file says nothing of itself.
_LEAST_BYTES = 132
# The parts of a name in which the slices of a series differ; some are numbered in hex.
_NUMBERS = re.compile(r"[0-9A-Fa-f]+")


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


def owned_and_near(
    series: Sequence[tuple[str, Iterable[SliceHeader]]], damaged: Iterable[DamagedFile]
) -> list[tuple[tuple[Path, ...], tuple[Path, ...]]]:
    """Share damaged files out among series, each given by its UID and its slices.

    Returns
    -------
    list of pairs
        For each series the files that name it, or name none that was found and lie beside a
        slice of it; and those that lie in a folder without any slice, and that folder nearer to
        this series than to others.
    """
    uids = {uid for uid, _ in series if uid}
    folders = [{one.path.parent for one in slices} for _, slices in series]
    around = [{above for folder in own for above in (folder, *folder.parents)} for own in folders]
    shares: list[tuple[list[Path], list[Path]]] = [([], []) for _ in series]
    for one in damaged:
        folder = one.path.parent
        if one.uid in uids:
            owners = [number for number, (uid, _) in enumerate(series) if uid == one.uid]
        else:
            owners = [number for number, own in enumerate(folders) if folder in own]
        for number in owners:
            shares[number][0].append(one.path)
        if owners:
            continue
        nearest = next(
            (above for above in (folder, *folder.parents) if any(above in own for own in around)),
            None,
        )
        for number, own in enumerate(around):
            if nearest in own:
                shares[number][1].append(one.path)
    return [(tuple(own), tuple(near)) for own, near in shares]


def _without_numbers(path: Path) -> str:
    return _NUMBERS.sub("#", path.name)


def _begins_with_nothing(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(_LEAST_BYTES)
    return len(head) < _LEAST_BYTES or not any(head)
