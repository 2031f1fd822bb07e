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

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari.components import ViewerModel
    from napari.layers import Labels

_GROUP = "Comparing"
_NO_LAYER = "Choose or make labels first"
_CONTOUR = 2


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
    contour_changed
        Signal: contours are drawn otherwise; see `contour`.
    contour
        How labels were drawn last: the width of their contour in pixels, 0 for filled. Layers
        that are looked at for the first time are drawn so, too.
    """

    said = Signal(str)
    contour_changed = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer: ViewerModel = getattr(viewer, "__wrapped__", viewer)
        self._layer: Labels | None = None
        self._seen: WeakSet[Labels] = WeakSet()
        self._width = _CONTOUR
        self.contour = 0
        self._hiding = Hiding(self._viewer)
        self._slices = SliceSteps(self._viewer, self)
        self._islands = IslandSteps(self._viewer, self)
        repeats: Any = {"repeats": True}
        self.actions = (
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

    @property
    def settings(self) -> dict[str, int]:
        """How labels are drawn, to be remembered."""
        return {"contour": self.contour, "contour_width": self._width}

    def restore(self, settings: Mapping[str, Any]) -> None:
        """Draw labels as was remembered."""
        contour, width = settings.get("contour"), settings.get("contour_width")
        if isinstance(contour, int) and contour >= 0:
            self.contour = contour
        if isinstance(width, int) and width > 0:
            self._width = width

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

    def _go(self, steps: SliceSteps | IslandSteps, step: int) -> None:
        if self._layer is None or self._layer not in self._viewer.layers:
            self.said.emit(_NO_LAYER)
        else:
            steps.go(self._layer, step)

    def _on_contour(self, _event: object) -> None:
        if self._layer is not None and self._layer.contour != self.contour:
            self.contour = int(self._layer.contour)
            self._width = self.contour or self._width
            self.contour_changed.emit()
