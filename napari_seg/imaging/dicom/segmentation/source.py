"""The images that a DICOM segmentation refers to: where their frames lie, and no text but theirs."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pydicom
from numpy.typing import NDArray

from napari_seg.imaging.dicom.frames import frame_values
from napari_seg.imaging.dicom.headers import BROKEN
from napari_seg.imaging.dicom.segmentation.identity import (
    IDENTITY_TAGS,
    add_compression,
    add_patient_and_study,
)
from napari_seg.imaging.dicom.segmentation.uids import SourceUids, find_uids
from napari_seg.imaging.dicom.unnamed_file import open_unnamed
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Notice, Scan

_INSTEAD = "save the labels as NIfTI (.nii.gz) or .seg.nrrd instead"
# The gate of the reader lets slices lie that far from its grid.
_TOLERANCE_MM = 0.15
_TOLERANCE_STEPS = 0.25
_PLACE_TAGS = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")
_TAGS = (
    *("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"),
    *("FrameOfReferenceUID", "Rows", "Columns", "NumberOfFrames", "SliceThickness"),
    *("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
    *_PLACE_TAGS,
    *IDENTITY_TAGS,
)


@dataclass(frozen=True, eq=False)
class SegmentedImages:
    """What highdicom needs to know of the images that were segmented.

    Parameters
    ----------
    datasets
        Headers of single slices in the order of k, or of one multi-frame file; with no text of
        the source but what the standard demands in a segmentation.
    positions
        Where the first pixel of each slice k lies, in mm, LPS, as its header says.
    frames
        Which frame of a multi-frame file each slice k is, from 1; empty for single slices.
    notices
        What was made up or left out.
    """

    datasets: tuple[pydicom.Dataset, ...]
    positions: tuple[hd.PlanePositionSequence, ...]
    frames: tuple[int, ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, eq=False)
class _Frame:
    """One picture of the source: the number of its file, and what its header says."""

    file: int
    values: dict[str, Any]
    shape: tuple[int, int]

    def corners_ras(self) -> NDArray[np.float64]:
        """Return where the first pixel and the three other corners lie, in mm."""
        rows, columns = self.shape
        numbers = [np.asarray(self.values[tag], dtype=float) for tag in _PLACE_TAGS]
        position, direction, spacing = numbers
        across = direction[:3] * spacing[1] * (columns - 1)
        down = direction[3:] * spacing[0] * (rows - 1)
        corners = position + np.array([0 * across, across, down, across + down])
        turned: NDArray[np.float64] = corners * (-1, -1, 1)
        return turned


def segmented_images(source: Scan, *, new_uids: bool = False) -> SegmentedImages:
    """Gather what a segmentation of a scan must say of the images behind it.

    Parameters
    ----------
    source
        A scan that was read from a DICOM series, on the series' own grid.
    new_uids
        Whether UIDs that the series lacks are made.

    Raises
    ------
    FileNotFoundError
        If a slice is no longer there.
    ValueError
        If the scan came from another kind of file or was resampled, or the series lacks UIDs or
        places.
    """
    paths = _files_of(source)
    headers = [_read(path) for path in paths]
    frames = _frames(headers, paths)
    among = frozenset(source.source.dicom_frames or range(len(frames)))
    order = _order(frames, source.geometry, among)
    if len(paths) > 1:
        headers = [headers[frames[index].file] for index in order]
        paths = [paths[frames[index].file] for index in order]
    uids, notices = find_uids(headers, paths, new_uids=new_uids)
    is_multi_frame = "PerFrameFunctionalGroupsSequence" in headers[0]
    if is_multi_frame:
        datasets = [_multi_frame(headers[0], frames)]
    else:
        datasets = [_single(frames[index]) for index in order]
    step = _step_mm(source.geometry)
    first = frames[order[0]]
    thickness = headers[0].get("SliceThickness") or first.values.get("SliceThickness") or step
    for number, (header, dataset) in enumerate(zip(headers, datasets, strict=True)):
        _add_measures(dataset, thickness, step if len(order) > 1 else None)
        _add_uids(dataset, header, uids, number)
        left_out = add_patient_and_study(dataset, header)
        notices += tuple(one for one in left_out if one not in notices)
    add_compression(datasets, headers)
    positions = tuple(
        hd.PlanePositionSequence("PATIENT", frames[index].values["ImagePositionPatient"])
        for index in order
    )
    numbers = tuple(index + 1 for index in order) if is_multi_frame else ()
    return SegmentedImages(tuple(datasets), positions, numbers, notices)


def _files_of(source: Scan) -> list[Path]:
    if source.source.format != "DICOM" or not source.source.dicom_files:
        raise ValueError(
            "a DICOM segmentation refers to the DICOM series that was segmented, but this scan "
            f"came from no DICOM file ({source.source.format}); read the scan from its series, "
            f"or {_INSTEAD}"
        )
    if any(notice.code == "resampled" for notice in source.notices):
        raise ValueError(
            "a DICOM segmentation lies on the slices of its series, but this scan was resampled "
            f"when its series was repaired, so its voxels are others; {_INSTEAD}"
        )
    # A multi-frame file may be named once for each slice.
    return list(dict.fromkeys(source.source.dicom_files))


def _read(path: Path) -> pydicom.Dataset:
    if not path.is_file():
        raise FileNotFoundError(
            f"the slice '{path.name}' of the scan is gone; a DICOM segmentation needs it: put it "
            f"back, or {_INSTEAD}"
        )
    try:
        with open_unnamed(path) as file:
            return pydicom.dcmread(
                file, stop_before_pixels=True, force=True, specific_tags=list(_TAGS)
            )
    except BROKEN as error:
        raise ValueError(
            f"'{path.name}' can no longer be read as a slice of the scan; fetch it again, or "
            f"{_INSTEAD}"
        ) from error


def _frames(headers: Sequence[pydicom.Dataset], paths: Sequence[Path]) -> list[_Frame]:
    frames = []
    for file, (header, path) in enumerate(zip(headers, paths, strict=True)):
        shape = (int(header.get("Rows") or 0), int(header.get("Columns") or 0))
        found: Sequence[Any] = [header]
        if "PerFrameFunctionalGroupsSequence" in header:
            if len(headers) > 1:
                raise ValueError(
                    "the scan came from several multi-frame files, and a DICOM segmentation can "
                    f"be written for one; {_INSTEAD}"
                )
            found = list(frame_values(header))
        for values in found:
            kept = {tag: values.get(tag) for tag in (*_PLACE_TAGS, "SliceThickness")}
            if any(kept[tag] is None or kept[tag] == "" for tag in _PLACE_TAGS):
                raise ValueError(
                    f"'{path.name}' does not say where its pixels lie (ImagePositionPatient, "
                    "ImageOrientationPatient, PixelSpacing), so a DICOM segmentation cannot "
                    f"either; {_INSTEAD}"
                )
            frames.append(_Frame(file, kept, shape))
    return frames


def _order(frames: Sequence[_Frame], geometry: Geometry, among: Container[int]) -> list[int]:
    """Find the frame of each k by its place, whatever the order of the files.

    Other frames than those of `among` may lie there, too: those of another time.
    """
    i, j, count = geometry.shape
    tolerance = max(_TOLERANCE_MM, _TOLERANCE_STEPS * min(geometry.spacing))
    found: dict[int, int] = {}
    for index, frame in enumerate(frames):
        if index not in among:
            continue
        corners = frame.corners_ras()
        k = round(float(geometry.to_index(corners[0])[2]))
        expected = geometry.to_mm([(0, 0, k), (i - 1, 0, k), (0, j - 1, k), (i - 1, j - 1, k)])
        if frame.shape == (j, i) and np.abs(corners - expected).max() <= tolerance:
            found.setdefault(k, index)
    if not all(k in found for k in range(count)):
        raise ValueError(
            "the grid of the scan is not that of the slices of its series (it was cropped, "
            f"turned or resampled); give the scan as it was read, or {_INSTEAD}"
        )
    return [found[k] for k in range(count)]


def _step_mm(geometry: Geometry) -> float:
    across, down, step = (geometry.affine[:3, axis] for axis in range(3))
    normal = np.cross(across, down)
    return abs(float(step @ normal / np.linalg.norm(normal)))


def _single(frame: _Frame) -> pydicom.Dataset:
    dataset = pydicom.Dataset()
    for tag in _PLACE_TAGS:
        setattr(dataset, tag, frame.values[tag])
    return dataset


def _multi_frame(header: pydicom.Dataset, frames: Sequence[_Frame]) -> pydicom.Dataset:
    directions = np.array([frame.values["ImageOrientationPatient"] for frame in frames], float)
    spacings = np.array([frame.values["PixelSpacing"] for frame in frames], float)
    extent_mm = float((spacings.max(axis=0) * frames[0].shape).max())
    bend_mm = float(np.ptp(directions, axis=0).max()) * extent_mm
    stretch_mm = float((np.ptp(spacings, axis=0) * frames[0].shape).max())
    if max(bend_mm, stretch_mm) > _TOLERANCE_MM:
        raise ValueError(
            "the file of the scan holds frames of several directions or pixel sizes, which a "
            f"DICOM segmentation cannot refer to; {_INSTEAD}"
        )
    shared, measures, orientation = pydicom.Dataset(), pydicom.Dataset(), pydicom.Dataset()
    measures.PixelSpacing = frames[0].values["PixelSpacing"]
    orientation.ImageOrientationPatient = frames[0].values["ImageOrientationPatient"]
    shared.PixelMeasuresSequence = [measures]
    shared.PlaneOrientationSequence = [orientation]
    dataset = pydicom.Dataset()
    dataset.NumberOfFrames = len(frames)
    dataset.SharedFunctionalGroupsSequence = [shared]
    items = []
    for frame in frames:
        item = pydicom.Dataset()
        position = frame.values["ImagePositionPatient"]
        item.PlanePositionSequence = hd.PlanePositionSequence("PATIENT", position)
        items.append(item)
    dataset.PerFrameFunctionalGroupsSequence = items
    return dataset


def _add_measures(dataset: pydicom.Dataset, thickness: Any, step: float | None) -> None:
    shared = dataset.get("SharedFunctionalGroupsSequence")
    measures = shared[0].PixelMeasuresSequence[0] if shared else dataset
    measures.SliceThickness = thickness
    if step is not None:
        measures.SpacingBetweenSlices = pydicom.valuerep.DSfloat(step, auto_format=True)


def _add_uids(
    dataset: pydicom.Dataset, header: pydicom.Dataset, uids: SourceUids, number: int
) -> None:
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = uids.study, uids.series
    dataset.FrameOfReferenceUID = uids.frame_of_reference
    dataset.PositionReferenceIndicator = ""
    dataset.SOPClassUID, dataset.SOPInstanceUID = uids.storage, uids.instances[number]
    dataset.Rows, dataset.Columns = header.Rows, header.Columns
    dataset.ReferringPhysicianName = ""
