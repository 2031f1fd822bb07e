"""Apply a tool: compute it beside the viewer, and write it as one named step."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_seg.imaging.measures import signed_volume_text
from napari_seg.viewer.edit_tools.computing import Request, compute
from napari_seg.viewer.edit_tools.tool import reason_against
from napari_seg.viewer.editing.strokes import commit_stroke
from napari_seg.viewer.one_job import OneJob
from napari_seg.viewer.undo import write_region

if TYPE_CHECKING:
    from napari.layers import Labels

    from napari_seg.viewer.edit_tools.computing import Outcome
    from napari_seg.viewer.edit_tools.source import SubjectSource
    from napari_seg.viewer.edit_tools.subject import Subject
    from napari_seg.viewer.edit_tools.tool import Tool
    from napari_seg.viewer.edit_tools.watched import Watched
    from napari_seg.viewer.status_line import StatusLine

_MOST_NAMED = 3


class Applying(QObject):
    """Writes what tools change, one at a time.

    A result is written only if the labels are still those that it was computed from; if not, it
    is computed once more, and then refused.

    Parameters
    ----------
    source
        Of what the tools work on.
    watched
        The same layer.
    status
        Where progress and result are shown, and where Cancel is pressed.
    parent
        The widget that owns this.

    Attributes
    ----------
    said
        Signal: what was done, or why not, in a sentence.
    written
        Signal: a step was written; the name of its tool.
    busy
        Signal: whether a tool is being computed.
    """

    said = Signal(str)
    written = Signal(str)
    busy = Signal(bool)

    def __init__(
        self, source: SubjectSource, watched: Watched, status: StatusLine, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._source, self._watched, self._status = source, watched, status
        self._layer: Labels | None = None
        self._is_second_try = False
        self._work = OneJob(status, self)
        self._work.busy.connect(self.busy)

    @property
    def is_busy(self) -> bool:
        """Whether a tool is being computed."""
        return self._work.is_busy

    def apply(self, tool: Tool[Any], settings: Any, **pointed: Any) -> None:
        """Compute a tool and write what it changes; say why where that is refused."""
        if self._work.is_busy:
            self._say("Wait until the tool that runs has ended, or cancel it")
        elif self._status.is_busy:
            self._say("Wait until what goes on has ended: tools and runs go one after the other")
        else:
            self._is_second_try = False
            self._start(tool, settings, pointed)

    def write(self, outcome: Outcome) -> None:
        """Write an outcome that is known already, if it still holds; else compute it anew."""
        request = outcome.request
        if outcome.is_exact and self._is_current(request):
            self._layer = self._source.layer
            self._write(outcome)
            return
        self.apply(request.tool, request.settings, **_pointed(request.subject))

    def cancel(self) -> None:
        """Drop what is being computed."""
        self._work.cancel()

    def _start(
        self,
        tool: Tool[Any],
        settings: Any,
        pointed: dict[str, Any],
        like: Subject | None = None,
    ) -> None:
        layer = self._source.layer
        if layer is not None and not self._source.reason():
            # What a stroke has drawn so far is a step of its own, before this one.
            commit_stroke(layer)
        try:
            label = None if like is None else like.label
            subject = self._source.subject(tool, label=label, **pointed)
        except ValueError as error:
            self._say(str(error))
            return
        if like is not None:
            # Another slice may be looked at meanwhile.
            subject = replace(subject, axis=like.axis, index=like.index)
        if reason := reason_against(tool, subject, settings):
            self._say(reason)
            return
        self._layer = layer
        request = Request(tool, subject, settings, self._watched.revision)
        says = tool.says(subject, settings)
        self._work.start(says, "nothing was changed", self._on_outcome, compute, request)

    def _on_outcome(self, outcome: Outcome) -> None:
        layer, request = self._layer, outcome.request
        if layer is None or layer is not self._source.layer or self._source.reason():
            self._say("The labels are no longer there: nothing was changed")
            return
        commit_stroke(layer)
        if self._is_current(request):
            self._write(outcome)
        elif self._is_second_try:
            self._say("The labels were changed meanwhile: nothing was written; try again")
        else:
            self._is_second_try = True
            self._start(request.tool, request.settings, _pointed(request.subject), request.subject)

    def _is_current(self, request: Request) -> bool:
        return request.revision == self._watched.revision

    def _write(self, outcome: Outcome) -> None:
        layer, request, edit = self._layer, outcome.request, outcome.edit
        if layer is None or outcome.refusal:
            self._say(outcome.refusal)
            return
        says = request.tool.says(request.subject, request.settings)
        if not edit:
            self._say(f"{says}: there is nothing to change")
            return
        write_region(layer, edit.box, edit.values, name=says, where=edit.changed, preserve=False)
        gains = gains_text(request.subject, outcome)
        self._say(f"{says}: {gains}. Ctrl+Z takes it back.")
        self.written.emit(request.tool.name)

    def _say(self, sentence: str) -> None:
        if not self._status.is_busy:
            self._status.end(sentence)
        self.said.emit(sentence)


def _pointed(subject: Subject) -> dict[str, Any]:
    return {"voxel": subject.voxel, "drawn": subject.drawn}


def gains_text(subject: Subject, outcome: Outcome) -> str:
    """Say in ml what labels gain and lose, the largest changes first."""
    changes = sorted(outcome.changes.items(), key=lambda change: -abs(change[1]))
    texts = [
        f"{subject.name_of(label)} {signed_volume_text(count * subject.voxel_ml)}"
        for label, count in changes[:_MOST_NAMED]
    ]
    if len(changes) > _MOST_NAMED:
        more = len(changes) - _MOST_NAMED
        texts.append(f"{more} more label{'s' if more > 1 else ''}")
    return ", ".join(texts) or "voxels moved within a label"
