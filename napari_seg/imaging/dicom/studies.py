"""Tell studies apart that share the UID of a series."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from napari_seg.imaging.dicom.slice_header import SliceHeader

Group = tuple[str, ...]


def with_studies(headers: Sequence[SliceHeader]) -> tuple[list[SliceHeader], Mapping[Group, str]]:
    """Give slices of studies under one UID groups of their own, where two hold several each.

    Studies should not share a series, but programs copy its UID. Others give each slice a study
    of its own, so a study of one slice alone tells nothing.

    Returns
    -------
    list of SliceHeader
        In the order given.
    mapping
        Each such group and the words that tell it apart: the studies in the order of their dates,
        then of their files.
    """
    by_group: dict[Group, dict[str, list[SliceHeader]]] = defaultdict(lambda: defaultdict(list))
    for one in headers:
        by_group[one.group][one.study].append(one)
    numbered: dict[tuple[Group, str], Group] = {}
    words: dict[Group, str] = {}
    for group, studies in by_group.items():
        if sum(_are_several(slices) for slices in studies.values()) < 2:
            continue
        for number, study in enumerate(sorted(studies, key=lambda it: _when(studies[it])), start=1):
            own = (*group, f"study {number:05}")
            numbered[group, study] = own
            words[own] = f"(study {number} of {len(studies)})"
    told = [
        replace(one, group=numbered.get((one.group, one.study), one.group)) if numbered else one
        for one in headers
    ]
    return told, words


def _are_several(slices: Sequence[SliceHeader]) -> bool:
    return len({one.position or (one.path, one.index) for one in slices}) > 1


def _when(slices: Sequence[SliceHeader]) -> tuple[str, str]:
    return min((one.study_date, str(one.path)) for one in slices)
