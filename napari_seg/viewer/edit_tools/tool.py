"""One tool: what it is called, what can be set, and the function that it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import numpy as np

from napari_seg.imaging.label_edits import Edit
from napari_seg.imaging.label_edits.boxes import bounds, box_of
from napari_seg.imaging.progress import OnProgress
from napari_seg.viewer.edit_tools.subject import Subject

S = TypeVar("S")
OnCanvas = Literal["nothing", "a click", "a polygon"]


def _no_reason(_subject: Subject, _settings: Any) -> str:
    return ""


def label_voxels(subject: Subject, settings: Any) -> int:
    """Count the voxels of the box around the selected label, or around all."""
    if getattr(settings, "all_labels", False):
        box = bounds(subject.labels != 0)
    else:
        box = box_of(subject.labels, subject.label)
    return 0 if box is None else int(np.prod([part.stop - part.start for part in box]))


def all_voxels(subject: Subject, _settings: Any) -> int:
    """Count the voxels of the whole scan."""
    return int(subject.labels.size)


def slice_voxels(subject: Subject, _settings: Any) -> int:
    """Count the voxels of one slice."""
    return int(subject.labels.size // subject.labels.shape[subject.axis])


@dataclass(frozen=True)
class Tool(Generic[S]):
    """One tool of the Edit tab.

    Attributes
    ----------
    name
        Its identifier, of small letters and underscores.
    title
        On its button.
    group
        The button that it is found under.
    tip
        What it does, in a sentence.
    settings
        What is set at first: a frozen dataclass, see `controls`.
    edit
        The change to the labels; it may tell how far it is, and ends with what that raises. It
        may raise a `ValueError` with a sentence for the person.
    says
        What will be done to what, such as ``"Grow liver by 2 mm"``; the name of the step, too.
    check
        A further reason why it cannot be done now; empty if it can.
    preview
        A faster `edit` that is about the same; None where `edit` is shown itself.
    size
        How many voxels it looks at, from which its time is foretold.
    on
        Whether it changes the selected label, whatever label it is pointed at, or several.
    needs_voxels
        Whether the selected label must have some.
    least_axes
        Of the labels: 3 where slices are needed.
    follows_view
        Whether another slice or view means another result.
    uses_hand_slices, uses_other_layers
        Whether it asks which slices were touched by hand, or for labels of other layers.
    canvas
        What a person does on the canvas for it.
    canvas_if
        A setting and its value with which that is needed; None for always.
    key
        Unless another was chosen; None for none.
    at_once
        Whether the key does it at once, with what was set last, rather than open the tool.
    key_title
        Of what the key does; empty for the title of the tool.
    """

    name: str
    title: str
    group: str
    tip: str
    settings: S
    edit: Callable[[Subject, S, OnProgress], Edit]
    says: Callable[[Subject, S], str]
    check: Callable[[Subject, S], str] = _no_reason
    preview: Callable[[Subject, S, OnProgress], Edit] | None = None
    size: Callable[[Subject, S], int] = label_voxels
    on: Literal["the label", "what is pointed at", "several"] = "the label"
    needs_voxels: bool = True
    least_axes: int = 2
    follows_view: bool = False
    uses_hand_slices: bool = False
    uses_other_layers: bool = False
    canvas: OnCanvas = "nothing"
    canvas_if: tuple[str, str] | None = None
    key: str | None = None
    at_once: bool = False
    key_title: str = ""

    def on_canvas(self, settings: S) -> OnCanvas:
        """Tell what a person does on the canvas for it, as it is set."""
        if self.canvas_if is None or getattr(settings, self.canvas_if[0]) == self.canvas_if[1]:
            return self.canvas
        return "nothing"


def reason_against(tool: Tool[S], subject: Subject, settings: S) -> str:
    """Say in a sentence why a tool cannot be applied to a subject; empty if it can."""
    if subject.labels.ndim < tool.least_axes:
        return "These labels are a single slice: there are no others"
    is_on_all = getattr(settings, "all_labels", False)
    if tool.on == "the label" and not is_on_all and (reason := _reason_of_label(tool, subject)):
        return reason
    return tool.check(subject, settings)


def _reason_of_label(tool: Tool[S], subject: Subject) -> str:
    if subject.label == 0:
        return "Choose a label in the table first: 0 is the background"
    if subject.label in subject.locked:
        return f"'{subject.name}' is locked; unlock it first"
    if tool.needs_voxels and subject.label in subject.empty:
        return f"'{subject.name}' has no voxels yet; paint some first"
    return ""
