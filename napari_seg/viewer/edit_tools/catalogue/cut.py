"""Cut: by a polygon drawn in the view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from napari_seg.imaging.label_edits import Edit
from napari_seg.imaging.label_edits.cutting import cut
from napari_seg.imaging.progress import OnProgress
from napari_seg.viewer.edit_tools.catalogue.wording import on_labels, reason_without_polygon
from napari_seg.viewer.edit_tools.controls import Choice, Length, Option, Scope
from napari_seg.viewer.edit_tools.subject import Subject
from napari_seg.viewer.edit_tools.tool import Tool

_DO = (
    Option("cut", "away what is inside", "What lies in the polygon becomes background"),
    Option("keep", "away what is outside", "What lies outside of the polygon becomes background"),
)
_DEPTH = (
    Option("all", "all slices"),
    Option("near", "some mm to both sides"),
    Option("slice", "this slice alone"),
)
_PIECES = (
    Option("one", "only the island under it", "Islands that the polygon does not meet here stay"),
    Option("all", "whatever lies there"),
)


@dataclass(frozen=True)
class Cut:
    """What goes, how deep, of which pieces and labels."""

    do: Annotated[str, Choice("Cut", "What goes", options=_DO)] = "cut"
    depth: Annotated[str, Choice("Through", "How deep it cuts", options=_DEPTH)] = "all"
    mm: Annotated[
        float,
        Length("Depth ±", "To both sides of this slice", shown_if=("depth", "near")),
    ] = 5.0
    pieces: Annotated[str, Choice("Of", "What is cut", options=_PIECES)] = "one"
    all_labels: Annotated[bool, Scope()] = False


def _edit(subject: Subject, settings: Cut, _report: OnProgress) -> Edit:
    drawn = subject.drawn
    if drawn is None:
        raise ValueError("draw a polygon on the canvas first")
    depth = {"all": None, "slice": 0.0}.get(settings.depth, settings.mm)
    return cut(
        subject.labels,
        drawn.corners,
        drawn.axis,
        drawn.index,
        subject.spacing,
        label=None if settings.all_labels else subject.label,
        depth_mm=depth,
        keep=settings.do == "keep",
        all_pieces=settings.pieces == "all",
    )


def _says(subject: Subject, settings: Cut) -> str:
    what = on_labels(subject, settings.all_labels)
    return f"Cut {what}" if settings.do == "cut" else f"Keep of {what} what is inside"


def _check(subject: Subject, _settings: Cut) -> str:
    return reason_without_polygon(subject)


TOOLS = (
    Tool(
        name="cut",
        title="Cut",
        group="Cut",
        tip="Draw a polygon on the canvas, and cut away what it holds or what it leaves",
        settings=Cut(),
        edit=_edit,
        says=_says,
        check=_check,
        least_axes=3,
        canvas="a polygon",
    ),
)
