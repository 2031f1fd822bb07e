"""Signals that come in while a library runs are not lost, and handled where they are let in.

`test_held_signals` runs these tests in a process of their own.
"""

import os
import signal
import threading
import time

import numpy as np
import pytest

from napari_seg.imaging.files import read_scan, sample_data_folder
from napari_seg.imaging.held_signals import HeldSignals
from napari_seg.imaging.itk_progress import run_followed
from napari_seg.imaging.template_matching.refinement import COARSE, Refinement
from napari_seg.imaging.template_matching.upright_volume import upright

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of another system")


class Computation:
    """Stands for a filter of SimpleITK that gets a signal, then calls back, then fails."""

    def AddCommand(self, _event, command):
        self.command = command

    def RemoveAllCommands(self):
        self.command = None


@pytest.fixture
def handled():
    """Signals that were handled by a handler that lets the program go on."""
    found = []
    before = signal.signal(signal.SIGUSR1, lambda number, _frame: found.append(number))
    yield found
    signal.signal(signal.SIGUSR1, before)


def test_a_signal_waits_until_it_is_let_in(handled):
    with HeldSignals() as held:
        signal.raise_signal(signal.SIGUSR1)
        signal.raise_signal(signal.SIGUSR1)
        assert handled == []
        held.let_in()
        assert handled == [signal.SIGUSR1] * 2
        held.let_in()
    assert handled == [signal.SIGUSR1] * 2


def test_a_signal_that_is_not_let_in_is_handled_at_the_end():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), HeldSignals():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_the_handlers_of_all_signals_run_whatever_one_raises(handled):
    def get_both():
        with HeldSignals():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGUSR1)
            raise OSError("which is no reason to lose a signal")

    with pytest.raises(KeyboardInterrupt):
        get_both()
    assert handled == [signal.SIGUSR1]


def test_signals_are_held_once_more_within(handled):
    with HeldSignals() as outer:
        with HeldSignals() as inner:
            signal.raise_signal(signal.SIGUSR1)
            inner.let_in()
        assert handled == []
        outer.let_in()
    assert handled == [signal.SIGUSR1]


def test_in_another_thread_nothing_is_held(handled):
    def hold():
        with HeldSignals():
            is_held.set()
            may_end.wait(5)

    is_held, may_end = threading.Event(), threading.Event()
    thread = threading.Thread(target=hold)
    thread.start()
    assert is_held.wait(5)
    signal.raise_signal(signal.SIGUSR1)
    assert handled == [signal.SIGUSR1]
    may_end.set()
    thread.join()


def test_ctrl_c_before_a_call_back_stops_the_computation():
    computation, told = Computation(), []

    def run():
        signal.raise_signal(signal.SIGINT)
        computation.command()
        told.append("went on")
        computation.command()
        raise RuntimeError("the library's own, for it was stopped")

    with pytest.raises(KeyboardInterrupt):
        run_followed(
            computation,
            0,
            run=run,
            tell=lambda: told.append("told"),
            stop=lambda: told.append("stop"),
        )
    assert told == ["stop", "went on"]
    assert computation.command is None


def test_a_signal_whose_handler_goes_on_changes_nothing(handled):
    computation, told = Computation(), []

    def run():
        signal.raise_signal(signal.SIGUSR1)
        computation.command()
        return "result"

    def stop():
        raise AssertionError("there is no reason to stop")

    found = run_followed(computation, 0, run=run, tell=lambda: told.append("told"), stop=stop)
    assert (found, told, handled) == ("result", ["told"], [signal.SIGUSR1])


def test_an_error_of_the_computation_is_its_own():
    def run():
        raise RuntimeError("of the library")

    with pytest.raises(RuntimeError, match="of the library"):
        run_followed(Computation(), 0, run=run, tell=list, stop=list)


def test_holding_takes_no_time_to_speak_of():
    began = time.perf_counter()
    for _ in range(100):
        with HeldSignals():
            pass
    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize("seconds", [0.004, 0.01, 0.02, 0.03, 0.05])
def test_a_signal_stops_a_fit_whenever_it_comes(seconds):
    class Ended(BaseException):
        pass

    def end(_number, _frame):
        raise Ended

    brain = read_scan(sample_data_folder() / "brain.nii.gz")
    volume = upright(brain.array, brain.geometry, spacing_mm=3.0)
    refinement = Refinement(volume, volume.array > 20, volume, COARSE)
    start, late = np.eye(4), []
    start[:3, 3] = 12
    before = signal.signal(signal.SIGALRM, end)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        with pytest.raises(Ended):
            refinement.run(start, on_progress=late.append)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(late) < 40
