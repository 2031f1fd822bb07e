"""All that makes napari a place to look at scans, made and released with the panel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_seg.viewer.viewing.keys import Keys
from napari_seg.viewer.viewing.letters import Letters
from napari_seg.viewer.viewing.mouse import Mouse
from napari_seg.viewer.viewing.planes import turn_to_next_plane
from napari_seg.viewer.viewing.readout import Readout
from napari_seg.viewer.viewing.three_views import ThreeViews

if TYPE_CHECKING:
    from napari.components import ViewerModel


class Viewing:
    """Mouse, windows, sides of the patient, planes and three views, until `release`.

    Parameters
    ----------
    viewer
        The viewer, or the proxy of it that napari hands to plugins.

    Attributes
    ----------
    readout
        The widget that tells of the point under the cursor and of the window.
    keys
        Those of the canvas: W the next window, O the next plane, Q three views.
    three_views
        The two other planes beside the canvas; closed at first.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        # Through the proxy nothing of a callback's viewer would be the same object as here.
        viewer = getattr(viewer, "__wrapped__", viewer)
        self._viewer = viewer
        self.readout = Readout(viewer)
        actions = {"W": self._show_next_window, "O": self._turn, "Q": self._toggle_three_views}
        self.three_views = ThreeViews(viewer, self.readout, actions)
        self.keys = Keys(viewer, actions)
        self._parts: tuple[Any, ...] = (
            self.three_views,
            Mouse(viewer),
            Letters(viewer),
            self.keys,
            self.readout,
        )

    def release(self) -> None:
        """Free every key, callback, overlay and widget; more than once does no harm."""
        parts, self._parts = self._parts, ()
        for part in parts:
            part.release()

    # Each is bound on every canvas, and does the same on all of them.

    def _show_next_window(self, _viewer: ViewerModel) -> None:
        self.readout.windows.show_next()

    def _turn(self, _viewer: ViewerModel) -> None:
        turn_to_next_plane(self._viewer)

    def _toggle_three_views(self, _viewer: ViewerModel) -> None:
        self.three_views.toggle()
