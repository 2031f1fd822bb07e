"""What is told of a DICOM series that was read: what was repaired, left out or assumed."""

from __future__ import annotations

from collections.abc import Sequence

from napari_seg.imaging.dicom.rescaling import StoredSlice
from napari_seg.imaging.dicom.stack import Stack
from napari_seg.imaging.scan import Notice


def read_notices(
    stack: Stack, stored: Sequence[StoredSlice], damaged: Sequence[str]
) -> tuple[Notice, ...]:
    """Tell what was assumed, repaired or left out while `stack` was read.

    Parameters
    ----------
    stack
        As it was read.
    stored
        Its slices, in its order.
    damaged
        The names of the files that were left out.
    """
    notices = list(stack.notices)
    if stack.repeats:
        count = len(stack.repeats)
        message = f"{_slices(count)} repeated another, pixel by pixel: {_was(count)} left out"
        notices.append(Notice("repeated-slices", message, {"slices": count}))
    if damaged:
        names = ", ".join(f"'{name}'" for name in damaged)
        message = f"damaged, so left out: {names}"
        notices.append(Notice("damaged-left-out", message, {"files": len(damaged)}))
    if stack.defect:
        message = f"the series {stack.defect}: it was resampled to an even upright grid"
        notices.append(Notice("resampled", message, stack.figures))
    first = stored[0].header
    if first.is_inverted:
        dark = "high values were meant to be shown dark (MONOCHROME1); they were kept as stored"
        notices.append(Notice("inverted", dark))
    if first.samples == 1 and any(_lacks_rescaling(one) for one in stored):
        meaning = "in HU" if first.modality == "CT" else "in their unit"
        message = f"no rescaling is stated: the values are as stored, perhaps not {meaning}"
        notices.append(Notice("no-rescaling", message))
    return tuple(notices)


def _lacks_rescaling(one: StoredSlice) -> bool:
    stated = one.header.slope
    return stated == 0 or (stated is None and one.header.modality == "CT")


def _slices(count: int) -> str:
    return f"{count} slice{'s' if count > 1 else ''}"


def _was(count: int) -> str:
    return "they were" if count > 1 else "it was"
