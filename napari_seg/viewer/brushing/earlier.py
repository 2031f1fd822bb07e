"""Earlier labels of a layer, which the restoring brush paints back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_seg.viewer.jobs import Job
from napari_seg.viewer.keeping.kept_layer import KeptLayer
from napari_seg.viewer.layers import metadata_of

if TYPE_CHECKING:
    from napari.layers import Labels
    from numpy.typing import NDArray

    from napari_seg.viewer.kept_labels import KeptLabels


@dataclass(frozen=True, eq=False)
class EarlierState:
    """A state that labels were in.

    Attributes
    ----------
    title
        For the person.
    kept
        A compressed copy: the network's own, or that of the last save.
    """

    title: str
    kept: KeptLabels


def earlier_states(layer: Labels) -> tuple[EarlierState, ...]:
    """Return the states of a layer that can be restored: of a network, and as last saved.

    Undo leaves them as they are.
    """
    found = []
    written = metadata_of(layer).get("written", ())
    if written:
        found.append(EarlierState("the network's result", written[-1][0]))
    kept = KeptLayer.of(layer)
    if kept is not None and kept.path is not None and kept.background is not None:
        found.append(EarlierState(f"as saved in {kept.path.name}", kept.background.saved))
    return tuple(state for state in found if state.kept.shape == layer.data.shape)


class Unpacking(QObject):
    """Unpacks one earlier state beside the viewer, and holds its voxels until `drop`.

    Parameters
    ----------
    parent
        That owns this object.

    Attributes
    ----------
    array
        The voxels; None until they are unpacked.
    """

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.array: NDArray[Any] | None = None
        self._kept: KeptLabels | None = None
        self._job: Job | None = None

    def want(self, kept: KeptLabels) -> None:
        """Unpack a state, unless that was done already."""
        if kept is self._kept:
            return
        self.drop()
        self._kept = kept
        self._job = Job(_unpack, kept, parent=self)
        self._job.returned.connect(self._on_unpacked)
        self._job.start()

    def drop(self) -> None:
        """Let the voxels go."""
        if self._job is not None:
            self._job.cancel()
            self._job.deleteLater()
        self._job = self._kept = self.array = None

    def _on_unpacked(self, array: NDArray[Any]) -> None:
        self.array = array
        self.changed.emit()


def _unpack(kept: KeptLabels, *, on_progress: Any) -> NDArray[Any]:
    on_progress(0.0)
    return kept.restore()
