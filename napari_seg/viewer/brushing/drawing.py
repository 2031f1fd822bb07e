"""A stroke while it is drawn: places come as fast as the mouse moves, and are drawn in time."""

from __future__ import annotations

from collections import deque
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer

from napari_seg.viewer.undo import Stroke

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.layers import Labels
    from numpy.typing import NDArray

    from napari_seg.imaging.label_edits.edits import Edit
    from napari_seg.imaging.label_edits.strokes import BrushStroke

# Drawn in one go; what is left waits until the window has seen to its other events.
_SECONDS = 0.02


class Drawing(QObject):
    """Draws a stroke on a layer, as one step of its undo.

    An event of the mouse never waits long: what takes more time is drawn after it.

    Parameters
    ----------
    layer
        Whose voxels change.
    stroke
        What the brush makes of them.
    step
        What the step of undo is called, before the name of the label.
    parent
        That owns this object.
    """

    def __init__(self, layer: Labels, stroke: BrushStroke, step: str, parent: QObject) -> None:
        super().__init__(parent)
        self.diameter_mm = stroke.diameter_mm
        self._stroke = stroke
        self._writing = Stroke(layer, step)
        self._places: deque[NDArray[Any]] = deque()
        self._edits: Iterator[Edit] = iter(())
        self._is_ending = False
        self.is_over = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._draw)

    def draw_to(self, place: NDArray[Any]) -> None:
        """Draw to a place, in voxels with fractions."""
        if not self.is_over:
            self._places.append(place)
            self._draw()

    def end(self) -> None:
        """Make a step of it, once all is drawn."""
        self._is_ending = True
        self._draw()

    def finish(self) -> None:
        """Draw what is left at once, and make a step of it; more than once does no harm."""
        self._is_ending = True
        self._draw(all_at_once=True)

    def stop(self) -> None:
        """Make a step of what is drawn, and draw no more: the voxels are others now."""
        self._places.clear()
        self._edits = iter(())
        self.finish()

    def cancel(self) -> None:
        """Take it all back."""
        if not self.is_over:
            self._writing.cancel()
            self._close()

    def _draw(self, *, all_at_once: bool = False) -> None:
        if self.is_over:
            return
        try:
            is_left = self._draw_for(inf if all_at_once else _SECONDS)
        except BaseException:
            # What was drawn until then stays, and can be undone.
            self._writing.end()
            self._close()
            raise
        if is_left:
            self._timer.start(0)
        elif self._is_ending:
            self._writing.end()
            self._close()

    def _draw_for(self, seconds: float) -> bool:
        start = before = perf_counter()
        while (edit := self._next()) is not None:
            if edit:
                self._writing.write(edit.box, edit.values, where=edit.changed)
            now = perf_counter()
            # The next one is thought to take as long as this one.
            if now - start + (now - before) > seconds:
                return True
            before = now
        return False

    def _next(self) -> Edit | None:
        edit = next(self._edits, None)
        while edit is None and self._places:
            self._edits = self._stroke.draw_to(self._places.popleft())
            edit = next(self._edits, None)
        return edit

    def _close(self) -> None:
        self.is_over = True
        self._timer.stop()
        self._places.clear()
        self.deleteLater()
