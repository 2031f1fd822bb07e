"""What helps to compare labels with the scan while one edits them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from qtpy.QtCore import QObject, Signal

from napari_seg.viewer.actions import Action
from napari_seg.viewer.comparing.hiding import Hiding
from napari_seg.viewer.comparing.island_steps import IslandSteps
from napari_seg.viewer.comparing.slice_steps import SliceSteps
from napari_seg.viewer.preferences import Preferences

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Labels

_GROUP = "Comparing"
_NO_LAYER = "Choose or make labels first"
_CONTOUR = 2
# Their names among napari's preferences.
_CONTOURS, _WIDTH = "contours", "contour_width"


class Comparing(QObject):
    """Contour or fill, hidden labels, slices and islands of the selected label, until `release`.

    Parameters
    ----------
    viewer
        The viewer, or the proxy of it that napari hands to plugins.

    Attributes
    ----------
    said
        Signal: what is shown now, or why nothing else is, in a sentence.
    """

    said = Signal(str)

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer: ViewerModel = getattr(viewer, "__wrapped__", viewer)
        self._layer: Labels | None = None
        self._seen: WeakSet[Labels] = WeakSet()
        self._preferences = Preferences("editing")
        self._hiding = Hiding(self._viewer)
        self._slices = SliceSteps(self._viewer, self)
        self._islands = IslandSteps(self._viewer, self)
        repeats: Any = {"repeats": True}
        self.offers = (
            Action("contour", "Contour or fill", _GROUP, "C", self.toggle_contour),
            Action(
                "hide_labels", "Hide the labels", _GROUP, "H", self._hiding.hide, self._hiding.show
            ),
            Action("previous_slice", "Previous slice with the label", _GROUP, "PgUp",
                   partial(self._go, self._slices, -1), **repeats),
            Action("next_slice", "Next slice with the label", _GROUP, "PgDown",
                   partial(self._go, self._slices, 1), **repeats),
            Action("previous_island", "Previous island of the label", _GROUP, ",",
                   partial(self._go, self._islands, -1), **repeats),
            Action("next_island", "Next island of the label", _GROUP, ".",
                   partial(self._go, self._islands, 1), **repeats),
        )  # fmt: skip
        self._slices.said.connect(self.said)
        self._islands.said.connect(self.said)
        self._preferences.changed.connect(self._on_preferences)

    @property
    def contour(self) -> int:
        """How labels were drawn last: the width of their contour in pixels, 0 for filled.

        Layers that are looked at for the first time are drawn so, too.
        """
        return self._width if self._preferences.value(_CONTOURS, False) else 0

    def set_layer(self, layer: Labels | None) -> None:
        """Compare the labels of another layer from now on; None for none."""
        layer = getattr(layer, "__wrapped__", layer)
        if layer is self._layer:
            return
        self._slices.cancel()
        self._islands.leave()
        if self._layer is not None:
            self._layer.events.contour.disconnect(self._on_contour)
        self._layer = layer
        if layer is None:
            return
        if layer not in self._seen:
            self._seen.add(layer)
            layer.contour = layer.contour or self.contour
        layer.events.contour.connect(self._on_contour)

    def toggle_contour(self) -> None:
        """Draw the labels as contours, or filled."""
        if self._layer is None:
            self.said.emit(_NO_LAYER)
        else:
            self._layer.contour = 0 if self._layer.contour else self._width

    def release(self) -> None:
        """Let go of viewer and layer."""
        self._hiding.show()
        self.set_layer(None)
        self._preferences.release()

    def _go(self, steps: SliceSteps | IslandSteps, step: int) -> None:
        if self._layer is None or self._layer not in self._viewer.layers:
            self.said.emit(_NO_LAYER)
        else:
            steps.go(self._layer, step)

    @property
    def _width(self) -> int:
        return int(self._preferences.value(_WIDTH, _CONTOUR))

    def _on_contour(self, _event: object) -> None:
        if self._layer is None:
            return
        width = int(self._layer.contour)
        self._preferences.choose(_CONTOURS, width > 0)
        if width > 0:
            self._preferences.choose(_WIDTH, width)

    def _on_preferences(self, name: str) -> None:
        if self._layer is not None and name in (_CONTOURS, _WIDTH):
            self._layer.contour = self.contour
