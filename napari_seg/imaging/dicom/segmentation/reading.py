"""DICOM segmentations (DICOM-SEG) in: every frame by its place, never by its number."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from highdicom.seg import Segmentation
from numpy.typing import NDArray
from pydicom.datadict import tag_for_keyword

from napari_seg.imaging.dicom.headers import BROKEN, frame_name
from napari_seg.imaging.dicom.segmentation.grid import FrameGrid, SegmentationError, frame_grid
from napari_seg.imaging.dicom.segmentation.segments import background_of, labels_of
from napari_seg.imaging.dicom.unnamed_file import open_unnamed
from napari_seg.imaging.label_table import Label, LabelTable
from napari_seg.imaging.progress import OnProgress, ignore_progress
from napari_seg.imaging.scan import LabelMap, Notice, Source

# Segmentation Storage and Label Map Segmentation Storage.
_STORAGE = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")


def is_segmentation(path: str | Path) -> bool:
    """Tell whether a file is a DICOM segmentation, by its header alone."""
    try:
        with open_unnamed(Path(path)) as file:
            if file.read(132)[128:] != b"DICM":
                return False
            file.seek(0)
            header = pydicom.dcmread(file, specific_tags=["SOPClassUID"], stop_before_pixels=True)
            stated = header.get("SOPClassUID") or header.file_meta.get("MediaStorageSOPClassUID")
    except BROKEN:
        return False
    return stated in _STORAGE


def read_segmentation(path: str | Path, *, on_progress: OnProgress | None = None) -> LabelMap:
    """Read a DICOM segmentation.

    Parameters
    ----------
    path
        A file of the kind BINARY, FRACTIONAL or LABELMAP.
    on_progress
        Called with the fraction of the frames that was read.

    Returns
    -------
    LabelMap
        On the smallest grid that holds all frames, each at its stated place: the file does not
        say how far the scan reaches; `label_alignment.align_labels` brings the labels onto it.
        Where segments overlap, the one of the highest number has the voxel, with a notice. A
        fraction of at least a half is taken for the structure, with a notice, since that is the
        border of a probability or an occupancy and a label map holds nothing between.

    Raises
    ------
    ValueError
        If it is no segmentation, is damaged, or its frames fill no grid.
    """
    path = Path(path)
    if not is_segmentation(path):
        raise ValueError(
            f"'{path.name}' is no DICOM segmentation; open it as a scan, or choose another file"
        )
    try:
        with open_unnamed(path) as file:
            dataset = pydicom.dcmread(file)
            grid = frame_grid(dataset)
            labels = labels_of(dataset)
            segmentation = Segmentation.from_dataset(dataset, copy=False)
            array, notices = _voxels(segmentation, grid, labels, on_progress or ignore_progress)
    except (*BROKEN, IndexError, sqlite3.Error) as error:
        raise ValueError(
            f"'{path.name}': the segmentation {_cause(error)}; export it again from the program "
            "that made it"
        ) from error
    return LabelMap(
        array,
        grid.geometry,
        LabelTable(tuple(labels.values())),
        notices=(*grid.notices, *notices),
        source=Source(
            "DICOM",
            modality="SEG",
            frame=frame_name(dataset.get("FrameOfReferenceUID")),
        ),
    )


def _cause(error: Exception) -> str:
    if isinstance(error, SegmentationError):
        return str(error)
    # What else a library says may quote the header.
    field = next(filter(tag_for_keyword, re.findall(r"[A-Z]\w+", str(error))), None)
    return "is damaged or not whole" + (f" ({field})" if field else "")


def _voxels(
    dataset: Segmentation, grid: FrameGrid, labels: dict[int, Label], report: OnProgress
) -> tuple[NDArray[Any], tuple[Notice, ...]]:
    largest = max((label.value for label in labels.values()), default=1)
    array = np.zeros(grid.geometry.shape, dtype=np.min_scalar_type(largest), order="F")
    overlap: NDArray[np.bool_] | None = None
    for start, value, mask in _masks(dataset, grid, labels, report):
        columns, rows = mask.shape
        here = (slice(start[0], start[0] + columns), slice(start[1], start[1] + rows), start[2])
        part = array[here]
        hidden = mask & (part != 0) & (part != value)
        if hidden.any():
            overlap = np.zeros(array.shape, bool, order="F") if overlap is None else overlap
            overlap[here] |= hidden
        part[mask] = value
    return array, (*_threshold_notice(dataset), *_overlap_notice(overlap))


def _masks(
    dataset: Segmentation, grid: FrameGrid, labels: dict[int, Label], report: OnProgress
) -> Iterator[tuple[NDArray[np.int64], int, NDArray[np.bool_]]]:
    """Give the first voxel, the value and the mask ``(i, j)`` of each piece, later ones on top."""
    if dataset.SegmentationType == "LABELMAP":
        yield from _masks_of_label_map(dataset, grid, labels, report)
        return
    least = 1
    if dataset.SegmentationType == "FRACTIONAL":
        least = (int(dataset.MaximumFractionalValue) + 1) // 2
    numbers_of_frames = _segment_numbers(dataset)
    for done, index in enumerate(np.argsort(numbers_of_frames, kind="stable"), start=1):
        number = numbers_of_frames[index]
        if number not in labels:
            raise SegmentationError(f"holds segment {number}, which it does not describe")
        pixels = dataset.get_stored_frame(int(index) + 1).T
        yield grid.starts[index], labels[number].value, pixels >= least
        report(done / len(numbers_of_frames))


def _masks_of_label_map(
    dataset: Segmentation, grid: FrameGrid, labels: dict[int, Label], report: OnProgress
) -> Iterator[tuple[NDArray[np.int64], int, NDArray[np.bool_]]]:
    background = background_of(dataset)
    for frame, start in enumerate(grid.starts, start=1):
        numbers = dataset.get_stored_frame(frame).T
        for number in {int(one) for one in np.unique(numbers)} - background:
            if number not in labels:
                raise SegmentationError(f"holds segment {number}, which it does not describe")
            yield start, labels[number].value, numbers == number
        report(frame / len(grid.starts))


def _segment_numbers(dataset: pydicom.Dataset) -> list[int]:
    shared = dataset.SharedFunctionalGroupsSequence[0].get("SegmentIdentificationSequence")
    numbers = []
    for item in dataset.PerFrameFunctionalGroupsSequence:
        stated = item.get("SegmentIdentificationSequence") or shared
        if not stated:
            raise SegmentationError("does not say which segment a frame belongs to")
        numbers.append(int(stated[0].ReferencedSegmentNumber))
    return numbers


def _threshold_notice(dataset: pydicom.Dataset) -> tuple[Notice, ...]:
    if dataset.SegmentationType != "FRACTIONAL":
        return ()
    kind = str(dataset.get("SegmentationFractionalType") or "fraction").lower()
    message = f"the segments are fractional ({kind}): voxels of at least one half were taken"
    return (Notice("thresholded", message, {"threshold": 0.5}),)


def _overlap_notice(overlap: NDArray[np.bool_] | None) -> tuple[Notice, ...]:
    if overlap is None:
        return ()
    count = int(np.count_nonzero(overlap))
    message = f"segments overlap in {count} voxels: the segment of the highest number has them"
    return (Notice("overlap", message, {"voxels": count}),)
