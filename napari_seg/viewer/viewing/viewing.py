"""All that makes napari a place to look at scans, made and released with the panel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_seg.viewer.actions import Action
from napari_seg.viewer.own_context import OwnContext
from napari_seg.viewer.viewing.fitting import Fitting, is_in_the_middle
from napari_seg.viewer.viewing.last_move import LastMove
from napari_seg.viewer.viewing.letters import Letters
from napari_seg.viewer.viewing.mouse import Mouse
from napari_seg.viewer.viewing.planes import turn_to_next_plane
from napari_seg.viewer.viewing.preferences import uses_our_mouse
from napari_seg.viewer.viewing.readout import Readout
from napari_seg.viewer.viewing.three_views import ThreeViews

if TYPE_CHECKING:
    from napari.components import ViewerModel

_GROUP = "Looking"


class Viewing:
    """Mouse, fit, windows, sides of the patient, planes and three views, until `release`.

    Parameters
    ----------
    viewer
        The viewer, or the proxy of it that napari hands to plugins.

    Attributes
    ----------
    readout
        The widget that tells of the point under the cursor and of the window.
    offers
        What keys and menus can ask for: the next window, the next plane, three views.
    three_views
        The two other planes beside the canvas; closed at first.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        # Through the proxy nothing of a callback's viewer would be the same object as here.
        viewer = getattr(viewer, "__wrapped__", viewer)
        self._viewer = viewer
        self.readout = Readout(viewer)
        self.three_views = ThreeViews(viewer, self.readout)
        self.offers = (
            Action("next_window", "Next window", _GROUP, "W", self._show_next_window),
            Action("next_plane", "Next view (axial, coronal, sagittal)", _GROUP, "O", self._turn),
            Action("three_views", "Three views, or one", _GROUP, "Q", self.three_views.toggle),
        )
        self._parts: tuple[Any, ...] = (
            self.three_views,
            Fitting(viewer, is_fitted=is_in_the_middle(viewer), is_wanted=uses_our_mouse),
            Mouse(viewer),
            LastMove(viewer),
            OwnContext(viewer),
            Letters(viewer),
            self.readout,
        )

    def release(self) -> None:
        """Free every callback, overlay and widget; more than once does no harm."""
        parts, self._parts = self._parts, ()
        for part in parts:
            part.release()

    def _show_next_window(self) -> None:
        self.readout.windows.show_next()

    def _turn(self) -> None:
        turn_to_next_plane(self._viewer)
