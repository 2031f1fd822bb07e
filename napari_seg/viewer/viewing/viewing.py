"""All that makes napari a place to look at scans, made and released with the panel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_seg.viewer.viewing.keys import Keys
from napari_seg.viewer.viewing.letters import Letters
from napari_seg.viewer.viewing.mouse import Mouse
from napari_seg.viewer.viewing.planes import turn_to_next_plane
from napari_seg.viewer.viewing.readout import Readout

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
    """

    def __init__(self, viewer: ViewerModel) -> None:
        # Through the proxy nothing of a callback's viewer would be the same object as here.
        viewer = getattr(viewer, "__wrapped__", viewer)
        self.readout = Readout(viewer)
        actions = {"W": self.readout.show_next_window, "O": turn_to_next_plane}
        self._parts: tuple[Any, ...] = (
            Mouse(viewer),
            Letters(viewer),
            Keys(viewer, actions),
            self.readout,
        )

    def release(self) -> None:
        """Free every key, callback, overlay and widget; more than once does no harm."""
        parts, self._parts = self._parts, ()
        for part in parts:
            part.release()
