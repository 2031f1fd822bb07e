"""The Edit tab: brushes on top, then the tools, then the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_seg.viewer.actions import Action
from napari_seg.viewer.brushing import Brushes
from napari_seg.viewer.edit_tools.keys import tool_actions
from napari_seg.viewer.edit_tools.workbench import Workbench
from napari_seg.viewer.history_list import HistoryList
from napari_seg.viewer.my_slices import MySlices, SlicesInView, SliderMarks

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Labels

    from napari_seg.viewer.status_line import StatusLine
    from napari_seg.viewer.viewing.three_views import ThreeViews


class EditSection(QWidget):
    """Change labels in place: every change is one named step of the layer's undo.

    Parameters
    ----------
    viewer
        That shows scan and labels.
    status
        Where it is said what was done, and how far a long tool is.
    three_views
        On whose canvases the brushes draw, too.

    Attributes
    ----------
    brushes
        The brushes, on top.
    history
        The steps that were made, below the tools.
    wanted
        Signal: a key asked for what is to be seen here, so the tab should be shown.
    """

    wanted = Signal()

    def __init__(
        self, viewer: ViewerModel, status: StatusLine, three_views: ThreeViews | None = None
    ) -> None:
        super().__init__()
        self._viewer = getattr(viewer, "__wrapped__", viewer)
        self.brushes = Brushes(self._viewer, three_views)
        self.tools = Workbench(self._viewer, status, three_views)
        self.slices = SlicesInView(self._viewer)
        self.my_slices = MySlices(self.slices)
        self.slider_marks = SliderMarks(self.slices)
        self.history = HistoryList(self._viewer)
        self._actions = tool_actions(self.tools, self.wanted.emit)
        self._lay_out()
        self.brushes.taken.connect(self.wanted)

    @property
    def offers(self) -> tuple[Action, ...]:
        """All that keys, menus and the command palette can ask for."""
        close = Action(
            "close_tool",
            "Put the tool away that is open",
            "Panel",
            "Escape",
            self.tools.close_tool,
            can_run=self._can_close_tool,
            comes_first=True,
        )
        return (*self.brushes.offers, *self._actions, close)

    def set_layer(self, layer: Labels | None) -> None:
        """Edit another layer from now on; None for none."""
        layer = getattr(layer, "__wrapped__", layer)
        self.brushes.set_layer(layer)
        self.tools.set_layer(layer)
        self.slices.set_layer(layer)
        self.history.set_layer(layer)

    def set_scan(self, layer: Image | None) -> None:
        """Edit with the intensities of another scan from now on; None for none."""
        layer = getattr(layer, "__wrapped__", layer)
        self.brushes.set_scan(layer)
        self.tools.set_scan(layer)

    def run(self) -> None:
        """Apply the tool that is open."""
        self.tools.run()

    def release(self) -> None:
        """Let go of viewer and layers; nothing of ours is left on the canvas."""
        self.brushes.release()
        self.tools.release()
        self.my_slices.release()
        self.slider_marks.release()
        self.slices.release()
        self.history.release()

    def _can_close_tool(self) -> bool:
        layer = self.tools.layer
        # A stroke and a polygon of napari's are taken back by Esc, too.
        is_drawing = layer is not None and (
            self.brushes.hand.drawing is not None or layer.mode == "polygon"
        )
        return self.tools.opened is not None and not is_drawing

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.brushes)
        layout.addWidget(self.tools)
        layout.addWidget(self.my_slices)
        layout.addWidget(self.history)
