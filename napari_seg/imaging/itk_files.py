"""NRRD and MetaImage in and out, through SimpleITK, whose axes and sides are turned here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from napari_seg.imaging.file_kinds import file_kind
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.meta_image_header import check_meta_image
from napari_seg.imaging.scan import Notice, Scan, Source

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_HEADER_BYTES = 1 << 16
# No gzip stream unpacks to more than this many times its own size.
_LARGEST_RATIO = 1032
_FORMATS = {"an NRRD file": "NRRD", "a MetaImage file": "MetaImage"}
_READERS = {"an NRRD file": "NrrdImageIO", "a MetaImage file": "MetaImageIO"}
_DATA_FILE = re.compile(
    rb"^(?:data ?file:|ElementDataFile\s*=)[ \t]*(.*?)\s*$", re.IGNORECASE | re.MULTILINE
)
_ORIENTATION = re.compile(
    rb"^(?:space directions:|(?:TransformMatrix|Orientation|Rotation)\s*=)",
    re.IGNORECASE | re.MULTILINE,
)
_RGB_NAMES = ("red", "green", "blue")


def read_itk_file(path: Path) -> Scan:
    """Read an ``.nrrd``, ``.nhdr``, ``.mha`` or ``.mhd`` file.

    Returns
    -------
    Scan
        One volume as ``(i, j, k)``; several, or voxels of several parts, as ``(i, j, k, c)``.

    Raises
    ------
    FileNotFoundError
        If the header names a file of voxels that is not there.
    ValueError
        If it is no such file, is damaged, or its geometry or kind of voxel makes no sense.
    """
    kind = file_kind(path)
    if kind not in _FORMATS:
        raise ValueError(f"'{path.name}' is {kind}, not NRRD or MetaImage; export it again")
    header = _header(path)
    voxel_file = _voxel_file(path, header)
    if _FORMATS[kind] == "MetaImage":
        check_meta_image(path, header, voxel_file)
    reader = sitk.ImageFileReader()
    # The library itself goes by names in small letters.
    reader.SetImageIO(_READERS[kind])
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        _refuse_unreadable(reader, path, voxel_file)
        image = reader.Execute()
    except RuntimeError as error:
        raise ValueError(
            f"'{path.name}' is damaged, cut short or states an impossible grid "
            f"({_last_line(error)}); fetch or export it again"
        ) from error
    return Scan(
        *_voxels_and_geometry(image, path.name),
        channel_names=_channel_names(image),
        notices=_notices(image, header),
        source=Source(_FORMATS[kind]),
    )


def write_itk_file(
    array: NDArray[Any],
    geometry: Geometry,
    path: Path,
    source: Source,
    *,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write voxels under a fresh header, compressed.

    Parameters
    ----------
    array
        ``(i, j, k)`` or ``(i, j, k, c)``.
    geometry
        The grid; shear is kept.
    path
        Ends in ``.nrrd`` or ``.mha``. Not whole or not at all: see `files.write_labels`.
    source
        Passed over: these formats state their geometry in one way only.
    metadata
        Further fields of an NRRD header.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    turned = np.ascontiguousarray(np.moveaxis(array, (0, 1, 2), (2, 1, 0)))
    image = sitk.GetImageFromArray(turned, isVector=array.ndim == 4)
    affine = _LPS_TO_RAS @ geometry.affine
    image.SetSpacing(geometry.spacing)
    image.SetOrigin(affine[:3, 3].tolist())
    image.SetDirection((affine[:3, :3] / geometry.spacing).ravel().tolist())
    for key, value in (metadata or {}).items():
        image.SetMetaData(key, value)
    try:
        sitk.WriteImage(image, str(path), useCompression=True)
    except RuntimeError as error:
        raise OSError(_last_line(error)) from error


def _header(path: Path) -> bytes:
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
    # An NRRD header ends at an empty line, that of MetaImage with the name of its data file.
    return re.split(rb"\r?\n\r?\n", head)[0] if head.startswith(b"NRRD") else head


def _voxel_file(path: Path, header: bytes) -> Path:
    found = _DATA_FILE.search(header)
    stated = "LOCAL" if found is None else found[1].decode(errors="replace").removeprefix("./")
    if stated.upper() == "LOCAL":
        return path
    if stated.upper().startswith("LIST") or "%" in stated:
        raise ValueError(
            f"'{path.name}' spreads its voxels over several files, which is not read; "
            "convert it to one .nrrd or .mha file"
        )
    if re.search(r"[/\\:]", stated) or stated in ("", "..", "."):
        raise ValueError(
            f"'{path.name}' takes its voxels from outside its folder, which is refused; "
            "move both files into one folder and correct the name in the header"
        )
    voxel_file = path.with_name(stated)
    if not voxel_file.is_file():
        raise FileNotFoundError(
            f"'{path.name}' keeps its voxels in '{stated}', which is not beside it; copy it there"
        )
    return voxel_file


def _refuse_unreadable(reader: sitk.ImageFileReader, path: Path, voxel_file: Path) -> None:
    pixel = sitk.GetPixelIDValueAsString(reader.GetPixelIDValue())
    if "complex" in pixel:
        raise ValueError(
            f"'{path.name}' holds complex numbers; save their magnitude as a scan of its own"
        )
    if reader.GetDimension() not in (2, 3, 4) or (
        reader.GetDimension() == 4 and reader.GetNumberOfComponents() > 1
    ):
        raise ValueError(
            f"'{path.name}' has more axes than volumes and one of channels or times; "
            "save the part of interest as a scan of its own"
        )
    # At least a byte for each voxel; the library itself finds smaller lacks.
    claimed = prod(reader.GetSize()) * reader.GetNumberOfComponents()
    held = voxel_file.stat().st_size * _LARGEST_RATIO
    if claimed > held:
        raise ValueError(
            f"'{path.name}' is cut short: its header claims {claimed} voxels, more than "
            "the file can hold; fetch it again"
        )


def _voxels_and_geometry(image: sitk.Image, name: str) -> tuple[NDArray[Any], Geometry]:
    dimension = image.GetDimension()
    turned = sitk.GetArrayFromImage(image)
    # SimpleITK counts from the last axis, the parts of a voxel last.
    array = turned.transpose(*reversed(range(dimension)), *range(dimension, turned.ndim))
    affine = np.eye(4)
    spatial = min(dimension, 3)
    direction = np.array(image.GetDirection()).reshape(dimension, dimension)
    affine[:spatial, :spatial] = (direction * image.GetSpacing())[:spatial, :spatial]
    affine[:spatial, 3] = image.GetOrigin()[:spatial]
    if dimension == 2:
        array = array[:, :, np.newaxis]
    elif dimension == 4 and array.shape[3] == 1:
        array = array[..., 0]
    i, j, k = array.shape[:3]
    try:
        return array, Geometry((i, j, k), _LPS_TO_RAS @ affine)
    except ValueError as error:
        raise ValueError(f"'{name}' states no usable place in space: {error}") from error


def _channel_names(image: sitk.Image) -> tuple[str, ...]:
    parts = image.GetNumberOfComponentsPerPixel()
    flat = image.GetDimension() == 2 or image.GetSize()[2] == 1
    if parts == 3 and flat:
        return _RGB_NAMES
    if parts > 1:
        return tuple(f"channel {number + 1}" for number in range(parts))
    volumes = image.GetSize()[3] if image.GetDimension() == 4 else 1
    return tuple(f"volume {number + 1}" for number in range(volumes)) if volumes > 1 else ()


def _notices(image: sitk.Image, header: bytes) -> tuple[Notice, ...]:
    notices = []
    if _ORIENTATION.search(header) is None or image.GetDimension() == 2:
        missing = "the file stores no orientation: left and right, front and back are assumed"
        notices.append(Notice("no-orientation", missing))
    if image.GetDimension() == 4 and image.GetSize()[3] == 1:
        notices.append(Notice("one-volume", "a fourth axis holding one volume was dropped"))
    return tuple(notices)


def _last_line(error: RuntimeError) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].removeprefix("[nrrd] ")
