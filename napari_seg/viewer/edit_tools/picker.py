"""The buttons of all tools: the groups, and the tools of the group that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qtpy.QtWidgets import QAbstractButton

    from napari_seg.viewer.edit_tools.tool import Tool

_COLUMNS = 3


class Picker(QWidget):
    """Choose a group, then one of its tools; the same group again closes it.

    Parameters
    ----------
    tools
        All tools, in the order in which they are shown.

    Attributes
    ----------
    picked
        Signal: the name of a tool; empty for none.
    """

    picked = Signal(str)

    def __init__(self, tools: Sequence[Tool[Any]]) -> None:
        super().__init__()
        self._tools = tuple(tools)
        self._last: dict[str, str] = {}
        self.groups: dict[str, QPushButton] = {}
        self.choices: dict[str, QPushButton] = {}
        for tool in self._tools:
            if tool.group not in self.groups:
                self.groups[tool.group] = QPushButton(tool.group)
                self._last[tool.group] = tool.name
            self.choices[tool.name] = QPushButton(tool.title)
        self._choice = QButtonGroup(self)
        self._lay_out()
        self.show_keys(_no_key)
        self.show_tool("")
        for button in self.groups.values():
            button.clicked.connect(self._on_group)
        self._choice.buttonClicked.connect(self._on_choice)

    def show_tool(self, name: str) -> None:
        """Show which tool is open; empty for none."""
        tool = next((tool for tool in self._tools if tool.name == name), None)
        if tool is not None:
            self._last[tool.group] = name
        for group, button in self.groups.items():
            button.setChecked(tool is not None and group == tool.group)
        mates = [one for one in self._tools if tool is not None and one.group == tool.group]
        for one in self._tools:
            self.choices[one.name].setVisible(one in mates and len(mates) > 1)
            self.choices[one.name].setChecked(one is tool)
        self._row.setVisible(len(mates) > 1)

    def show_keys(self, key_of: Callable[[str], str]) -> None:
        """Write the keys of tools on their buttons, given what tells that of an action."""
        keys = {tool.name: key_of(tool.name) for tool in self._tools}
        for tool in self._tools:
            key = keys[tool.name]
            self.choices[tool.name].setText(_with_letter(tool.title, key))
            self.choices[tool.name].setToolTip(f"{tool.tip} ({key})" if key else tool.tip)
        for group, button in self.groups.items():
            mates = [tool for tool in self._tools if tool.group == group]
            button.setText(_with_letter(group, keys[mates[0].name] if len(mates) == 1 else ""))
            lines = []
            for tool in mates:
                key = keys[tool.name]
                lines.append(f"{tool.title}{f' ({key})' if key else ''}: {tool.tip}")
            button.setToolTip("\n".join(lines))

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setSpacing(4)
        self._row = QWidget()
        row = QHBoxLayout(self._row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        self._choice.setExclusive(True)
        for place, (group, button) in enumerate(self.groups.items()):
            button.setCheckable(True)
            button.setAccessibleName(group)
            grid.addWidget(button, place // _COLUMNS, place % _COLUMNS)
        for tool in self._tools:
            choice = self.choices[tool.name]
            choice.setCheckable(True)
            choice.setAccessibleName(tool.title)
            choice.setObjectName(tool.name)
            # Four of them side by side in the narrowest panel.
            choice.setStyleSheet("QPushButton { padding: 3px 2px; }")
            self._choice.addButton(choice)
            row.addWidget(choice)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(grid)
        layout.addWidget(self._row)

    def _on_group(self, checked: bool) -> None:
        pressed = self.sender()
        for group, button in self.groups.items():
            if button is pressed:
                self.picked.emit(self._last[group] if checked else "")

    def _on_choice(self, button: QAbstractButton) -> None:
        self.picked.emit(button.objectName())


def _with_letter(title: str, key: str) -> str:
    # Longer ones would not fit into the narrowest panel.
    return f"{title} {key}" if len(key) == 1 else title


def _no_key(_name: str) -> str:
    return ""
