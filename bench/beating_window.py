"""A window of napari with the panel and a sample scan; its beats show how long it did nothing else."""

from __future__ import annotations

from time import monotonic, perf_counter, sleep
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

BEAT_MS = 10


class BeatingWindow:
    """Opens a sample scan beside the panel, and beats from then on.

    Parameters
    ----------
    sample
        The name of a file in `sample_data`.

    Attributes
    ----------
    viewer, panel
        Of the window.
    beats
        When the window was free, in seconds.
    """

    def __init__(self, sample: str) -> None:
        import napari
        from qtpy.QtCore import QTimer

        from napari_seg.imaging.files import read_scan, sample_data_folder
        from napari_seg.viewer.opening.opened_layers import layer_of

        self.viewer = napari.Viewer()
        _, self.panel = self.viewer.window.add_plugin_dock_widget("napari-seg", "napari-seg")
        path = sample_data_folder() / sample
        self.viewer.add_layer(layer_of(read_scan(path), path))
        self.beats: list[float] = []
        self._timer = QTimer()
        self._timer.timeout.connect(self._on_beat)
        self._timer.start(BEAT_MS)

    def gaps_ms(self) -> NDArray[Any]:
        """Return how long the window did something else, between one beat and the next."""
        import numpy as np

        return np.diff(self.beats) * 1000

    def _on_beat(self) -> None:
        self.beats.append(perf_counter())


def wait(seconds: float) -> None:
    """Let the window work for a while."""
    wait_until(_never, seconds)


def wait_until(is_over: Callable[[], bool], seconds: float) -> None:
    """Let the window work until something is over, or for some seconds."""
    from qtpy.QtWidgets import QApplication

    end = monotonic() + seconds
    while monotonic() < end and not is_over():
        QApplication.processEvents()
        sleep(0.002)


def _never() -> bool:
    return False
