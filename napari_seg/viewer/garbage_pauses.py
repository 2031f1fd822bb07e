"""Collect Python's garbage in the person's pauses, not in the midst of a stroke."""

from __future__ import annotations

import gc
from functools import partial
from typing import TYPE_CHECKING, ClassVar

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
        Owns this object, which lets go when its window is closed.
    """

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        self._let_go = partial(_Thresholds.let_go, _Thresholds.raise_for_one())
        parent.destroyed.connect(self._let_go)
        self._hands = Hands(viewer)
        self._timer = QTimer(self)
        self._timer.setInterval(_MS_BETWEEN_LOOKS)
        self._timer.timeout.connect(self._on_look)
        self._timer.start()

    def release(self) -> None:
        """Leave the collector as it was found, if no other panel needs it so."""
        self._timer.stop()
        self._let_go()

    def _on_look(self) -> None:
        most = _Thresholds.found[2]
        if not most or gc.get_count()[2] <= most or not gc.isenabled():
            return
        self._hands.look()
        if self._hands.seconds_of_rest >= _SECONDS_OF_PAUSE:
            gc.collect()


class _Thresholds:
    """Those of the collector, as they were found, and for whom they are raised."""

    found = (0, 0, 0)
    _raised_for: ClassVar[set[object]] = set()

    @classmethod
    def raise_for_one(cls) -> object:
        """Raise them, and return what lets go of them."""
        if not cls._raised_for:
            cls.found = gc.get_threshold()
            gc.set_threshold(*cls._raised())
        one = object()
        cls._raised_for.add(one)
        return one

    @classmethod
    def let_go(cls, one: object, _gone: object = None) -> None:
        """Put them back once nobody holds them, unless somebody else has set them meanwhile."""
        if one in cls._raised_for:
            cls._raised_for.discard(one)
            if not cls._raised_for and gc.get_threshold() == cls._raised():
                gc.set_threshold(*cls.found)

    @classmethod
    def _raised(cls) -> tuple[int, int, int]:
        return *cls.found[:2], cls.found[2] * _TIMES_LATER
