"""Voxels in and out, the format chosen by the name of the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.file_formats import (
    ITK_SUFFIXES,
    NIFTI_SUFFIXES,
    PAIR_SUFFIXES,
    PICTURE_SUFFIXES,
    SCAN_SUFFIXES,
    WRITABLE_ITK_SUFFIXES,
    WRITABLE_PICTURE_SUFFIXES,
    WRITABLE_SUFFIXES,
    suffix_of,
)
from napari_seg.imaging.file_kinds import FREESURFER, file_kind, kind_inside
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.progress import OnProgress
from napari_seg.imaging.saving import replace_file
from napari_seg.imaging.scan import Notice, Scan, Source

_NIFTI = "a plain NIfTI file"
# The suffixes that files of a kind may have; the first one is used where theirs is another.
_SUFFIXES_OF = {
    _NIFTI: (*NIFTI_SUFFIXES, *PAIR_SUFFIXES),
    "an NRRD file": (".nrrd", ".nhdr"),
    "a MetaImage file": (".mha", ".mhd"),
    "a PNG picture": PICTURE_SUFFIXES,
    "a JPEG picture": PICTURE_SUFFIXES,
    "a TIFF picture": PICTURE_SUFFIXES,
}


def read_voxels(
    path: Path,
    *,
    palette_as_values: bool = False,
    on_disk: bool = False,
    on_progress: OnProgress | None = None,
) -> Scan:
    """Read any file but DICOM.

    Parameters
    ----------
    path
        The file; its content chooses the format where that is plain, else its name. A notice
        says where they differ.
    palette_as_values
        Whether the pixels of a picture with a palette are its numbers (labels), not its colours.
    on_disk
        As in `files.read_scan`.
    on_progress
        Called with the fraction that was read.

    Raises
    ------
    ValueError
        If its name ends in no known way, or what it holds is not right.
    """
    read = partial(
        _read, palette_as_values=palette_as_values, on_disk=on_disk, on_progress=on_progress
    )
    suffix, kind = suffix_of(path), _kind(path)
    expected = _SUFFIXES_OF.get(kind, (suffix,))
    if suffix in expected:
        return read(path, suffix)
    scan = read(path, expected[0])
    ending = f"its name ends in '{suffix}'" if suffix else "its name does not say so"
    message = f"the file is {kind}, though {ending}: read as what it is"
    return replace(scan, notices=(Notice("mislabelled", message, {"is": kind}), *scan.notices))


def write_voxels(
    path: Path,
    array: NDArray[Any],
    geometry: Geometry,
    source: Source,
    *,
    before_replacing: Callable[[Path], None] | None = None,
    beside: Mapping[Path, str] | None = None,
) -> None:
    """Write voxels whole or not at all, and read them back to be sure.

    Parameters
    ----------
    path
        The file; its name chooses the format.
    array
        ``(i, j, k)`` or ``(i, j, k, c)``. Kinds of number that few programs read become
        others: bool uint8, float16 float32, int64 int32 where that holds the values.
    geometry
        The grid.
    source
        What the file states of its geometry beyond the affine.
    before_replacing
        Called with the hidden file that holds the voxels, when they lie safely on the disk and
        before it takes its name.
    beside
        Texts of files that take their names together with it, as in `saving.replace_file`.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    ValueError
        If the format is not written, or cannot hold these voxels.
    OSError
        If the disk is full or the folder may not be written to.
    """
    # In the order of the files: then they are written, read back and compared at full speed.
    array = np.asfortranarray(_storable(array))
    write_to = _writer(path)

    def write(partial: Path) -> None:
        try:
            write_to(array, geometry, partial, source)
        except ValueError as error:
            raise ValueError(f"'{path.name}' cannot be saved: {error}") from error

    def check(partial: Path) -> None:
        back = read_voxels(partial)
        same = back.array.size == array.size and _is_same(back.array.reshape(array.shape), array)
        if not (same and back.geometry.matches(geometry)):
            raise OSError("what was read back is not what was written")
        if before_replacing is not None:
            before_replacing(partial)

    replace_file(path, write, check=check, beside=beside)


def _is_same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Compare slice by slice: a mask of all voxels would be as large as labels are."""
    has_nan = other.dtype.kind == "f"
    slices = zip(np.moveaxis(one, 2, 0), np.moveaxis(other, 2, 0), strict=True)
    return all(np.array_equal(here, there, equal_nan=has_nan) for here, there in slices)


def _kind(path: Path) -> str:
    # Of what is read, only NIfTI is packed as a whole.
    kind, inside = file_kind(path), kind_inside(path)
    return inside if inside == _NIFTI else kind


def _read(
    path: Path,
    suffix: str,
    *,
    palette_as_values: bool,
    on_disk: bool,
    on_progress: OnProgress | None,
) -> Scan:
    if file_kind(path) == "a DICOM file":
        raise ValueError(
            f"'{path.name}' is a DICOM file, whatever its name says; end its name in .dcm, or "
            "open the folder of its series"
        )
    if suffix in (*NIFTI_SUFFIXES, *PAIR_SUFFIXES):
        from napari_seg.imaging.nifti import read_nifti

        return read_nifti(path, on_disk=on_disk, on_progress=on_progress)
    if suffix in ITK_SUFFIXES:
        from napari_seg.imaging.itk_files import read_itk_file

        return read_itk_file(path, on_progress=on_progress)
    if suffix in PICTURE_SUFFIXES:
        from napari_seg.imaging.pictures import read_picture

        return read_picture(path, palette_as_values=palette_as_values)
    kind = file_kind(path)
    if kind_inside(path) == FREESURFER:
        raise ValueError(
            f"'{path.name}' is {FREESURFER}, which is not read; turn it into .nii.gz by mri_convert"
        )
    if kind == "a gzip file" or kind.startswith("a file packed"):
        raise ValueError(f"'{path.name}' is {kind}, which is not read; unpack it first")
    raise ValueError(
        f"'{path.name}' is {kind}, which is not read; "
        f"scans end in {', '.join(SCAN_SUFFIXES)}, or are a folder of DICOM slices"
    )


def _writer(path: Path) -> Callable[[NDArray[Any], Geometry, Path, Source], None]:
    suffix = suffix_of(path)
    if suffix in NIFTI_SUFFIXES:
        from napari_seg.imaging.nifti import write_nifti

        return write_nifti
    if suffix in WRITABLE_ITK_SUFFIXES:
        from napari_seg.imaging.itk_files import write_itk_file

        return write_itk_file
    if suffix in WRITABLE_PICTURE_SUFFIXES:
        from napari_seg.imaging.pictures import write_picture

        return write_picture
    raise ValueError(
        f"'{path.name}' cannot be saved: its name must end in one of "
        f"{', '.join(WRITABLE_SUFFIXES)}, or for labels also in .seg.nrrd or .dcm"
    )


def _storable(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    if array.dtype == np.float16:
        return array.astype(np.float32)
    if array.dtype == np.int64:
        limits = np.iinfo(np.int32)
        small = array.min() >= limits.min and array.max() <= limits.max
        return array.astype(np.int32) if small else array
    return array
