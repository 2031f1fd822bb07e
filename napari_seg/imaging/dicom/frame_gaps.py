"""Put slices that state no frame of reference with those that they were taken with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from napari_seg.imaging.dicom.slice_header import SliceHeader
from napari_seg.imaging.dicom.tag_values import Numbers

# Directions of slices that differ by more are another stack, such as the planes of a localizer.
_SAME_DIRECTION = 0.01
_SAME_PLACE_MM = 0.1


def same_direction(one: Numbers | None, other: Numbers | None) -> bool:
    """Tell whether slices are parallel; so counts one whose direction is unknown."""
    if one is None or other is None:
        # A slice without a direction is named later as a fault of its series.
        return True
    return float(np.abs(np.subtract(one, other)).max()) < _SAME_DIRECTION


def with_frames(headers: Sequence[SliceHeader]) -> list[SliceHeader]:
    """Give slices without a frame of reference that of their series.

    Where all others of their series, folder, size and direction share one, and none of them lies
    in the same place: that may be another volume.
    """
    framed: dict[tuple[object, ...], list[SliceHeader]] = defaultdict(list)
    for one in headers:
        if one.frame_of_reference:
            framed[_kind(one)].append(one)
    return [
        one if one.frame_of_reference else _completed(one, framed.get(_kind(one), ()))
        for one in headers
    ]


def _kind(one: SliceHeader) -> tuple[object, ...]:
    return (one.group, one.path.parent, one.is_localizer, one.stack, one.shape, one.samples)


def _completed(one: SliceHeader, framed: Sequence[SliceHeader]) -> SliceHeader:
    others = [other for other in framed if same_direction(one.orientation, other.orientation)]
    frames = {other.frame_of_reference for other in others}
    if len(frames) != 1 or one.position is None:
        return one
    places = np.array([other.position for other in others if other.position is not None])
    apart = np.linalg.norm(places.reshape(-1, 3) - one.position, axis=1)
    if (apart < _SAME_PLACE_MM).any():
        return one
    return replace(one, frame_of_reference=frames.pop())
