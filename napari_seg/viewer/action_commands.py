"""What entries of napari's menus and of its command palette do: an action of the open panel.

Each action is a function of this module under its own name, such as ``clear_slice``, for
``napari.yaml`` to name. It is made when it is asked for; which ones there are is written here by
``scripts/write_manifest.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import napari
from qtpy.QtWidgets import QApplication

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_seg.viewer.panel import Panel

NAMES = frozenset(
    {
        # actions: names
        "next_window",
        "next_plane",
        "three_views",
        "contour",
        "hide_labels",
        "previous_slice",
        "next_slice",
        "previous_island",
        "next_island",
        "next_label",
        "previous_label",
        "go_to_label",
        "show_all_labels",
        "brush_paint",
        "brush_erase",
        "brush_adaptive",
        "brush_threshold",
        "brush_nudge",
        "brush_restore",
        "brush_sphere",
        "fill_holes",
        "keep_largest",
        "remove_small",
        "pick_island",
        "grow",
        "shrink",
        "shell",
        "hollow",
        "smooth",
        "interpolate",
        "copy_slice",
        "clear_slice",
        "grow_from_seeds",
        "cut",
        "combine",
        "threshold",
        "delete_island",
        "keep_island",
        "give_island",
        "close_tool",
        "save_labels",
        "run_tab",
        "cheat_sheet",
        # end of actions
    }
)
"""Of all actions."""


def run_action(name: str) -> None:
    """Do an action in the viewer that is in front; its panel is opened where it is not.

    Parameters
    ----------
    name
        Of the action.

    Raises
    ------
    ValueError
        If there is no viewer.
    KeyError
        If there is no action of that name.
    """
    viewer = napari.current_viewer()
    if viewer is None:
        raise ValueError("open a napari viewer first")
    panel = _open_panel(viewer)
    if panel is None:
        _, panel = viewer.window.add_plugin_dock_widget("napari-seg", "napari-seg")
    panel.keys.run(name)


def _open_panel(viewer: napari.Viewer) -> Panel | None:
    from napari_seg.viewer.panel import Panel

    for window in QApplication.topLevelWidgets():
        for panel in window.findChildren(Panel):
            if panel.is_of(viewer):
                return panel
    return None


def __getattr__(name: str) -> Callable[[], None]:
    if name not in NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def command() -> None:
        run_action(name)

    command.__name__ = command.__qualname__ = name
    return command
