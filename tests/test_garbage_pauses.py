"""Full collections of garbage wait for a pause of the person while the panel is open."""

import gc
import weakref

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QObject, Qt

from napari_seg.viewer import garbage_pauses, hands
from napari_seg.viewer.garbage_pauses import GarbagePauses
from napari_seg.viewer.panel import Panel

pytestmark = pytest.mark.skipif(
    gc.get_threshold()[2] == 0, reason="this Python collects by small increments"
)


class Knot:
    """Garbage that the collector alone can take away."""

    def __init__(self):
        self.itself = self


@pytest.fixture
def thresholds(monkeypatch):
    """Python's own, whatever panels of other tests are still there."""
    before, own = gc.get_threshold(), (700, 10, 10)
    monkeypatch.setattr(garbage_pauses._Thresholds, "_raised_for", set())
    gc.set_threshold(*own)
    yield own
    gc.set_threshold(*before)


@pytest.fixture
def held(monkeypatch):
    """What is held down of the mouse's buttons, to be set."""
    state = {"held": Qt.MouseButton.NoButton}
    monkeypatch.setattr(hands.QApplication, "mouseButtons", lambda: state["held"])
    monkeypatch.setattr(garbage_pauses, "_SECONDS_OF_PAUSE", 0.5)
    return state


@pytest.fixture
def make_pauses(qtbot, thresholds):
    owner, made = QObject(), []

    def make():
        made.append(GarbagePauses(ViewerModel(), owner))
        return made[-1]

    yield make
    for pauses in made:
        pauses.release()


def make_due(thresholds):
    """Let so many young collections go by that a full one is due; return old garbage."""
    knot = Knot()
    gc.collect()
    for _ in range(thresholds[2] + 1):
        gc.collect(1)
    assert gc.get_count()[2] > thresholds[2]
    return weakref.ref(knot)


def test_a_full_collection_waits_while_a_button_is_held(qtbot, make_pauses, held, thresholds):
    held["held"] = Qt.MouseButton.LeftButton
    make_pauses()
    make_due(thresholds)
    # Enough new objects for Python to look through all of them, were it not for the pauses; more
    # than twenty times as many would make it do so with them, too.
    kept = [[] for _ in range(len(gc.get_objects()) // 2)]
    qtbot.wait(1000)
    assert gc.get_count()[2] > thresholds[2], "a full collection was made"
    assert kept
    held["held"] = Qt.MouseButton.NoButton
    qtbot.waitUntil(lambda: gc.get_count()[2] <= thresholds[2])


def test_old_garbage_goes_in_a_pause(qtbot, make_pauses, held, thresholds):
    make_pauses()
    knot = make_due(thresholds)
    assert knot() is not None
    qtbot.waitUntil(lambda: knot() is None)


def test_turning_slices_is_no_pause(qtbot, make_pauses, held, thresholds):
    viewer = make_pauses()._hands._viewer
    viewer.add_image(np.zeros((9, 5, 6)))
    make_due(thresholds)
    for step in range(10):
        viewer.dims.set_current_step(0, step % 9)
        qtbot.wait(100)
    assert gc.get_count()[2] > thresholds[2]
    qtbot.waitUntil(lambda: gc.get_count()[2] <= thresholds[2])


def test_where_no_pause_comes_python_collects_by_itself(make_pauses, held, thresholds):
    held["held"] = Qt.MouseButton.LeftButton
    make_pauses()
    assert thresholds[2] < gc.get_threshold()[2] <= 1000
    assert gc.get_threshold()[:2] == thresholds[:2]


def test_the_last_panel_gives_the_collector_back(make_pauses, thresholds):
    first, second = make_pauses(), make_pauses()
    raised = gc.get_threshold()
    assert raised != thresholds
    first.release()
    assert gc.get_threshold() == raised
    second.release()
    assert gc.get_threshold() == thresholds


def test_what_somebody_else_set_meanwhile_is_kept(make_pauses, thresholds):
    pauses = make_pauses()
    gc.set_threshold(500, 7, 3)
    pauses.release()
    assert gc.get_threshold() == (500, 7, 3)


def test_a_collector_that_is_off_stays_off(qtbot, make_pauses, held, thresholds):
    make_pauses()
    make_due(thresholds)
    gc.disable()
    try:
        qtbot.wait(1200)
        assert gc.get_count()[2] > thresholds[2]
    finally:
        gc.enable()


def test_closing_the_window_gives_the_collector_back(qtbot, make_napari_viewer, thresholds):
    viewer = make_napari_viewer()
    viewer.window.add_dock_widget(Panel(viewer))
    assert gc.get_threshold() != thresholds
    viewer.close()
    qtbot.waitUntil(lambda: gc.get_threshold() == thresholds)
