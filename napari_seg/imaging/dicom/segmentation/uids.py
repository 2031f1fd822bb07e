"""The UIDs by which a DICOM segmentation refers to the series it was drawn on."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.uid import UID

from napari_seg.imaging.scan import Notice

# Names for people of the UIDs that a de-identifier may have emptied.
_NAMES = {
    "StudyInstanceUID": "Study Instance UID",
    "SeriesInstanceUID": "Series Instance UID",
    "FrameOfReferenceUID": "Frame of Reference UID",
}
_IMAGES = ("Image Storage", "Volume Storage")


@dataclass(frozen=True)
class SourceUids:
    """What names the images that were segmented.

    Parameters
    ----------
    study, series, frame_of_reference
        Of all images.
    storage
        Their SOP Class UID.
    instances
        The SOP Instance UID of each file.
    """

    study: UID
    series: UID
    frame_of_reference: UID
    storage: UID
    instances: tuple[UID, ...]


class MissingUidsError(ValueError):
    """A series lacks identifiers that ``new_uids=True`` would make."""


def find_uids(
    headers: Sequence[pydicom.Dataset], paths: Sequence[Path], *, new_uids: bool
) -> tuple[SourceUids, tuple[Notice, ...]]:
    """Return the UIDs of a series; those it lacks are made where that is asked for.

    The class and the instance come from the file meta information where a de-identifier emptied
    those of the data set. What is made depends on the instances alone (on the bytes of the files
    where these lack, too), so that it is the same each time.

    Raises
    ------
    MissingUidsError
        If the images lack UIDs and `new_uids` is false.
    ValueError
        If they are of different studies, series or kinds.
    """
    stated = {name: _shared(headers, name) for name in _NAMES}
    storage = _storage(headers, paths)
    instances = [_of(header, "SOPInstanceUID", "MediaStorageSOPInstanceUID") for header in headers]
    lacking = [_NAMES[name] for name, uid in stated.items() if uid is None]
    wrong = [_NAMES[name] for name in _NAMES if stated[name] is None and _says(headers, name)]
    lacks_instances = None in instances or len(set(instances)) < len(instances)
    if lacks_instances:
        lacking.append("SOP Instance UID of each slice")
    if lacking and not new_uids:
        raise MissingUidsError(
            f"the series {_stated_no(lacking, wrong)}, so a DICOM segmentation cannot refer to it; let them be made (new_uids=True, "
            "--new-uids), or save the labels as NIfTI (.nii.gz) or .seg.nrrd"
        )
    if lacks_instances:
        instances = [_made("instance", _hash(path)) for path in paths]
    named = [UID(str(one)) for one in instances]
    seed = " ".join(sorted(named))
    found = {name: uid or _made(name, seed) for name, uid in stated.items()}
    study, series, frame_of_reference = found.values()
    uids = SourceUids(study, series, frame_of_reference, storage, tuple(named))
    made = {name: str(found[name]) for name, uid in stated.items() if uid is None}
    return uids, (_notice(_stated_no(lacking, wrong), made),) if lacking else ()


def _shared(headers: Sequence[pydicom.Dataset], name: str) -> UID | None:
    values = {UID(str(header.get(name) or "").strip()) for header in headers}
    valid = {uid for uid in values if uid.is_valid}
    if len(valid) > 1:
        raise ValueError(
            f"the slices of the scan state different {_NAMES[name]}s, so a DICOM segmentation "
            "cannot refer to them; save the labels as NIfTI (.nii.gz) or .seg.nrrd"
        )
    # Of a series that states it in a part of its slices, all slices have it.
    return valid.pop() if valid else None


def _storage(headers: Sequence[pydicom.Dataset], paths: Sequence[Path]) -> UID:
    found = {_of(header, "SOPClassUID", "MediaStorageSOPClassUID") for header in headers}
    storage = found.pop() if len(found) == 1 else None
    if storage is None or not storage.name.endswith(_IMAGES):
        raise ValueError(
            f"the slices of the scan, such as '{paths[0].name}', do not say which kind of image "
            "they are (SOP Class UID), so a DICOM segmentation cannot refer to them; save the "
            "labels as NIfTI (.nii.gz) or .seg.nrrd"
        )
    return storage


def _of(header: pydicom.Dataset, name: str, in_file_meta: str) -> UID | None:
    for value in (header.get(name), header.file_meta.get(in_file_meta)):
        uid = UID(str(value or "").strip())
        if uid.is_valid:
            return uid
    return None


def _made(kind: str, seed: str) -> UID:
    return UID(f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, f'napari-seg {kind} {seed}').int}")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _says(headers: Sequence[pydicom.Dataset], name: str) -> bool:
    return any(str(header.get(name) or "").strip() for header in headers)


def _stated_no(lacking: Sequence[str], wrong: Sequence[str]) -> str:
    """Tell apart what is empty and what is stated, but is no identifier by the rules."""
    empty = [name for name in lacking if name not in wrong]
    said = []
    if empty:
        said.append(f"states no {_listed(empty)} (a de-identifier may have emptied them)")
    if wrong:
        said.append(
            f"states a {_listed(wrong)} that DICOM does not allow (such as one with a leading "
            "zero between two points)"
        )
    return " and ".join(said)


def _notice(cause: str, made: dict[str, str]) -> Notice:
    message = (
        f"the series {cause}: the segmentation carries new ones, made from "
        "the instances of the series and the same each time; the series itself is left as it is, "
        "so an archive shows both together only once the series carries them too"
    )
    return Notice("new-uids", message, made)


def _listed(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
