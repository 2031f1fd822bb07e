"""Find the series among DICOM files by their headers alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path

import numpy as np

from napari_seg.imaging.dicom.damaged_files import blank_slices, near_words, share_out
from napari_seg.imaging.dicom.folder_files import files_below
from napari_seg.imaging.dicom.frame_gaps import same_direction, with_frames
from napari_seg.imaging.dicom.headers import DamagedFile, read_headers
from napari_seg.imaging.dicom.phases import Part, split_phases
from napari_seg.imaging.dicom.placeless import without_captures, without_stray
from napari_seg.imaging.dicom.repeats import repeat_problems
from napari_seg.imaging.dicom.slice_header import SliceHeader
from napari_seg.imaging.dicom.stack import Stack, stack_slices
from napari_seg.imaging.dicom.studies import with_studies
from napari_seg.imaging.paths import naming_no_folder, readable_path

# A plane is named for the axis of the body that its normal is closest to, within 26 degrees.
_ALONG_AXIS = 0.9
_PLANES = ("sagittal", "coronal", "axial")
# Each of their pictures is a view of its own, without a place in the patient.
_PROJECTIONS = ("CR", "DX", "RF", "XA", "MG", "IO", "PX", "US", "ES", "XC", "GM", "OP", "OT", "SC")


@dataclass(frozen=True)
class Series:
    """The slices of one stack, in no certain order, and what tells it from its neighbours.

    Parameters
    ----------
    uid
        SeriesInstanceUID; empty where a de-identifier took it.
    slices
        At least one.
    distinction
        What tells it from other stacks of the same series, in brackets; empty where it is alone.
    damaged
        The files that belong to it or lie beside it, and whose headers are damaged.
    damaged_elsewhere
        Others that may be of it: they lie in a folder without any slice, and near to it.
    damaged_apart
        Those that concern none of the series that were found with it; the same for all of these.
    placeless
        Pictures under its name that state no place, and are series of their own.
    number
        Its place in the list, from 1.
    """

    uid: str
    slices: tuple[SliceHeader, ...]
    distinction: str = ""
    damaged: tuple[Path, ...] = ()
    damaged_elsewhere: tuple[Path, ...] = ()
    damaged_apart: tuple[Path, ...] = ()
    placeless: tuple[SliceHeader, ...] = ()
    number: int = 1

    @property
    def description(self) -> str:
        """What the scanner's operator called it: for people to choose by, and for no file."""
        return self.slices[0].description

    @property
    def modality(self) -> str:
        """Such as ``"CT"``; empty where nothing is said."""
        return self.slices[0].modality

    @property
    def count(self) -> int:
        """Slices, or frames."""
        return sum(one.frames for one in self.slices)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a slice."""
        return self.slices[0].shape

    @property
    def spacing(self) -> tuple[float, float, float] | None:
        """Of the voxels along ``(i, j, k)``, in mm, after a repair; ``None`` without a grid."""
        return None if self._stack is None else self._stack.geometry.spacing

    @property
    def orientation(self) -> str:
        """``"axial"``, ``"coronal"``, ``"sagittal"`` or ``"oblique"``; empty where not stated."""
        directions = self.slices[0].orientation
        if directions is None:
            return ""
        normal = np.abs(np.cross(directions[:3], directions[3:]))
        largest = int(np.argmax(normal))
        return _PLANES[largest] if normal[largest] >= _ALONG_AXIS else "oblique"

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong, in sentences for people; empty for a good series."""
        causes = [f"the series {self._refusal}"] if self._refusal else []
        if self._stack is not None:
            causes += [f"the series {self._stack.defect}"] if self._stack.defect else []
            causes += repeat_problems(self._stack)
        causes += [f"'{path.name}' is a damaged DICOM file" for path in self.damaged]
        causes += [near_words(self.damaged_elsewhere)] if self.damaged_elsewhere else []
        return tuple(causes)

    @property
    def can_repair(self) -> bool:
        """Whether it is read with ``repair=True`` and refused without."""
        return self._stack is not None and bool(self._stack.defect or self.damaged)

    @property
    def title(self) -> str:
        """One line for people: modality, description, slices and their size."""
        words = [
            self.modality or "unknown modality",
            f"'{self.description}'" if self.description else "without a description",
            self.distinction,
        ]
        rows, columns = self.shape
        size = f"{_slices(self.count)} of {columns} x {rows}"
        return ", ".join(filter(None, [" ".join(filter(None, words)), size, self.orientation]))

    @property
    def stack(self) -> Stack:
        """Its slices in order, and their grid.

        Raises
        ------
        ValueError
            If there is none; the message ends the sentence "the series …".
        """
        if self._stack is None:
            raise ValueError(self._refusal)
        return self._stack

    @property
    def _stack(self) -> Stack | None:
        return self._judged[0]

    @property
    def _refusal(self) -> str:
        return self._judged[1]

    @cached_property
    def _judged(self) -> tuple[Stack | None, str]:
        try:
            return stack_slices(self.slices), ""
        except ValueError as error:
            return None, str(error)


def find_series(
    folder: str | Path, *, on_progress: Callable[[float], None] | None = None
) -> list[Series]:
    """Find the series of images in a folder, at any depth, or in one file, by headers alone.

    Files that are no DICOM image (other kinds, reports, segmentations) are passed over. A
    series is split where it holds localizers, other directions, sizes, frames of reference or
    stacks, several studies, pictures without a place beside others that have one, or several
    volumes in the same place that tags or numbers tell apart.

    Parameters
    ----------
    folder
        Symbolic links to folders are not followed.
    on_progress
        Called with the fraction of the files that was read; what it raises stops the search.

    Returns
    -------
    list of Series
        In the order of their SeriesNumber, each with what is wrong with it.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    PermissionError
        If a folder may not be read.
    ValueError
        If all that there is of DICOM is damaged.
    """
    path = readable_path(folder)
    headers: list[SliceHeader] = []
    damaged: list[DamagedFile] = []
    strays: list[Path] = []
    with naming_no_folder():
        files = [path] if path.is_file() else sorted(files_below(path))
        for done, file in enumerate(files, start=1):
            try:
                pictures = read_headers(file)
            except DamagedFile as error:
                damaged.append(error)
            else:
                headers += pictures
                strays += [] if pictures else [file]
            if on_progress is not None:
                on_progress(done / len(files))
        damaged += blank_slices(strays, headers)
    if damaged and not headers:
        raise damaged[0]
    found = _grouped(headers)
    shares, apart = share_out([one.slices for one in found], damaged)
    return [
        replace(
            series,
            number=number,
            damaged=damage.own,
            damaged_elsewhere=damage.near,
            damaged_apart=apart,
        )
        for number, (series, damage) in enumerate(zip(found, shares, strict=True), start=1)
    ]


def _grouped(stated: list[SliceHeader]) -> list[Series]:
    headers, studies = with_studies(stated)
    headers = with_frames(headers)
    headers.sort(key=lambda one: (one.series_number, *_kind(one)))
    stacks: dict[tuple[str, ...], set[str]] = {}
    for one in headers:
        stacks.setdefault(one.group, set()).add(one.stack)
    found = []
    for _, same in groupby(headers, key=_kind):
        placed, captures = without_captures(list(same))
        group = placed[0].group
        stack = f"(stack {placed[0].stack})" if len(stacks[group]) > 1 else ""
        known = (studies.get(group, ""), stack)
        apart = list(captures)
        for slices in _by_direction(placed):
            kept, stray = without_stray(tuple(slices))
            apart += stray
            found += [
                Series(
                    part.slices[0].uid, part.slices, part.distinction, placeless=captures + stray
                )
                for part in _parts(kept, known)
            ]
        found += _alone(apart, known)
    return found


def _alone(apart: Iterable[SliceHeader], known: tuple[str, ...]) -> list[Series]:
    words = " ".join(filter(None, (*known, "(without a place)")))
    return [Series(one.uid, (one,), words) for one in apart]


def _kind(one: SliceHeader) -> tuple[object, ...]:
    frame = one.frame_of_reference or ""
    return (one.group, one.is_localizer, frame, one.stack, one.shape, one.samples)


def _parts(slices: tuple[SliceHeader, ...], known: tuple[str, ...]) -> list[Part]:
    """Split slices of one stack; `known` tells it from the other stacks of its series."""
    first = slices[0]
    known = (known[0], "(localizer)" if first.is_localizer else "", *known[1:])
    is_projection = first.modality in _PROJECTIONS and not any(one.position for one in slices)
    if is_projection and len(slices) > 1:
        ordered = sorted(slices, key=lambda one: (one.instance_number, one.path))
        parts = [Part((one,), f"(view {number})") for number, one in enumerate(ordered, start=1)]
    else:
        parts = split_phases(slices)
    return [
        replace(part, distinction=" ".join(filter(None, (*known, part.distinction))))
        for part in parts
    ]


def _by_direction(slices: Iterable[SliceHeader]) -> list[list[SliceHeader]]:
    stacks: list[list[SliceHeader]] = []
    # One without a direction comes last: beside it, any are parallel.
    for one in sorted(slices, key=lambda one: one.orientation is None):
        for stack in stacks:
            if same_direction(stack[0].orientation, one.orientation):
                stack.append(one)
                break
        else:
            stacks.append([one])
    return stacks


def _slices(count: int) -> str:
    return f"{count} slice{'s' if count > 1 else ''}"
