"""Tell volumes apart that lie in the same place, or between each other: phases, echoes, repeats."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from napari_seg.imaging.dicom.headers import BEAT_TAGS, CLOCK_TAGS, PHASE_TAGS
from napari_seg.imaging.dicom.interleaving import split_interleaved
from napari_seg.imaging.dicom.slice_header import SliceHeader

# Slices closer than this part of a step, or this distance, lie in the same place.
_SAME_PLACE_STEPS = 0.1
_SAME_PLACE_MM = 0.01


@dataclass(frozen=True)
class Part:
    """Slices of one volume, and what tells it from the others; empty where it is alone."""

    slices: tuple[SliceHeader, ...]
    distinction: str = ""


def places_along(heights: Sequence[float]) -> list[int]:
    """Give slices numbers by their heights in mm; equal numbers lie in the same place.

    Examples
    --------
    >>> places_along([5.0, 0.0, 2.5, 0.001])
    [2, 0, 1, 0]
    """
    order = np.argsort(heights, kind="stable")
    steps = np.diff(np.asarray(heights)[order])
    apart = steps[steps > _SAME_PLACE_MM]
    limit = _SAME_PLACE_STEPS * float(np.median(apart)) if apart.size else _SAME_PLACE_MM
    numbers = np.zeros(len(heights), dtype=int)
    numbers[order[1:]] = np.cumsum(steps > max(limit, _SAME_PLACE_MM))
    return [int(number) for number in numbers]


def split_phases(slices: tuple[SliceHeader, ...]) -> list[Part]:
    """Split slices into volumes that hold each place once, if tags or numbers tell them apart.

    So are volumes whose slices lie between each other, if one tag does. Copies of one slice (equal
    place, number and tags) stay together.
    """
    heights = _heights(slices)
    if heights is None:
        return [Part(slices)]
    places = places_along(heights)
    copies: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for index, one in enumerate(slices):
        copies[(places[index], _number(one), one.phases)].append(index)
    firsts = [same[0] for same in copies.values()]
    in_place = np.bincount([places[index] for index in firsts])
    count = int(in_place.max())
    if count == 1:
        split = _between_each_other(slices, firsts, heights)
    else:
        split = (
            _by_tags(slices, firsts, places, count)
            or _by_number(slices, firsts, places, count)
            or _by_rank(slices, firsts, places, count)
        )
    if split is None:
        return [Part(slices)]
    with_copies = {same[0]: same for same in copies.values()}
    return [
        Part(tuple(slices[copy] for index in part for copy in with_copies[index]), distinction)
        for distinction, part in split
    ]


def _heights(slices: Sequence[SliceHeader]) -> list[float] | None:
    if len(slices) < 2 or slices[0].orientation is None:
        return None
    normal = np.cross(slices[0].orientation[:3], slices[0].orientation[3:])
    positions = [one.position for one in slices if one.position is not None]
    if len(positions) < len(slices):
        return None
    return [float(np.dot(position, normal)) for position in positions]


def _between_each_other(
    slices: Sequence[SliceHeader], firsts: Sequence[int], heights: Sequence[float]
) -> list[tuple[str, list[int]]] | None:
    found = split_interleaved(slices, firsts, heights)
    if found is None:
        return None
    rank, volumes = found
    return _named(slices, (rank,), volumes)


def _by_tags(
    slices: Sequence[SliceHeader], firsts: Sequence[int], places: Sequence[int], count: int
) -> list[tuple[str, list[int]]] | None:
    differing = [
        rank for rank in range(len(PHASE_TAGS)) if len({slices[i].phases[rank] for i in firsts}) > 1
    ]
    for ranks in (*combinations(differing, 1), *combinations(differing, 2)):
        parts: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for index in firsts:
            parts[tuple(slices[index].phases[rank] for rank in ranks)].append(index)
        # As few parts as there are slices in one place: a tag that numbers slices has more.
        if len(parts) == count and all(_once(part, places) for part in parts.values()):
            return _named(slices, ranks, list(parts.values()))
    return None


def _named(
    slices: Sequence[SliceHeader], ranks: Sequence[int], parts: Sequence[list[int]]
) -> list[tuple[str, list[int]]]:
    """Put parts in the order of their tags, with the words that tell them apart."""
    told = [(tuple(slices[part[0]].phases[rank] for rank in ranks), part) for part in parts]
    told.sort(key=lambda item: [_sorting(text) for text in item[0]])
    return [
        (_distinction(ranks, values, number, len(parts)), part)
        for number, (values, part) in enumerate(told, start=1)
    ]


def _by_number(
    slices: Sequence[SliceHeader], firsts: Sequence[int], places: Sequence[int], count: int
) -> list[tuple[str, list[int]]] | None:
    """Split by InstanceNumber and frame where one volume was numbered after the other."""
    ordered = sorted(firsts, key=lambda index: _number(slices[index]))
    size = len(set(places))
    parts = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    is_full = len(ordered) == size * count and all(_once(part, places) for part in parts)
    if not is_full or not _are_numbered(slices, firsts):
        return None
    is_one_file = _is_one_file(slices, firsts)
    return [
        (_numbers(slices[part[0]], slices[part[-1]], is_one_file=is_one_file), part)
        for part in parts
    ]


def _by_rank(
    slices: Sequence[SliceHeader], firsts: Sequence[int], places: Sequence[int], count: int
) -> list[tuple[str, list[int]]] | None:
    """Split where one place was taken after the other: by the time in the beat, or the number."""
    by_place: dict[int, list[int]] = defaultdict(list)
    for index in sorted(firsts, key=lambda index: _number(slices[index])):
        by_place[places[index]].append(index)
    same_place = list(by_place.values())
    if any(len(indices) != count for indices in same_place):
        return None
    are_numbered = _are_numbered(slices, firsts)
    for tag in BEAT_TAGS:
        times = [_times(slices, indices, tag) for indices in same_place]
        if any(len(set(its)) < count for its in times):
            continue
        # Where the numbers run otherwise, something else changes, too.
        if are_numbered and any(list(its) != sorted(its) for its in times):
            continue
        ranked = [
            [index for _, index in sorted(zip(its, indices, strict=True))]
            for its, indices in zip(times, same_place, strict=True)
        ]
        return _ranked(ranked, tag)
    numbers = [[_number(slices[index]) for index in indices] for indices in same_place]
    numbers.sort()
    one_after_other = all(low[-1] < high[0] for low, high in pairwise(numbers))
    if not are_numbered or not one_after_other:
        return None
    is_one_file = _is_one_file(slices, firsts)
    return _ranked(same_place, "the order of frames" if is_one_file else "InstanceNumber")


def _ranked(same_place: Sequence[Sequence[int]], tag: str) -> list[tuple[str, list[int]]]:
    """Put the first slices of all places together, the second ones, and so on."""
    parts = [list(part) for part in zip(*same_place, strict=True)]
    return [
        (_volume(number, len(parts), (tag,)), part) for number, part in enumerate(parts, start=1)
    ]


def _times(slices: Sequence[SliceHeader], indices: Sequence[int], tag: str) -> list[float]:
    """Return what a tag says of some slices; empty where one says nothing."""
    texts = [slices[index].phases[PHASE_TAGS.index(tag)] for index in indices]
    try:
        return [float(text) for text in texts]
    except ValueError:
        return []


def _number(one: SliceHeader) -> tuple[int, int]:
    return one.instance_number, one.index


def _are_numbered(slices: Sequence[SliceHeader], firsts: Sequence[int]) -> bool:
    return len({_number(slices[index]) for index in firsts}) == len(firsts)


def _is_one_file(slices: Sequence[SliceHeader], firsts: Sequence[int]) -> bool:
    """Tell whether the frames of a file, not files, are numbered."""
    return len({slices[index].instance_number for index in firsts}) == 1


def _numbers(first: SliceHeader, last: SliceHeader, *, is_one_file: bool) -> str:
    if first.instance_number != last.instance_number:
        return f"(images {first.instance_number} to {last.instance_number})"
    image = "" if is_one_file else f"image {first.instance_number}"
    frames = f"frames {first.index + 1} to {last.index + 1}" if first is not last else ""
    if is_one_file and not frames:
        frames = f"frame {first.index + 1}"
    return f"({', '.join(filter(None, (image, frames)))})"


def _once(part: Sequence[int], places: Sequence[int]) -> bool:
    return len({places[index] for index in part}) == len(part)


def _sorting(text: str) -> tuple[float, str]:
    try:
        return float(text), text
    except ValueError:
        return float("inf"), text


def _distinction(ranks: Sequence[int], values: Sequence[str], number: int, count: int) -> str:
    named = [(PHASE_TAGS[rank], value) for rank, value in zip(ranks, values, strict=True)]
    if any(tag in CLOCK_TAGS for tag, _ in named):
        return _volume(number, count, [tag for tag, _ in named])
    return f"({', '.join(f'{tag} {value}' if value else f'no {tag}' for tag, value in named)})"


def _volume(number: int, count: int, tags: Sequence[str]) -> str:
    return f"(volume {number} of {count} by {' and '.join(tags)})"
