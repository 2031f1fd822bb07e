"""Labels layers as a person handles them, without a window: the mouse, and taking one away."""

from types import SimpleNamespace

from napari.utils._proxies import ReadOnlyWrapper
from napari.utils.interactions import (
    mouse_move_callbacks,
    mouse_press_callbacks,
    mouse_release_callbacks,
)


def remove(viewer, layer):
    """Remove a layer and let it go: napari holds the one selected last until there is another."""
    viewer.layers.remove(layer)
    # Here and not in a test: its frame is looked at for a name, and holds what it holds then.
    viewer.add_points()


class Pointer:
    """Press, move and release at voxels of the layer; in 3D it looks along the first axis."""

    def __init__(self, layer):
        self.layer = layer

    def press(self, *point):
        mouse_press_callbacks(self.layer, self._event("mouse_press", point))

    def move(self, *point):
        mouse_move_callbacks(self.layer, self._event("mouse_move", point))

    def release(self, *point):
        mouse_release_callbacks(self.layer, self._event("mouse_release", point))

    def drag(self, *points):
        self.press(*points[0])
        for point in points:
            self.move(*point)
        self.release(*points[-1])

    def _event(self, kind, point):
        shown = self.layer._slice_input.displayed
        return ReadOnlyWrapper(
            SimpleNamespace(
                type=kind,
                is_dragging=kind == "mouse_move",
                button=1,
                modifiers=[],
                position=tuple(self.layer.data_to_world(point)),
                view_direction=(1, 0, 0) if len(shown) == 3 else None,
                dims_displayed=tuple(shown),
                dims_point=(0, 0, 0),
                handled=False,
            ),
            exceptions=("handled",),
        )
