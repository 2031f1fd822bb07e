"""The panel makes ready for a run in the person's pauses, and nothing is heard of it."""

from threading import Event

import pytest
from fake_model import fake_tools, head, load
from napari.components import ViewerModel
from qtpy.QtCore import Qt

from napari_seg.viewer import hands
from napari_seg.viewer.layers import image_layer
from napari_seg.viewer.segmenting import warm_up as warm_up_module
from napari_seg.viewer.segmenting.segment_section import SegmentSection
from napari_seg.viewer.segmenting.warm_up import Pauses
from napari_seg.viewer.status_line import StatusLine


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def make_section(qtbot, viewer, monkeypatch):
    monkeypatch.setattr(warm_up_module, "_MS_OF_REST", 50)
    # Whatever other tests pressed.
    nothing = Qt.MouseButton.NoButton
    monkeypatch.setattr(hands.QApplication, "mouseButtons", lambda: nothing)
    sections = []

    def make(*, shown=True, **tools):
        status = StatusLine()
        section = SegmentSection(viewer, fake_tools(**tools), status)
        section.status = status
        for widget in (status, section):
            qtbot.addWidget(widget)
        if shown:
            section.show()
        section.set_scan(viewer.add_layer(image_layer(head(), name="head")))
        sections.append(section)
        return section

    yield make
    for section in sections:
        section.cancel()
        section.release()
        qtbot.wait(100)


class Told:
    """Keeps what was done, and what was not yet."""

    def __init__(self):
        self.steps, self.ready = [], Event()

    def load(self, folder=None, **more):
        self.steps.append("model")
        return load(folder)

    def load_libraries(self, on_step, *more):
        on_step()
        self.steps.append("libraries")

    def make_ready(self, bundle, *, device, precision):
        self.steps.append((device, precision))
        self.ready.set()

    def as_tools(self):
        return {
            "load": self.load,
            "load_libraries": self.load_libraries,
            "make_ready": self.make_ready,
        }


def test_a_scan_is_enough_to_load_libraries_and_model_which_a_run_then_uses(qtbot, make_section):
    told = Told()
    section = make_section(**told.as_tools())
    qtbot.waitUntil(told.ready.is_set)
    assert told.steps == ["libraries", "model", ("auto", "fast")]
    assert not section.is_running
    assert section.status.text.text() == ""
    section.run()
    qtbot.waitUntil(lambda: not section.is_running, timeout=20_000)
    assert told.steps.count("model") == 1


def test_shapes_are_compiled_last_for_no_run_waits_for_them(qtbot, make_section, monkeypatch):
    told, compiled = Told(), Event()
    turns = []

    def compile_shapes():
        turns.append(section._models._turn.locked())
        compiled.set()

    monkeypatch.setattr(warm_up_module, "compile_shapes", compile_shapes)
    section = make_section(**told.as_tools())
    qtbot.waitUntil(compiled.is_set)
    assert told.ready.is_set()
    assert turns == [False]


def test_a_panel_that_nobody_sees_loads_nothing(qtbot, make_section):
    told = Told()
    section = make_section(shown=False, **told.as_tools())
    qtbot.wait(400)
    assert told.steps == []
    section.show()
    qtbot.waitUntil(told.ready.is_set)


def test_another_model_is_made_ready_too(qtbot, make_section):
    told = Told()
    section = make_section(**told.as_tools())
    qtbot.waitUntil(told.ready.is_set)
    told.ready.clear()
    section.model.list.setCurrentIndex(1)
    qtbot.waitUntil(told.ready.is_set)
    assert told.steps.count("model") == 2


def test_what_cannot_be_loaded_is_not_said_before_a_run(qtbot, make_section):
    tried = Event()

    def fail(folder=None, **more):
        tried.set()
        raise ValueError("the weights do not fit")

    section = make_section(load=fail)
    qtbot.waitUntil(tried.is_set)
    # An error would be raised here.
    qtbot.wait(200)
    assert section.status.text.text() == ""
    assert section.start.isEnabled()


def test_a_run_does_not_wait_for_a_pause(qtbot, viewer, make_section, monkeypatch):
    monkeypatch.setattr(warm_up_module, "_SECONDS_OF_PAUSE", 60)
    told = Told()
    section = make_section(**told.as_tools())
    qtbot.waitUntil(lambda: section._warm_up._job is not None)
    section.run()
    qtbot.waitUntil(lambda: not section.is_running, timeout=20_000)
    assert "2 labels" in section.status.text.text()


def test_closing_stops_it_before_the_next_step(qtbot, make_section, monkeypatch):
    monkeypatch.setattr(warm_up_module, "_SECONDS_OF_PAUSE", 60)
    told = Told()
    section = make_section(**told.as_tools())
    qtbot.waitUntil(lambda: section._warm_up._job is not None)
    section._warm_up.release()
    qtbot.waitUntil(lambda: section._warm_up._job is None)
    assert told.steps == []


def test_turning_slices_puts_a_step_off(qtbot, viewer, monkeypatch):
    monkeypatch.setattr(warm_up_module, "_SECONDS_OF_PAUSE", 0.3)
    viewer.add_layer(image_layer(head(), name="head"))
    pauses, waits = Pauses(viewer), []
    pauses.look()

    def turn():
        waits.append(1)
        if len(waits) < 20:
            viewer.dims.set_current_step(0, len(waits) % 8)
            pauses.look()

    pauses.wait(turn)
    assert len(waits) >= 20
    waits.clear()
    pauses.is_urgent = True
    pauses.wait(turn)
    assert len(waits) == 1
