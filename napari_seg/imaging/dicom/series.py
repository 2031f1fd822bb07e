"""Find the series among DICOM files by their headers alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pydicom
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID

Numbers = tuple[float, ...]

# Directions of slices that differ by more are another stack, such as the planes of a localizer.
_SAME_DIRECTION = 0.01
# These have rows and columns too.
_NO_IMAGES = ("SEG", "RTDOSE")
_TIME_TAGS = (
    "TemporalPositionIdentifier",
    "EchoNumbers",
    "TriggerTime",
    "DiffusionBValue",
    "AcquisitionNumber",
    "AcquisitionTime",
    "ContentTime",
)
_TAGS = (
    *("SeriesInstanceUID", "SeriesDescription", "SeriesNumber", "Modality", "ImageType"),
    *("FrameOfReferenceUID", "InstanceNumber", "Rows", "Columns", "NumberOfFrames"),
    *("SamplesPerPixel", "PhotometricInterpretation", "ImageOrientationPatient"),
    *("ImagePositionPatient", "PixelSpacing", "ImagerPixelSpacing", "SliceThickness"),
    *_TIME_TAGS,
)


@dataclass(frozen=True)
class SliceHeader:
    """What the header of one slice says; lengths in mm, directions and places in LPS.

    Parameters
    ----------
    path
        Its file.
    series
        What slices of one series share; the UID first, which a de-identifier may have emptied.
    modality, description, series_number, instance_number
        As stored; empty or 0 where absent.
    shape
        ``(rows, columns)``.
    frames, samples
        Pictures in the file, and parts of a pixel (3 for colour).
    is_localizer, is_inverted
        Whether it is a planning picture; whether high values show dark (MONOCHROME1).
    orientation
        Direction along a row, then along a column; ``None`` where absent.
    position
        Centre of the first pixel; ``None`` where absent.
    spacing
        Between rows, then between columns; ``None`` where absent.
    is_detector_spacing
        Whether the spacing was measured at the detector rather than in the patient.
    thickness
        Of the slice; ``None`` where absent.
    times
        The values of the tags that tell phases, echoes and repeats apart.
    """

    path: Path
    series: tuple[str, ...]
    modality: str
    description: str
    series_number: int
    instance_number: int
    shape: tuple[int, int]
    frames: int
    samples: int
    is_localizer: bool
    is_inverted: bool
    orientation: Numbers | None
    position: Numbers | None
    spacing: Numbers | None
    is_detector_spacing: bool
    thickness: float | None
    times: tuple[str, ...]


@dataclass(frozen=True)
class Series:
    """The slices of one stack, in no certain order, and what tells it from its neighbours."""

    uid: str
    slices: tuple[SliceHeader, ...]
    distinction: str = ""

    @property
    def title(self) -> str:
        """One line for people: modality, description, slices and their size."""
        first = self.slices[0]
        count = f"{len(self.slices)} slice{'s' if len(self.slices) > 1 else ''}"
        words = [
            first.modality or "unknown modality",
            f"'{first.description}'" if first.description else "without a description",
            self.distinction,
        ]
        rows, columns = first.shape
        return f"{' '.join(filter(None, words))}, {count} of {columns} x {rows}"


def find_series(path: Path, *, on_progress: Callable[[float], None] | None = None) -> list[Series]:
    """Find the series of images in a folder, at any depth, or in one file.

    Files that are no DICOM image (other kinds, reports, segmentations) are passed over. A
    series is split where it holds localizers, other directions, or several volumes in the same
    place that one tag tells apart.
    """
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    headers = []
    for done, file in enumerate(files, start=1):
        header = _read_header(file)
        if header is not None:
            headers.append(header)
        if on_progress is not None:
            on_progress(done / len(files))
    headers.sort(key=lambda header: (header.series_number, header.series, header.is_localizer))
    grouped = groupby(headers, key=lambda header: (header.series, header.is_localizer))
    found = []
    for _, same in grouped:
        for stack in _by_direction(same):
            found += _by_time(stack)
    return found


def _read_header(path: Path) -> SliceHeader | None:
    if path.name.startswith("."):
        return None
    with path.open("rb") as file:
        head = file.read(132)
    has_word = head[128:] == b"DICM"
    # Old files lack the preamble and begin with their first group, as others may by chance.
    if not has_word and head[:2] != b"\x08\x00":
        return None
    try:
        dataset = pydicom.dcmread(
            path, stop_before_pixels=True, force=True, specific_tags=list(_TAGS)
        )
        return _slice_header(dataset, path)
    except (InvalidDicomError, EOFError, OSError, ValueError, TypeError) as error:
        if not has_word:
            return None
        raise ValueError(
            f"'{path.name}' is a damaged DICOM file: its header cannot be read; "
            "fetch it again or take it out of the folder"
        ) from error


def _slice_header(dataset: pydicom.Dataset, path: Path) -> SliceHeader | None:
    modality = str(dataset.get("Modality") or "")
    rows, columns = int(dataset.get("Rows") or 0), int(dataset.get("Columns") or 0)
    if rows < 1 or columns < 1:
        kind = str(dataset.file_meta.get("MediaStorageSOPClassUID") or "")
        if UID(kind).name.endswith("Image Storage"):
            raise EOFError("the header of an image ends before its size")
        return None
    if modality in _NO_IMAGES:
        return None
    uid = str(dataset.get("SeriesInstanceUID") or "")
    description = str(dataset.get("SeriesDescription") or "")
    number = str(dataset.get("SeriesNumber") or 0)
    fallback = () if uid else (str(dataset.get("FrameOfReferenceUID") or ""), description)
    spacing = _numbers(dataset.get("PixelSpacing"), 2)
    detector = _numbers(dataset.get("ImagerPixelSpacing"), 2) if spacing is None else None
    return SliceHeader(
        path=path,
        series=(uid, number, modality, *fallback),
        modality=modality,
        description=description,
        series_number=int(number),
        instance_number=int(dataset.get("InstanceNumber") or 0),
        shape=(rows, columns),
        frames=int(dataset.get("NumberOfFrames") or 1),
        samples=int(dataset.get("SamplesPerPixel") or 1),
        is_localizer="LOCALIZER" in list(dataset.get("ImageType") or ()),
        is_inverted=dataset.get("PhotometricInterpretation") == "MONOCHROME1",
        orientation=_numbers(dataset.get("ImageOrientationPatient"), 6),
        position=_numbers(dataset.get("ImagePositionPatient"), 3),
        spacing=spacing or detector,
        is_detector_spacing=detector is not None,
        thickness=float(dataset.get("SliceThickness") or 0) or None,
        times=tuple(str(dataset.get(name) or "") for name in _TIME_TAGS),
    )


def _numbers(value: Iterable[float] | None, count: int) -> Numbers | None:
    numbers = tuple(float(number) for number in value or ())
    return numbers if len(numbers) == count and bool(np.isfinite(numbers).all()) else None


def _by_direction(slices: Iterable[SliceHeader]) -> list[list[SliceHeader]]:
    stacks: list[list[SliceHeader]] = []
    for one in slices:
        for stack in stacks:
            if _same_direction(stack[0].orientation, one.orientation):
                stack.append(one)
                break
        else:
            stacks.append([one])
    return stacks


def _same_direction(one: Numbers | None, other: Numbers | None) -> bool:
    if one is None or other is None:
        # A slice without a direction is named later as a fault of its series.
        return True
    return float(np.abs(np.subtract(one, other)).max()) < _SAME_DIRECTION


def _by_time(slices: Sequence[SliceHeader]) -> list[Series]:
    whole = Series(slices[0].series[0], tuple(slices))
    places = {one.position for one in slices}
    if len(places) == len(slices) or len(slices) % len(places):
        return [whole]
    for rank, tag in enumerate(_TIME_TAGS):
        parts: dict[str, list[SliceHeader]] = {}
        for one in slices:
            parts.setdefault(one.times[rank], []).append(one)
        full = all({one.position for one in part} == places for part in parts.values())
        if full and len(parts) == len(slices) // len(places):
            return [
                replace(whole, slices=tuple(part), distinction=f"({tag} {value or 'empty'})")
                for value, part in sorted(parts.items())
            ]
    return [whole]
