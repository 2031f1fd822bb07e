"""Axial, coronal and sagittal at once, cut through one point.

The plugin napari-orthogonal-views 0.5 was tried for this: it shows a stroke when it has ended and
not while it is drawn, edits its copies past the main layer, lays the sagittal plane on its side,
and needs OpenCV.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_info
from qtpy.QtCore import QEvent, QObject, Qt, QTimer, Signal
from qtpy.QtWidgets import QSplitter, QWidget

from napari_seg.viewer.canvases import canvas_of
from napari_seg.viewer.viewing.crosshair import Crosshair
from napari_seg.viewer.viewing.fitting import Fitting
from napari_seg.viewer.viewing.linked_points import LinkedPoints
from napari_seg.viewer.viewing.planes import PLANES, is_zoomed_in, plane_of
from napari_seg.viewer.viewing.side_view import SideView

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_seg.viewer.viewing.readout import Readout

_STRETCH = (3, 2)
# Else the slider below the main canvas takes its 270 px, and a small window shows nothing beside it.
_LEAST_WIDTH = 80


class ThreeViews(QObject):
    """The two other planes beside the main canvas, linked to it, from `open` to `close`.

    They close by themselves when nothing of more than one slice is left. A click moves the point
    that all are cut through; a stroke in any view is one of the main layer's, shows in all, and is
    one step of its undo.

    Parameters
    ----------
    viewer
        The main viewer.
    readout
        Tells of the cursor on the further canvases, too.

    Attributes
    ----------
    opened
        Signal: there are further canvases now.
    closed
        Signal: there are none now.
    """

    opened = Signal()
    closed = Signal()

    def __init__(self, viewer: ViewerModel, readout: Readout) -> None:
        super().__init__()
        self._viewer, self._readout = viewer, readout
        self._parts: tuple[Any, ...] = ()
        self._window: QWidget | None = None
        self._layout: Any = None
        self._fitting: Any = None
        self._beside: Any = None
        self._main_canvas: Any = None
        self.views: tuple[SideView, ...] = ()
        self._empty = QTimer(self)
        self._empty.setSingleShot(True)
        self._empty.setInterval(0)
        self._empty.timeout.connect(self._close_if_empty)

    @property
    def is_open(self) -> bool:
        """Whether the two further views are there."""
        return bool(self.views)

    def toggle(self) -> None:
        """Open the views, or close them."""
        if self.is_open:
            self.close()
        else:
            self.open()

    def open(self) -> None:
        """Show the two other planes; says why, where there is nothing to show in them."""
        canvas = canvas_of(self._viewer)
        if canvas is None or self.is_open:
            return
        if self._viewer.dims.ndim < 3:
            show_info("Three views need a scan of more than one slice: open one first")
            return
        self._viewer.dims.ndisplay = 2
        self._window = canvas.window()
        self._window.installEventFilter(self)
        self._beside = QSplitter(Qt.Orientation.Vertical)
        self._layout = canvas.parentWidget().layout()
        self._layout.addWidget(self._beside)
        for place, stretch in enumerate(_STRETCH):
            self._layout.setStretch(place, stretch)
        self._main_canvas = canvas
        for side in (canvas, self._beside):
            side.setMinimumWidth(_LEAST_WIDTH)
        self.views = (SideView(self._viewer), SideView(self._viewer))
        for view in self.views:
            self._beside.addWidget(view.canvas)
            self._readout.follow(view.viewer)
        viewers = (self._viewer, *(view.viewer for view in self.views))
        self._parts = (
            *(
                Crosshair(shown, self._viewer.dims)
                for shown in (canvas, *(view.canvas for view in self.views))
            ),
            *(Fitting(viewer, is_fitted=True) for viewer in viewers[1:]),
            LinkedPoints(viewers[0], viewers[1:]),
        )
        self._fitting = Fitting(self._viewer, is_fitted=not is_zoomed_in(self._viewer))
        self._viewer.dims.events.order.connect(self._on_order)
        self._on_order()
        self.opened.emit()

    def close(self) -> None:
        """Leave the main canvas alone."""
        if not self.is_open:
            return
        self._viewer.dims.events.order.disconnect(self._on_order)
        # A canvas that is still shown would be drawn anew for the room that another one leaves.
        self._beside.hide()
        for part in self._parts:
            part.release()
        for view in self.views:
            self._readout.leave(view.viewer)
            view.release()
        self._parts, self.views = (), ()
        self._empty.stop()
        self._main_canvas.setMinimumWidth(0)
        self._main_canvas = None
        self._layout.removeWidget(self._beside)
        self._beside.setParent(None)
        self._beside.deleteLater()
        # The main canvas takes the room now, and not when its view is kept fitted no longer.
        self._layout.activate()
        self._fitting.release()
        if self._window is not None:
            self._window.removeEventFilter(self)
            self._window = None
        self.closed.emit()

    def release(self) -> None:
        """Close the views for good."""
        self.close()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Close the views before their window: napari frees its own canvas only."""
        if watched is self._window and event is not None and event.type() == QEvent.Type.Close:
            self.close()
        return False

    def _close_if_empty(self) -> None:
        if self._viewer.dims.ndim < 3:
            self.close()

    def _on_order(self, _event: object = None) -> None:
        if self._viewer.dims.ndim < 3:
            # The last scan is being taken away: what others do then, and its drawing, comes first.
            self._empty.start()
            return
        shown = plane_of(self._viewer.dims.order)
        others = (plane for plane in PLANES if plane != shown)
        for view, plane in zip(self.views, others, strict=True):
            view.show_plane(plane)
