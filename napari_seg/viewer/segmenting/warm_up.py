"""Load the libraries and the chosen model in the pauses of the person who looks at the scan."""

from __future__ import annotations

from time import sleep
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer

from napari_seg.viewer.appearance import compile_label_colours, compile_shapes
from napari_seg.viewer.hands import Hands
from napari_seg.viewer.jobs import Job

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import ViewerModel
    from qtpy.QtWidgets import QWidget

    from napari_seg.segmentation.run_settings import RunSettings
    from napari_seg.viewer.segmenting.loaded_models import LoadedModels
    from napari_seg.viewer.segmenting.model_run import Tools

# After a scan was opened or a model chosen, the window first shows it.
_MS_OF_REST = 1000
_MS_BETWEEN_LOOKS = 50
_SECONDS_OF_PAUSE = 0.3


class Pauses:
    """The moments in which the person rests, and a step may begin.

    Parameters
    ----------
    viewer
        Whose slices are turned.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._hands = Hands(viewer)
        self.is_urgent = False
        """Whether somebody waits for what goes on beside the window."""

    def look(self) -> None:
        """Look anew; to be called in the viewer's thread."""
        self._hands.look()

    def wait(self, on_wait: Callable[[], None]) -> None:
        """Wait, in another thread, until they have rested for a moment, unless it is urgent.

        Parameters
        ----------
        on_wait
            Called again and again meanwhile; what it raises ends the wait.
        """
        on_wait()
        while not self.is_urgent and self._hands.seconds_of_rest < _SECONDS_OF_PAUSE:
            sleep(_MS_BETWEEN_LOOKS / 1000)
            on_wait()


class WarmUp(QObject):
    """One quiet job, of which nothing is heard.

    A run that is started meanwhile takes its turn after it.

    Parameters
    ----------
    viewer
        Whose window must not stall.
    tools
        The functions that load libraries and models.
    models
        Those that are loaded.
    parent
        The widget that runs models; nothing is done before it was seen.
    """

    def __init__(
        self, viewer: ViewerModel, tools: Tools, models: LoadedModels, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._tools, self._models, self._panel = tools, models, parent
        self._wanted: RunSettings | None = None
        self._done: tuple[object, ...] | None = None
        self._job: Job | None = None
        self._pauses = Pauses(viewer)
        self._rest = _timer(self, _MS_OF_REST, self._on_rest)
        self._rest.setSingleShot(True)
        self._look = _timer(self, _MS_BETWEEN_LOOKS, self._pauses.look)

    def want(self, settings: RunSettings | None) -> None:
        """Make ready for a run with these settings, when things have rested; None for nothing."""
        self._wanted = settings
        if settings is None or _key(settings) == self._done:
            self._rest.stop()
        elif self._job is None:
            self._rest.start()

    def hurry(self) -> None:
        """Let what was begun end without pauses: a run waits for it."""
        self._rest.stop()
        self._pauses.is_urgent = True

    def release(self) -> None:
        """Stop before the next step."""
        self._rest.stop()
        self._look.stop()
        self._wanted = None
        if self._job is not None:
            self._job.cancel()

    def _on_rest(self) -> None:
        if self._wanted is None or self._job is not None:
            return
        if not self._panel.isVisible():
            self._rest.start()
            return
        self._pauses.is_urgent, self._done = False, _key(self._wanted)
        call = (self._tools, self._models, self._wanted, self._pauses)
        self._job = Job(warm_up, *call, parent=self, raises_errors=False)
        self._job.finished.connect(self._on_finished)
        self._look.start()
        self._job.start()

    def _on_finished(self) -> None:
        self._look.stop()
        if self._job is not None:
            self._job.deleteLater()
        self._job = None
        self.want(self._wanted)


def warm_up(
    tools: Tools,
    models: LoadedModels,
    settings: RunSettings,
    pauses: Pauses,
    *,
    on_progress: Callable[[float], None],
) -> None:
    """Do what a run would do before it sees the scan, and what a first box to draw needs.

    Parameters
    ----------
    tools
        The functions to call.
    models
        Those that are loaded, among which the model of the run will be.
    settings
        Of that run.
    pauses
        In which the steps begin.
    on_progress
        Told 0 again and again; what it raises stops this.
    """

    def on_wait() -> None:
        on_progress(0.0)

    def on_step() -> None:
        pauses.wait(on_wait)

    with models.turn(on_wait):
        tools.load_libraries(on_step, compile_label_colours)
        on_step()
        bundle = models.get(settings)
        on_step()
        tools.make_ready(bundle, device=settings.device, precision=settings.precision)
    # No run waits for it.
    on_step()
    compile_shapes()


def _key(settings: RunSettings) -> tuple[object, ...]:
    return settings.folder, settings.variant, settings.further, settings.folds, settings.device


def _timer(parent: QObject, milliseconds: int, slot: Callable[[], None]) -> QTimer:
    timer = QTimer(parent)
    timer.setInterval(milliseconds)
    timer.timeout.connect(slot)
    return timer
