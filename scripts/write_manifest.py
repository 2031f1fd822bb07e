"""Write all actions into napari.yaml and action_commands.py, between their marks.

Run it after an action was added, or given another title, group or key:

    python scripts/write_manifest.py
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from napari.components import ViewerModel
from napari.qt import get_qapp
from superqt.utils import WorkerBase

from napari_seg.viewer.panel import Panel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_seg.viewer.actions import Action

PACKAGE = Path(__file__).parents[1] / "napari_seg"
MANIFEST, COMMANDS = PACKAGE / "napari.yaml", PACKAGE / "viewer" / "action_commands.py"


def main() -> None:
    """Replace what lies between the marks."""
    application = get_qapp()
    panel = Panel(ViewerModel())
    text = written(MANIFEST.read_text(encoding="utf-8"), panel.keys.actions)
    MANIFEST.write_text(text, encoding="utf-8")
    names = [f'"{action.name}",' for action in panel.keys.actions]
    commands = _replaced(COMMANDS.read_text(encoding="utf-8"), "names", names)
    COMMANDS.write_text(commands, encoding="utf-8")
    # What the panel looks for beside the window is of no use here, but ends with it.
    WorkerBase.await_workers(10_000)
    application.processEvents()


def written(manifest: str, actions: Sequence[Action]) -> str:
    """Return the manifest with other actions."""
    counts = Counter(action.group for action in actions)
    groups = tuple(group for group, count in counts.items() if count > 1)
    alone = [action for action in actions if counts[action.group] == 1]
    parts: dict[str, Any] = {
        "commands": [_command(action) for action in actions],
        "annotate": [
            *({"submenu": _submenu(group)} for group in groups),
            *({"command": _id(action)} for action in alone),
        ],
        "menus": {
            _submenu(group): [{"command": _id(each)} for each in actions if each.group == group]
            for group in groups
        },
        "submenus": [{"id": _submenu(each), "label": f"{each} (napari-seg)"} for each in groups],
        "keys": {action.name: _key(action) for action in actions},
    }
    for name, part in parts.items():
        lines = yaml.safe_dump(part, sort_keys=False, allow_unicode=True, width=95).splitlines()
        manifest = _replaced(manifest, name, lines)
    return manifest


def _command(action: Action) -> dict[str, str]:
    command = {
        "id": _id(action),
        "title": action.full_title,
        "python_name": f"napari_seg.viewer.action_commands:{action.name}",
    }
    return command if action.group == "Help" else {**command, "enablement": "num_layers >= 1"}


def _key(action: Action) -> dict[str, str]:
    return {
        "title": action.full_title,
        "type": "string",
        "default": action.key or "",
    }


def _id(action: Action) -> str:
    return f"napari-seg.action.{action.name}"


def _submenu(group: str) -> str:
    return f"napari-seg/{group.lower().replace(' ', '_')}"


def _replaced(text: str, name: str, lines: Sequence[str]) -> str:
    mark = rf"(?P<begin>(?P<indent> *)# actions: {name}\n).*?(?P<end> *# end of actions\n)"
    found = re.search(mark, text, flags=re.DOTALL)
    if found is None:
        raise ValueError(f"there must be the mark '# actions: {name}' and an end to it")
    indented = "".join(f"{found['indent']}{line}\n" for line in lines)
    return f"{text[: found.start()]}{found['begin']}{indented}{found['end']}" + text[found.end() :]


if __name__ == "__main__":
    main()
