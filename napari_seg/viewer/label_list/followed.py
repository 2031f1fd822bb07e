"""What a table of labels follows: locks, volumes, colours and metadata of one layer."""

from __future__ import annotations

import weakref
from contextlib import contextmanager
from math import nan
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_seg.viewer.editing.editable import require_editable
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.editing.locks import LabelLocks
from napari_seg.viewer.editing.volumes import VolumeTracker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from napari.layers import Labels


class Followed(QObject):
    """What there is to follow of a layer, also of one that cannot be edited.

    Parameters
    ----------
    layer
        To be followed.
    parent
        Owns this object.

    Attributes
    ----------
    changed
        Signal: something is other than before.
    applied, reverted
        Signal: a `Step` was done, or undone.
    """

    changed = Signal()
    applied = Signal(object)
    reverted = Signal(object)

    def __init__(self, layer: Labels, parent: QObject) -> None:
        super().__init__(parent)
        self._layer: Callable[[], Any] = weakref.ref(layer)
        self._ignored = 0
        self._history: EditHistory | None = None
        self._locks: LabelLocks | None = None
        self._volumes: VolumeTracker | None = None
        self._find_parts()
        events = layer.events
        for event in (events.colormap, events.features, events.metadata, events.editable):
            event.connect(self._on_event)

    @property
    def reason_not_to_edit(self) -> str:
        """Why the voxels cannot be changed; empty if they can."""
        layer = self._layer()
        if layer is None:
            return "The layer is gone; choose another one"
        try:
            require_editable(layer)
        except ValueError as error:
            return str(error)
        return ""

    @property
    def locked(self) -> frozenset[int]:
        """The locked labels."""
        return frozenset() if self._locks is None else self._locks.labels

    @property
    def has_volumes(self) -> bool:
        """Whether the volumes follow what is edited."""
        return self._volumes is not None

    @property
    def volumes_ml(self) -> Mapping[int, float] | None:
        """Millilitres of each label that has voxels; None where they are not known.

        Of a layer that cannot be edited, what its features say.
        """
        if self._volumes is None:
            return _volumes_in_features(self._layer())
        return None if self._is_first_count else self._volumes.volumes_ml

    @property
    def unknown_ml(self) -> float | None:
        """What stands for a volume that is not known: None while it is being counted, else nan."""
        return None if self._is_first_count else nan

    @property
    def is_counting(self) -> bool:
        """Whether the whole layer is being counted, and `voxels` are older."""
        return self._volumes is not None and self._volumes.is_counting

    @property
    def voxels(self) -> Mapping[int, int]:
        """How many voxels each label has, as far as it is known."""
        return {} if self._volumes is None else self._volumes.voxels

    @property
    def history(self) -> EditHistory:
        """The history of the layer; ``ValueError`` where it cannot be edited."""
        if self._history is None:
            raise ValueError(self.reason_not_to_edit)
        return self._history

    def require_locks(self) -> LabelLocks:
        """Return the locks of the layer; ``ValueError`` where it cannot be edited."""
        reason = self.reason_not_to_edit
        if self._locks is None or reason:
            raise ValueError(reason)
        return self._locks

    @contextmanager
    def ignored(self) -> Iterator[None]:
        """Pass over what the layer tells meanwhile."""
        self._ignored += 1
        try:
            yield
        finally:
            self._ignored -= 1

    @property
    def _is_first_count(self) -> bool:
        return self.is_counting and not self.voxels

    def _find_parts(self) -> None:
        layer = self._layer()
        if layer is None or self._history is not None or self.reason_not_to_edit:
            return
        self._history = EditHistory.of(layer)
        self._locks = LabelLocks.of(layer)
        self._locks.changed.connect(self._on_event)
        if layer.ndim <= 3:
            self._volumes = VolumeTracker.of(layer)
            self._volumes.changed.connect(self._on_event)
        # After the tracker's own: who is told of a step sees its volumes.
        self._history.applied.connect(self.applied)
        self._history.reverted.connect(self.reverted)

    def _on_event(self, _event: object = None) -> None:
        if not self._ignored:
            self._find_parts()
            self.changed.emit()


def _volumes_in_features(layer: Labels | None) -> Mapping[int, float] | None:
    features = None if layer is None else layer.features
    if features is None or not {"index", "volume_ml"} <= set(features.columns):
        return None
    return {
        int(value): float(volume)
        for value, volume in zip(features["index"], features["volume_ml"], strict=True)
    }
