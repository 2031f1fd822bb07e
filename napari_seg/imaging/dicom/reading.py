"""DICOM in: choose the series, pass the gate, decode the pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.channels import RGB_NAMES
from napari_seg.imaging.dicom.folder_files import unfollowed_links
from napari_seg.imaging.dicom.pixels import DamagedPixels, PixelReader
from napari_seg.imaging.dicom.placeless import placeless_apart
from napari_seg.imaging.dicom.reading_notices import damaged_elsewhere, lone_slice, read_notices
from napari_seg.imaging.dicom.repeats import different_pixels
from napari_seg.imaging.dicom.resampling import resample_slices
from napari_seg.imaging.dicom.rescaling import StoredSlice, rescaled_slices
from napari_seg.imaging.dicom.series import Series, find_series
from napari_seg.imaging.dicom.slice_header import SliceHeader
from napari_seg.imaging.dicom.stack import Stack, stack_slices
from napari_seg.imaging.file_kinds import file_kind
from napari_seg.imaging.free_memory import require_memory
from napari_seg.imaging.progress import OnProgress, ignore_progress
from napari_seg.imaging.scan import Scan, Source

# Reading headers takes about this part of the time.
_HEADER_SHARE = 0.3
_HOW_TO_CHOOSE = "choose one by its number (series=N in Python, --series N on the command line)"
_HOW_TO_REPAIR = "read it with repair=True (--repair on the command line)"


class SeveralSeriesError(ValueError):
    """A choice between series is needed.

    Its text lists them with their descriptions, for a person to choose by: a description may
    hold a name, so the text belongs on the screen and in no log.

    Parameters
    ----------
    message
        A sentence with the way out.
    series
        What there is to choose from.

    Attributes
    ----------
    summary
        The sentence alone, without what the series are called.
    """

    def __init__(self, message: str, series: Sequence[Series]) -> None:
        self.series, self.summary = tuple(series), message
        super().__init__(f"{message}:\n{_listing(series)}")


class NeedsRepairError(ValueError):
    """The slices do not fill an even upright grid, and ``repair=True`` would bring them to one.

    Parameters
    ----------
    cause
        A sentence with another way out.
    repair
        What repairing does.

    Attributes
    ----------
    cause
        For who is offered the repair by other means.
    """

    def __init__(self, cause: str, repair: str) -> None:
        self.cause = cause
        super().__init__(f"{cause}, or {_HOW_TO_REPAIR}, which {repair}")


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
        A folder, searched at any depth, or a single slice or multi-frame file.
    series
        SeriesInstanceUID, or the number in the list of `find_series`, from 1; needed only
        where there are several.
    repair
        Whether to resample slices that miss neighbours, lie unevenly or lean, and to leave
        damaged ones out.
    on_progress
        Called with the fraction that was done; what it raises stops the reading.

    Returns
    -------
    Scan
        ``(i, j, k)``, i along the rows, j along the columns; the stored rescaling (HU for CT) is
        applied. A colour picture is ``(i, j, 1, 3)``.

    Raises
    ------
    SeveralSeriesError
        If there are several series and none was chosen, or not one of them.
    NeedsRepairError
        If slices are missing, uneven, leaning or damaged, and `repair` is not set.
    ValueError
        If there is no series, or its slices have no grid.
    """
    report = on_progress or ignore_progress
    found = find_series(path, on_progress=lambda part: report(part * _HEADER_SHARE))
    chosen = _choose(found, series, path)
    stack = _passed(chosen, path.name, repair=repair)
    stored, damaged = _decoded(stack, path.name, repair=repair, report=report)
    if damaged:
        stack = _restacked(stored, path.name)
    left_out = (*chosen.damaged, *(one.path for one in damaged))
    notices = read_notices(stack, stored, left_out, {one.path for one in chosen.slices})
    notices += damaged_elsewhere(len(chosen.damaged_elsewhere))
    notices += placeless_apart(chosen.placeless)
    values = rescaled_slices(stored)
    array = resample_slices(list(values), stack) if stack.defect else _stacked(values, stack)
    first = stack.slices[0]
    files = tuple(dict.fromkeys(one.path for one in stack.slices))
    return Scan(
        array,
        stack.geometry,
        channel_names=RGB_NAMES if array.ndim == 4 else (),
        notices=(*notices, *lone_slice(path, stack)),
        source=Source(
            "DICOM",
            dicom_files=files,
            dicom_frames=tuple(one.index for one in stack.slices) if len(files) == 1 else (),
            modality=first.modality or None,
            frame=first.frame_of_reference,
        ),
    )


def _choose(found: Sequence[Series], series: str | int | None, path: Path) -> Series:
    if not found:
        raise ValueError(_nothing_found(path))
    if series is None:
        if len(found) == 1:
            return found[0]
        raise SeveralSeriesError(
            f"'{path.name}' holds {len(found)} series; {_HOW_TO_CHOOSE}", found
        )
    if str(series).isdecimal() and 1 <= int(series) <= len(found):
        return found[int(series) - 1]
    matching = [one for one in found if one.uid and one.uid == series]
    if len(matching) != 1:
        many = "several series" if matching else "no series"
        raise SeveralSeriesError(f"'{path.name}' holds {many} '{series}'; {_HOW_TO_CHOOSE}", found)
    return matching[0]


def _nothing_found(path: Path) -> str:
    if path.is_file() and file_kind(path) != "a DICOM file":
        return f"'{path.name}' is {file_kind(path)}, not a DICOM file; choose a scan"
    return (
        f"'{path.name}' holds no DICOM image; choose a scan file, or the folder with the slices "
        "(segmentations are opened as labels; reports and doses are not read)"
        f"{unfollowed_links(path)}"
    )


def _listing(found: Sequence[Series]) -> str:
    return "\n".join(f"  {one.number}: {_line(one)}" for one in found)


def _line(series: Series) -> str:
    if series.spacing is not None:
        size = " x ".join(f"{size:.3g}" for size in series.spacing)
        return "; ".join((f"{series.title}, {size} mm", *series.problems))
    return "; ".join((series.title, *series.problems))


def _passed(series: Series, name: str, *, repair: bool) -> Stack:
    try:
        stack = series.stack
    except ValueError as error:
        raise ValueError(f"'{name}': the series {error}") from error
    if series.damaged and not repair:
        raise NeedsRepairError(
            f"'{name}': '{series.damaged[0].name}' is a damaged DICOM file, its header cannot be read; "
            "fetch it again or take it out of the folder",
            "leaves it out",
        )
    if stack.defect and not repair:
        raise NeedsRepairError(
            f"'{name}': the series {stack.defect}; fetch it again whole", "resamples it"
        )
    return stack


def _decoded(
    stack: Stack, name: str, *, repair: bool, report: OnProgress
) -> tuple[list[StoredSlice], list[SliceHeader]]:
    """Decode one slice for each place, and return the damaged ones that were left out."""
    reader = PixelReader()
    files = {one.path for one in (*stack.slices, *(repeat for _, repeat in stack.repeats))}
    stored: list[StoredSlice] = []
    damaged: list[SliceHeader] = []
    for done, one in enumerate(stack.slices, start=1):
        same_place = (one, *(repeat for kept, repeat in stack.repeats if kept is one))
        good = []
        for candidate in same_place:
            try:
                good.append(reader.read(candidate))
            except DamagedPixels as error:
                if len(files) == 1:
                    # Nothing would be left.
                    raise
                if not repair:
                    raise NeedsRepairError(str(error), "leaves it out") from error
                damaged.append(candidate)
        _refuse_different(good, stack, name)
        if done == 1 and good:
            # Each slice is held as it is stored until all are stacked.
            needed = 2 * good[0].values.nbytes * len(stack.slices)
            require_memory(
                needed, name, way_out="close other scans, or read it where there is more"
            )
        stored += good[:1]
        report(_HEADER_SHARE + (1 - _HEADER_SHARE) * done / len(stack.slices))
    return stored, damaged


def _refuse_different(same_place: Sequence[StoredSlice], stack: Stack, name: str) -> None:
    for other in same_place[1:]:
        if not other.is_copy_of(same_place[0]):
            words = different_pixels(stack, same_place[0].header, other.header)
            raise ValueError(f"'{name}': {words}")


def _restacked(stored: Sequence[StoredSlice], name: str) -> Stack:
    if not stored:
        raise ValueError(f"'{name}': the pixels of no slice can be read; fetch the series again")
    try:
        return stack_slices([one.header for one in stored])
    except ValueError as error:
        raise ValueError(f"'{name}': without its damaged slices the series {error}") from error


def _stacked(values: Iterable[NDArray[Any]], stack: Stack) -> NDArray[Any]:
    array: NDArray[Any] | None = None
    for k, one in enumerate(values):
        if one.ndim == 3:
            return one[:, :, np.newaxis]
        if array is None:
            array = np.empty(stack.geometry.shape, dtype=one.dtype, order="F")
        array[..., k] = one
    return np.asarray(array)
