"""Tell volumes apart whose slices lie between each other, and say where tags differ in one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise, permutations

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.dicom.headers import BEAT_TAGS, CLOCK_TAGS, PHASE_TAGS
from napari_seg.imaging.dicom.slice_header import SliceHeader
from napari_seg.imaging.scan import Notice

# Scanners count these on, or read the clock, while one volume is taken: slice by slice, slab by
# slab, or for each second slice. The other tags say that something else was taken.
_COUNTERS = (
    *(*BEAT_TAGS, "AcquisitionNumber", "FrameAcquisitionNumber"),
    *CLOCK_TAGS,
)
# Fewer slices have no spacing to compare.
_FEWEST_SLICES = 3
# More parts of a counter are the slabs of a table that stops and goes on.
_MOST_PARTS_OF_A_COUNTER = 3
# Places are rounded to 0.1 mm.
_TOLERANCE_MM = 0.1
_TOLERANCE_STEPS = 0.1
_ROUNDED_STEPS = 0.25
# A stated step that much smaller than that of a part is the one between all slices.
_FINER = 0.75
# Echo times and the like differ by less within one volume, as they are measured.
_SAME_VALUE = 0.01


def split_interleaved(
    slices: Sequence[SliceHeader], indices: Sequence[int], heights: Sequence[float]
) -> tuple[int, list[list[int]]] | None:
    """Split slices that all have a place of their own into volumes that lie between each other.

    Each volume must be even by itself. A tag that only counts is believed where
    SpacingBetweenSlices is the step of each volume, and the others where it does not state a finer
    one.

    Parameters
    ----------
    slices, heights
        The slices, and where they lie along the normal, in mm.
    indices
        Which of them to split.

    Returns
    -------
    tuple of int and list
        The tag's place in `PHASE_TAGS`, and the indices of each volume; ``None`` for one volume.
    """
    for rank, tag in enumerate(PHASE_TAGS):
        parts: dict[str, list[int]] = defaultdict(list)
        for index in indices:
            parts[slices[index].phases[rank]].append(index)
        volumes = list(parts.values())
        if len(volumes) < 2 or min(len(volume) for volume in volumes) < _FEWEST_SLICES:
            continue
        counts = tag in _COUNTERS
        if not counts and _nearly_equal(list(parts)):
            continue
        along = [np.sort([heights[index] for index in volume]) for volume in volumes]
        if not all(_is_even(one) for one in along) or not _lie_between_each_other(along):
            continue
        steps = [_step(one) for one in along]
        stated = [slices[volume[0]].step for volume in volumes]
        if _is_believed(steps, stated, counts=counts):
            return rank, volumes
    return None


def mixed_tags(slices: Sequence[SliceHeader], step_mm: float) -> list[Notice]:
    """Say where a tag that tells volumes apart differs between slices that were read as one.

    Parameters
    ----------
    slices
        In the order of their places.
    step_mm
        From one to the next.
    """
    stated = next((one.step for one in slices if one.step is not None), None)
    is_stated = stated is not None and abs(abs(stated) - step_mm) <= _tolerance_mm(step_mm)
    for rank, tag in enumerate(PHASE_TAGS):
        known = [one.phases[rank] for one in slices if one.phases[rank]]
        count = len(set(known))
        if count < 2 or _is_harmless(tag, known, is_stated=is_stated):
            continue
        message = (
            f"{tag} has {count} values among its slices, which were read as one volume: "
            "where they are of several, keep each in a folder of its own"
        )
        return [Notice("mixed-tags", message, {"tag": tag, "values": count})]
    return []


def _is_harmless(tag: str, values: Sequence[str], *, is_stated: bool) -> bool:
    counts = Counter(values)
    if tag not in _COUNTERS:
        # A value for each slice or two tells no volumes apart.
        return 2 * len(counts) > len(values) or _nearly_equal(list(counts))
    if len(counts) > _MOST_PARTS_OF_A_COUNTER or min(counts.values()) < _FEWEST_SLICES:
        return True
    changes = sum(one != next_ for one, next_ in pairwise(values))
    if tag in CLOCK_TAGS and changes < len(values) - 1:
        # A series takes a few seconds to be stored.
        return True
    # Slices that were taken in turns, and lie as far apart as stated.
    return is_stated and changes >= len(counts)


def _nearly_equal(texts: Sequence[str]) -> bool:
    try:
        values = [float(text) for text in texts]
    except ValueError:
        return False
    return max(values) - min(values) <= _SAME_VALUE * max(abs(value) for value in values)


def _step(heights: NDArray[np.float64]) -> float:
    return float(np.median(np.diff(heights)))


def _tolerance_mm(step: float) -> float:
    return max(_TOLERANCE_STEPS * step, min(_TOLERANCE_MM, _ROUNDED_STEPS * step))


def _is_even(heights: NDArray[np.float64]) -> bool:
    """Tell whether slices lie evenly; some may be missing."""
    step = _step(heights)
    steps = np.diff(heights)
    off = np.abs(steps - np.rint(steps / step) * step)
    return bool(off.max() <= _tolerance_mm(step))


def _lie_between_each_other(volumes: Sequence[NDArray[np.float64]]) -> bool:
    """Tell whether slices of one lie within another, but not where one of it may be missing."""
    for one, other in permutations(volumes, 2):
        step = _step(one)
        inside = other[(other > one[0]) & (other < one[-1])]
        if not inside.size:
            continue
        below = one[np.searchsorted(one, inside) - 1]
        off = np.abs(inside - below - np.rint((inside - below) / step) * step)
        if off.max() > _tolerance_mm(step):
            return True
    return False


def _is_believed(steps: Sequence[float], stated: Sequence[float | None], *, counts: bool) -> bool:
    if counts:
        return all(
            told is not None and abs(abs(told) - step) <= _tolerance_mm(step)
            for step, told in zip(steps, stated, strict=True)
        )
    return all(
        told is None or abs(told) >= _FINER * step for step, told in zip(steps, stated, strict=True)
    )
