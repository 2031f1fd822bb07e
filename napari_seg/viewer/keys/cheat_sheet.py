"""The keys at a glance, over the window until the next key or click."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from napari.utils.theme import get_theme
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_seg.viewer.keys.napari_keys import napari_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari.components import ViewerModel
    from qtpy.QtGui import QKeyEvent

    from napari_seg.viewer.keys.key_bindings import KeyBindings

_COLUMNS = 3
_FOOT = (
    "Tools without a key, too, are in Layers → Annotate and in the command palette. "
    "Change keys in napari's preferences, under napari-seg."
)


class Line(NamedTuple):
    """What one key does.

    Attributes
    ----------
    keys
        For the person; empty where none does it.
    title
        Of what it does.
    note
        Why the key that should do it does not; empty where it does.
    """

    keys: str
    title: str
    note: str = ""


class CheatSheet(QFrame):
    """Lists by group what keys do, which do not, and why.

    Parameters
    ----------
    bindings
        The keys.
    viewer
        Whose theme it has.
    """

    def __init__(self, bindings: KeyBindings, viewer: ViewerModel) -> None:
        super().__init__(None, Qt.WindowType.Popup)
        self._bindings, self._viewer = bindings, viewer
        self.setAccessibleName("Keys of napari-seg")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._scroll = QScrollArea()
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        layout = QVBoxLayout(self)
        layout.addWidget(self._scroll)

    def show_over(self, window: QWidget) -> None:
        """Show the keys of now in the middle of a window."""
        self._colour()
        body = _body(self.groups())
        self._scroll.setWidget(body)
        size, room = body.sizeHint(), window.size()
        margin = self.sizeHint() - self._scroll.sizeHint()
        bar = self._scroll.verticalScrollBar()
        if bar is not None and size.height() + margin.height() > room.height():
            size.setWidth(size.width() + bar.sizeHint().width())
        self.resize((size + margin).boundedTo(room))
        self.move(window.mapToGlobal(window.rect().center()) - self.rect().center())
        self.show()
        self.setFocus()

    def groups(self) -> dict[str, tuple[Line, ...]]:
        """Return what is listed, by group."""
        groups: dict[str, list[Line]] = {}
        for action in self._bindings.actions:
            line = Line(
                self._bindings.key_text(action.name),
                f"{action.title} (hold)" if action.stop is not None else action.title,
                self._bindings.note(action.name),
            )
            if line.keys or line.note:
                groups.setdefault(action.group, []).append(line)
        found = {group: tuple(lines) for group, lines in groups.items()}
        return {**found, "napari's own": tuple(Line(*line) for line in napari_lines())}

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Close at any key."""
        self.close()

    def _colour(self) -> None:
        theme = get_theme(self._viewer.theme)
        back, text = theme.background.as_hex(), theme.text.as_hex()
        line, key = theme.secondary.as_hex(), theme.foreground.as_hex()
        self.setStyleSheet(
            f"* {{ background: {back}; color: {text}; }}"
            f"CheatSheet {{ border: 1px solid {line}; border-radius: 4px; }}"
            f"QLabel[is_key='true'] {{ background: {key}; border: 1px solid {line};"
            " border-radius: 3px; padding: 1px 5px; }"
        )


def _body(groups: dict[str, tuple[Line, ...]]) -> QWidget:
    body = QWidget()
    columns = QHBoxLayout()
    columns.setSpacing(24)
    for names in _shared_out({name: len(lines) + 2 for name, lines in groups.items()}):
        column = QVBoxLayout()
        column.setSpacing(12)
        for name in names:
            column.addLayout(_group(name, groups[name]))
        column.addStretch()
        columns.addLayout(column)
    foot = QLabel(_FOOT)
    foot.setWordWrap(True)
    layout = QVBoxLayout(body)
    layout.setSpacing(12)
    layout.addLayout(columns)
    layout.addWidget(foot)
    return body


def _shared_out(heights: dict[str, int]) -> Iterable[Sequence[str]]:
    """Share groups out among columns of about the same height, in their order."""
    columns: list[list[str]] = [[]]
    filled, whole = 0, sum(heights.values())
    for name, height in heights.items():
        enough = whole * len(columns) / _COLUMNS
        if columns[-1] and filled + height / 2 > enough and len(columns) < _COLUMNS:
            columns.append([])
        columns[-1].append(name)
        filled += height
    return columns


def _group(name: str, lines: Sequence[Line]) -> QGridLayout:
    grid = QGridLayout()
    grid.setVerticalSpacing(3)
    grid.setHorizontalSpacing(8)
    grid.setColumnStretch(1, 1)
    heading = QLabel(f"<b>{name}</b>")
    grid.addWidget(heading, 0, 0, 1, 2)
    row = 1
    for line in lines:
        if line.keys:
            key = QLabel(line.keys)
            key.setProperty("is_key", "true")
            grid.addWidget(key, row, 0, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        grid.addWidget(QLabel(line.title), row, 1)
        row += 1
        if line.note:
            note = QLabel(f"<i>{line.note}</i>")
            note.setWordWrap(True)
            grid.addWidget(note, row, 1)
            row += 1
    return grid
