"""Which file labels are saved to when nobody is asked."""

from __future__ import annotations

from dataclasses import dataclass
from stat import S_IWGRP, S_IWOTH, S_IWUSR
from typing import TYPE_CHECKING

from napari_seg.imaging.file_formats import WRITABLE_SUFFIXES, case_name, suffix_of
from napari_seg.imaging.file_stamp import Stamp
from napari_seg.viewer.keeping.label_records import is_networks_own, read_record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NEW = ".nii.gz"


@dataclass(frozen=True)
class OwnFile:
    """The file that labels came from, or were saved to last.

    Attributes
    ----------
    path
        The file.
    stamp
        Of the file then; None where it was not there.
    """

    path: Path
    stamp: Stamp | None


@dataclass(frozen=True)
class ScanPlace:
    """Where labels without a file of their own may go.

    Attributes
    ----------
    scan
        The file or folder of their scan; None where it came from none.
    case
        What the scan is called, for a preferred folder; None without a scan.
    preferred
        The folder that the person set for labels without a file.
    """

    scan: Path | None
    case: str | None
    preferred: Path | None


@dataclass(frozen=True)
class Choice:
    """A file to save to, and what a person should know of it; empty if nothing."""

    path: Path
    notice: str = ""


def choose_place(own: OwnFile | None, place: ScanPlace, *, by_hand: bool, name: str) -> Choice:
    """Choose the file to save labels to; no file is chosen that holds something else.

    The file that they came from, unless it is a network's own output, which is kept: then
    ``x_dseg_edited.nii.gz`` beside ``x_dseg.nii.gz``. A file that is read-only is kept, too.
    Without a file ``<scan>_dseg.nii.gz`` in the preferred folder, or beside the scan. A number is
    added to a name that is taken.

    Parameters
    ----------
    own
        The file of the labels, if they have one.
    place
        Where they go otherwise.
    by_hand
        Whether there is work by hand in them.
    name
        Of the layer, for the error.

    Raises
    ------
    ValueError
        If there is neither a file, nor a scan with a file, nor a preferred folder.
    """
    if own is not None:
        return _beside_own(own, by_hand=by_hand)
    folder = place.preferred
    if folder is None and place.scan is not None:
        folder = place.scan.parent
    if folder is None:
        raise ValueError(
            f"'{name}' has no file yet, and neither has a scan that it lies on: set a folder for "
            "labels in the preferences of napari-seg, or use File > Save Selected Layers once"
        )
    case = place.case if place.scan is None else case_name(place.scan)
    return Choice(_free(folder, f"{case or name}_dseg"))


def _beside_own(own: OwnFile, *, by_hand: bool) -> Choice:
    path = own.path
    case = case_name(path)
    if path.name.lower().endswith(".seg.nrrd"):
        case = path.name[: -len(".seg.nrrd")]
    is_writable = suffix_of(path) in WRITABLE_SUFFIXES and not path.is_dir()
    if not is_writable:
        # Among these are DICOM segmentations: an archive knows them by what they hold.
        return Choice(_free(path.parent, f"{case}_edited"), f"'{path.name}' is left as it is")
    now = Stamp.of(path)
    if now is None:
        return Choice(path)
    if _is_protected(path):
        return Choice(_free(path.parent, case), f"'{path.name}' is read-only and is left as it is")
    if is_networks_own(read_record(path) or {}):
        return Choice(
            _free(path.parent, f"{case}_edited" if by_hand else case),
            f"'{path.name}' keeps what the network wrote",
        )
    if own.stamp != now:
        return Choice(
            _free(path.parent, case),
            f"'{path.name}' was written by somebody else meanwhile and is left as it is",
        )
    return Choice(path)


def _is_protected(path: Path) -> bool:
    # What its owner has marked: replacing a file needs no right to write into it.
    return not path.stat().st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)


def _free(folder: Path, stem: str) -> Path:
    return next(path for path in _names(folder, stem) if not path.exists())


def _names(folder: Path, stem: str) -> Iterator[Path]:
    yield folder / f"{stem}{_NEW}"
    number = 2
    while True:
        yield folder / f"{stem}_{number}{_NEW}"
        number += 1
