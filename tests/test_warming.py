"""What a run needs is loaded beside the window: in steps, and without holding up its thread."""

import gc
import subprocess
import sys
import weakref

import pytest

from napari_seg.segmentation.warming import garbage_left_alone, load_libraries


def run_python(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    ).stdout.split()


def test_libraries_are_loaded_without_a_full_collection_of_garbage():
    code = """
import gc, sys
full = []
gc.callbacks.append(lambda phase, info: full.append(phase) if info["generation"] == 2 else None)
from napari_seg.segmentation.warming import load_libraries
load_libraries(lambda: None)
print(len(full), "torch" in sys.modules, "monai.bundle" in sys.modules, gc.isenabled())
"""
    assert run_python(code) == ["0", "True", "True", "True"]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_largest_library_is_there_before_python_imports_it():
    code = """
import sys
from pathlib import Path
from napari_seg.segmentation.warming import load_libraries
seen = []
def look():
    there = "libtorch_cpu" in Path("/proc/self/maps").read_text()
    seen.append(there and "torch" not in sys.modules)
    if seen[-1]:
        raise InterruptedError
try:
    load_libraries(look)
except InterruptedError:
    print(seen[0], seen[-1])
"""
    assert run_python(code) == ["False", "True"]


def test_what_on_step_raises_stops_before_the_step():
    done = []

    def stop():
        if done:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        load_libraries(stop, lambda: done.append("colours"))
    assert done == ["colours"]


class Knot:
    """Refers to itself, so that only a collection frees it."""

    def __init__(self):
        self.itself = self


def test_what_was_left_alone_is_old_and_still_collected_one_day():
    before = gc.get_threshold()
    with garbage_left_alone():
        assert not gc.isenabled()
        knot = Knot()
    assert any(one is knot for one in gc.get_objects(generation=2))
    assert (gc.isenabled(), gc.get_freeze_count(), gc.get_threshold()) == (True, 0, before)
    gone = weakref.ref(knot)
    del knot
    gc.collect()
    assert gone() is None


def test_whoever_switched_collections_off_finds_them_off():
    gc.disable()
    try:
        with pytest.raises(ValueError, match="inside"), garbage_left_alone():
            raise ValueError("inside")
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_garbage_is_looked_at_meanwhile_where_one_asks_for_it():
    with garbage_left_alone() as looked_at:
        knot = Knot()
        with looked_at():
            assert gc.isenabled()
            assert any(one is knot for one in gc.get_objects(generation=2))
        assert not gc.isenabled()
    assert gc.isenabled()


def test_of_two_who_leave_garbage_alone_the_last_one_gives_the_collector_back():
    with garbage_left_alone() as looked_at:
        with garbage_left_alone(), looked_at():
            # The other one still wants it off.
            assert not gc.isenabled()
        with looked_at():
            assert gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    first, second = garbage_left_alone(), garbage_left_alone()
    first.__enter__()
    with second as looked_at:
        first.__exit__(None, None, None)
        with looked_at():
            assert gc.isenabled()
    assert gc.isenabled()


def test_closing_half_way_through_torch_leaves_it_whole():
    code = """
import gc, sys
from napari_seg.segmentation.warming import load_libraries
pauses = []
def pause():
    if "torch" in sys.modules and not hasattr(sys.modules["torch"], "compile"):
        pauses.append(gc.isenabled())
        if len(pauses) == 3:
            raise InterruptedError
try:
    load_libraries(pause)
except InterruptedError:
    import torch
    print(len(pauses), all(pauses), torch.ones(2).sum().item(), "monai" in sys.modules)
"""
    assert run_python(code) == ["3", "True", "2.0", "False"]
