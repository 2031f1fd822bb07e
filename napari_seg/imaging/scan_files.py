"""Scans in and out, whatever their kind of file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.channels import axis_name
from napari_seg.imaging.file_formats import DICOM_SUFFIXES, suffix_of
from napari_seg.imaging.file_kinds import file_kind
from napari_seg.imaging.paths import naming_no_folder, readable_path
from napari_seg.imaging.progress import OnProgress
from napari_seg.imaging.scan import Notice, Scan
from napari_seg.imaging.voxel_bytes import is_packed, unpacked_size
from napari_seg.imaging.voxel_files import read_voxels, write_voxels


def read_scan(
    path: str | Path,
    *,
    series: str | int | None = None,
    repair: bool = False,
    on_disk: bool = False,
    on_progress: OnProgress | None = None,
) -> Scan:
    """Read a scan from a file, or from a folder of DICOM slices.

    Parameters
    ----------
    path
        NIfTI, NRRD, MetaImage, PNG, JPEG or TIFF by its name, a DICOM file, or a folder with
        DICOM files at any depth.
    series
        Which DICOM series to read where a folder holds several: its SeriesInstanceUID, or its
        number in the list that the error shows, from 1.
    repair
        Whether to resample a DICOM series with missing slices, uneven spacing or a tilted gantry
        to an upright grid of even spacing, with a notice, instead of refusing it.
    on_disk
        Whether more than 1 GiB of voxels may stay on disk and be read where they are needed: those
        of a NIfTI file that is not compressed, of numbers that need no scaling. The file must not
        be changed while the scan is used.
    on_progress
        Called with the fraction that was read; what it raises stops the reading.

    Returns
    -------
    Scan
        What was assumed or repaired stands in its notices.

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    PermissionError
        If it may not be read.
    MemoryError
        If a NIfTI file does not fit into the memory left; with the figures.
    ValueError
        If it is no scan, is damaged, or does not say rightly where its voxels lie. The message
        names the file, the cause and the way out.
    """
    path = readable_path(path)
    with naming_no_folder():
        if path.is_dir() or is_dicom_file(path):
            from napari_seg.imaging.dicom.reading import read_dicom

            scan = read_dicom(path, series=series, repair=repair, on_progress=on_progress)
        elif series is not None:
            raise ValueError(f"'{path.name}' is no DICOM, so it has no series to choose from")
        else:
            scan = read_voxels(path, on_disk=on_disk, on_progress=on_progress)
    return replace(scan, notices=(*scan.notices, *_not_finite(scan.array)))


def write_scan(scan: Scan, path: str | Path) -> None:
    """Write a scan, on its own grid; formats and errors as in `write_labels`.

    Kinds of number that few programs read become others: ``bool`` uint8, ``float16`` float32,
    ``int64`` int32 where that holds the values.
    """
    source = scan.source
    if axis_name(scan.channel_names) == "time":
        source = replace(source, time_step=source.time_step or 0.0)
    elif scan.channel_names:
        # Of several series stacked as channels, or the like.
        source = replace(source, time_step=None)
    write_voxels(Path(path), scan.array, scan.geometry, source)


def bytes_unpacked(path: Path) -> int:
    """Return about how many bytes a file or a folder of files holds once it is unpacked.

    Nothing is read but the ends of packed files, which may lie; 0 where there is nothing.
    """
    try:
        if path.is_dir():
            return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        size = path.stat().st_size
        return max(size, unpacked_size(path)) if is_packed(path) else size
    except OSError:
        return 0


def is_dicom_file(path: Path) -> bool:
    """Tell by its name, or its first bytes where that has no suffix, whether a file is DICOM."""
    suffix = suffix_of(path)
    return suffix in DICOM_SUFFIXES or (suffix == "" and file_kind(path) == "a DICOM file")


def _not_finite(array: NDArray[Any]) -> tuple[Notice, ...]:
    if array.dtype.kind != "f":
        return ()
    count = array.size - sum(int(np.isfinite(part).sum()) for part in np.moveaxis(array, 2, 0))
    if count == 0:
        return ()
    voxels = "1 voxel is" if count == 1 else f"{count} voxels are"
    message = f"{voxels} not a finite number (NaN or infinite)"
    return (Notice("not-finite", message, {"voxels": count}),)
