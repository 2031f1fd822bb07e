"""Wait for a job, for callers that must hand back what it returns.

napari takes from a reader what it returns, so reading cannot end later, as in the panel; so it is
with writers. They run in a job all the same: the window is drawn meanwhile, shows how far it is,
and has a Cancel where there is something to cancel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEventLoop, QObject, Qt, QTimer, Signal
from qtpy.QtWidgets import QDialog, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout

from napari_seg.viewer.jobs import Job

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtWidgets import QWidget

# What is over sooner shows no dialog, which would only flicker.
_MILLISECONDS_UNSHOWN = 300
_STEPS = 1000
_WIDTH = 360


def wait_for(
    window: QWidget,
    doing: str,
    function: Callable[..., Any],
    *arguments: Any,
    can_cancel: bool = True,
) -> Any:
    """Run a function beside the window, and return what it returns.

    Parameters
    ----------
    window
        Is drawn meanwhile, and takes no clicks and keys.
    doing
        What happens, such as ``"Opening head"``.
    function, *arguments
        As `Job` takes them; the function never returns None.
    can_cancel
        False for what goes on to its end in any case.

    Returns
    -------
    Any
        None where the person cancelled, or the window went.

    Raises
    ------
    Exception
        What the function raises.
    """
    return _Waiting(window, doing, can_cancel=can_cancel).result_of(function, *arguments)


class WaitingDialog(QDialog):
    """What happens, how far it is, and a Cancel.

    Attributes
    ----------
    cancelled
        Signal: the person does not want it.
    """

    cancelled = Signal()

    def __init__(self, window: QWidget, doing: str, *, can_cancel: bool = True) -> None:
        super().__init__(window)
        self._can_cancel = can_cancel
        self.setWindowTitle("napari-seg")
        self.setWindowModality(Qt.WindowModality.ApplicationModal)
        self.setMinimumWidth(_WIDTH)
        self.text = QLabel(f"{doing}…")
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setAccessibleName("Progress")
        self.cancel = QPushButton("Cancel")
        self.cancel.setToolTip("Open nothing")
        self.cancel.setVisible(can_cancel)
        row = QHBoxLayout()
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel)
        layout = QVBoxLayout(self)
        layout.addWidget(self.text)
        layout.addLayout(row)
        self.cancel.clicked.connect(self.reject)

    def show_progress(self, fraction: float) -> None:
        """Show how far it is, from 0 to 1."""
        self.bar.setRange(0, _STEPS)
        self.bar.setValue(round(_STEPS * fraction))

    def reject(self) -> None:
        """Stop: Cancel, Escape, and the close button of the dialog."""
        if self._can_cancel:
            self.cancelled.emit()
            super().reject()


class _Waiting(QObject):
    """One wait, in a loop of its own, which its window may leave at any time."""

    def __init__(self, window: QWidget, doing: str, *, can_cancel: bool) -> None:
        super().__init__()
        self._error: Exception | None = None
        self._result: Any = None
        self._is_over = False
        self._loop = QEventLoop()
        self._dialog = WaitingDialog(window, doing, can_cancel=can_cancel)
        self._is_alone = False
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(self._loop.quit)
        # The dialog goes with its window, and with it the reason to wait.
        self._dialog.destroyed.connect(self._end)

    def result_of(self, function: Callable[..., Any], *arguments: Any) -> Any:
        dialog = self._dialog
        job = Job(function, *arguments, parent=self, raises_errors=False)
        job.progressed.connect(dialog.show_progress)
        job.returned.connect(self._on_returned)
        job.failed.connect(self._on_failed)
        job.finished.connect(self._end)
        dialog.cancelled.connect(job.cancel)
        dialog.cancelled.connect(self._end)
        self._patience.start(_MILLISECONDS_UNSHOWN)
        job.start()
        # Clicks and keys wait, too: they are meant for what is there when it is over.
        self._loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        if not self._is_over:
            dialog.show()
            self._loop.exec()
        self._leave()
        if self._error is not None:
            raise self._error
        return self._result

    def _leave(self) -> None:
        if not self._is_alone:
            self._dialog.destroyed.disconnect(self._end)
            self._dialog.hide()
            self._dialog.deleteLater()
        self.deleteLater()

    def _end(self, gone: QObject | None = None) -> None:
        if gone is not None:
            self._is_alone = True
        self._is_over = True
        self._loop.quit()

    def _on_returned(self, result: Any) -> None:
        self._result = result

    def _on_failed(self, error: Exception) -> None:
        self._error = error
