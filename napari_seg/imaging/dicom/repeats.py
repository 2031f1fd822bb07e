"""What is said of slices that lie where others of their series lie."""

from __future__ import annotations

from collections import Counter

from napari_seg.imaging.dicom.picture_names import both_names
from napari_seg.imaging.dicom.slice_header import SliceHeader
from napari_seg.imaging.dicom.stack import Stack


def repeat_problems(stack: Stack) -> list[str]:
    """Say in sentences, by headers alone, how many slices repeat others, and how many may not."""
    copies = sum(_is_copy(kept, one) for kept, one in stack.repeats)
    others = len(stack.repeats) - copies
    problems = [f"the series repeats {_slices(copies)}"] if copies else []
    if others:
        problems.append(
            f"the series holds {_slices(others)} where others lie, and neither tags nor numbers "
            "tell whole volumes apart: it is read only if their pixels are the same"
        )
    return problems


def different_pixels(stack: Stack, first: SliceHeader, second: SliceHeader) -> str:
    """Say in a sentence why two slices in one place cannot be read, and the way out."""
    words = f"{both_names(first, second)} lie in the same place with different pixels"
    if first.study != second.study:
        return f"{words}, and are of two studies; keep each study in a folder of its own"
    if len(stack.repeats) == 1:
        return f"{words}, and nothing tells which is right; take one of them out"
    in_place = Counter(id(kept) for kept, _ in stack.repeats)
    counts = [1 + in_place[id(kept)] for kept in stack.slices]
    most, several = max(counts), sum(count > 1 for count in counts)
    held = f"{min(counts)} to {most}" if min(counts) < most else f"{most}"
    words = (
        f"{words}; {several} of its {len(counts)} places hold several slices ({held} in each "
        "place), and neither tags nor numbers tell whole volumes apart"
    )
    if first.path == second.path:
        return f"{words}; export each volume as a file of its own"
    return f"{words}; keep the files of each volume in a folder of its own and open that"


def _is_copy(one: SliceHeader, other: SliceHeader) -> bool:
    return (one.instance_number, one.index, one.phases) == (
        other.instance_number,
        other.index,
        other.phases,
    )


def _slices(count: int) -> str:
    return f"{count} slice{'s' if count > 1 else ''}"
