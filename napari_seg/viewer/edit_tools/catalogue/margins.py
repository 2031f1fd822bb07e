"""Margin: grow and shrink by mm, lay a shell around, hollow out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, cast

import numpy as np

from napari_seg.imaging.label_edits import Edit, only_in_range, only_over
from napari_seg.imaging.label_edits.boxes import bounds, box_of, grown_box, whole_voxels
from napari_seg.imaging.label_edits.each import edit_each
from napari_seg.imaging.label_edits.grow_all import grow_all
from napari_seg.imaging.label_edits.margins import grow, hollow, margin, shrink
from napari_seg.imaging.progress import OnProgress
from napari_seg.viewer.edit_tools.catalogue.wording import in_range_text, on_labels
from napari_seg.viewer.edit_tools.controls import (
    Choice,
    Intensities,
    Length,
    OneLabel,
    Option,
    Scope,
)
from napari_seg.viewer.edit_tools.subject import Range, Subject
from napari_seg.viewer.edit_tools.tool import Tool

_OVER = (
    Option("empty", "empty voxels only", "Other labels keep what they have"),
    Option("others", "other labels, too", "It may take voxels of labels that are not locked"),
)
_SIDES = (
    Option("inside", "inside of the border", "The label keeps its size"),
    Option("outside", "outside of the border", "The inside of the shell is what the label was"),
    Option("both", "half on both sides"),
)
_WITHIN = Intensities("Where", "Change only voxels of this range of the scan's intensities")


@dataclass(frozen=True)
class Grow:
    """How far, over what, where, and which labels; all grow into empty voxels alone."""

    mm: Annotated[float, Length("By", "How far it grows in all directions")] = 2.0
    over: Annotated[
        str,
        Choice("Over", "What it may take", options=_OVER, shown_if=("all_labels", False)),
    ] = "empty"
    within: Annotated[Range | None, _WITHIN] = None
    all_labels: Annotated[bool, Scope()] = False


@dataclass(frozen=True)
class Shrink:
    """How far, where, and which labels."""

    mm: Annotated[float, Length("By", "How far it shrinks from all sides")] = 2.0
    within: Annotated[Range | None, _WITHIN] = None
    all_labels: Annotated[bool, Scope()] = False


@dataclass(frozen=True)
class Shell:
    """How thick, around which labels, over what, and where; around all into empty voxels alone."""

    mm: Annotated[float, Length("Width", "How far the margin reaches")] = 2.0
    into: Annotated[int, OneLabel("Into", "The label that gets the margin")] = 0
    over: Annotated[
        str,
        Choice("Over", "What it may take", options=_OVER, shown_if=("all_labels", False)),
    ] = "empty"
    within: Annotated[Range | None, _WITHIN] = None
    all_labels: Annotated[bool, Scope()] = False


@dataclass(frozen=True)
class Hollow:
    """How thick, on which side, and which labels."""

    mm: Annotated[float, Length("Width", "Thickness of the wall that stays")] = 2.0
    side: Annotated[str, Choice("Wall", "Where it lies", options=_SIDES)] = "inside"
    all_labels: Annotated[bool, Scope()] = False


def _grow(subject: Subject, settings: Grow, report: OnProgress) -> Edit:
    labels, spacing, mm = subject.labels, subject.spacing, settings.mm
    if settings.all_labels:
        edit = grow_all(labels, spacing, mm, on_progress=report)
        return _limited(edit, subject, settings.within)
    edit = grow(labels, subject.label, spacing, mm, on_progress=report)
    return _limited(edit, subject, settings.within, settings.over)


def _shrink(subject: Subject, settings: Shrink, report: OnProgress) -> Edit:
    def of_one(label: int, report: OnProgress) -> Edit:
        labels, spacing = subject.labels, subject.spacing
        return shrink(labels, label, spacing, settings.mm, on_progress=report)

    return _limited(_of_each(subject, settings, of_one, report), subject, settings.within)


def _shell(subject: Subject, settings: Shell, report: OnProgress) -> Edit:
    label = None if settings.all_labels else subject.label
    edit = margin(
        subject.labels,
        label,
        subject.spacing,
        settings.mm,
        into=settings.into,
        on_progress=report,
    )
    over = "empty" if settings.all_labels else settings.over
    return _limited(edit, subject, settings.within, over)


def _hollow(subject: Subject, settings: Hollow, report: OnProgress) -> Edit:
    side = cast("Literal['inside', 'outside', 'both']", settings.side)

    def of_one(label: int, report: OnProgress) -> Edit:
        edit = hollow(
            subject.labels, label, subject.spacing, settings.mm, side=side, on_progress=report
        )
        return only_over(edit, subject.labels, {0, label})

    return _of_each(subject, settings, of_one, report)


def _of_each(
    subject: Subject,
    settings: Shrink | Hollow,
    of_one: Callable[[int, OnProgress], Edit],
    report: OnProgress,
) -> Edit:
    if settings.all_labels:
        return edit_each(subject.labels, of_one, but=subject.locked, on_progress=report)
    return of_one(subject.label, report)


def _limited(edit: Edit, subject: Subject, within: Range | None, over: str = "others") -> Edit:
    if over == "empty":
        edit = only_over(edit, subject.labels, {0})
    if within is not None:
        edit = only_in_range(edit, subject.labels, subject.intensities(), *within)
    return edit


def _say_grow(subject: Subject, settings: Grow) -> str:
    where = in_range_text(subject, settings.within)
    what = on_labels(subject, settings.all_labels)
    return f"Grow {what} by {settings.mm:g} mm{where}"


def _say_shrink(subject: Subject, settings: Shrink) -> str:
    where = in_range_text(subject, settings.within)
    what = on_labels(subject, settings.all_labels)
    return f"Shrink {what} by {settings.mm:g} mm{where}"


def _say_shell(subject: Subject, settings: Shell) -> str:
    into = subject.name_of(settings.into) if settings.into else "another label"
    what = on_labels(subject, settings.all_labels)
    return f"Margin of {settings.mm:g} mm around {what} into {into}"


def _say_hollow(subject: Subject, settings: Hollow) -> str:
    what = on_labels(subject, settings.all_labels)
    each = " each" if settings.all_labels else ""
    return f"Hollow {what} to a wall of {settings.mm:g} mm{each}"


def _check(subject: Subject, settings: Grow | Shrink | Shell) -> str:
    least = min(subject.spacing)
    if settings.mm < least * (1 - 1e-6):
        return f"That is less than a voxel: {least:g} mm at least"
    return subject.scan_reason if settings.within is not None else ""


def _check_shell(subject: Subject, settings: Shell) -> str:
    if settings.into == 0 or (settings.into == subject.label and not settings.all_labels):
        return "Choose another label that gets the margin"
    if settings.into in subject.locked:
        return f"'{subject.name_of(settings.into)}' is locked; unlock it first"
    return _check(subject, settings)


def _size(subject: Subject, settings: Grow | Shrink | Shell | Hollow) -> int:
    reach = whole_voxels(settings.mm, subject.spacing)
    if getattr(settings, "all_labels", False):
        inner = bounds(subject.labels != 0) or (slice(0, 0),) * subject.labels.ndim
    else:
        inner = box_of(subject.labels, subject.label)
    box = grown_box(inner, reach, subject.labels.shape)
    return int(np.prod([part.stop - part.start for part in box]))


TOOLS = (
    Tool(
        name="grow",
        title="Grow",
        group="Margin",
        tip="Give a label all voxels within a distance of it",
        settings=Grow(),
        edit=_grow,
        says=_say_grow,
        check=_check,
        size=_size,
    ),
    Tool(
        name="shrink",
        title="Shrink",
        group="Margin",
        tip="Empty the voxels of a label within a distance of its border",
        settings=Shrink(),
        edit=_shrink,
        says=_say_shrink,
        check=_check,
        size=_size,
    ),
    Tool(
        name="shell",
        title="Around",
        group="Margin",
        tip="Give another label the margin around this one",
        settings=Shell(),
        edit=_shell,
        says=_say_shell,
        check=_check_shell,
        size=_size,
    ),
    Tool(
        name="hollow",
        title="Hollow",
        group="Margin",
        tip="Leave of a label a wall along its border",
        settings=Hollow(),
        edit=_hollow,
        says=_say_hollow,
        size=_size,
    ),
)
