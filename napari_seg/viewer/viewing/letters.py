"""Letters at the edges of the canvas: which side of the patient lies there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_seg.viewer.layers import sides_are_known
from napari_seg.viewer.viewing.edge_texts import EdgeTexts
from napari_seg.viewer.viewing.layer_at_hand import located_layer
from napari_seg.viewer.viewing.patient import direction_in_patient, side_of
from napari_seg.viewer.viewing.planes import plane_of

if TYPE_CHECKING:
    from napari.components import ViewerModel

_EDGES = ("left", "right", "top", "bottom")
_NAME = "napari-seg edges"


def edge_letters(viewer: ViewerModel) -> dict[str, str]:
    """Name the side of the patient at each edge of the canvas.

    Returns
    -------
    dict
        By ``"left"``, ``"right"``, ``"top"`` and ``"bottom"``: ``"R"``, ``"L"``, ``"A"``,
        ``"P"``, ``"S"`` or ``"I"``, two of them for an oblique view, with a ``"?"`` where the
        layer does not say its sides; nothing in 3D and where no scan is open.
    """
    layer = located_layer(viewer)
    nothing = dict.fromkeys(_EDGES, "")
    if layer is None or viewer.dims.ndisplay != 2:
        return nothing
    vertical, horizontal = viewer.scene.camera.orientation2d
    down, right = viewer.dims.displayed
    try:
        towards = [direction_in_patient(layer, axis, viewer.dims.ndim) for axis in (down, right)]
    except ValueError:
        # Another reader's layer with times or channels does not tell which axes are in space.
        return nothing
    if vertical == "up":
        towards[0] = -towards[0]
    if horizontal == "left":
        towards[1] = -towards[1]
    sides = {
        "top": side_of(-towards[0]),
        "bottom": side_of(towards[0]),
        "left": side_of(-towards[1]),
        "right": side_of(towards[1]),
    }
    doubt = "" if sides_are_known(layer) else "?"
    return {edge: f"{side}{doubt}" if side else "" for edge, side in sides.items()}


class Letters:
    """Show the letters, and keep them right until `release`.

    Parameters
    ----------
    viewer
        On whose canvas they stand.
    names_plane
        Whether the name of the plane stands in the upper left corner.
    """

    def __init__(self, viewer: ViewerModel, *, names_plane: bool = False) -> None:
        self._viewer, self._names_plane = viewer, names_plane
        self._watched: Any = None
        self._texts = EdgeTexts(visible=True)
        viewer.canvas.overlays[_NAME] = self._texts
        for signal in self._signals():
            signal.connect(self._update)
        self._update()

    def release(self) -> None:
        """Take the letters away."""
        for signal in self._signals():
            signal.disconnect(self._update)
        self._watch(None)
        self._viewer.canvas.overlays.pop(_NAME, None)

    @property
    def texts(self) -> dict[str, str]:
        """What stands at each edge, and in the corner; nothing where the text is empty."""
        return dict(self._texts.texts)

    def _signals(self) -> tuple[Any, ...]:
        layers, dims = self._viewer.layers, self._viewer.dims
        return (
            dims.events.order,
            dims.events.ndisplay,
            dims.events.ndim,
            self._viewer.scene.camera.events.orientation,
            layers.events.inserted,
            layers.events.removed,
            layers.events.reordered,
            layers.selection.events.active,
        )

    def _watch(self, layer: Any) -> None:
        if layer is self._watched:
            return
        for watched, change in ((self._watched, "disconnect"), (layer, "connect")):
            if watched is not None:
                for name in ("affine", "rotate", "shear", "scale", "data", "metadata"):
                    getattr(getattr(watched.events, name), change)(self._update)
        self._watched = layer

    def _update(self, _event: object = None) -> None:
        self._watch(located_layer(self._viewer))
        self._texts.texts = {**edge_letters(self._viewer), "corner": self._plane()}

    def _plane(self) -> str:
        dims = self._viewer.dims
        is_a_plane = dims.ndim >= 3 and dims.ndisplay == 2
        return plane_of(dims.order) if self._names_plane and is_a_plane else ""
