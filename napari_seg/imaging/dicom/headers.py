"""What the header of a DICOM file says of each of its pictures."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.uid import (
    UID,
    MRSpectroscopyStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from napari_seg.imaging.dicom.frames import REAL_WORLD, frame_values
from napari_seg.imaging.dicom.real_world import has_other_values
from napari_seg.imaging.dicom.slice_header import SliceHeader
from napari_seg.imaging.dicom.tag_values import (
    number,
    numbers,
    one_line,
    ratio,
    remark,
    texts,
    whole_number,
)
from napari_seg.imaging.dicom.unnamed_file import open_unnamed
from napari_seg.imaging.modalities import known_modality

Get = Callable[[str], Any]

BEAT_TAGS = ("TriggerTime", "NominalCardiacTriggerDelayTime", "TemporalPositionTimeOffset")
"""Times since a beat or the start: each slice may have its own, in the order of the phases."""
CLOCK_TAGS = ("AcquisitionTime", "ContentTime", "FrameReferenceDateTime")
"""Times of the day of a person's visit: they order, and are not to be told."""
PHASE_TAGS = (
    *("TemporalPositionIdentifier", "TemporalPositionIndex", "NominalPercentageOfCardiacPhase"),
    *("EchoNumbers", "EchoTime", "EffectiveEchoTime", "InversionTime", "InversionTimes"),
    *(*BEAT_TAGS, "FlipAngle"),
    *("DiffusionBValue", "DiffusionGradientOrientation", "VelocityEncodingDirection"),
    *("ASLContext", "ConvolutionKernel", "ComplexImageComponent"),
    *("ImageType", "FrameType", "AcquisitionNumber", "FrameAcquisitionNumber"),
    *CLOCK_TAGS,
)
"""The tags that tell volumes in one place apart, the plainest first."""

# What a broken header makes pydicom raise.
BROKEN = (
    *(InvalidDicomError, EOFError, OSError, ValueError, TypeError, AttributeError, KeyError),
    *(
        BytesLengthException,
        NotImplementedError,
        RecursionError,
        OverflowError,
        struct.error,
        zlib.error,
    ),
)

# The last one is "unspecified", which some programs write for HU.
_HOUNSFIELD = ("HU", "HU_MOD", "US")
# These have rows and columns too.
_NO_IMAGES = ("SEG", "RTDOSE")
_NO_IMAGE_STORAGE = (SegmentationStorage, MRSpectroscopyStorage)
_TAGS = (
    *("StudyInstanceUID", "StudyDate", "PatientID"),
    *("SeriesInstanceUID", "SeriesDescription", "SeriesNumber"),
    *("SOPClassUID", "Modality", "ImageType", "FrameOfReferenceUID", "InstanceNumber"),
    *("Rows", "Columns"),
    *("NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation", "ImageOrientationPatient"),
    *("ImagePositionPatient", "PixelSpacing", "ImagerPixelSpacing", "SliceThickness"),
    "PixelAspectRatio",
    "SpacingBetweenSlices",
    *("RescaleSlope", "RescaleIntercept", "RescaleType", REAL_WORLD),
    *("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
    *PHASE_TAGS,
)
# The first group of a file without the preamble: 0002 or 0008, in either byte order.
_FIRST_GROUPS = (b"\x02\x00", b"\x08\x00", b"\x00\x08")
# What follows the word "DICM", in which a byte may be damaged.
_FIRST_OF_META = b"\x02\x00\x00\x00UL"
# So the standard calls a list of files, which is no image.
_DIRECTORY = "DICOMDIR"


class DamagedFile(ValueError):
    """The header of a DICOM file ends too early or makes no sense.

    Parameters
    ----------
    path
        The file.
    uid
        SeriesInstanceUID, as far as it was read.
    """

    def __init__(self, path: Path, uid: str = "") -> None:
        self.path, self.uid = path, uid
        super().__init__(
            f"'{path.name}' is a damaged DICOM file: its header cannot be read; "
            "fetch it again or take it out of the folder"
        )


def read_headers(path: Path) -> list[SliceHeader]:
    """Read what a file says of its pictures; nothing for a file that is no DICOM image.

    Raises
    ------
    DamagedFile
        If it is DICOM, but its header cannot be read.
    """
    if path.name.startswith(".") or path.name.upper() == _DIRECTORY:
        return []
    with open_unnamed(path) as file:
        head = file.read(138)
        is_dicom = head[128:132] == b"DICM"
        if not is_dicom and head[132:] == _FIRST_OF_META:
            raise DamagedFile(path)
        # Files of another kind may begin so by chance.
        if not is_dicom and head[:2] not in _FIRST_GROUPS:
            return []
        file.seek(0)
        dataset = None
        try:
            dataset = pydicom.dcmread(
                file, stop_before_pixels=True, force=True, specific_tags=list(_TAGS)
            )
            return _pictures(dataset, path)
        except BROKEN as error:
            if not is_dicom:
                return []
            raise DamagedFile(path, _uid(dataset)) from error


def frame_name(uid: Any) -> str | None:
    """Name a frame of reference by a hash of its UID, as `Source` has it; None for no UID."""
    return f"dicom:{_hash(str(uid))}" if uid else None


def _uid(dataset: pydicom.Dataset | None) -> str:
    try:
        return "" if dataset is None else str(dataset.get("SeriesInstanceUID") or "")
    except BROKEN:
        return ""


def _pictures(dataset: pydicom.Dataset, path: Path) -> list[SliceHeader]:
    stated = dataset.get("SOPClassUID")
    storage = UID(str(dataset.file_meta.get("MediaStorageSOPClassUID") or stated or ""))
    if int(dataset.get("Rows") or 0) < 1 or int(dataset.get("Columns") or 0) < 1:
        # A whole file says what it is instead; a class that nobody knows may be a part of one.
        is_something_else = stated or storage.name != storage
        if not is_something_else or storage.name.endswith("Image Storage"):
            raise EOFError("the header of an image ends before its size")
        return []
    if str(dataset.get("Modality") or "") in _NO_IMAGES or storage in _NO_IMAGE_STORAGE:
        return []
    group = _group(dataset, path)
    is_capture = f"{storage}.".startswith(f"{SecondaryCaptureImageStorage}.")
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence")
    if not per_frame:
        count = int(dataset.get("NumberOfFrames") or 1)
        return [_slice_header(dataset.get, path, group, frames=count, is_capture=is_capture)]
    if len(per_frame) != int(dataset.get("NumberOfFrames") or 1):
        raise ValueError("another number of frames than stated")
    headers = []
    for index, values in enumerate(frame_values(dataset)):
        get = _either(values, dataset)
        headers.append(_slice_header(get, path, group, index=index, is_capture=is_capture))
    return headers


def _either(values: dict[str, Any], dataset: pydicom.Dataset) -> Get:
    return lambda name: values[name] if name in values else dataset.get(name)


def _group(dataset: pydicom.Dataset, path: Path) -> tuple[str, ...]:
    uid = str(dataset.get("SeriesInstanceUID") or "")
    named = (str(whole_number(dataset.get, "SeriesNumber")), str(dataset.get("Modality") or ""))
    # Some de-identifiers give all patients one UID, others empty it.
    # The study alone tells nothing more of a series: some programs give each slice one of its own.
    tags = ("PatientID",) if uid else ("PatientID", "StudyInstanceUID", "SeriesDescription")
    rest = ["" if uid else str(path.parent), *(str(dataset.get(tag) or "") for tag in tags)]
    # Only a hash is kept: what de-identifiers leave may still name a person.
    return (uid, *named, _hash("\0".join(rest)))


def _slice_header(
    get: Get,
    path: Path,
    group: tuple[str, ...],
    *,
    index: int = 0,
    frames: int = 1,
    is_capture: bool,
) -> SliceHeader:
    spacing = numbers(get("PixelSpacing"), 2)
    detector = numbers(get("ImagerPixelSpacing"), 2) if spacing is None else None
    kinds = [*texts(get("ImageType")), *texts(get("FrameType"))]
    return SliceHeader(
        path=path,
        group=group,
        study=_hash("\0".join(str(get(tag) or "") for tag in ("PatientID", "StudyInstanceUID"))),
        study_date=one_line(get("StudyDate")),
        uid=group[0],
        modality=known_modality(str(get("Modality") or "")),
        description=one_line(get("SeriesDescription")),
        series_number=whole_number(get, "SeriesNumber"),
        instance_number=whole_number(get, "InstanceNumber"),
        shape=(int(get("Rows")), int(get("Columns"))),
        index=index,
        frames=frames,
        samples=int(get("SamplesPerPixel") or 1),
        is_capture=is_capture,
        is_localizer="LOCALIZER" in kinds,
        is_mosaic="MOSAIC" in kinds,
        is_inverted=get("PhotometricInterpretation") == "MONOCHROME1",
        orientation=numbers(get("ImageOrientationPatient"), 6),
        position=numbers(get("ImagePositionPatient"), 3),
        spacing=spacing or detector,
        is_detector_spacing=detector is not None,
        aspect=ratio(get, "PixelAspectRatio"),
        thickness=remark(get("SliceThickness")),
        step=remark(get("SpacingBetweenSlices")),
        slope=number(get("RescaleSlope")),
        intercept=number(get("RescaleIntercept")),
        has_other_unit=get("Modality") == "CT"
        and str(get("RescaleType") or "HU") not in _HOUNSFIELD,
        has_other_values=has_other_values(
            get(REAL_WORLD) or (), number(get("RescaleSlope")), number(get("RescaleIntercept"))
        ),
        frame_of_reference=frame_name(get("FrameOfReferenceUID")),
        stack=one_line(get("StackID")),
        phases=tuple(_phase(get(tag)) for tag in PHASE_TAGS),
    )


def _phase(value: Any) -> str:
    return one_line(value) if isinstance(value, str) else "" if value is None else str(value)


def _hash(text: str) -> str:
    # The name of a folder may hold bytes that are no text.
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:16]
