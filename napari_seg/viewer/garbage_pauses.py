"""Collect Python's garbage in the person's pauses, not in the midst of a stroke."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer

from napari_seg.viewer.hands import Hands

if TYPE_CHECKING:
    from napari.components import ViewerModel

# A full collection looks at every object there is: 0.15 s in a napari, 0.25 with torch loaded.
# Where a pause never comes, Python still begins one by itself, this many times later.
_TIMES_LATER = 20
_MS_BETWEEN_LOOKS = 200
_SECONDS_OF_PAUSE = 1.0


class GarbagePauses(QObject):
    """Put full collections off until mouse and slices rest, from now until `release`.

    Python begins one by itself in the midst of whatever goes on, in any thread. The threshold of
    the oldest generation is raised meanwhile for the whole process, once for all panels; a Python
    that collects by small increments (3.14) has no such threshold, and is left alone.

    Parameters
    ----------
    viewer
        Whose slices are turned.
    parent
        Owns this object.
    """

    _in_force: set[GarbagePauses] = set()  # noqa: RUF012 - of the process, as the collector is
    _thresholds = (0, 0, 0)

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        if not self._in_force:
            GarbagePauses._thresholds = gc.get_threshold()
            gc.set_threshold(*_raised(self._thresholds))
        self._in_force.add(self)
        self._hands = Hands(viewer)
        self._timer = QTimer(self)
        self._timer.setInterval(_MS_BETWEEN_LOOKS)
        self._timer.timeout.connect(self._on_look)
        self._timer.start()

    def release(self) -> None:
        """Leave the collector as it was found, if no other panel needs it so."""
        self._timer.stop()
        self._in_force.discard(self)
        ours = gc.get_threshold() == _raised(self._thresholds)
        if not self._in_force and ours:
            gc.set_threshold(*self._thresholds)

    def _on_look(self) -> None:
        most = self._thresholds[2]
        if not most or gc.get_count()[2] <= most or not gc.isenabled():
            return
        self._hands.look()
        if self._hands.seconds_of_rest >= _SECONDS_OF_PAUSE:
            gc.collect()


def _raised(thresholds: tuple[int, int, int]) -> tuple[int, int, int]:
    return *thresholds[:2], thresholds[2] * _TIMES_LATER
