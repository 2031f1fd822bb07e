"""A further canvas beside the main one: the same layers in another plane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.components import ViewerModel
from napari.qt import QtViewer

from napari_seg.viewer.layer_removal import remove_all_layers, remove_layer
from napari_seg.viewer.viewing.last_move import LastMove
from napari_seg.viewer.viewing.letters import Letters
from napari_seg.viewer.viewing.mouse import Mouse
from napari_seg.viewer.viewing.planes import order_of
from napari_seg.viewer.viewing.side_layers import Link, side_layer

if TYPE_CHECKING:
    from napari.layers import Layer


class SideView:
    """One further canvas, until `release`.

    Parameters
    ----------
    main
        The viewer whose images and labels it shows.

    Attributes
    ----------
    viewer
        Its own model: which plane, and how far zoomed.
    canvas
        Its widget.
    letters
        The sides at its edges, and the name of its plane.
    """

    def __init__(self, main: ViewerModel) -> None:
        self._main = main
        self._links: dict[Layer, tuple[Layer, Link]] = {}
        self._own: dict[Layer, Layer] = {}
        self._plane = ""
        self.viewer = ViewerModel()
        self.viewer.theme = main.theme
        self.canvas = QtViewer(self.viewer)
        # A file dropped here would open on this canvas only.
        self.canvas.setAcceptDrops(False)
        self.canvas.dims.hide()
        self.letters = Letters(self.viewer, names_plane=True)
        self._parts: tuple[Any, ...] = (
            Mouse(self.viewer),
            LastMove(self.viewer),
            self.letters,
        )
        layers = main.layers
        self._signals = (layers.events.inserted, layers.events.removed, layers.events.reordered)
        for signal in self._signals:
            signal.connect(self._on_layers)
        layers.selection.events.active.connect(self._on_active)
        main.events.theme.connect(self._on_theme)
        self.viewer.dims.events.ndim.connect(self._on_ndim)
        for signal in self._slicing_signals():
            # napari turns the slice first.
            signal.connect(self._on_sliced, position="last")
        self._sliced = self._slicing()
        self._on_layers()

    def show_plane(self, plane: str) -> None:
        """Turn to a plane, and show all of it; of layers that come later, too."""
        dims, self._plane = self.viewer.dims, plane
        if dims.ndim >= 3:
            dims.order = order_of(plane, dims.ndim)
        self.viewer.fit_to_view()

    def shown_as(self, layer: Layer) -> Layer | None:
        """Return the layer that shows one of the main viewer here; None where none does."""
        return self._links.get(layer, (None,))[0]

    def add_own(self, layer: Layer, *, beside: Layer) -> None:
        """Show a layer on this canvas alone.

        Parameters
        ----------
        layer
            Of the same world.
        beside
            A layer of the main viewer: while that is selected there, this one is here.
        """
        self._own[beside] = layer
        self.viewer.layers.append(layer)
        self._on_active()

    def remove_own(self, layer: Layer) -> None:
        """Take away what `add_own` has shown."""
        self._own = {beside: own for beside, own in self._own.items() if own is not layer}
        remove_layer(self.viewer, layer)
        self._on_active()

    def release(self) -> None:
        """Take the canvas away."""
        for signal in self._signals:
            signal.disconnect(self._on_layers)
        self._main.layers.selection.events.active.disconnect(self._on_active)
        self._main.events.theme.disconnect(self._on_theme)
        self.viewer.dims.events.ndim.disconnect(self._on_ndim)
        for part in self._parts:
            part.release()
        for signal in self._slicing_signals():
            signal.disconnect(self._on_sliced)
        for layer in tuple(self._links):
            self._unlink(layer)
        remove_all_layers(self.viewer)
        self.canvas.close()
        self.canvas.setParent(None)
        self.canvas.deleteLater()

    def _on_layers(self, _event: object = None) -> None:
        for gone in [layer for layer in self._links if layer not in self._main.layers]:
            remove_layer(self.viewer, self._unlink(gone))
        shown: list[Layer] = []
        for layer in self._main.layers:
            if layer not in self._links:
                self._add(layer)
            if layer in self._links:
                shown.append(self._links[layer][0])
        for place, side in enumerate(shown):
            if self.viewer.layers[place] is not side:
                self.viewer.layers.move(self.viewer.layers.index(side), place)
        self._on_active()

    def _add(self, layer: Layer) -> None:
        side = side_layer(layer) if layer.ndim >= 3 else None
        if side is not None:
            self.viewer.layers.append(side)
            self._links[layer] = (side, Link(layer, side))
            layer.events.set_data.connect(self._on_shown)

    def _unlink(self, layer: Layer) -> Layer:
        layer.events.set_data.disconnect(self._on_shown)
        side, link = self._links.pop(layer)
        link.release()
        return side

    def _on_shown(self, event: Any) -> None:
        # The main canvas shows a layer anew for another slice, or because its voxels changed.
        if self._slicing() == self._sliced and event.source in self._links:
            self._links[event.source][1].refresh()

    def _on_ndim(self, _event: object) -> None:
        # napari forgets the order of the axes with the last layer.
        if self._plane and self.viewer.dims.ndim >= 3:
            self.show_plane(self._plane)

    def _on_sliced(self, _event: object) -> None:
        self._sliced = self._slicing()

    def _slicing_signals(self) -> tuple[Any, ...]:
        events = self._main.dims.events
        return events.point, events.order, events.ndisplay

    def _slicing(self) -> tuple[Any, ...]:
        dims = self._main.dims
        return dims.point, dims.order, dims.ndisplay

    def _on_active(self, _event: object = None) -> None:
        active = self._main.layers.selection.active
        own = self._own.get(active)
        side = self._links.get(active, (own,))[0]
        self.viewer.layers.selection.active = side

    def _on_theme(self, _event: object) -> None:
        self.viewer.theme = self._main.theme
