"""Step from island to island of the selected label, from the largest to the smallest."""

from __future__ import annotations

import math
import weakref
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_seg.imaging.label_edits.centres import Middle, middles_of
from napari_seg.viewer.comparing.shown_labels import shown_labels
from napari_seg.viewer.editing.attached import attached
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.editing.step_names import label_name
from napari_seg.viewer.label_list.jump import look_at
from napari_seg.viewer.search import Search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from napari.layers import Labels

# The islands among fewer voxels are found at once.
_AT_ONCE = 1 << 20


class IslandSteps(QObject):
    """Moves the view from island to island of a label.

    They are found in another thread, once until the labels change.

    Parameters
    ----------
    viewer
        Whose view moves.
    parent
        Owns this object.

    Attributes
    ----------
    said
        Signal: which island is shown and how large it is, or that there is none.
    """

    said = Signal(str)

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._layer: Any = None
        self._history: EditHistory | None = None
        self._of: tuple[int, tuple[int, ...]] | None = None
        self._islands: Sequence[Middle] | None = None
        self._shown: Middle | None = None
        self._place = 0
        self._pending = 0
        self._search = Search(self)
        self._search.found.connect(self._on_found)

    def go(self, layer: Labels, step: int) -> None:
        """Go to the next smaller island, or to the next larger one where `step` is -1."""
        self._follow(layer)
        shown = shown_labels(self._viewer, layer)
        if self._of != (shown.label, shown.leading):
            self.cancel()
            self._of = shown.label, shown.leading
            self._shown, self._place = None, 0
        if self._islands is not None:
            self._look(layer, step)
            return
        self._pending += step
        if not self._search.is_busy:
            at_once = shown.array.size <= _AT_ONCE
            self._search.start(middles_of, shown.array, shown.label, at_once=at_once)

    def cancel(self) -> None:
        """Go nowhere, and forget what was found."""
        self._search.cancel()
        self._islands, self._of, self._pending = None, None, 0

    def leave(self) -> None:
        """Follow no layer any more."""
        self.cancel()
        layer = None if self._layer is None else self._layer()
        if layer is not None:
            layer.events.data.disconnect(self._on_changed)
        if self._history is not None:
            self._history.changed.disconnect(self._on_changed)
        self._layer, self._history = None, None

    def _follow(self, layer: Labels) -> None:
        if self._layer is not None and self._layer() is layer:
            return
        self.leave()
        self._layer, self._history = weakref.ref(layer), attached(layer, EditHistory)
        layer.events.data.connect(self._on_changed)
        if self._history is not None:
            self._history.changed.connect(self._on_changed)

    def _on_changed(self, _event: object = None) -> None:
        of = self._of
        self.cancel()
        # Where one was among them stays known.
        self._of = of

    def _on_found(self, islands: Sequence[Middle]) -> None:
        layer = self._layer()
        step, self._pending = self._pending, 0
        if layer is None or layer not in self._viewer.layers or self._of is None:
            return
        # Without a history nobody tells of a stroke.
        self._islands = islands if self._history is not None else None
        self._look(layer, step, islands)

    def _look(self, layer: Labels, step: int, islands: Sequence[Middle] | None = None) -> None:
        islands = self._islands if islands is None else islands
        label = 0 if self._of is None else self._of[0]
        name = label_name(layer, label)
        if not islands:
            self.said.emit(f"{name} has no voxels yet")
            return
        if self._shown in islands:
            place = islands.index(self._shown) + step
        else:
            # The one that was shown is gone: the next one has its place now.
            place = self._place + (step - 1 if step > 0 else step)
        self._place = place % len(islands)
        self._shown = islands[self._place]
        look_at(self._viewer, layer, self._shown.index)
        volume = self._shown.count * math.prod(float(part) for part in layer.scale[-3:]) / 1000
        count = f"{self._place + 1} of {len(islands)}"
        self.said.emit(f"Island {count} of {name}: {volume:.3g} ml")
