"""DICOM in: choose the series, pass the gate, decode the pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import SimpleITK as sitk
from numpy.typing import NDArray

from napari_seg.imaging.dicom.series import Series, SliceHeader, find_series
from napari_seg.imaging.dicom.stack import Stack, resample_slices, stack_slices
from napari_seg.imaging.scan import Notice, Scan, Source

OnProgress = Callable[[float], None]

_RGB_NAMES = ("red", "green", "blue")
# Lossless JPEG, and JPEG-LS: their decoders for pydicom are under licences we cannot ship.
_DECODED_BY_ITK = (
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",
)
# Reading headers takes about this part of the time.
_HEADER_SHARE = 0.3


def read_dicom(
    path: Path,
    *,
    series: str | int | None = None,
    repair: bool = False,
    on_progress: OnProgress | None = None,
) -> Scan:
    """Read one series of a folder, or one file.

    Parameters
    ----------
    path
        A folder, searched at any depth, or a single slice.
    series
        SeriesInstanceUID, or the number in the list that the error shows, from 1; needed only
        where there are several.
    repair
        Whether to resample slices that miss neighbours, lie unevenly or lean.
    on_progress
        Called with the fraction that was done.

    Returns
    -------
    Scan
        ``(i, j, k)``, i along the rows, j along the columns; the stored rescaling (HU for CT) is
        applied. A colour picture is ``(i, j, 1, 3)``.

    Raises
    ------
    ValueError
        If there is no series, or several and none was chosen, or its slices do not fill a grid.
    """
    report = on_progress or _silent
    found = find_series(path, on_progress=lambda part: report(part * _HEADER_SHARE))
    chosen = _choose(found, series, path.name)
    stack = _stack_of(chosen, path.name)
    if stack.defect and not repair:
        raise ValueError(
            f"'{path.name}': the series {stack.defect}; fetch it again whole, or read it with "
            "repair=True (--repair), which resamples it"
        )
    pixels = []
    for done, one in enumerate(stack.slices, start=1):
        pixels.append(_decode(one))
        report(_HEADER_SHARE + (1 - _HEADER_SHARE) * done / len(stack.slices))
    values = _rescaled(pixels)
    array = resample_slices(values, stack) if stack.defect else _stacked(values)
    return Scan(
        array,
        stack.geometry,
        channel_names=_RGB_NAMES if array.ndim == 4 else (),
        notices=(*stack.notices, *_notices(stack)),
        source=Source(
            "DICOM",
            dicom_files=tuple(one.path for one in stack.slices),
            modality=stack.slices[0].modality or None,
        ),
    )


def _silent(_: float) -> None:
    pass


def _choose(found: Sequence[Series], series: str | int | None, name: str) -> Series:
    if not found:
        raise ValueError(
            f"'{name}' holds no DICOM image; choose a scan file, or the folder with the slices"
        )
    if series is None:
        if len(found) == 1:
            return found[0]
        raise ValueError(
            f"'{name}' holds {len(found)} series; choose one by its number (series=…):\n"
            f"{_listing(found)}"
        )
    if str(series).isdigit() and 1 <= int(series) <= len(found):
        return found[int(series) - 1]
    matching = [one for one in found if one.uid and one.uid == series]
    if len(matching) != 1:
        many = "several series" if matching else "no series"
        raise ValueError(f"'{name}' holds {many} '{series}'; choose by number:\n{_listing(found)}")
    return matching[0]


def _listing(found: Sequence[Series]) -> str:
    return "\n".join(f"  {number}: {_line(one)}" for number, one in enumerate(found, start=1))


def _line(series: Series) -> str:
    try:
        stack = stack_slices(series.slices)
    except ValueError as error:
        return f"{series.title}; {error}"
    if stack.defect:
        return f"{series.title}; {stack.defect}"
    return f"{series.title}, {' x '.join(f'{size:.3g}' for size in stack.geometry.spacing)} mm"


def _stack_of(series: Series, name: str) -> Stack:
    try:
        return stack_slices(series.slices)
    except ValueError as error:
        raise ValueError(f"'{name}': the series {error}") from error


def _notices(stack: Stack) -> tuple[Notice, ...]:
    notices = []
    if stack.defect:
        message = f"the series {stack.defect}: it was resampled to an even upright grid"
        notices.append(Notice("resampled", message))
    if stack.slices[0].is_inverted:
        dark = "high values were meant to be shown dark (MONOCHROME1); they were kept as stored"
        notices.append(Notice("inverted", dark))
    return tuple(notices)


def _decode(one: SliceHeader) -> tuple[NDArray[Any], float, float]:
    try:
        dataset = pydicom.dcmread(one.path, force=True)
        meta = getattr(dataset, "file_meta", None)
        if str(getattr(meta, "TransferSyntaxUID", "")) in _DECODED_BY_ITK:
            # SimpleITK has applied the rescaling.
            return sitk.GetArrayFromImage(sitk.ReadImage(str(one.path)))[0], 1.0, 0.0
        pixels = dataset.pixel_array
    except (RuntimeError, ValueError, AttributeError, NotImplementedError, EOFError) as error:
        cause = str(error).strip().splitlines()[0] if str(error).strip() else "no pixels"
        raise ValueError(
            f"the pixels of '{one.path.name}' cannot be read ({cause}); fetch it again"
        ) from error
    if pixels.shape[:2] != one.shape:
        raise ValueError(f"'{one.path.name}' holds other pixels than its header says")
    if "RescaleSlope" not in dataset or one.samples > 1:
        return pixels, 1.0, 0.0
    return pixels, float(dataset.RescaleSlope), float(dataset.get("RescaleIntercept") or 0)


def _rescaled(pixels: Sequence[tuple[NDArray[Any], float, float]]) -> list[NDArray[Any]]:
    """Apply slope and intercept, in the smallest signed type that holds every slice."""
    if pixels[0][0].ndim == 3:
        return [np.swapaxes(one, 0, 1) for one, _, _ in pixels]
    if any(slope != 1 or not intercept.is_integer() for _, slope, intercept in pixels):
        dtype: type[np.generic] = np.float32
    else:
        low = min(int(one.min()) + intercept for one, _, intercept in pixels)
        high = max(int(one.max()) + intercept for one, _, intercept in pixels)
        fits = np.iinfo(np.int16).min <= low and high <= np.iinfo(np.int16).max
        dtype = np.int16 if fits else np.int32
    return [
        (one.astype(np.float64 if dtype is np.float32 else np.int64) * slope + intercept)
        .astype(dtype)
        .T
        for one, slope, intercept in pixels
    ]


def _stacked(values: Sequence[NDArray[Any]]) -> NDArray[Any]:
    if values[0].ndim == 3:
        return values[0][:, :, np.newaxis]
    array = np.empty((*values[0].shape, len(values)), dtype=values[0].dtype, order="F")
    for k, one in enumerate(values):
        array[..., k] = one
    return array
