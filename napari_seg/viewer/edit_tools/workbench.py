"""All tools of the Edit tab, one of them open at a time; and what their keys do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_seg.viewer.edit_tools.applying import Applying
from napari_seg.viewer.edit_tools.bench import Bench
from napari_seg.viewer.edit_tools.catalogue import TOOLS
from napari_seg.viewer.edit_tools.catalogue.islands import PickIsland
from napari_seg.viewer.edit_tools.computing import Paces
from napari_seg.viewer.edit_tools.open_tool import OpenTool
from napari_seg.viewer.edit_tools.picker import Picker
from napari_seg.viewer.edit_tools.remembered import as_plain, from_plain
from napari_seg.viewer.edit_tools.source import SubjectSource
from napari_seg.viewer.edit_tools.watched import Watched
from napari_seg.viewer.preferences import Preferences

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari.components import ViewerModel
    from napari.layers import Image, Labels

    from napari_seg.viewer.edit_tools.tool import Tool
    from napari_seg.viewer.status_line import StatusLine
    from napari_seg.viewer.viewing.three_views import ThreeViews


class Workbench(QWidget):
    """Choose a tool, set it, see what it would do, apply it.

    Parameters
    ----------
    viewer
        That shows scan and labels.
    status
        Where it is said what was done.
    three_views
        On whose canvases tools take the mouse, too.

    Attributes
    ----------
    opened
        The tool that is open; None for none.
    settings_changed
        Signal: a tool is set in another way; see `settings`.
    """

    settings_changed = Signal()

    def __init__(
        self, viewer: ViewerModel, status: StatusLine, three_views: ThreeViews | None = None
    ) -> None:
        super().__init__()
        self._viewer, self._status = viewer, status
        self.tools: dict[str, Tool[Any]] = {tool.name: tool for tool in TOOLS}
        self._settings: dict[str, Any] = {tool.name: tool.settings for tool in TOOLS}
        source, watched = SubjectSource(viewer, three_views), Watched(self)
        self.applying = Applying(source, watched, status, self)
        self._bench = Bench(
            viewer, three_views, source, watched, self.applying, Paces(), Preferences("editing")
        )
        self._key = ""
        self.opened: OpenTool | None = None
        self.picker = Picker(TOOLS)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)
        self._layout.addWidget(self.picker)
        self.picker.picked.connect(self.open_tool)
        viewer.layers.events.removed.connect(self._on_removed)

    @property
    def layer(self) -> Labels | None:
        """The layer that tools change."""
        return self._bench.source.layer

    @property
    def settings(self) -> dict[str, dict[str, Any]]:
        """How each tool is set, as values that JSON holds, to be remembered."""
        return {name: as_plain(settings) for name, settings in self._settings.items()}

    def restore(self, settings: Mapping[str, Mapping[str, Any]]) -> None:
        """Set tools as they were remembered; what makes no sense is passed over."""
        for name, values in settings.items():
            if name in self._settings:
                self._settings[name] = from_plain(self._settings[name], values)

    def set_layer(self, layer: Labels | None) -> None:
        """Work on another layer from now on; what is open is closed, and nothing was changed."""
        if layer is self.layer:
            return
        was_open = "" if self.opened is None else self.opened.tool.name
        self.close_tool()
        self.applying.cancel()
        self._bench.source.layer = layer
        self._bench.watched.set_layer(layer)
        if layer is not None:
            self.open_tool(was_open)

    def set_scan(self, layer: Image | None) -> None:
        """Use the intensities of another scan from now on."""
        self._bench.source.scan = layer
        if self.opened is not None:
            self.opened.update_all()

    def show_keys(self, key_of: Callable[[str], str]) -> None:
        """Write the keys of tools where they are offered, given what tells that of an action."""
        self.picker.show_keys(key_of)
        self._key = key_of("run_tab")
        if self.opened is not None:
            self.opened.show_key(self._key)

    def open_tool(self, name: str) -> None:
        """Unfold a tool, in place of the one that is open; empty for none."""
        self.close_tool()
        self.picker.show_tool(name)
        if not name:
            return
        self.opened = OpenTool(self.tools[name], self._settings[name], self._bench)
        self._layout.addWidget(self.opened)
        self.opened.set_up.connect(self._on_set_up)
        self.opened.done.connect(self.close_tool)
        self.opened.show_key(self._key)

    def close_tool(self) -> None:
        """Fold the tool that is open; nothing is changed by that."""
        opened, self.opened = self.opened, None
        self.picker.show_tool("")
        if opened is not None:
            self._layout.removeWidget(opened)
            opened.close_down()

    def run(self) -> None:
        """Apply the tool that is open; nothing happens where there is a reason not to."""
        if self.opened is not None:
            self.opened.run()

    def run_at_once(self, name: str) -> None:
        """Apply a tool as it was set last, whether or not it is open."""
        self.applying.apply(self.tools[name], self._settings[name])

    def run_under_cursor(self, do: str) -> None:
        """Delete, keep or give to the selected label the island under the cursor.

        Parameters
        ----------
        do
            ``"delete"``, ``"keep"`` or ``"give"``.
        """
        layer = self.layer
        within = self._settings["pick_island"].within
        to = 0 if layer is None else int(layer.selected_label)
        view, voxel = self._bench.source.under_cursor()
        settings = PickIsland(do, to, within)
        self.applying.apply(self.tools["pick_island"], settings, view=view, voxel=voxel)

    def release(self) -> None:
        """Let go of viewer and layers; nothing of ours is left on the canvas."""
        self.close_tool()
        self.applying.cancel()
        self._bench.source.layer = self._bench.source.scan = None
        self._bench.watched.set_layer(None)
        self._bench.preferences.release()
        self._viewer.layers.events.removed.disconnect(self._on_removed)

    def _on_set_up(self, settings: Any) -> None:
        if self.opened is not None:
            self._settings[self.opened.tool.name] = settings
            self.settings_changed.emit()

    def _on_removed(self, event: Any) -> None:
        layer = self.layer
        if layer is None or event.value is not layer:
            return
        was_open = self.opened is not None or self.applying.is_busy
        self.set_layer(None)
        if was_open and not self._status.is_busy:
            self._status.end(f"'{layer.name}' was removed; nothing of it was changed")
