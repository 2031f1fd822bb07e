"""What came of a run: its layers, a line of news, and what is left to decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Labels
from qtpy.QtCore import QObject

from napari_seg.imaging.measures import volume_text
from napari_seg.viewer.segmenting.first_look import FirstLook
from napari_seg.viewer.segmenting.found_boxes import FoundBoxes
from napari_seg.viewer.segmenting.result_layer import Contest, show_result
from napari_seg.viewer.segmenting.result_writing import locked_ml

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_seg.viewer.segmenting.current_run import CurrentRun
    from napari_seg.viewer.segmenting.model_run import Result
    from napari_seg.viewer.status_line import StatusLine


class Outcome(QObject):
    """Show results, and settle what they could not replace unasked.

    Parameters
    ----------
    viewer
        That gets the layers.
    status
        Where the news are shown, and questions asked.
    parent
        The widget that runs models.
    """

    def __init__(self, viewer: ViewerModel, status: StatusLine, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer, self._status = viewer, status
        self._contest: Contest | None = None
        self._told: tuple[Labels, str] | None = None
        self.boxes = FoundBoxes(viewer)
        self._look = FirstLook(viewer, self)
        status.decided.connect(self._on_decided)
        viewer.dims.events.order.connect(self._on_order)
        viewer.layers.events.removed.connect(self._on_removed)

    def begin(self) -> None:
        """Take away the boxes of the last run, and its question: another one starts."""
        self._contest = None
        self.boxes.forget()
        self._look.note_start()

    def release(self) -> None:
        """Let go of the viewer."""
        self._look.cancel()
        self.boxes.forget()
        self._viewer.dims.events.order.disconnect(self._on_order)
        self._viewer.layers.events.removed.disconnect(self._on_removed)

    def show(self, run: CurrentRun, result: Result) -> None:
        """Show the result of a run."""
        active = self._viewer.layers.selection.active
        layer, self._contest = show_result(self._viewer, run.layer, result, name=run.labels_name)
        # Whoever works on other labels meanwhile goes on doing so.
        busy = isinstance(active, Labels) and active in self._viewer.layers
        self._viewer.layers.selection.active = active if busy else layer
        self.boxes.show(run.layer, result.record)
        self._look.show(layer, result.ready.shown.volumes)
        self._report(result, layer)

    def _report(self, result: Result, layer: Labels) -> None:
        news = result.summary
        if self._contest is None:
            self._tell(layer, news + _locked(layer, result, ". "))
            return
        old, new = self._contest.old.name, self._contest.new.name
        self._status.ask(
            f"{news}. '{old}' {_reason(self._contest)}, so the result is the new layer '{new}'.",
            ("Keep my voxels", "Replace"),
            (
                f"Put the result into '{old}' where nothing was changed by hand (one undo step)",
                f"Put the result into '{old}' everywhere (one undo step)",
            ),
        )

    def _on_decided(self, number: int) -> None:
        contest, self._contest = self._contest, None
        if contest is None or not contest.is_open(self._viewer):
            self._status.end("One of the two layers is gone: nothing to decide")
            return
        keep = number == 0
        changed = contest.settle(self._viewer, keep_hand_work=keep)
        locked = _locked(contest.old, contest.result, "; ")
        kept = "with your voxels kept" if keep else "replaced"
        news = f"'{contest.old.name}' holds the result, {kept}{locked}"
        news += ". Ctrl+Z takes it back." if changed else "; nothing in it changed."
        if contest.new in self._viewer.layers:
            news += f" '{contest.new.name}' stays: it was changed by hand."
        self._tell(contest.old, news)

    def _tell(self, layer: Labels, news: str) -> None:
        self._told = layer, news
        self._status.end(news)

    def _on_removed(self, event: Any) -> None:
        if self._told is None or event.value is not self._told[0]:
            return
        if self._status.text.text() == self._told[1]:
            self._status.forget()
        self._told = None

    def _on_order(self, _event: object) -> None:
        self.boxes.redraw()


def _locked(layer: Labels, result: Result, before: str) -> str:
    volume = locked_ml(layer, result)
    return f"{before}{volume_text(volume)} stayed as it was for locked labels" if volume else ""


def _reason(contest: Contest) -> str:
    volume = volume_text(contest.at_stake_ml)
    if not contest.from_file:
        return f"holds {volume} of other work"
    changed = f", and the result would change {volume} of it" if contest.at_stake_ml else ""
    return f"was opened from a file{changed}"
