"""Which file labels are saved to when nobody is asked."""

from __future__ import annotations

from dataclasses import dataclass
from stat import S_IWGRP, S_IWOTH, S_IWUSR
from typing import TYPE_CHECKING

from napari_seg.imaging.file_formats import WRITABLE_SUFFIXES, case_name, suffix_of
from napari_seg.viewer.file_stamp import Stamp
from napari_seg.viewer.keeping.free_names import is_free, numbered_names
from napari_seg.viewer.keeping.label_records import is_networks_own, read_record

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from napari_seg.imaging.scan import Notice

# What a file holds beyond the labels that were read from it, by the notice that tells of it.
_HOLDS_MORE = {
    "overlap": "its segments overlap, and these labels cannot",
    "no-segment": "it has voxels of no segment, which are background in these labels",
    "renumbered": "its segments have other values than these labels",
    "resampled": "it lies on another grid than these labels",
    "table-of-other-voxels": "the names in the table beside it were not used",
    "table-unread": "the table beside it was not read",
    "fewer-bits": "it holds more bits than were read",
    "alpha-dropped": "it is partly transparent, which was dropped",
}


@dataclass(frozen=True)
class OwnFile:
    """The file that labels came from, or were saved to last.

    Attributes
    ----------
    path
        The file.
    stamp
        Of the file then; None where it was not there.
    holds_more
        What the file holds and the labels do not, so that it is not replaced by them; empty where
        they are all of it.
    """

    path: Path
    stamp: Stamp | None
    holds_more: str = ""


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
    """A file to save to.

    Attributes
    ----------
    path
        The file.
    stamp
        Of the file that will be replaced; None where there is none.
    is_new
        Whether nothing of that name was there, neither labels nor what lies beside them.
    notice
        What a person should know of the choice; empty if nothing.
    """

    path: Path
    stamp: Stamp | None = None
    is_new: bool = False
    notice: str = ""


def choose_place(own: OwnFile | None, place: ScanPlace, *, by_hand: bool, name: str) -> Choice:
    """Choose the file to save labels to; no file is chosen that holds something else.

    The file that they came from, unless it is a network's own output, which is kept: then
    ``x_dseg_edited.nii.gz`` beside ``x_dseg.nii.gz``. So is a file that holds more than the labels
    that were read from it. A file that is read-only is kept, too.
    Without a file ``<scan>_dseg.nii.gz`` in the preferred folder, or beside the scan. A number is
    added to a name that is taken: by labels in any format, by a table or by a record.

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
    return _new(folder, f"{case or name}_dseg")


def what_file_holds_more(notices: Iterable[Notice]) -> str:
    """Say what a file holds and the labels that were read from it do not; empty where nothing."""
    found = dict.fromkeys(_HOLDS_MORE[one.code] for one in notices if one.code in _HOLDS_MORE)
    return " and ".join(found)


def _beside_own(own: OwnFile, *, by_hand: bool) -> Choice:
    path = own.path
    case = case_name(path)
    if path.name.lower().endswith(".seg.nrrd"):
        case = path.name[: -len(".seg.nrrd")]
    is_writable = suffix_of(path) in WRITABLE_SUFFIXES and not path.is_dir()
    if not is_writable:
        # Among these are DICOM segmentations: an archive knows them by what they hold.
        return _new(path.parent, f"{case}_edited", f"'{path.name}' is left as it is")
    now = Stamp.of(path)
    if now is None:
        return Choice(path)
    if _is_protected(path):
        return _new(path.parent, case, f"'{path.name}' is read-only and is left as it is")
    if own.holds_more:
        notice = f"'{path.name}' is left as it is, because {own.holds_more}"
        return _new(path.parent, f"{case}_edited", notice)
    if is_networks_own(read_record(path) or {}):
        stem = f"{case}_edited" if by_hand else case
        return _new(path.parent, stem, f"'{path.name}' keeps what the network wrote")
    if own.stamp != now:
        notice = f"'{path.name}' was written by somebody else meanwhile and is left as it is"
        return _new(path.parent, case, notice)
    return Choice(path, now)


def _is_protected(path: Path) -> bool:
    # What its owner has marked: replacing a file needs no right to write into it.
    return not path.stat().st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)


def _new(folder: Path, stem: str, notice: str = "") -> Choice:
    path = next(path for path in numbered_names(folder, stem) if is_free(path))
    return Choice(path, is_new=True, notice=notice)
