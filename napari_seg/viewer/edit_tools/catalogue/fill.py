"""Fill: the holes of labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from napari_seg.imaging.label_edits import Edit
from napari_seg.imaging.label_edits.each import edit_each
from napari_seg.imaging.label_edits.holes import fill_holes
from napari_seg.imaging.progress import OnProgress
from napari_seg.viewer.edit_tools.catalogue.wording import on_labels
from napari_seg.viewer.edit_tools.controls import Choice, Option, Scope
from napari_seg.viewer.edit_tools.subject import Subject
from napari_seg.viewer.edit_tools.tool import Tool

_WHERE = (
    Option("volume", "closed on all sides", "Cavities that the label encloses in 3D"),
    Option("slices", "closed in a slice", "Also tubes that run through: each slice of this view"),
)


@dataclass(frozen=True)
class FillHoles:
    """What is a hole, and of which labels."""

    where: Annotated[str, Choice("Holes", "What counts as a hole", options=_WHERE)] = "volume"
    all_labels: Annotated[bool, Scope()] = False


def _edit(subject: Subject, settings: FillHoles, report: OnProgress) -> Edit:
    axis = subject.axis if settings.where == "slices" else None
    if subject.labels.ndim == 2:
        axis = None

    def of_one(label: int, report: OnProgress) -> Edit:
        return fill_holes(subject.labels, label, axis=axis, on_progress=report)

    if settings.all_labels:
        return edit_each(subject.labels, of_one, but=subject.locked, on_progress=report)
    return of_one(subject.label, report)


def _says(subject: Subject, settings: FillHoles) -> str:
    each = " in each slice" if settings.where == "slices" else ""
    return f"Fill holes of {on_labels(subject, settings.all_labels)}{each}"


TOOLS = (
    Tool(
        name="fill_holes",
        title="Fill holes",
        group="Fill",
        tip="Give a label the empty voxels that it encloses",
        settings=FillHoles(),
        edit=_edit,
        says=_says,
        follows_view=True,
    ),
)
