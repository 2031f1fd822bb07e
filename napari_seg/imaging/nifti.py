"""NIfTI in and out: the voxels; `nifti_geometry` holds the policy on where they lie."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from nibabel.nifti1 import Nifti1Header, Nifti1Image
from nibabel.nifti2 import Nifti2Header, Nifti2Image
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from napari_seg.imaging.file_kinds import file_kind
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.nifti_geometry import (
    length_unit,
    store_geometry,
    stored_geometry,
    stored_shape,
)
from napari_seg.imaging.scan import Notice, Scan, Source

_HEADERS: dict[int, type[Nifti1Header]] = {348: Nifti1Header, 540: Nifti2Header}
_IMAGES: dict[int, type[Nifti1Image]] = {348: Nifti1Image, 540: Nifti2Image}
_CHUNK_BYTES = 1 << 22
# No gzip file unpacks to more than this many times its own size.
_LARGEST_GZIP_RATIO = 1032
_LARGEST_NIFTI1_AXIS = 32767
# Labels shrink almost as well as at 9, in a fraction of the time.
_COMPRESSION_LEVEL = 4
_RGB_NAMES = ("red", "green", "blue")


def read_nifti(path: Path, *, on_progress: Callable[[float], None] | None = None) -> Scan:
    """Read a ``.nii`` or ``.nii.gz`` file.

    Parameters
    ----------
    path
        The file.
    on_progress
        Called with the fraction that was read.

    Returns
    -------
    Scan
        One volume as ``(i, j, k)``, several as ``(i, j, k, c)``, a colour picture as
        ``(i, j, 1, 3)``. Stored slope and intercept are applied.

    Raises
    ------
    ValueError
        If it is no NIfTI file, holds less than its header claims, or its geometry or kind of
        voxel makes no sense.
    """
    _refuse_other_kinds(path)
    try:
        with _open(path) as stream:
            header = _read_header(stream, path.name)
            shape = stored_shape(header, path.name)
            dtype = _stored_dtype(header, path.name)
            geometry, notices = stored_geometry(header, path.name)
            count = prod(shape) * dtype.itemsize
            _refuse_impossible_size(path, count)
            raw = _read_exactly(stream, count, path.name, on_progress)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(
            f"'{path.name}' is damaged or cut short and cannot be unpacked; fetch it again"
        ) from error
    array = _unpacked(raw, shape, dtype, header)
    qform, sform = (max(int(header[code]), 0) for code in ("qform_code", "sform_code"))
    return Scan(
        array,
        geometry,
        channel_names=_channel_names(array, dtype),
        notices=(*notices, *_squeezed(header, shape)),
        source=Source("NIfTI", qform_code=qform, sform_code=sform, units=length_unit(header)),
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
        Holds the qform and sform codes and the units to keep, if it came from a NIfTI file.

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
    image = _IMAGES[version](array, None, header)
    with path.open("wb") as file:
        if path.suffix != ".gz":
            image.to_stream(file)
            return
        with gzip.GzipFile("", "wb", _COMPRESSION_LEVEL, file, mtime=0) as packed:
            image.to_stream(packed)


def _refuse_other_kinds(path: Path) -> None:
    kind = file_kind(path)
    packed = path.name.lower().endswith(".gz")
    if kind == ("a gzip file" if packed else "a plain NIfTI file"):
        return
    if kind == "a plain NIfTI file":
        raise ValueError(
            f"'{path.name}' is not compressed, though its name says so; "
            f"rename it to '{path.name[:-3]}'"
        )
    if kind == "a gzip file":
        raise ValueError(
            f"'{path.name}' is compressed, though its name does not say so; "
            f"rename it to '{path.name}.gz'"
        )
    raise ValueError(f"'{path.name}' is {kind}, not a NIfTI scan; fetch or export it again")


def _open(path: Path) -> BinaryIO:
    if path.name.lower().endswith(".gz"):
        return cast("BinaryIO", gzip.open(path, "rb"))
    return path.open("rb")


def _read_header(stream: BinaryIO, name: str) -> Nifti1Header:
    block = stream.read(348)
    length = min(int.from_bytes(block[:4], order) for order in ("little", "big"))
    if length not in _HEADERS:
        raise ValueError(f"'{name}' is not a NIfTI scan: it has no NIfTI header")
    block += stream.read(length - 348)
    if len(block) < length:
        raise ValueError(f"'{name}' is cut short within its header; fetch it again")
    header = _HEADERS[length](block, check=False)
    if header["magic"].item().rstrip(b"\0")[:3] not in (b"n+1", b"n+2"):
        raise ValueError(
            f"'{name}' is an Analyze file or the header of a pair of files, which is not read; "
            "convert it to one .nii.gz file"
        )
    offset = int(header["vox_offset"])
    stream.read(max(offset, length + 4) - length)  # extensions, which may name the patient
    return header


def _stored_dtype(header: Nifti1Header, name: str) -> np.dtype[Any]:
    try:
        dtype: np.dtype[Any] = header.get_data_dtype()
    except (HeaderDataError, KeyError) as error:
        raise ValueError(
            f"'{name}' holds voxels of an unknown kind (code {int(header['datatype'])})"
        ) from error
    if dtype.kind == "c":
        raise ValueError(
            f"'{name}' holds complex numbers; save their magnitude as a scan of its own"
        )
    if dtype.names is not None and stored_shape(header, name)[2:] != (1,):
        raise ValueError(
            f"'{name}' is a colour volume; colour is read for single pictures only, "
            "so save one channel as a scan of its own"
        )
    if dtype.itemsize == 0:
        raise ValueError(f"'{name}' holds voxels of an unknown kind")
    return dtype


def _refuse_impossible_size(path: Path, count: int) -> None:
    held = path.stat().st_size * (_LARGEST_GZIP_RATIO if path.name.lower().endswith(".gz") else 1)
    if count > held:
        raise ValueError(_too_short(path.name, count, held))


def _read_exactly(
    stream: BinaryIO, count: int, name: str, on_progress: Callable[[float], None] | None
) -> bytearray:
    # Grows with what is there, so that a false header cannot claim memory.
    raw = bytearray()
    while len(raw) < count:
        chunk = stream.read(min(_CHUNK_BYTES, count - len(raw)))
        if not chunk:
            raise ValueError(_too_short(name, count, len(raw)))
        raw += chunk
        if on_progress is not None:
            on_progress(len(raw) / count)
    while stream.read(_CHUNK_BYTES):
        pass  # a gzip file proves itself only at its end
    return raw


def _too_short(name: str, count: int, held: int) -> str:
    return (
        f"'{name}' is cut short: its header claims {count} bytes of voxels, "
        f"the file holds at most {held}; fetch it again"
    )


def _unpacked(
    raw: bytearray, shape: tuple[int, ...], dtype: np.dtype[Any], header: Nifti1Header
) -> NDArray[Any]:
    array = np.frombuffer(raw, dtype).reshape(shape, order="F")
    if dtype.names is not None:
        return np.stack([array[part] for part in "RGB"], axis=-1)
    array = array.astype(dtype.newbyteorder("="), copy=False)
    # Not through nibabel, which refuses a slope that is not finite; the standard ignores it.
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if not np.isfinite(slope) or slope == 0:
        return array
    intercept = intercept if np.isfinite(intercept) else 0.0
    if (slope, intercept) == (1, 0):
        return array
    # 24 bits of a float32 hold every value of up to 16 bits.
    wide = np.result_type(dtype, np.float32)
    scaled: NDArray[Any] = array * wide.type(slope) + wide.type(intercept)
    return scaled


def _channel_names(array: NDArray[Any], dtype: np.dtype[Any]) -> tuple[str, ...]:
    if dtype.names is not None:
        return _RGB_NAMES
    return tuple(
        f"volume {number + 1}" for number in range(array.shape[3] if array.ndim > 3 else 0)
    )


def _squeezed(header: Nifti1Header, shape: tuple[int, ...]) -> tuple[Notice, ...]:
    if int(header["dim"][0]) <= 3 or len(shape) > 3:
        return ()
    return (Notice("one-volume", "a fourth axis holding one volume was dropped"),)
