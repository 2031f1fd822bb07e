"""Compute what a tool would change: beside the viewer, and only if that is fast enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.imaging.label_edits import Edit, count_changes, respecting
from napari_seg.imaging.progress import OnProgress, paced, share_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_seg.viewer.edit_tools.subject import Subject
    from napari_seg.viewer.edit_tools.tool import Tool

PREVIEW_SECONDS = 0.3
"""What takes longer is not shown before it is applied."""

# A shorter run says little: what does not depend on the voxels is most of it.
_TOLD_FROM_SECONDS = 0.1

# The share of the time until it is known what changes; the rest counts and shows it.
_EDITING = 0.9
# A tool is stopped as soon as this, and the line at the bottom moves smoothly enough.
_TELLING_SECONDS = 0.03

EMPTIED = 255
"""In `Outcome.codes`: a voxel that becomes background."""


@dataclass(frozen=True, eq=False)
class Request:
    """A tool, what it works on, and how it is set.

    Attributes
    ----------
    tool, subject, settings
        See `Tool`.
    revision
        Of the layer that the subject was taken from.
    for_preview
        Whether it may be approximate, and must be fast.
    seconds_per_voxel
        How long the tool took lately; 0 where that is not known.
    """

    tool: Tool[Any]
    subject: Subject
    settings: Any
    revision: int
    for_preview: bool = False
    seconds_per_voxel: float = 0.0


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of a request.

    Attributes
    ----------
    request
        That it answers.
    edit
        The change, without locked labels; None where there is none.
    refusal
        Why not, in a sentence; empty otherwise.
    is_too_large
        Whether it was not even begun, because it would take too long for a preview.
    seconds, voxels
        How long it took, and how many it looked at; 0 where it was not done.
    changes
        Voxels that each label gains.
    codes, shown
        Of the box of `edit`, for a preview: 0 where nothing changes, `EMPTIED`, or 1 more than
        the place in `shown` of the label that is gained.
    """

    request: Request
    edit: Edit | None = None
    refusal: str = ""
    is_too_large: bool = False
    seconds: float = 0.0
    voxels: int = 0
    changes: Mapping[int, int] = field(default_factory=dict)
    codes: NDArray[np.uint8] | None = None
    shown: tuple[int, ...] = ()

    @property
    def is_exact(self) -> bool:
        """Whether it is what would be applied."""
        return self.edit is not None and (
            not self.request.for_preview or self.request.tool.preview is None
        )


def compute(request: Request, *, on_progress: OnProgress) -> Outcome:
    """Do what a request asks for; a `ValueError` of the tool becomes a refusal."""
    on_progress(0.0)
    editing = paced(share_of(on_progress, 0.0, _EDITING), _TELLING_SECONDS)
    tool, subject, settings = request.tool, request.subject, request.settings
    try:
        voxels = max(tool.size(subject, settings), 1)
        if request.for_preview and voxels * request.seconds_per_voxel > PREVIEW_SECONDS:
            return Outcome(request, is_too_large=True)
        started = perf_counter()
        is_fast = request.for_preview and tool.preview is not None
        function = tool.preview if is_fast and tool.preview is not None else tool.edit
        edit = respecting(function(subject, settings, editing), subject.labels, subject.locked)
    except ValueError as error:
        text = str(error)
        return Outcome(request, refusal=f"{text[:1].upper()}{text[1:]}")
    on_progress(_EDITING)
    changes = count_changes(edit, subject.labels)
    codes, shown = _codes(edit) if request.for_preview and edit else (None, ())
    seconds = perf_counter() - started
    on_progress(1.0)
    return Outcome(request, edit, "", False, seconds, voxels, changes, codes, shown)


class Paces:
    """How fast each tool is on this machine, learned from its previews."""

    def __init__(self) -> None:
        self._seconds_per_voxel: dict[str, float] = {}

    def of(self, name: str) -> float:
        """Return seconds a voxel; 0 where nothing is known."""
        return self._seconds_per_voxel.get(name, 0.0)

    def note(self, outcome: Outcome) -> None:
        """Learn from an outcome."""
        name = outcome.request.tool.name
        if outcome.is_too_large:
            # What was slow once, such as in its first run, is tried again some time.
            self._seconds_per_voxel[name] = 0.9 * self.of(name)
        elif outcome.seconds > _TOLD_FROM_SECONDS:
            self._seconds_per_voxel[name] = outcome.seconds / outcome.voxels
        elif outcome.voxels * self.of(name) > _TOLD_FROM_SECONDS:
            # Faster than was foretold.
            self._seconds_per_voxel[name] = 0.0


def _codes(edit: Edit) -> tuple[NDArray[np.uint8], tuple[int, ...]]:
    gained = np.unique(edit.values[edit.changed])
    labels = gained[gained != 0]
    codes = np.zeros(edit.values.shape, dtype=np.uint8)
    if labels.size <= 1:
        is_gain = edit.values != 0
        codes[edit.changed & is_gain] = 1
        codes[edit.changed & ~is_gain] = EMPTIED
    else:
        # More than 254 labels share colours.
        places = np.searchsorted(labels, edit.values[edit.changed]) % (EMPTIED - 1) + 1
        codes[edit.changed] = np.where(edit.values[edit.changed] == 0, EMPTIED, places)
    return codes, tuple(labels[: EMPTIED - 1].tolist())
