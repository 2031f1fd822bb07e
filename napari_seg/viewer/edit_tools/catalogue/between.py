"""Between slices: interpolate, copy a slice on, clear one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from numpy.typing import NDArray

from napari_seg.imaging.label_edits import Edit, only_over
from napari_seg.imaging.label_edits.interpolation import interpolate, interpolate_between
from napari_seg.imaging.label_edits.slices import clear_slice, copy_slice
from napari_seg.imaging.progress import OnProgress
from napari_seg.viewer.edit_tools.catalogue.wording import on_labels, plural
from napari_seg.viewer.edit_tools.controls import Choice, Option, Scope
from napari_seg.viewer.edit_tools.subject import Subject
from napari_seg.viewer.edit_tools.tool import Tool, slice_voxels

_WHAT = (
    Option("replace", "replace between mine", "Between slices touched by hand, all is drawn anew"),
    Option("gaps", "fill gaps only", "Slices that hold the label stay as they are"),
)
_ALONG = (
    Option("view", "this view", "The slices that the view goes through now"),
    Option("0", "axial"),
    Option("1", "coronal"),
    Option("2", "sagittal"),
)
_TO = (
    Option("next", "the next slice"),
    Option("previous", "the previous slice"),
)


@dataclass(frozen=True)
class Interpolate:
    """Between which slices, along which axis, of which labels."""

    what: Annotated[str, Choice("Slices", "What becomes of them", options=_WHAT)] = "replace"
    along: Annotated[str, Choice("Along", "Which slices", options=_ALONG)] = "view"
    all_labels: Annotated[bool, Scope()] = False


@dataclass(frozen=True)
class CopySlice:
    """Where to, and which labels."""

    to: Annotated[str, Choice("To", "The slice that is replaced", options=_TO)] = "next"
    all_labels: Annotated[bool, Scope()] = False


@dataclass(frozen=True)
class ClearSlice:
    """Which labels."""

    all_labels: Annotated[bool, Scope()] = False


def _interpolate(subject: Subject, settings: Interpolate, report: OnProgress) -> Edit:
    label = None if settings.all_labels else subject.label
    axis, labels, spacing = _axis(subject, settings), subject.labels, subject.spacing
    if settings.what == "replace":
        mine = _mine(subject, settings)
        edit = interpolate_between(labels, mine, axis, spacing, label=label, on_progress=report)
    else:
        edit = interpolate(labels, axis, spacing, label=label, on_progress=report)
    # Others keep what they have, unless all are drawn anew.
    if label is not None:
        return only_over(edit, labels, {0, label})
    return edit if settings.what == "replace" else only_over(edit, labels, {0})


def _say_interpolate(subject: Subject, settings: Interpolate) -> str:
    what = on_labels(subject, settings.all_labels)
    if settings.what == "gaps":
        return f"Interpolate {what} in empty slices"
    mine = len(_mine(subject, settings))
    return f"Interpolate {what} between my {plural(mine, 'slice') if mine else 'slices'}"


def _check_interpolate(subject: Subject, settings: Interpolate) -> str:
    if settings.what == "replace" and len(_mine(subject, settings)) < 2:
        return (
            "Fewer than two slices were touched by hand along this axis: paint in another one, "
            "or fill gaps only"
        )
    return ""


def _axis(subject: Subject, settings: Interpolate) -> int:
    return subject.axis if settings.along == "view" else int(settings.along)


def _mine(subject: Subject, settings: Interpolate) -> Sequence[int]:
    of_label, of_all = subject.hand_slices.get(_axis(subject, settings), ((), ()))
    return of_all if settings.all_labels else of_label


def _copy(subject: Subject, settings: CopySlice, _report: OnProgress) -> Edit:
    label = None if settings.all_labels else subject.label
    edit = copy_slice(
        subject.labels, subject.axis, subject.index, _target(subject, settings), label=label
    )
    return edit if label is None else only_over(edit, subject.labels, {0, label})


def _say_copy(subject: Subject, settings: CopySlice) -> str:
    return f"Copy {on_labels(subject, settings.all_labels)} to the {settings.to} slice"


def _check_copy(subject: Subject, settings: CopySlice) -> str:
    if not 0 <= _target(subject, settings) < subject.labels.shape[subject.axis]:
        return f"There is no {settings.to} slice"
    if not settings.all_labels and not (_shown(subject) == subject.label).any():
        return f"This slice holds nothing of '{subject.name}'"
    return ""


def _target(subject: Subject, settings: CopySlice) -> int:
    return subject.index + (1 if settings.to == "next" else -1)


def _clear(subject: Subject, settings: ClearSlice, _report: OnProgress) -> Edit:
    label = None if settings.all_labels else subject.label
    return clear_slice(subject.labels, subject.axis, subject.index, label=label)


def _say_clear(subject: Subject, settings: ClearSlice) -> str:
    return f"Clear {on_labels(subject, settings.all_labels)} in this slice"


def _check_clear(subject: Subject, settings: ClearSlice) -> str:
    shown = _shown(subject)
    if settings.all_labels:
        return "" if shown.any() else "This slice is empty"
    if not (shown == subject.label).any():
        return f"This slice holds nothing of '{subject.name}'"
    return ""


def _shown(subject: Subject) -> NDArray[Any]:
    shown: NDArray[Any] = subject.labels.take(subject.index, axis=subject.axis)
    return shown


TOOLS = (
    Tool(
        name="interpolate",
        title="Interpolate",
        group="Slices",
        tip="Draw the slices between others by their shapes",
        settings=Interpolate(),
        edit=_interpolate,
        says=_say_interpolate,
        check=_check_interpolate,
        least_axes=3,
        follows_view=True,
        uses_hand_slices=True,
        key="I",
        at_once=True,
        key_title="Interpolate between my slices",
    ),
    Tool(
        name="copy_slice",
        title="Copy on",
        group="Slices",
        tip="Copy the labels of this slice to the next or the previous one",
        settings=CopySlice(),
        edit=_copy,
        says=_say_copy,
        check=_check_copy,
        size=slice_voxels,
        least_axes=3,
        follows_view=True,
    ),
    Tool(
        name="clear_slice",
        title="Clear",
        group="Slices",
        tip="Empty the slice that is shown",
        settings=ClearSlice(),
        edit=_clear,
        says=_say_clear,
        check=_check_clear,
        size=slice_voxels,
        least_axes=3,
        follows_view=True,
        key="Shift+D",
        at_once=True,
        key_title="Clear this slice",
    ),
)
