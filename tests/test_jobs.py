import subprocess
import sys
from threading import Event, get_ident

import pytest
from qtpy.QtWidgets import QWidget

from napari_seg.viewer.jobs import Job


@pytest.fixture
def widget(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


def count_to_four(*, on_progress):
    for quarter in range(1, 5):
        on_progress(quarter / 4)
    return get_ident()


def test_progress_and_result_arrive_from_another_thread(qtbot, widget):
    job = Job(count_to_four, parent=widget)
    fractions, results = [], []
    job.progressed.connect(fractions.append)
    job.returned.connect(results.append)
    with qtbot.waitSignal(job.finished):
        job.start()
    assert fractions == [0.25, 0.5, 0.75, 1]
    assert results[0] != get_ident()


def test_values_on_the_way_arrive_in_order(qtbot, widget):
    def square(numbers, *, on_progress, on_square):
        for number in numbers:
            on_square(number**2)

    job = Job(square, [1, 2, 3], parent=widget, channel="on_square")
    squares = []
    job.reported.connect(squares.append)
    with qtbot.waitSignal(job.finished):
        job.start()
    assert squares == [1, 4, 9]


def test_cancel_stops_at_the_next_report_and_brings_no_result(qtbot, widget):
    started, go_on, reached = Event(), Event(), []

    def wait(*, on_progress):
        on_progress(0.1)
        started.set()
        go_on.wait(5)
        on_progress(0.5)
        reached.append("the end")

    job = Job(wait, parent=widget)
    results = []
    job.returned.connect(results.append)
    with qtbot.waitSignal(job.finished):
        job.start()
        qtbot.waitUntil(started.is_set)
        job.cancel()
        go_on.set()
    assert not reached
    assert not results


def test_an_error_is_raised_in_the_viewers_thread(qtbot, widget):
    def fail(*, on_progress):
        raise ValueError("no such window")

    job = Job(fail, parent=widget)
    errors = []
    job.failed.connect(errors.append)
    with qtbot.capture_exceptions() as raised, qtbot.waitSignal(job.finished):
        job.start()
    assert [str(error) for error in errors] == ["no such window"]
    assert [str(value) for _, value, _ in raised] == ["no such window"]


def test_a_deleted_parent_cancels_and_nothing_arrives(qtbot):
    started, go_on, stopped, results = Event(), Event(), Event(), []

    def run(*, on_progress):
        started.set()
        go_on.wait(5)
        try:
            on_progress(0.5)
        finally:
            stopped.set()
        results.append("the end")

    widget = QWidget()
    job = Job(run, parent=widget)
    job.returned.connect(results.append)
    job.start()
    qtbot.waitUntil(started.is_set)
    with qtbot.waitSignal(widget.destroyed):
        widget.deleteLater()
    go_on.set()
    qtbot.waitUntil(stopped.is_set)
    qtbot.wait(20)
    assert not results


def test_jobs_that_wait_keep_no_others_waiting(qtbot, widget):
    go_on, started = Event(), []

    def wait(*, on_progress):
        started.append(1)
        go_on.wait(30)

    waiting = [Job(wait, parent=widget) for _ in range(5)]
    for job in waiting:
        job.start()
    job = Job(count_to_four, parent=widget)
    try:
        with qtbot.waitSignal(job.finished):
            job.start()
        qtbot.waitUntil(lambda: len(started) == 5)
    finally:
        go_on.set()
    qtbot.waitUntil(lambda: all(job._worker.is_running is False for job in waiting))


def test_a_process_that_ends_waits_for_its_jobs():
    # Qt aborts a process whose job tells its news to what is gone.
    code = """
import time
from threading import Event
from qtpy.QtWidgets import QApplication, QWidget
from napari_seg.viewer.jobs import Job

application, widget, started = QApplication([]), QWidget(), Event()

def go_on(*, on_progress):
    started.set()
    while True:
        time.sleep(0.3)
        on_progress(0.5)

def end(*, on_progress):
    time.sleep(0.6)

for function in (go_on, end):
    Job(function, parent=widget).start()
started.wait(20)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
