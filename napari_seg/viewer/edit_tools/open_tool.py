"""A tool unfolded: its parameters, what it would do, and the button that does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_seg.viewer.appearance import primary_style
from napari_seg.viewer.edit_tools.applying import gains_text
from napari_seg.viewer.edit_tools.canvas_preview import CanvasPreview
from napari_seg.viewer.edit_tools.clicks import Clicks
from napari_seg.viewer.edit_tools.computing import Request
from napari_seg.viewer.edit_tools.form import ToolForm
from napari_seg.viewer.edit_tools.polygon import Polygon
from napari_seg.viewer.edit_tools.previewing import Previewing
from napari_seg.viewer.edit_tools.primary_button import PrimaryButton
from napari_seg.viewer.edit_tools.tool import reason_against
from napari_seg.viewer.wrapped_label import WrappedLabel

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from qtpy.QtGui import QHideEvent, QKeyEvent

    from napari_seg.viewer.edit_tools.bench import Bench
    from napari_seg.viewer.edit_tools.computing import Outcome
    from napari_seg.viewer.edit_tools.subject import Subject
    from napari_seg.viewer.edit_tools.tool import Tool

# Changes that follow each other so closely make one preview.
_SETTLE_MS = 40
_CLICK = "Click an island on the canvas"
# Among napari's preferences.
_PREVIEW = "tool_preview"


class OpenTool(QWidget):
    """One tool that is open, until `close_down`.

    Parameters
    ----------
    tool
        That is shown.
    settings
        As it was set last.
    bench
        What it shares with the others.

    Attributes
    ----------
    set_up
        Signal: other settings.
    done
        Signal: it was applied, cancelled or hidden, and should be closed.
    """

    set_up = Signal(object)
    done = Signal()

    def __init__(self, tool: Tool[Any], settings: Any, bench: Bench) -> None:
        super().__init__()
        self.tool, self._bench = tool, bench
        self._asked: tuple[Any, ...] = ()
        self._outcome: Outcome | None = None
        self._note = self._standing = self._key = ""
        self._is_closed = False
        self.form = ToolForm(tool, settings)
        self.news = WrappedLabel()
        self.primary = PrimaryButton()
        self.cancel = QPushButton("Done" if tool.canvas == "a click" else "Cancel")
        self.preview = CanvasPreview(bench.viewer)
        self.polygon = Polygon(bench.viewer, bench.three_views, self)
        self.clicks = Clicks(bench.viewer, bench.three_views, self)
        self._previewing = Previewing(self)
        self._settling = QTimer(self)
        self._lay_out()
        self._connect()
        self._take_the_canvas()
        self._on_theme()
        self.update_all()

    @property
    def outcome(self) -> Outcome | None:
        """What it would do, if that is known."""
        return self._outcome

    def reason(self) -> str:
        """Say why it cannot be applied, as `update_all` found it; empty if it can."""
        if self._standing:
            return self._standing
        if self.tool.canvas == "a click":
            return _CLICK
        if self._bench.applying.is_busy:
            return "A tool is at work; wait for it or cancel it"
        outcome = self._outcome
        if outcome is None:
            return ""
        if outcome.is_exact and not outcome.edit:
            return "There is nothing to change"
        return outcome.refusal

    def run(self) -> None:
        """Apply it; nothing happens where there is a reason not to."""
        # What was just typed counts.
        self._settling.stop()
        self.update_all()
        if self.reason():
            return
        if self._outcome is not None:
            self._bench.applying.write(self._outcome)
        else:
            self._bench.applying.apply(self.tool, self.form.settings, drawn=self.polygon.get())

    def update_all(self) -> None:
        """Look at the labels anew, and show what the tool would do to them."""
        subject = self._subject()
        self.form.show_subject(subject)
        settings = self.form.settings
        if subject is None:
            self._standing = self._bench.source.reason()
        else:
            self._standing = reason_against(self.tool, subject, settings)
        if subject is None or self._standing:
            self._forget()
        elif self.tool.canvas != "a click":
            self._ask(subject, settings)
        says = self.tool.title if subject is None else self.tool.says(subject, settings)
        self.primary.say(says)
        self._show_reason()

    def show_key(self, key: str) -> None:
        """Say which key applies it; empty for none."""
        self._key = key
        self._show_reason()

    def close_down(self) -> None:
        """Take all of it off the canvas; nothing is changed."""
        if self._is_closed:
            return
        self._is_closed = True
        self._settling.stop()
        self._previewing.forget()
        self.preview.clear()
        self.polygon.stop()
        self.clicks.stop()
        bench = self._bench
        bench.watched.changed.disconnect(self._settling.start)
        bench.applying.said.disconnect(self._on_said)
        bench.applying.written.disconnect(self._on_written)
        bench.applying.busy.disconnect(self._show_reason)
        bench.preferences.changed.disconnect(self._on_preferences)
        bench.viewer.events.theme.disconnect(self._on_theme)
        bench.viewer.dims.events.current_step.disconnect(self._on_view)
        bench.viewer.dims.events.order.disconnect(self._on_view)
        self.hide()
        self.deleteLater()

    def hideEvent(self, event: QHideEvent | None) -> None:
        """Close it when another tab is shown, not when the window is made small."""
        super().hideEvent(event)
        if event is not None and not event.spontaneous() and not self._is_closed:
            self.done.emit()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Cancel by Esc."""
        if event is not None and event.key() == Qt.Key.Key_Escape:
            self.done.emit()
        else:
            super().keyPressEvent(event)

    def _lay_out(self) -> None:
        self.news.setAccessibleName("What the tool would do")
        self.cancel.setToolTip("Close the tool; nothing is changed (Esc)")
        buttons = QHBoxLayout()
        buttons.addWidget(self.primary, 1)
        buttons.addWidget(self.cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.form)
        layout.addWidget(self.news)
        layout.addLayout(buttons)
        self._settling.setSingleShot(True)
        self._settling.setInterval(_SETTLE_MS)

    def _connect(self) -> None:
        bench = self._bench
        self.form.changed.connect(self._on_settings)
        self.primary.clicked.connect(self.run)
        self.cancel.clicked.connect(self.done)
        self.polygon.drawn.connect(self._settling.start)
        self.clicks.clicked.connect(self._on_clicked)
        self.clicks.left.connect(self.done)
        self._previewing.answered.connect(self._on_answer)
        self._settling.timeout.connect(self.update_all)
        bench.watched.changed.connect(self._settling.start)
        bench.applying.said.connect(self._on_said)
        bench.applying.written.connect(self._on_written)
        bench.applying.busy.connect(self._show_reason)
        bench.preferences.changed.connect(self._on_preferences)
        bench.viewer.events.theme.connect(self._on_theme)
        bench.viewer.dims.events.current_step.connect(self._on_view)
        bench.viewer.dims.events.order.connect(self._on_view)

    def _take_the_canvas(self) -> None:
        layer, source = self._bench.source.layer, self._bench.source
        if layer is None or source.reason():
            return
        wanted, has_polygon = (
            self.tool.on_canvas(self.form.settings),
            self.polygon.shapes is not None,
        )
        if wanted == "a polygon" and layer.ndim == 3 and not has_polygon:
            self.polygon.start(layer)
        elif wanted == "a click":
            self.clicks.start(layer)
        elif wanted == "nothing" and has_polygon:
            self.polygon.stop()

    def _subject(self) -> Subject | None:
        source = self._bench.source
        if source.reason():
            return None
        return source.subject(self.tool, drawn=self.polygon.get())

    def _ask(self, subject: Subject, settings: Any) -> None:
        revision = self._bench.watched.revision
        view = (subject.axis, subject.index) if self.tool.follows_view else ()
        drawn: tuple[Any, ...] = ()
        if subject.drawn is not None:
            drawn = (subject.drawn.corners.tobytes(), subject.drawn.axis, subject.drawn.index)
        # Of a channel there is another array each time, of the same memory.
        place = 0 if subject.scan is None else subject.scan.ctypes.data
        asked = (revision, settings, subject.label, view, drawn, place)
        if not self._bench.preferences.value(_PREVIEW, True):
            self._forget()
            self._note = "Preview off, as the preferences say"
            return
        if asked == self._asked:
            return
        self._asked, self._outcome, self._note = asked, None, ""
        pace = self._bench.paces.of(self.tool.name)
        self._previewing.ask(Request(self.tool, subject, settings, revision, True, pace))

    def _forget(self) -> None:
        self._asked, self._outcome, self._note = (), None, ""
        self._previewing.forget()
        self.preview.clear()

    def _show_reason(self, _busy: bool = False) -> None:
        reason = self.reason()
        self.primary.setEnabled(not reason)
        key = f" ({self._key})" if self._key else ""
        self.primary.setToolTip(reason or f"{self.primary.sentence}{key}, one undo step")
        self.news.setText(reason or self._note)

    def _on_answer(self, outcome: Outcome) -> None:
        self._bench.paces.note(outcome)
        if self._is_closed or outcome.request.revision != self._bench.watched.revision:
            return
        self._outcome = None if outcome.is_too_large else outcome
        layer = self._bench.source.layer
        if outcome.edit and layer is not None:
            self.preview.show(outcome, layer)
            self._note = gains_text(outcome.request.subject, outcome)
        else:
            self.preview.clear()
            self._note = "Preview off: too large" if outcome.is_too_large else ""
        self._show_reason()

    def _on_settings(self) -> None:
        self.set_up.emit(self.form.settings)
        if self.tool.canvas_if is not None:
            self._take_the_canvas()
        self._settling.start()

    def _on_clicked(self, view: ViewerModel, voxel: tuple[int, ...]) -> None:
        self._bench.applying.apply(self.tool, self.form.settings, view=view, voxel=voxel)

    def _on_said(self, sentence: str) -> None:
        self.news.setText(sentence)

    def _on_written(self, name: str) -> None:
        if name == self.tool.name and self.tool.canvas != "a click":
            self.done.emit()

    def _on_view(self, _event: Any) -> None:
        if self.tool.follows_view:
            self._settling.start()

    def _on_preferences(self, name: str) -> None:
        if name == _PREVIEW:
            self._settling.start()

    def _on_theme(self, _event: Any = None) -> None:
        self.primary.setStyleSheet(primary_style(self._bench.viewer.theme))
