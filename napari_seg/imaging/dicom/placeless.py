"""Set pictures without a place apart from the slices that they share a series with."""

from __future__ import annotations

from collections.abc import Sequence

from napari_seg.imaging.dicom.slice_header import SliceHeader
from napari_seg.imaging.dicom.stack import stack_slices
from napari_seg.imaging.scan import Notice

Slices = tuple[SliceHeader, ...]


def without_captures(slices: Sequence[SliceHeader]) -> tuple[Slices, Slices]:
    """Part slices from secondary captures without a place, where others have one.

    Returns
    -------
    tuple
        The slices, and what was set apart; both in the order given.
    """
    if not any(one.position for one in slices):
        return tuple(slices), ()
    is_apart = [one.is_capture and one.position is None for one in slices]
    return (
        tuple(one for one, off in zip(slices, is_apart, strict=True) if not off),
        tuple(one for one, off in zip(slices, is_apart, strict=True) if off),
    )


def without_stray(slices: Slices) -> tuple[Slices, Slices]:
    """Part slices from the only picture without a place, where the others make a good stack.

    Returns
    -------
    tuple
        The slices, and what was set apart; both in the order given.
    """
    apart = tuple(one for one in slices if one.position is None)
    rest = tuple(one for one in slices if one.position is not None)
    return (rest, apart) if len(apart) == 1 and _is_good(rest) else (slices, ())


def placeless_apart(apart: Sequence[SliceHeader]) -> tuple[Notice, ...]:
    """Tell of pictures without a place that were set apart from a series that was read."""
    if not apart:
        return ()
    count = len(apart)
    message = (
        f"{count} picture{'s' if count > 1 else ''} of this series without a place "
        f"{'are listed as series of their' if count > 1 else 'is listed as a series of its'} own"
    )
    if not all(one.is_capture for one in apart):
        message += ": a slice may be missing at its ends"
    return (Notice("placeless-apart", message, {"pictures": count}),)


def _is_good(slices: Slices) -> bool:
    if len(slices) < 2:
        return False
    try:
        return not stack_slices(slices).defect
    except ValueError:
        return False
