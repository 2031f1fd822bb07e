"""Labels from whatever holds them: one file, a segmentation of another program, many masks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_seg.imaging.file_formats import ITK_SUFFIXES, PICTURE_SUFFIXES, suffix_of
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_alignment import align_labels
from napari_seg.imaging.label_files.mask_folder import mask_files, read_masks
from napari_seg.imaging.label_files.structure_files import is_saved_without_labels
from napari_seg.imaging.label_files.tables import read_table_beside
from napari_seg.imaging.label_files.voxel_checks import whole_numbers
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.measures import count_voxels
from napari_seg.imaging.paths import naming_no_folder, readable_path
from napari_seg.imaging.progress import OnProgress, share_of
from napari_seg.imaging.scan import LabelMap, Notice, Scan
from napari_seg.imaging.scan_files import is_dicom_file, read_scan
from napari_seg.imaging.voxel_files import read_voxels

_MOST_NAMED = 5


def read_labels(
    path: str | Path,
    *,
    onto: Scan | Geometry | None = None,
    resample: bool = False,
    on_progress: OnProgress | None = None,
) -> LabelMap:
    """Read labels, with their names and colours.

    Parameters
    ----------
    path
        Any file that `read_scan` reads, whose names stand in the table beside it
        (``labels.tsv`` for ``labels.nii.gz``); a ``.seg.nrrd`` of 3D Slicer; a DICOM
        segmentation, or a folder with one and what else came with it; or a folder with one mask
        a structure.
    onto
        The scan, or its grid, that the labels belong to. Labels on the same voxels are placed
        exactly, whatever their order and extent.
    resample
        Whether labels on another grid are resampled (nearest neighbour) rather than refused.
    on_progress
        Called with the fraction that was read; what it raises stops the reading.

    Returns
    -------
    LabelMap
        In the smallest unsigned type that holds the values. A value without a row in the table
        gets a name such as "label 7".

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    PermissionError
        If it may not be read.
    ValueError
        If it holds no labels, or lies on another grid than `onto`.
    """
    path = readable_path(path)
    geometry = onto.geometry if isinstance(onto, Scan) else onto
    with naming_no_folder():
        if path.is_dir() and not mask_files(path) and is_saved_without_labels(path):
            return _no_labels(path, geometry)
        labels = _read(path, share_of(on_progress, 0.0, 0.95))
    if onto is None or geometry is None:
        return labels
    try:
        aligned = align_labels(labels, geometry, resample=resample)
    except ValueError as error:
        raise ValueError(f"'{path.name}': {error}") from error
    frames = labels.source.frame, None if isinstance(onto, Geometry) else onto.source.frame
    return replace(aligned, notices=(*aligned.notices, *_other_frame(*frames)))


def _no_labels(path: Path, geometry: Geometry | None) -> LabelMap:
    if geometry is None:
        raise ValueError(
            f"'{path.name}' holds the masks of no structure, so none says on which grid they "
            "lie; give the scan that they belong to (onto=, --scan)"
        )
    return LabelMap(np.zeros(geometry.shape, np.uint8), geometry, LabelTable())


def _read(path: Path, report: OnProgress) -> LabelMap:
    if path.is_dir() and mask_files(path):
        return read_masks(path, on_progress=report)
    if path.is_dir() or is_dicom_file(path):
        return _read_dicom(path, report)
    if suffix_of(path) in ITK_SUFFIXES:
        from napari_seg.imaging.label_files.segmentation_nrrd import (
            is_segmentation_nrrd,
            read_segmentation_nrrd,
        )

        if is_segmentation_nrrd(path):
            return read_segmentation_nrrd(path, on_progress=report)
    if suffix_of(path) in PICTURE_SUFFIXES:
        return _labels_of(read_voxels(path, palette_as_values=True, on_progress=report), path)
    return _labels_of(read_scan(path, on_progress=report), path)


def _other_frame(labels_frame: str | None, scan_frame: str | None) -> tuple[Notice, ...]:
    # Only DICOM gives each scan a frame of its own: equal voxels there may be another patient's.
    frames = {labels_frame or "", scan_frame or ""}
    if len(frames) == 1 or not all(frame.startswith("dicom:") for frame in frames):
        return ()
    message = (
        "the labels name another frame of reference than the scan, so they may belong to "
        "another scan: check that they fit"
    )
    return (Notice("not-registered", message),)


def _read_dicom(path: Path, report: OnProgress) -> LabelMap:
    from napari_seg.imaging.dicom.segmentation.reading import is_segmentation, read_segmentation

    files = [path] if path.is_file() else sorted(filter(Path.is_file, path.rglob("*")))
    segmentations = [file for file in files if is_segmentation(file)]
    if len(segmentations) > 1:
        names = ", ".join(f"'{file.relative_to(path)}'" for file in segmentations[:_MOST_NAMED])
        more = ", …" if len(segmentations) > _MOST_NAMED else ""
        raise ValueError(
            f"'{path.name}' holds {len(segmentations)} DICOM segmentations ({names}{more}); "
            "open one of them by its file"
        )
    if segmentations:
        return read_segmentation(segmentations[0], on_progress=report)
    return _labels_of(read_scan(path, on_progress=report), path)


def _labels_of(scan: Scan, path: Path) -> LabelMap:
    array = whole_numbers(scan.array, path.name)
    table, notices = read_table_beside(path, array)
    labels = LabelMap(
        array, scan.geometry, table.completed(count_voxels(array)), source=scan.source
    )
    return replace(labels, notices=(*scan.notices, *notices))
