"""Tell labels from scans before they are read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.file_formats import (
    ITK_SUFFIXES,
    NIFTI_SUFFIXES,
    is_label_name,
    suffix_of,
)
from napari_seg.imaging.label_files.mask_folder import mask_files
from napari_seg.imaging.label_files.structure_files import is_ours, is_saved_without_labels
from napari_seg.imaging.label_files.tables import table_path
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.nifti_header import read_header
from napari_seg.imaging.paths import readable_path
from napari_seg.imaging.scan_files import is_dicom_file
from napari_seg.imaging.voxel_bytes import StoredBytes, is_packed
from napari_seg.imaging.voxel_files import read_voxels

# The largest models and atlases draw fewer structures; pictures of 8 bits hold more greys.
_MOST_VALUES = 150
_CHUNK_BYTES = 1 << 22
# So many files of a folder are looked into, the smallest ones.
_LOOKED_INTO = 3


def is_label_file(path: str | Path) -> bool | None:
    """Tell whether a file or folder holds labels, reading as little of it as that takes.

    Parameters
    ----------
    path
        Anything that `read_scan` or `read_labels` reads.

    Returns
    -------
    bool or None
        True where its name, its kind or a table beside it says so, and for a folder with one
        mask a structure that holds no DICOM image. None where it is unsure: it holds few different whole numbers, but
        nothing says that they are labels. False for all else, and for what cannot be read.
    """
    try:
        path = readable_path(path)
        return _is_label_folder(path) if path.is_dir() else _is_label_file(path)
    except (OSError, ValueError):
        return False  # whoever reads it is told why it cannot be


def _is_label_file(path: Path) -> bool | None:
    if is_dicom_file(path):
        from napari_seg.imaging.dicom.segmentation.reading import is_segmentation

        return is_segmentation(path)
    if suffix_of(path) in ITK_SUFFIXES:
        from napari_seg.imaging.label_files.segmentation_nrrd import is_segmentation_nrrd

        if is_segmentation_nrrd(path):
            return True
    if is_label_name(path) or _has_table(path):
        return True
    return None if _holds_few_whole_numbers(_parts(path)) else False


def _has_table(path: Path) -> bool:
    beside = table_path(path)
    try:
        return beside.is_file() and len(LabelTable.read_tsv(beside)) > 0
    except ValueError:
        return False


def _is_label_folder(folder: Path) -> bool:
    from napari_seg.imaging.dicom.presence import holds_dicom_image

    files = mask_files(folder)
    if files and holds_dicom_image(folder):
        return False
    if not files and is_saved_without_labels(folder):
        return True
    if not files:
        # A DICOM segmentation may lie in a folder of its own, at most with a licence.
        inside = list(islice(filter(Path.is_file, folder.rglob("*")), _LOOKED_INTO + 1))
        dicom = [file for file in inside if is_dicom_file(file)]
        return len(inside) <= _LOOKED_INTO and len(dicom) == 1 and _is_label_file(dicom[0]) is True
    if is_ours(folder):
        return True
    smallest = sorted(files, key=lambda file: file.stat().st_size)[:_LOOKED_INTO]
    scans = [read_voxels(file) for file in smallest]
    return all(scan.array.shape == scans[0].array.shape and _is_mask(scan.array) for scan in scans)


def _is_mask(array: NDArray[Any]) -> bool:
    return array.ndim == 3 and bool(((array == 0) | (array == max(array.max(), 1))).all())


def _parts(path: Path) -> Iterator[NDArray[Any]]:
    """Yield the voxels of a file part by part, none where its kind alone speaks against labels."""
    if suffix_of(path) not in NIFTI_SUFFIXES:
        scan = read_voxels(path, palette_as_values=True)
        yield from scan.array[np.newaxis] if scan.array.ndim == 3 else ()
        return
    with StoredBytes(path, path.name, is_packed(path)).open() as stream:
        stored = read_header(stream, path)
        if len(stored.shape) > 3 or stored.dtype.names or stored.slope_and_intercept() != (1, 0):
            return
        stream.seek(stored.offset)
        left = prod(stored.shape) * stored.dtype.itemsize
        while left > 0 and (chunk := stream.read(min(_CHUNK_BYTES, left))):
            left -= len(chunk)
            yield np.frombuffer(chunk, stored.dtype)


def _holds_few_whole_numbers(parts: Iterator[NDArray[Any]]) -> bool:
    """Tell whether voxels are whole numbers from 0 of few values; false where there are none."""
    values: set[int] = set()
    for part in parts:
        # Written so that NaN fails too.
        if not part.min() >= 0 or (part.dtype.kind == "f" and not (part == np.rint(part)).all()):
            return False
        values |= set(np.unique(part).tolist())
        if len(values) > _MOST_VALUES:
            return False
    return bool(values)
