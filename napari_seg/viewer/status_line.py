"""The bottom line: what the program does now, or what it did last."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_seg.viewer.wrapped_label import WrappedLabel

if TYPE_CHECKING:
    from collections.abc import Callable

# A guess of the time left from less than this is worth nothing.
_SECONDS_BEFORE_GUESSING = 0.5


class StatusLine(QWidget):
    """Progress with time left and Cancel, then the result; and what is left to decide.

    Attributes
    ----------
    cancelled
        Signal: the person wants to stop.
    decided
        Signal: the number of the button that was pressed, of those that `ask` named.
    """

    cancelled = Signal()
    decided = Signal(int)

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._start: float | None = None
        self.text = WrappedLabel()
        self.text.setAccessibleName("What happened last")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        self.cancel = QPushButton("Cancel")
        self.cancel.setToolTip("Stop; nothing is changed")
        self.answers = [QPushButton(), QPushButton()]
        row, choice = QHBoxLayout(), QHBoxLayout()
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel)
        for button in self.answers:
            choice.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.text)
        layout.addLayout(row)
        layout.addLayout(choice)
        self.cancel.clicked.connect(self._on_cancel)
        self.answers[0].clicked.connect(self._on_first)
        self.answers[1].clicked.connect(self._on_second)
        self.end("")

    @property
    def is_busy(self) -> bool:
        """Whether progress is shown of something that goes on."""
        return not self.bar.isHidden()

    def begin(self, what: str) -> None:
        """Show that something began whose length is not known yet."""
        self._start = None
        self.text.setText(f"{what}…")
        self.text.setVisible(True)
        self.bar.setRange(0, 0)
        self.cancel.setEnabled(True)
        self._show(busy=True)

    def progress(self, fraction: float, what: str) -> None:
        """Show how far it is, from 0 to 1, and how long it will take."""
        now = self._clock()
        if fraction <= 0 or self._start is None:
            self._start = now
        self.bar.setRange(0, 1000)
        self.bar.setValue(round(1000 * fraction))
        elapsed = now - self._start
        left = ""
        if fraction > 0 and elapsed > _SECONDS_BEFORE_GUESSING:
            left = f", {_duration(elapsed * (1 - fraction) / fraction)} left"
        self.text.setText(f"{what}: {100 * fraction:.0f} %{left}")

    def end(self, news: str) -> None:
        """Show what came of it."""
        self.text.setText(news)
        self.text.setVisible(bool(news))
        self._show(busy=False)

    def forget(self) -> None:
        """Show no longer what came of it, unless it waits for an answer or something goes on."""
        if not self.is_busy and all(button.isHidden() for button in self.answers):
            self.end("")

    def ask(self, question: str, answers: tuple[str, str], tips: tuple[str, str]) -> None:
        """Show a question with two answers; it may stay unanswered."""
        self.end(question)
        for button, answer, tip in zip(self.answers, answers, tips, strict=True):
            button.setText(answer)
            button.setToolTip(tip)
            button.setVisible(True)

    def _show(self, *, busy: bool) -> None:
        self.bar.setVisible(busy)
        self.cancel.setVisible(busy)
        for button in self.answers:
            button.setVisible(False)

    def _on_cancel(self) -> None:
        self.cancel.setEnabled(False)
        self.text.setText("Stopping…")
        self.cancelled.emit()

    def _on_first(self) -> None:
        self.decided.emit(0)

    def _on_second(self) -> None:
        self.decided.emit(1)


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min"
