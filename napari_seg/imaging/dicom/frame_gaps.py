"""Put slices that state no frame of reference with those that they were taken with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    together = {kind: _Framed.of(slices) for kind, slices in framed.items()}
    return [
        one
        if one.frame_of_reference or _kind(one) not in together
        else together[_kind(one)].completed(one)
        for one in headers
    ]


def _kind(one: SliceHeader) -> tuple[object, ...]:
    return (one.group, one.path.parent, one.is_localizer, one.stack, one.shape, one.samples)


@dataclass(frozen=True, eq=False)
class _Framed:
    """Slices that state a frame: its name, their directions and places; NaN where unknown."""

    frames: NDArray[Any]
    orientations: NDArray[Any]
    places: NDArray[Any]

    @classmethod
    def of(cls, slices: Sequence[SliceHeader]) -> _Framed:
        return cls(
            np.array([one.frame_of_reference for one in slices]),
            np.array([one.orientation or (np.nan,) * 6 for one in slices]),
            np.array([one.position or (np.nan,) * 3 for one in slices]),
        )

    def completed(self, one: SliceHeader) -> SliceHeader:
        # All at once: each of thousands of slices may lack its frame.
        turned = np.subtract(self.orientations, one.orientation or np.nan)
        others = ~(np.abs(turned).max(axis=1) >= _SAME_DIRECTION)
        frames = self.frames[others]
        if not frames.size or (frames != frames[0]).any() or one.position is None:
            return one
        apart = np.linalg.norm(self.places[others] - one.position, axis=1)
        if (apart < _SAME_PLACE_MM).any():
            return one
        return replace(one, frame_of_reference=str(frames[0]))
