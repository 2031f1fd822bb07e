"""The voxels of an NRRD file, where they are stored as almost all programs store them."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_seg.imaging.voxel_bytes import StoredBytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_seg.imaging.nrrd_header import NrrdHeader
    from napari_seg.imaging.progress import OnProgress

_TYPES = {
    "int8": ("signed char", "int8", "int8_t"),
    "uint8": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "int16": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "uint16": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "int32": ("int", "signed int", "int32", "int32_t"),
    "uint32": ("uint", "unsigned int", "uint32", "uint32_t"),
    "float32": ("float",),
    "float64": ("double",),
}
_DTYPES = {name: np.dtype(dtype) for dtype, names in _TYPES.items() for name in names}
_ORDERS: dict[str, Literal["<", ">"]] = {"little": "<", "big": ">"}


def stored_voxels(
    header: NrrdHeader, size: Sequence[int], parts: int, on_progress: OnProgress | None
) -> NDArray[Any] | None:
    """Read voxels that lie plain or packed by gzip behind the header, or in one file beside it.

    Parameters
    ----------
    header
        Of the file.
    size
        The axes of the image as SimpleITK takes them from the header.
    parts
        So many numbers make one voxel.
    on_progress
        Called with the fraction that was read.

    Returns
    -------
    NDArray or None
        Indexed ``(i, j, k)``, with times or the parts of a voxel last. None for any other way to
        store them, and where the file does not hold what its header claims: SimpleITK reads those,
        without a word on how far it is, or says what is wrong.
    """
    fields = header.fields
    dtype = _DTYPES.get(fields.get("type", "").lower())
    order = _ORDERS.get(fields.get("endian", "").lower())
    if dtype is None or (order is None and dtype.itemsize > 1) or not _is_plain(header):
        return None
    start = 0
    if header.voxel_file == header.path:
        if header.length is None:
            return None
        start = header.length
    axes = [int(axis) for axis in fields["sizes"].split()]
    shape = (*size,) if parts == 1 else (parts, *size)
    if axes != list(shape):
        return None  # the parts of a voxel are not together
    count = prod(axes) * dtype.itemsize
    stored = StoredBytes(header.voxel_file, header.path.name, packed=False)
    try:
        if fields["encoding"].lower() == "raw":
            with stored.open() as stream:
                raw, _ = stored.read(stream, count, skipped=start, on_progress=on_progress)
        else:
            raw, _ = stored.read_zlib(count, skipped=start, on_progress=on_progress)
    except ValueError:
        return None
    array = raw.view(dtype.newbyteorder(order or "=")).astype(dtype, copy=False)
    array = array.reshape(axes, order="F")
    return array if parts == 1 else np.moveaxis(array, 0, -1)


def _is_plain(header: NrrdHeader) -> bool:
    fields = header.fields
    if fields.get("encoding", "").lower() not in ("raw", "gzip", "gz"):
        return False
    skips = ("line skip", "lineskip", "byte skip", "byteskip")
    kinds = fields.get("kinds", "").lower().split()
    # The library takes the parts of a voxel from an axis that is not one of space.
    is_first = all(kind in ("domain", "space", "time", "none", "???") for kind in kinds[1:])
    sizes = fields.get("sizes", "").split()
    whole = all(size.isdecimal() for size in sizes)
    return whole and is_first and not any(fields.get(skip, "0") != "0" for skip in skips)
