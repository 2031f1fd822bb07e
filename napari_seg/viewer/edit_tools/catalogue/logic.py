"""Logic: a label and another one, of this layer or of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from numpy.typing import NDArray

from napari_seg.imaging.label_edits import Edit
from napari_seg.imaging.label_edits.logic import copy, intersect, subtract, unite
from napari_seg.imaging.progress import OnProgress
from napari_seg.viewer.edit_tools.controls import AnyLabel, Choice, Option
from napari_seg.viewer.edit_tools.subject import LabelOf, Subject
from napari_seg.viewer.edit_tools.tool import Tool, all_voxels

_DO = (
    Option("unite", "Add", "It gets all voxels of the other one"),
    Option("subtract", "Subtract", "It loses what the other one holds"),
    Option("intersect", "Intersect", "It keeps only what the other one holds, too"),
    Option("copy", "Copy", "It becomes what the other one is"),
)
_FUNCTIONS = {"unite": unite, "subtract": subtract, "intersect": intersect, "copy": copy}
_SAYS = {
    "unite": "Add {other} to {ours}",
    "subtract": "Subtract {other} from {ours}",
    "intersect": "Keep of {ours} what is in {other}",
    "copy": "Make {ours} a copy of {other}",
}


@dataclass(frozen=True)
class Combine:
    """How, and with which label."""

    do: Annotated[str, Choice("Do", "How the two are combined", options=_DO)] = "unite"
    other: Annotated[
        LabelOf | None,
        AnyLabel("With", "A label of this layer, or of another one on the same grid"),
    ] = None


def _edit(subject: Subject, settings: Combine, _report: OnProgress) -> Edit:
    array, other = _found(subject, settings)
    return _FUNCTIONS[settings.do](subject.labels, subject.label, array, other)


def _says(subject: Subject, settings: Combine) -> str:
    other = "another label"
    if settings.other is not None:
        layer, label = settings.other
        further = subject.others.get(layer)
        names = subject.names if further is None else further.names
        other = names.get(label, f"label {label}")
        other += "" if further is None else f" of {further.title}"
    return _SAYS[settings.do].format(ours=subject.name, other=other)


def _check(subject: Subject, settings: Combine) -> str:
    if settings.other is None or settings.other == ("", subject.label):
        return "Choose another label to combine it with"
    layer, label = settings.other
    if layer and layer not in subject.others:
        return "The layer of the other label is gone; choose another one"
    if not layer and settings.do in ("subtract", "intersect"):
        return "Labels of one layer share no voxel; choose a label of another layer"
    if not layer and label in subject.locked:
        return f"'{subject.name_of(label)}' is locked; unlock it first"
    if settings.do in ("subtract", "intersect") and subject.label in subject.empty:
        return f"'{subject.name}' has no voxels yet; paint some first"
    return ""


def _found(subject: Subject, settings: Combine) -> tuple[NDArray[Any], int]:
    layer, label = settings.other or LabelOf("", 0)
    return (subject.others[layer].labels if layer else subject.labels), label


TOOLS = (
    Tool(
        name="combine",
        title="Combine",
        group="Logic",
        tip="Add another label, subtract it, keep what both hold, or copy it",
        settings=Combine(),
        edit=_edit,
        says=_says,
        check=_check,
        size=all_voxels,
        needs_voxels=False,
        uses_other_layers=True,
    ),
)
