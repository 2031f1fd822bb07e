"""What is told of a DICOM series that was read: what was repaired, left out or assumed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice
from pathlib import Path

from napari_seg.imaging.dicom.headers import DamagedFile, read_headers
from napari_seg.imaging.dicom.interleaving import mixed_tags
from napari_seg.imaging.dicom.rescaling import StoredSlice
from napari_seg.imaging.dicom.stack import Stack
from napari_seg.imaging.dicom.value_notices import value_notices
from napari_seg.imaging.grid_notices import odd_grid
from napari_seg.imaging.scan import Notice

_SAME_THICKNESS_MM = 0.01
# So many files beside a slice are looked at.
_NEIGHBOURS = 20
# Two steps and more, as far as headers round them.
_TWICE = 1.9


def read_notices(
    stack: Stack, stored: Sequence[StoredSlice], damaged: Sequence[Path], files: Collection[Path]
) -> tuple[Notice, ...]:
    """Tell what was assumed, repaired or left out while `stack` was read.

    Parameters
    ----------
    stack
        As it was read.
    stored
        Its slices, in its order.
    damaged
        The file of each picture that was left out; its name may name a patient, so it is counted.
    files
        Those of the series whose headers were read.
    """
    notices = list(stack.notices)
    if stack.repeats:
        count = len(stack.repeats)
        message = f"{_slices(count)} repeated another, pixel by pixel: {_was(count)} left out"
        notices.append(Notice("repeated-slices", message, {"slices": count}))
    if damaged:
        kept = {one.path for one in stack.slices}
        notices.append(_left_out(damaged, sorted({*files, *damaged}), kept))
    if stack.defect:
        message = f"the series {stack.defect}: it was resampled to an even upright grid"
        notices.append(Notice("resampled", message, stack.figures))
    notices += [*odd_grid(stack.geometry), *_mixed(stack), *_odd_steps(stack)]
    notices += _mixed_studies(stack)
    notices += mixed_tags(stack.slices, stack.geometry.spacing[2])
    notices += value_notices(stored)
    return tuple(notices)


def damaged_elsewhere(count: int) -> tuple[Notice, ...]:
    """Tell of damaged files in folders without any slice, which may be of the series."""
    if not count:
        return ()
    message = (
        f"{count} DICOM file{'s' if count > 1 else ''} in folders without any slice cannot be "
        "read: slices of this series may be missing at its ends"
    )
    return (Notice("damaged-elsewhere", message, {"files": count}),)


def lone_slice(path: Path, stack: Stack) -> tuple[Notice, ...]:
    """Say that a file that was read by itself is one slice of a series that lies in its folder."""
    first, *others = stack.slices
    if others or first.position is None or not path.is_file():
        return ()
    for neighbour in islice(path.parent.iterdir(), _NEIGHBOURS):
        try:
            found = read_headers(neighbour) if neighbour.is_file() and neighbour != path else []
        except (DamagedFile, OSError):
            continue
        if any(one.group == first.group and one.position != first.position for one in found):
            message = "this is one slice, and its folder holds more of its series: open the folder"
            return (Notice("one-slice", message),)
    return ()


def _left_out(damaged: Sequence[Path], files: Sequence[Path], kept: Collection[Path]) -> Notice:
    lost = sorted(set(damaged))
    numbers = ", ".join(str(files.index(path) + 1) for path in lost)
    figures: dict[str, float | str] = {"files": len(lost), "numbers": numbers}
    words = f"{len(lost)} of {len(files)} files"
    if any(path in kept for path in lost):
        # Of a file of many pictures some were read.
        words = f"{_slices(len(damaged))} in {words}"
        figures["slices"] = len(damaged)
    folders = "folder by folder, " if len({path.parent for path in files}) > 1 else ""
    message = (
        f"damaged, so left out: {words}, {folders}in the order of their names number {numbers}"
    )
    return Notice("damaged-left-out", message, figures)


def _mixed(stack: Stack) -> list[Notice]:
    """Say where slices of two reconstructions may lie between each other."""
    stated = [one.thickness for one in stack.slices if one.thickness is not None]
    if not stated or max(stated) - min(stated) <= _SAME_THICKNESS_MM:
        return []
    message = (
        f"its slices are {min(stated):g} to {max(stated):g} mm thick: they may be of several "
        "reconstructions, or of several series under one name"
    )
    return [Notice("mixed-thickness", message, {"least_mm": min(stated), "most_mm": max(stated)})]


def _mixed_studies(stack: Stack) -> list[Notice]:
    """Say where slices of several studies, each of one slice or one excepted, were put together."""
    count = len({one.study for one in stack.slices})
    if count == 1:
        return []
    message = (
        f"StudyInstanceUID has {count} values among its slices, which were read as one volume: "
        "where they are of several, keep each in a folder of its own"
    )
    return [Notice("mixed-studies", message, {"studies": count})]


def _odd_steps(stack: Stack) -> list[Notice]:
    """Say where all slices lie much further apart than they claim, or much closer."""
    stated = next((one.step for one in stack.slices if one.step is not None), None)
    step = stack.geometry.spacing[2]
    if stack.defect or len(stack.slices) == 1 or stated is None:
        return []
    words = (
        f"its slices lie {step:.4g} mm apart where its headers say {abs(stated):.4g} mm: slices "
    )
    figures = {"step_mm": step, "stated_mm": abs(stated)}
    if step >= _TWICE * abs(stated):
        return [Notice("wide-steps", f"{words}may be missing between them", figures)]
    if abs(stated) >= _TWICE * step:
        return [Notice("narrow-steps", f"{words}of several volumes may be mixed", figures)]
    return []


def _slices(count: int) -> str:
    return f"{count} slice{'s' if count > 1 else ''}"


def _was(count: int) -> str:
    return "they were" if count > 1 else "it was"
