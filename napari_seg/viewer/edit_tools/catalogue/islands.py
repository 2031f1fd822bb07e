"""Islands: the pieces of a label that do not touch each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from napari_seg.imaging.label_edits import Edit
from napari_seg.imaging.label_edits.islands import keep_largest_island, remove_small_islands
from napari_seg.imaging.label_edits.picked_island import (
    delete_island,
    give_island,
    keep_only_island,
)
from napari_seg.imaging.progress import OnProgress
from napari_seg.viewer.edit_tools.catalogue.wording import on_labels
from napari_seg.viewer.edit_tools.controls import Choice, OneLabel, Option, Scope, Volume
from napari_seg.viewer.edit_tools.subject import Subject
from napari_seg.viewer.edit_tools.tool import Tool, all_voxels

_WITHIN = (
    Option("volume", "in the whole volume", "Its voxels touch in 3D"),
    Option("slice", "in this slice", "Its voxels touch in the slice that is shown"),
)
_DO = (
    Option("delete", "Delete it", "The island becomes background"),
    Option("keep", "Keep only it", "All other islands of its label become background"),
    Option("give", "Give it away", "The island becomes part of another label"),
)


@dataclass(frozen=True)
class KeepLargest:
    """Of which labels."""

    all_labels: Annotated[bool, Scope()] = False


@dataclass(frozen=True)
class RemoveSmall:
    """Below which volume, of which labels."""

    min_ml: Annotated[float, Volume("Smaller than", "Islands of less than this go")] = 0.1
    all_labels: Annotated[bool, Scope()] = False


@dataclass(frozen=True)
class PickIsland:
    """What to do with the island that is clicked, and what an island is."""

    do: Annotated[str, Choice("A click", "What to do with the island", options=_DO)] = "delete"
    to: Annotated[
        int, OneLabel("To", "The label that gets the island", shown_if=("do", "give"))
    ] = 0
    within: Annotated[str, Choice("Island", "What belongs together", options=_WITHIN)] = "volume"


def _keep_largest(subject: Subject, settings: KeepLargest, report: OnProgress) -> Edit:
    label = None if settings.all_labels else subject.label
    return keep_largest_island(subject.labels, label, on_progress=report)


def _say_largest(subject: Subject, settings: KeepLargest) -> str:
    each = " each" if settings.all_labels else ""
    return f"Keep the largest island of {on_labels(subject, settings.all_labels)}{each}"


def _remove_small(subject: Subject, settings: RemoveSmall, report: OnProgress) -> Edit:
    label = None if settings.all_labels else subject.label
    return remove_small_islands(
        subject.labels,
        label,
        min_ml=settings.min_ml,
        voxel_volume_ml=subject.voxel_ml,
        on_progress=report,
    )


def _say_small(subject: Subject, settings: RemoveSmall) -> str:
    what = on_labels(subject, settings.all_labels)
    return f"Remove islands of {what} below {settings.min_ml:g} ml"


def _pick(subject: Subject, settings: PickIsland, report: OnProgress) -> Edit:
    if subject.voxel is None:
        raise ValueError("point at an island first")
    axis = subject.axis if settings.within == "slice" and subject.labels.ndim == 3 else None
    labels, voxel = subject.labels, subject.voxel
    if settings.do == "give":
        return give_island(labels, voxel, settings.to, axis=axis, on_progress=report)
    edit = delete_island if settings.do == "delete" else keep_only_island
    return edit(labels, voxel, axis=axis, on_progress=report)


def _say_pick(subject: Subject, settings: PickIsland) -> str:
    label = 0 if subject.voxel is None else int(subject.labels[subject.voxel])
    what = f"an island of {subject.name_of(label)}" if label else "the island that is clicked"
    if settings.do == "give":
        to = subject.name_of(settings.to) if settings.to else "another label"
        return f"Give {what} to {to}"
    return f"{'Delete' if settings.do == 'delete' else 'Keep only'} {what}"


def _check_pick(subject: Subject, settings: PickIsland) -> str:
    if settings.do == "give" and not settings.to:
        return "Choose the label that gets the island"
    if settings.do == "give" and settings.to in subject.locked:
        return f"'{subject.name_of(settings.to)}' is locked; unlock it first"
    if subject.voxel is None:
        return ""
    label = int(subject.labels[subject.voxel])
    if label == 0:
        return "There is no label at this point; point at an island"
    if label in subject.locked:
        return f"'{subject.name_of(label)}' is locked; unlock it first"
    return ""


TOOLS = (
    Tool(
        name="keep_largest",
        title="Keep largest",
        group="Islands",
        tip="Empty all of a label but its largest connected piece",
        settings=KeepLargest(),
        edit=_keep_largest,
        says=_say_largest,
    ),
    Tool(
        name="remove_small",
        title="Remove small",
        group="Islands",
        tip="Empty the connected pieces of a label that are smaller than a volume",
        settings=RemoveSmall(),
        edit=_remove_small,
        says=_say_small,
    ),
    Tool(
        name="pick_island",
        title="Click one",
        group="Islands",
        tip="Click an island on the canvas to delete it, to keep only it, or to give it away",
        settings=PickIsland(),
        edit=_pick,
        says=_say_pick,
        check=_check_pick,
        size=all_voxels,
        on="what is pointed at",
        follows_view=True,
        canvas="a click",
    ),
)
