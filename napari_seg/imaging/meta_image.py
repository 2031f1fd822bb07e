"""MetaImage in: ``.mha``, or ``.mhd`` with its voxels in a file beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.channels import RGB_NAMES, axis_name, unsure_axis, volume_names
from napari_seg.imaging.detached_voxels import both_names, file_beside
from napari_seg.imaging.geometry import LPS_TO_RAS, Geometry
from napari_seg.imaging.grid_notices import (
    MM_PER_UNIT,
    no_orientation,
    no_origin,
    no_spacing,
    odd_grid,
    one_volume,
    other_unit,
    surplus_bytes,
)
from napari_seg.imaging.meta_image_header import MetaImageHeader, read_meta_image_header
from napari_seg.imaging.modalities import known_modality
from napari_seg.imaging.progress import OnProgress
from napari_seg.imaging.scan import Notice, Scan, Source
from napari_seg.imaging.stated_times import STEP_KEY, stated_step
from napari_seg.imaging.voxel_bytes import StoredBytes, too_short

_UNITS = {"": "mm", "?": "mm", "mm": "mm", "um": "micron", "cm": "cm", "m": "meter"}
_MODALITY = "MET_MOD_"
# Directions are stored with a few digits.
_UNIT_LENGTH = 1e-3


def read_meta_image(path: Path, *, on_progress: OnProgress | None = None) -> Scan:
    """Read a MetaImage file; arguments, returns and errors as `itk_files.read_itk_file`."""
    header = read_meta_image_header(path)
    voxels = file_beside(path, header.fields["ElementDataFile"])
    raw, surplus = _stored_voxels(
        header, path if voxels is None else voxels, detached=voxels, on_progress=on_progress
    )
    parts = (header.channels,) if header.channels > 1 else ()
    array = raw.reshape((*parts, *header.shape), order="F")
    array = np.moveaxis(array, 0, -1) if parts else array
    if len(header.shape) == 2:
        array = array[:, :, np.newaxis]
    elif header.shape[3:] == (1,):
        array = array[..., 0]
    geometry, notices = _geometry(header)
    if header.shape[3:] == (1,):
        notices = (*notices, one_volume(header.shape))
    elif len(header.shape) > 3 and _step(header) is None:
        notices = (*notices, unsure_axis(header.shape[3]))
    names = _channel_names(header)
    return Scan(
        array,
        geometry,
        channel_names=names,
        notices=(
            *notices,
            *_stray_lines(header),
            *_unscaled(header),
            *_other_packed_size(header, path if voxels is None else None),
            *surplus_bytes(surplus),
        ),
        source=Source(
            "MetaImage",
            modality=_modality(header),
            time_step=_step(header) if axis_name(names) == "time" else None,
        ),
    )


def _stored_voxels(
    header: MetaImageHeader, path: Path, *, detached: Path | None, on_progress: OnProgress | None
) -> tuple[NDArray[Any], int]:
    claimed = header.count * header.dtype.itemsize
    start = header.length if detached is None else 0
    name = header.name if detached is None else both_names(header.name, path.name)
    # Voxels may begin like a gzip file by chance.
    stored = StoredBytes(path, name, packed=False)
    if header.is_text:
        return _words(header, stored, start), 0
    if header.is_compressed:
        raw, surplus = stored.read_zlib(claimed, skipped=start, on_progress=on_progress)
        return _native(raw, header), surplus
    if header.skipped >= 0 and detached is not None:
        start = header.skipped
    elif header.skipped == -1:
        start = max(path.stat().st_size - claimed, start)
    with stored.open() as stream:
        raw, surplus = stored.read(stream, claimed, skipped=start, on_progress=on_progress)
    return _native(raw, header), surplus


def _words(header: MetaImageHeader, stored: StoredBytes, start: int) -> NDArray[Any]:
    # Each number takes one sign and a blank at least.
    least, held = header.count * 2 - 1, stored.path.stat().st_size - start
    if least > held:
        raise ValueError(too_short(stored.name, least, held))
    words = stored.path.read_bytes()[start:].split()
    if len(words) < header.count:
        raise ValueError(
            f"'{stored.name}' is cut short: its header claims {header.count} numbers, "
            f"the file holds {len(words)}; fetch it again"
        )
    try:
        return np.array(words[: header.count]).astype(header.dtype.newbyteorder("="))
    except (ValueError, OverflowError) as error:
        raise ValueError(
            f"'{stored.name}' is damaged: not all of its voxels are numbers that "
            f"{header.dtype.name} holds; fetch it again"
        ) from error


def _native(raw: NDArray[np.uint8], header: MetaImageHeader) -> NDArray[Any]:
    return raw.view(header.dtype).astype(header.dtype.newbyteorder("="), copy=False)


def _geometry(header: MetaImageHeader) -> tuple[Geometry, tuple[Notice, ...]]:
    axes, spatial = len(header.shape), min(len(header.shape), 3)
    spacing = _expected(header, header.spacing, axes, "spacing") or (1.0,) * axes
    origin = _expected(header, header.origin, axes, "origin") or (0.0,) * axes
    directions = _expected(header, header.directions, axes**2, "directions")
    # The file states the direction of one axis after the other, so these are rows.
    columns = np.reshape(directions, (axes, axes)).T if directions else np.eye(axes)
    affine = np.eye(4)
    affine[:spatial, :spatial] = (columns * spacing)[:spatial, :spatial]
    affine[:spatial, 3] = origin[:spatial]
    unit = _unit(header)
    in_mm = np.diag([*[MM_PER_UNIT[unit]] * 3, 1.0])
    i, j, k = (*header.shape, 1)[:3]
    try:
        geometry = Geometry((i, j, k), in_mm @ LPS_TO_RAS @ affine)
    except ValueError as error:
        raise ValueError(
            f"'{header.name}' states no usable place in space: {error}; export it again"
        ) from error
    missing = []
    if not directions or axes == 2:
        missing.append(no_orientation("the file stores no orientation"))
    missing += [] if header.spacing else [no_spacing()]
    missing += [] if header.origin else [no_origin()]
    lengths = np.linalg.norm(columns, axis=0)[:spatial]
    return geometry, (
        *missing,
        *_odd_sizes(spacing, lengths),
        *other_unit(unit),
        *odd_grid(geometry),
    )


def _expected(
    header: MetaImageHeader, numbers: tuple[float, ...], count: int, what: str
) -> tuple[float, ...]:
    if len(numbers) not in (0, count):
        raise ValueError(
            f"'{header.name}' is damaged: it states {len(numbers)} numbers for its {what}, "
            f"and {len(header.shape)} axes need {count}; export it again"
        )
    return numbers


def _odd_sizes(spacing: tuple[float, ...], lengths: NDArray[Any]) -> tuple[Notice, ...]:
    stated = " x ".join(f"{size:g}" for size in spacing[: len(lengths)])
    if min(spacing) < 0:
        message = f"the header states a negative voxel size ({stated}): its axis was turned round"
        return (Notice("negative-size", message, {"sizes": stated}),)
    if (np.abs(lengths - 1) <= _UNIT_LENGTH).all():
        return ()
    meant = " x ".join(
        f"{size * length:.4g}" for size, length in zip(spacing, lengths, strict=False)
    )
    message = f"the header states voxels of {stated}, its directions make them {meant}: as used"
    return (Notice("sizes-disagree", message, {"header": stated, "used": meant}),)


def _unit(header: MetaImageHeader) -> str:
    stated = header.fields.get("DistanceUnits", "").strip()
    if stated.lower() not in _UNITS:
        raise ValueError(
            f"'{header.name}' states lengths in no known unit; correct DistanceUnits in its "
            "header to mm, um or cm"
        )
    return _UNITS[stated.lower()]


def _channel_names(header: MetaImageHeader) -> tuple[str, ...]:
    in_time = _step(header) is not None
    if header.channels > 1 and in_time:
        return volume_names(header.channels, "time")
    if header.channels == 3 and (*header.shape, 1)[2] == 1:
        return RGB_NAMES
    if header.channels > 1:
        return volume_names(header.channels, "channel")
    volumes = header.shape[3] if len(header.shape) > 3 else 1
    return volume_names(volumes, "time" if in_time else "volume") if volumes > 1 else ()


def _step(header: MetaImageHeader) -> float | None:
    return stated_step(header.fields.get(STEP_KEY))


def _stray_lines(header: MetaImageHeader) -> tuple[Notice, ...]:
    if header.strays == 0:
        return ()
    message = f"the header holds {header.strays} lines that are no field: they were passed over"
    return (Notice("stray-lines", message, {"lines": header.strays}),)


def _unscaled(header: MetaImageHeader) -> tuple[Notice, ...]:
    names = ("ElementToIntensityFunctionSlope", "ElementToIntensityFunctionOffset")
    slope = (header.numbers(names[0]) or (1.0,))[0]
    intercept = (header.numbers(names[1]) or (0.0,))[0]
    if (slope, intercept) == (1, 0):
        return ()
    message = (
        f"the header states a slope of {slope:g} and an offset of {intercept:g}, which other "
        "programs pass over: the voxels are as stored"
    )
    return (Notice("scale-unused", message, {"slope": slope, "offset": intercept}),)


def _other_packed_size(header: MetaImageHeader, path: Path | None) -> tuple[Notice, ...]:
    """Say that other programs, which go by the packed size, may read other voxels."""
    if path is None or not header.is_compressed:
        return ()
    held, stated = path.stat().st_size - header.length, header.packed_size
    if held == stated:
        return ()
    claim = "no packed size" if stated is None else f"a packed size of {stated} bytes"
    message = f"the header states {claim}, the file holds {held} bytes: all were unpacked"
    return (
        Notice("packed-size", message, {"bytes": held, "stated": -1 if stated is None else stated}),
    )


def _modality(header: MetaImageHeader) -> str | None:
    stated = header.fields.get("Modality", "")
    return known_modality(stated.removeprefix(_MODALITY)) or None
