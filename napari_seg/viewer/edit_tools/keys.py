"""What keys, menus and the command palette can ask of the tools."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from napari_seg.viewer.actions import Action

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_seg.viewer.edit_tools.tool import Tool
    from napari_seg.viewer.edit_tools.workbench import Workbench

_UNDER_CURSOR = (
    ("delete_island", "Delete the island under the cursor", "D", "delete"),
    ("keep_island", "Keep only the island under the cursor", "K", "keep"),
    ("give_island", "Give the island under the cursor to the selected label", "Shift+K", "give"),
)


def tool_actions(bench: Workbench, show: Callable[[], None]) -> tuple[Action, ...]:
    """Return an action for each tool, and for the island under the cursor.

    Parameters
    ----------
    bench
        That does it.
    show
        Shows the tab in which a tool is opened.
    """
    under_cursor = (
        Action(name, title, "Islands", key, partial(bench.run_under_cursor, do))
        for name, title, key, do in _UNDER_CURSOR
    )
    return (*(_action(tool, bench, show) for tool in bench.tools.values()), *under_cursor)


def _action(tool: Tool[Any], bench: Workbench, show: Callable[[], None]) -> Action:
    title = tool.key_title or f"{tool.title}…"
    if tool.at_once:
        run = partial(bench.run_at_once, tool.name)
    else:
        run = partial(_open, tool.name, bench, show)
    return Action(tool.name, title, tool.group, tool.key, run)


def _open(name: str, bench: Workbench, show: Callable[[], None]) -> None:
    show()
    bench.open_tool(name)
