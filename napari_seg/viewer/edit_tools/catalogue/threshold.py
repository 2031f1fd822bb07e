"""Threshold: label what lies in a range of intensities, in a region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.label_edits import Edit
from napari_seg.imaging.label_edits.boxes import Box, box_of
from napari_seg.imaging.label_edits.cutting import inside_polygon
from napari_seg.imaging.label_edits.threshold import threshold
from napari_seg.imaging.progress import OnProgress
from napari_seg.viewer.edit_tools.catalogue.wording import in_range_text, reason_without_polygon
from napari_seg.viewer.edit_tools.controls import (
    Choice,
    Intensities,
    Length,
    OneLabel,
    Option,
)
from napari_seg.viewer.edit_tools.subject import Range, Subject
from napari_seg.viewer.edit_tools.tool import Tool, all_voxels, slice_voxels

_REGIONS = (
    Option("slice", "this slice", "The slice that is shown"),
    Option("scan", "the whole scan"),
    Option("label", "inside a label", "The voxels of another label, which it loses"),
    Option("polygon", "a polygon that I draw", "In the slice that is shown, as deep as you say"),
)


@dataclass(frozen=True)
class Threshold:
    """Which intensities, and where."""

    within: Annotated[
        Range | None,
        Intensities(
            "From",
            "Intensities that get the label; at first those of the window",
            is_optional=False,
        ),
    ] = None
    region: Annotated[str, Choice("In", "Where to look", options=_REGIONS)] = "slice"
    inside: Annotated[
        int,
        OneLabel("Label", "The label to look inside", shown_if=("region", "label")),
    ] = 0
    mm: Annotated[
        float,
        Length(
            "Depth ±",
            "To both sides of the slice; 0 for the slice alone",
            shown_if=("region", "polygon"),
            least=0.0,
            most=1000.0,
        ),
    ] = 0.0


def _edit(subject: Subject, settings: Threshold, _report: OnProgress) -> Edit:
    within = settings.within or subject.window
    if within is None:
        raise ValueError("choose a range of intensities first")
    box, mask, over = _region(subject, settings)
    return threshold(
        subject.labels, subject.label, subject.intensities(), *within, box=box, mask=mask, over=over
    )


def _region(
    subject: Subject, settings: Threshold
) -> tuple[Box | None, NDArray[np.bool_] | None, set[int] | None]:
    if settings.region == "label":
        return box_of(subject.labels, settings.inside), None, {settings.inside}
    if settings.region == "polygon":
        drawn = subject.drawn
        if drawn is None:
            raise ValueError(reason_without_polygon(subject))
        place = drawn.corners, drawn.axis, drawn.index, subject.spacing
        patch = inside_polygon(subject.labels, *place, depth_mm=settings.mm)
        return patch.box, patch.mask, None
    if settings.region == "slice":
        box = [slice(0, count) for count in subject.labels.shape]
        if subject.labels.ndim == 3:
            box[subject.axis] = slice(subject.index, subject.index + 1)
        return tuple(box), None, None
    return None, None, None


def _says(subject: Subject, settings: Threshold) -> str:
    inside = f" inside {subject.name_of(settings.inside)}"
    where = {"slice": " in this slice", "scan": "", "polygon": " in a polygon"}.get(
        settings.region, inside
    )
    return f"Label {subject.name}{in_range_text(subject, settings.within)}{where}"


def _check(subject: Subject, settings: Threshold) -> str:
    if subject.scan_reason:
        return subject.scan_reason
    if settings.region == "polygon":
        return reason_without_polygon(subject)
    if settings.region != "label":
        return ""
    if settings.inside in (0, subject.label):
        return "Choose another label to look inside"
    if settings.inside in subject.locked:
        return f"'{subject.name_of(settings.inside)}' is locked; unlock it first"
    if settings.inside in subject.empty:
        return f"'{subject.name_of(settings.inside)}' has no voxels"
    return ""


def _size(subject: Subject, settings: Threshold) -> int:
    drawn, shape = subject.drawn, subject.labels.shape
    if settings.region == "polygon" and drawn is not None:
        deep = 2 * int(settings.mm / subject.spacing[drawn.axis]) + 1
        return int(subject.labels.size // shape[drawn.axis] * min(deep, shape[drawn.axis]))
    measure = slice_voxels if settings.region == "slice" else all_voxels
    return measure(subject, settings)


TOOLS = (
    Tool(
        name="threshold",
        title="Threshold",
        group="Threshold",
        tip="Label the voxels of a region whose intensity lies in a range",
        settings=Threshold(),
        edit=_edit,
        says=_says,
        check=_check,
        size=_size,
        needs_voxels=False,
        follows_view=True,
        canvas="a polygon",
        canvas_if=("region", "polygon"),
    ),
)
