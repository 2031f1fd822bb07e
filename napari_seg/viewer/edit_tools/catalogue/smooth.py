"""Smooth: the surface of one label, or of all together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from napari_seg.imaging.label_edits import Edit, only_over
from napari_seg.imaging.label_edits.smoothing import (
    smooth_gaussian,
    smooth_median,
    smooth_together,
)
from napari_seg.imaging.progress import OnProgress
from napari_seg.viewer.edit_tools.controls import Choice, Length, Option
from napari_seg.viewer.edit_tools.subject import Subject
from napari_seg.viewer.edit_tools.tool import Tool, label_voxels

_METHODS = (
    Option("median", "median", "Removes specks and fills cracks, keeps flat surfaces"),
    Option("gaussian", "Gaussian", "Rounds off; what is much thinner vanishes"),
    Option("together", "all labels together", "No gap opens between labels that touch"),
)


@dataclass(frozen=True)
class Smooth:
    """How, and how far."""

    how: Annotated[str, Choice("How", "The kind of smoothing", options=_METHODS)] = "median"
    mm: Annotated[
        float, Length("Over", "Half a window for the median, else standard deviation")
    ] = 2.0

    @property
    def all_labels(self) -> bool:
        """Whether it works on all labels."""
        return self.how == "together"


def _edit(subject: Subject, settings: Smooth, report: OnProgress) -> Edit:
    if settings.how == "together":
        return smooth_together(subject.labels, subject.spacing, settings.mm, on_progress=report)
    smooth = smooth_median if settings.how == "median" else smooth_gaussian
    edit = smooth(subject.labels, subject.label, subject.spacing, settings.mm, on_progress=report)
    return only_over(edit, subject.labels, {0, subject.label})


def _says(subject: Subject, settings: Smooth) -> str:
    if settings.how == "together":
        return f"Smooth all labels together over {settings.mm:g} mm"
    how = "median" if settings.how == "median" else "Gaussian"
    return f"Smooth {subject.name} ({how}, {settings.mm:g} mm)"


def _check(subject: Subject, settings: Smooth) -> str:
    least = min(subject.spacing)
    if settings.how == "median" and settings.mm < least * (1 - 1e-6):
        return f"The median needs one voxel at least: {least:g} mm"
    return ""


TOOLS = (
    Tool(
        name="smooth",
        title="Smooth",
        group="Smooth",
        tip="Smooth the surface of a label, or of all labels together",
        settings=Smooth(),
        edit=_edit,
        says=_says,
        check=_check,
        size=label_voxels,
        key="S",
        at_once=True,
        key_title="Smooth the selected label",
    ),
)
