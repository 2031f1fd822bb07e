"""A question in the panel, with a button for each answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qtpy.QtWidgets import QBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_seg.viewer.wrapped_label import WrappedLabel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# So many fit into a row of buttons in a panel of the least width.
_LETTERS_IN_A_ROW = 24


class Answer(NamedTuple):
    """What a button says, and a method of a widget that it calls."""

    text: str
    tip: str
    act: Callable[[], None]


class Question(QWidget):
    """What has to be decided before something is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.text = WrappedLabel()
        self.answers: list[QPushButton] = []
        self._box = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.text)
        layout.addLayout(self._box)

    def ask(self, question: str, answers: Sequence[Answer]) -> None:
        """Show a question in place of the last one."""
        for old in self.answers:
            self._box.removeWidget(old)
            # Until it is deleted it would lie over the others.
            old.hide()
            old.deleteLater()
        self.text.setText(question)
        is_short = sum(len(answer.text) for answer in answers) <= _LETTERS_IN_A_ROW
        directions = QBoxLayout.Direction
        self._box.setDirection(directions.LeftToRight if is_short else directions.TopToBottom)
        self.answers = [QPushButton(answer.text) for answer in answers]
        for button, answer in zip(self.answers, answers, strict=True):
            button.setToolTip(answer.tip)
            button.clicked.connect(answer.act)
            self._box.addWidget(button)
