"""NIfTI in and out: the voxels; `nifti_geometry` holds the policy on where they lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from isal import igzip
from nibabel.nifti1 import Nifti1Header
from nibabel.nifti2 import Nifti2Header
from numpy.typing import NDArray

from napari_seg.imaging.channels import RGB_NAMES
from napari_seg.imaging.detached_voxels import both_names
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.grid_notices import one_volume, surplus_bytes
from napari_seg.imaging.nifti_geometry import (
    analyze_geometry,
    form_codes,
    length_unit,
    store_geometry,
    stored_geometry,
)
from napari_seg.imaging.nifti_header import StoredHeader, header_file, read_header, voxel_file
from napari_seg.imaging.nifti_volumes import describe_volumes, store_times, time_step
from napari_seg.imaging.rescaled_values import far_from_zero, float_type
from napari_seg.imaging.scan import Notice, Scan, Source
from napari_seg.imaging.spm_matrix import place_by_spm
from napari_seg.imaging.voxel_bytes import StoredBytes, is_packed

_HEADERS: dict[int, type[Nifti1Header]] = {348: Nifti1Header, 540: Nifti2Header}
_LARGEST_NIFTI1_AXIS = 32767
_CHUNK_BYTES = 1 << 22
# The highest of isal: labels shrink to about what gzip makes of them at 1 or 2.
_COMPRESSION_LEVEL = 3
_OPAQUE = 255
# Of a file that may stay on disk.
_MOST_IN_MEMORY = 1 << 30


def read_nifti(
    path: Path, *, on_disk: bool = False, on_progress: Callable[[float], None] | None = None
) -> Scan:
    """Read a NIfTI file, or a pair of NIfTI or Analyze 7.5.

    Parameters
    ----------
    path
        Ends in ``.nii`` or ``.nii.gz``, or is one of the pair ``.hdr`` and ``.img``. Whether a
        file is packed is told by its first bytes, with a notice where its name says otherwise.
    on_disk
        As in `files.read_scan`.
    on_progress
        Called with the fraction that was read.

    Returns
    -------
    Scan
        One volume as ``(i, j, k)``, several as ``(i, j, k, c)``, a colour picture as
        ``(i, j, 1, 3)``. Stored slope and intercept are applied.

    Raises
    ------
    FileNotFoundError
        If the other file of a pair is missing.
    ValueError
        If it is no NIfTI file, holds less than its header claims, or its geometry or kind of
        voxel makes no sense.
    """
    first = header_file(path)
    file = StoredBytes(first, first.name, is_packed(first))
    with file.open() as stream:
        stored = read_header(stream, first)
        place = analyze_geometry if stored.is_analyze else stored_geometry
        geometry, frame, notices = place(stored.fields, first.name)
        if stored.is_analyze:
            geometry, notices = place_by_spm(first, geometry, notices)
        if not stored.in_pair:
            raw, surplus = _taken(file, stream, stored, on_disk, on_progress)
    if stored.in_pair:
        file = _other_file(first, stored.offset + stored.claimed)
        with file.open() as stream:
            raw, surplus = _taken(file, stream, stored, on_disk, on_progress)
    array, changed = _unpacked(raw, stored)
    names, unsure = describe_volumes(stored, first)
    return Scan(
        array,
        geometry,
        channel_names=RGB_NAMES if stored.dtype.names is not None else names,
        notices=(
            *_mislabelled(first),
            *notices,
            *([one_volume(stored.counts)] if len(stored.counts) > 3 == len(stored.shape) else []),
            *surplus_bytes(surplus),
            *changed,
            *unsure,
        ),
        source=replace(_source(stored, frame), time_step=time_step(stored, names)),
    )


def write_nifti(array: NDArray[Any], geometry: Geometry, path: Path, source: Source) -> None:
    """Write voxels under a fresh header, without a slope; equal voxels make equal bytes.

    Parameters
    ----------
    array
        ``(i, j, k)`` or ``(i, j, k, c)``, of a kind that NIfTI holds.
    geometry
        The grid.
    path
        Ends in ``.nii`` or ``.nii.gz``. Not whole or not at all: see `files.write_labels`.
    source
        Holds the qform and sform codes and the units to keep, if it came from a NIfTI file, and
        the step in time.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    version = 348 if max(array.shape) <= _LARGEST_NIFTI1_AXIS else 540
    header = _HEADERS[version]()
    header.set_data_shape(array.shape)
    header.set_data_dtype(array.dtype)
    store_geometry(
        header,
        geometry,
        qform_code=source.qform_code,
        sform_code=source.sform_code,
        units=source.units,
    )
    if source.time_step is not None and array.ndim == 4:
        store_times(header, source.time_step)
    header["scl_slope"], header["scl_inter"] = 1, 0
    # After the header four bytes say that there are no extensions.
    header.set_data_offset(version + 4)
    head = header.binaryblock + bytes(4)
    stored = array.astype(array.dtype.newbyteorder("="), copy=False)
    voxels = np.asfortranarray(stored).reshape(-1, order="F").view(np.uint8).data
    with path.open("wb") as file:
        if path.suffix != ".gz":
            file.write(head)
            file.write(voxels)
            return
        with igzip.IGzipFile("", "wb", _COMPRESSION_LEVEL, file, mtime=0) as packed:
            packed.write(head)
            for start in range(0, len(voxels), _CHUNK_BYTES):
                packed.write(voxels[start : start + _CHUNK_BYTES])


def _taken(
    file: StoredBytes,
    stream: BinaryIO,
    stored: StoredHeader,
    on_disk: bool,
    on_progress: Callable[[float], None] | None,
) -> tuple[NDArray[np.uint8], int]:
    """Read the voxels, or leave many on disk where no number has to be changed."""
    as_meant = stored.dtype.isnative and stored.dtype.names is None
    as_meant = as_meant and stored.slope_and_intercept() == (1, 0)
    if on_disk and as_meant and not file.packed and stored.claimed > _MOST_IN_MEMORY:
        return file.mapped(stored.claimed, skipped=stored.offset)
    return file.read(stream, stored.claimed, skipped=stored.offset, on_progress=on_progress)


def _other_file(header: Path, size: int) -> StoredBytes:
    path = voxel_file(header)
    # Voxels may begin like a gzip file by chance; then the size tells.
    packed = is_packed(path) and path.stat().st_size != size
    return StoredBytes(path, both_names(header.name, path.name), packed)


def _mislabelled(path: Path) -> tuple[Notice, ...]:
    packed, named = is_packed(path), path.name.lower().endswith(".gz")
    if packed == named:
        return ()
    really = "gzip-compressed" if packed else "not compressed"
    message = f"the file is {really}, though its name says otherwise: read as what it is"
    return (Notice("mislabelled", message, {"is": really}),)


def _unpacked(
    raw: NDArray[np.uint8], stored: StoredHeader
) -> tuple[NDArray[Any], tuple[Notice, ...]]:
    dtype = stored.dtype
    array: NDArray[Any] = raw.view(dtype).reshape(stored.shape, order="F")
    if dtype.names is not None:
        opaque = "A" not in dtype.names or bool((array["A"] == _OPAQUE).all())
        dropped = Notice("alpha-dropped", "the picture is partly transparent: that was dropped")
        colours = np.stack([array[part] for part in "RGB"], axis=-1)
        return colours, () if opaque else (dropped,)
    array = array.astype(dtype.newbyteorder("="), copy=False)
    slope, intercept = stored.slope_and_intercept()
    if (slope, intercept) == (1, 0):
        return array, stored.scaling_notices()
    wide = float_type(dtype, [(slope, intercept)])
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is counted later
        scaled: NDArray[Any] = array * wide.type(slope) + wide.type(intercept)
    return scaled, (*stored.scaling_notices(), *far_from_zero([(slope, intercept)]))


def _source(stored: StoredHeader, frame: str | None) -> Source:
    if stored.is_analyze:
        return Source("NIfTI", qform_code=0, sform_code=0, units="unknown")
    header = stored.fields
    qform, sform = form_codes(header)
    return Source(
        "NIfTI", qform_code=qform, sform_code=sform, units=length_unit(header), frame=frame
    )
