"""Look for something in voxels: at once where that is fast, else beside the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_seg.imaging.label_edits.centres import middle_of
from napari_seg.viewer.jobs import Job

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

# The middle of a label among fewer voxels is found at once.
_FEW = 1 << 21


class Search(QObject):
    """One search at a time; another one takes its place.

    Parameters
    ----------
    parent
        That owns this object.

    Attributes
    ----------
    found
        Signal: what was found.
    """

    found = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._job: Job | None = None

    @property
    def is_busy(self) -> bool:
        """Whether it goes on beside the window."""
        return self._job is not None

    def start(self, function: Callable[..., Any], *arguments: Any, at_once: bool) -> None:
        """Look by a function, such as `Job` takes; the window waits for it where it is fast."""
        self.cancel()
        if at_once:
            self.found.emit(function(*arguments))
            return
        self._job = Job(function, *arguments, parent=self)
        self._job.returned.connect(self.found)
        self._job.finished.connect(self._on_finished)
        self._job.start()

    def cancel(self) -> None:
        """Find nothing."""
        if self._job is not None:
            self._job.cancel()
            self._job.deleteLater()
            self._job = None

    def _on_finished(self) -> None:
        self._job = None


class MiddleSearch(Search):
    """A search for the middle of a label's largest piece."""

    def look(self, array: NDArray[Any], value: int) -> None:
        """Look for a label; `found` tells the index, or None where it has no voxel."""
        self.start(middle_of, array, value, at_once=array.size <= _FEW)
