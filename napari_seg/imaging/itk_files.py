"""NRRD and MetaImage in and out; SimpleITK's axes and sides are turned here."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from napari_seg.imaging.channels import RGB_NAMES, axis_name, unsure_axis, volume_names
from napari_seg.imaging.file_kinds import file_kind
from napari_seg.imaging.free_memory import require_memory
from napari_seg.imaging.geometry import LPS_TO_RAS, Geometry
from napari_seg.imaging.grid_notices import MM_PER_UNIT, odd_grid, one_volume
from napari_seg.imaging.meta_image import read_meta_image
from napari_seg.imaging.nrrd_errors import nrrd_error
from napari_seg.imaging.nrrd_header import NrrdHeader, read_nrrd_header
from napari_seg.imaging.nrrd_voxels import stored_voxels
from napari_seg.imaging.paths import text_path
from napari_seg.imaging.progress import OnProgress
from napari_seg.imaging.scan import Scan, Source
from napari_seg.imaging.stated_times import STEP_KEY

# No gzip stream unpacks to more than this many times its own size.
_LARGEST_RATIO = 1032
# More than the rest of a block that a full disk leaves.
_PROBE_BYTES = 1 << 20
_PACKED = ("a gzip file", "a file packed")
# An address in memory, which the library prints beside its own names.
_ADDRESS = re.compile(r"\w*\(0x[0-9a-f]+\): ?|ITK ERROR: |sitk::ERROR: |\[nrrd\] ")


def read_itk_file(path: Path, *, on_progress: OnProgress | None = None) -> Scan:
    """Read an ``.nrrd``, ``.nhdr``, ``.mha`` or ``.mhd`` file.

    Parameters
    ----------
    path
        The file.
    on_progress
        Called with the fraction that was read.

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
    if kind == "a MetaImage file":
        return read_meta_image(path, on_progress=on_progress)
    if kind != "an NRRD file":
        way_out = "unpack it first" if kind.startswith(_PACKED) else "export it again"
        raise ValueError(f"'{path.name}' is {kind}, not NRRD or MetaImage; {way_out}")
    return _read_nrrd(path, on_progress)


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
        Its step of time is written; these formats state their geometry in one way only.
    metadata
        Further fields of an NRRD header.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    turned = np.ascontiguousarray(np.moveaxis(array, (0, 1, 2), (2, 1, 0)))
    image = sitk.GetImageFromArray(turned, isVector=array.ndim == 4)
    affine = LPS_TO_RAS @ geometry.affine
    image.SetSpacing(geometry.spacing)
    image.SetOrigin(affine[:3, 3].tolist())
    image.SetDirection((affine[:3, :3] / geometry.spacing).ravel().tolist())
    said = dict(metadata or {})
    if array.ndim == 4 and source.time_step is not None:
        said[STEP_KEY] = str(float(source.time_step))
    for key, value in said.items():
        image.SetMetaData(key, value)
    try:
        with text_path(path) as name:
            sitk.WriteImage(image, name, useCompression=True)
    except RuntimeError as error:
        _require_room(path)
        raise OSError(_last_line(error, path)) from error


def _read_nrrd(path: Path, on_progress: OnProgress | None) -> Scan:
    header = read_nrrd_header(path)
    header.require_readable()
    reader = sitk.ImageFileReader()
    # The library itself goes by names in small letters.
    reader.SetImageIO("NrrdImageIO")
    try:
        with text_path(path) as name:
            reader.SetFileName(name)
            reader.ReadImageInformation()
            _refuse_unreadable(reader, header, path)
            parts = reader.GetNumberOfComponents()
            array = stored_voxels(header, reader.GetSize(), parts, on_progress)
            if array is None:
                _require_memory_of(reader, path.name)
                turned = sitk.GetArrayFromImage(reader.Execute())
                # SimpleITK counts from the last axis, the parts of a voxel last.
                space = reader.GetDimension()
                array = turned.transpose(*reversed(range(space)), *range(space, turned.ndim))
    except RuntimeError as error:
        raise ValueError(nrrd_error(path.name, str(error))) from error
    array, geometry = _voxels_and_geometry(array, reader, header)
    names = _channel_names(reader, header)
    return Scan(
        array,
        geometry,
        channel_names=names,
        notices=(
            *header.notices(flat=reader.GetDimension() == 2),
            *([one_volume(reader.GetSize())] if reader.GetSize()[3:] == (1,) else []),
            *([unsure_axis(len(names))] if names[:1] == volume_names(1, "volume") else []),
            *odd_grid(geometry),
        ),
        source=Source("NRRD", time_step=_time_step(reader, header, names)),
    )


def _time_step(
    image: sitk.ImageFileReader, header: NrrdHeader, names: tuple[str, ...]
) -> float | None:
    if axis_name(names) != "time":
        return None
    stated = header.step_of_parts()
    return header.step_of_volumes(image.GetSpacing()) if stated is None else stated


def _refuse_unreadable(reader: sitk.ImageFileReader, header: NrrdHeader, path: Path) -> None:
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
    header.require_directions(reader.GetDimension())
    # At least a byte for each voxel; the library itself finds smaller lacks.
    claimed = prod(reader.GetSize()) * reader.GetNumberOfComponents()
    if claimed > header.voxel_file.stat().st_size * _LARGEST_RATIO:
        raise ValueError(
            f"'{path.name}' is cut short: its header claims {claimed} voxels, more than "
            "the file can hold; fetch it again"
        )


def _require_memory_of(reader: sitk.ImageFileReader, name: str) -> None:
    kind = sitk.Image([1] * reader.GetDimension(), reader.GetPixelIDValue())
    count = prod(reader.GetSize()) * reader.GetNumberOfComponents()
    # The library's image and its copy as an array are there at once.
    needed = 2 * count * kind.GetSizeOfPixelComponent()
    require_memory(
        needed, name, way_out="save it as a plain or gzip-packed .nrrd, or a smaller part"
    )


def _voxels_and_geometry(
    array: NDArray[Any], image: sitk.ImageFileReader, header: NrrdHeader
) -> tuple[NDArray[Any], Geometry]:
    dimension = image.GetDimension()
    affine = np.eye(4)
    spatial = min(dimension, 3)
    direction = np.array(image.GetDirection()).reshape(dimension, dimension)
    affine[:spatial, :spatial] = (direction * header.spacing(image.GetSpacing()))[
        :spatial, :spatial
    ]
    affine[:spatial, 3] = image.GetOrigin()[:spatial]
    if dimension == 2:
        array = array[:, :, np.newaxis]
    elif dimension == 4 and array.shape[3] == 1:
        array = array[..., 0]
    i, j, k = array.shape[:3]
    in_mm = np.diag([*(sign * MM_PER_UNIT[header.unit] for sign in header.unturned), 1.0])
    try:
        return array, Geometry((i, j, k), in_mm @ LPS_TO_RAS @ affine)
    except ValueError as error:
        raise ValueError(
            f"'{header.path.name}' states no usable place in space: {error}; export it again"
        ) from error


def _channel_names(image: sitk.ImageFileReader, header: NrrdHeader) -> tuple[str, ...]:
    parts = image.GetNumberOfComponents()
    volumes = image.GetSize()[3] if image.GetDimension() == 4 else 1
    if parts == volumes == 1:
        return ()
    if parts == 1:
        return volume_names(volumes, "time" if header.is_series else "volume")
    if header.step_of_parts() is not None:
        return volume_names(parts, "time")
    if header.is_sequence:
        return volume_names(parts, "volume")
    flat = image.GetDimension() == 2 or image.GetSize()[2] == 1
    return RGB_NAMES if parts == 3 and flat else volume_names(parts, "channel")


def _require_room(path: Path) -> None:
    """Raise what the system says where a file cannot grow: the library says only that it failed."""
    if path.is_file():
        with path.open("ab") as file:
            file.write(bytes(_PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())


def _last_line(error: RuntimeError, path: Path) -> str:
    # The folders that a file lies in may name a person.
    text = str(error).replace(f"{path.parent}{os.sep}", "")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return _ADDRESS.sub("", lines[-1])
