"""What is told of the values of a DICOM series: of their rescaling, unit and meaning."""

from __future__ import annotations

from collections.abc import Sequence

from napari_seg.imaging.dicom.rescaling import StoredSlice
from napari_seg.imaging.dicom.slice_header import SliceHeader
from napari_seg.imaging.rescaled_values import far_from_zero
from napari_seg.imaging.scan import Notice


def value_notices(stored: Sequence[StoredSlice]) -> list[Notice]:
    """Tell what the values of some slices or all may not be, though they were taken as such."""
    headers = [one.header for one in stored]
    notices = []
    if dark := sum(one.is_inverted for one in headers):
        message = (
            f"{_part(dark, headers)}high values were meant to be shown dark (MONOCHROME1); they "
            "were kept as stored"
        )
        notices.append(Notice("inverted", message, _figures(dark, headers)))
    if unscaled := _without_rescaling(stored):
        meaning = "in HU" if headers[0].modality == "CT" else "in their unit"
        message = (
            f"{_part(unscaled, headers)}no rescaling is stated: the values are as stored, perhaps "
            f"not {meaning}"
        )
        notices.append(Notice("no-rescaling", message, _figures(unscaled, headers)))
    notices += far_from_zero({(one.slope, one.intercept) for one in stored})
    if other := sum(one.has_other_unit for one in headers):
        message = (
            f"{_part(other, headers)}the header states another unit than HU for its values, as of "
            "a spectral map"
        )
        notices.append(Notice("other-unit", message, _figures(other, headers)))
    if any(one.has_other_values for one in headers):
        message = (
            "the file also states what its values stand for in the real world (such as SUV or "
            "mm²/s), by another scale: that was not applied, the values are as rescaled"
        )
        notices.append(Notice("real-world-unused", message))
    return notices


def _without_rescaling(stored: Sequence[StoredSlice]) -> int:
    """Count the slices whose values stay as stored, though all or others are rescaled."""
    headers = [one.header for one in stored]
    if headers[0].samples > 1:
        return 0
    # Other kinds than CT state none as a rule, but then in no slice.
    has_slope = any(one.slope not in (None, 1) for one in headers)
    has_intercept = any(one.intercept not in (None, 0) for one in headers)
    return sum(
        one.slope == 0
        or (one.slope is None and (has_slope or one.modality == "CT"))
        or (one.intercept is None and (has_intercept or one.modality == "CT"))
        for one in (each.header for each in stored if not each.is_mapped)
    )


def _part(count: int, headers: Sequence[SliceHeader]) -> str:
    return "" if count == len(headers) else f"in {count} of {len(headers)} slices "


def _figures(count: int, headers: Sequence[SliceHeader]) -> dict[str, float | str]:
    return {} if count == len(headers) else {"slices": count}
