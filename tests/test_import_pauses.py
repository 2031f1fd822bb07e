"""An import pauses between the modules it brings, and is never broken off half-way."""

import builtins
import sys
from threading import Event, Thread
from time import sleep

import pytest

from napari_seg.segmentation import import_pauses
from napari_seg.segmentation.import_pauses import pauses_between_imports

PARTS = {"slow_package", "slow_package.first", "slow_package.second"}
PLAIN = builtins.__import__


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    monkeypatch.setattr(import_pauses, "_SECONDS_BETWEEN", 0)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of three modules, of which the first imports the others."""
    folder = tmp_path / "slow_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("from slow_package import first, second\nready = True\n")
    for name in ("first", "second"):
        (folder / f"{name}.py").write_text("import json\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "slow_package"
    for name in [name for name in sys.modules if name.startswith("slow_package")]:
        del sys.modules[name]


def test_it_pauses_before_the_imports_within_an_import(package):
    seen = []
    with pauses_between_imports(lambda: seen.append(sorted(sys.modules.keys() & PARTS))):
        __import__(package)
    assert [] in seen
    assert ["slow_package", "slow_package.first", "slow_package.second"] in seen


def test_pauses_are_not_too_many(package, monkeypatch):
    monkeypatch.setattr(import_pauses, "_SECONDS_BETWEEN", 60)
    seen = []
    with pauses_between_imports(lambda: seen.append(1)):
        __import__(package)
    assert seen == []


def test_what_is_imported_in_a_pause_has_none_of_its_own():
    depth, deepest = [0], []

    def on_pause():
        depth[0] += 1
        deepest.append(depth[0])
        import json  # noqa: F401

        depth[0] -= 1

    with pauses_between_imports(on_pause):
        import json  # noqa: F401
    assert set(deepest) == {1}


def test_other_threads_import_as_ever():
    seen, go, done = [], Event(), Event()

    def other():
        go.wait(10)
        import json  # noqa: F401

        done.set()

    thread = Thread(target=other)
    thread.start()
    with pauses_between_imports(lambda: seen.append(1)):
        go.set()
        while not done.is_set():
            sleep(0.01)
    thread.join()
    assert seen == []


def test_what_a_pause_raises_waits_for_the_end_of_the_imports(package):
    calls = []

    def stop():
        calls.append(1)
        raise InterruptedError("closed")

    with pytest.raises(InterruptedError, match="closed"), pauses_between_imports(stop):
        __import__(package)
    assert sys.modules[package].ready
    assert len(calls) == 1


def test_an_error_of_the_import_comes_first():
    with pytest.raises(ModuleNotFoundError), pauses_between_imports(_stop):
        import no_such_module_at_all  # noqa: F401
    assert builtins.__import__ is PLAIN


def _stop():
    raise InterruptedError


def test_the_import_of_python_is_put_back():
    with pauses_between_imports(lambda: None):
        assert builtins.__import__ is not PLAIN
    assert builtins.__import__ is PLAIN


def test_the_import_that_another_tool_has_set_meanwhile_is_kept(monkeypatch):
    seen = []

    def theirs(*arguments, **named):
        seen.append(arguments[0])
        return below(*arguments, **named)

    monkeypatch.setattr(builtins, "__import__", PLAIN)
    pauses = []
    with pauses_between_imports(lambda: pauses.append(1)):
        below = builtins.__import__
        builtins.__import__ = theirs
    assert builtins.__import__ is theirs
    pauses.clear()
    import json  # noqa: F401

    assert "json" in seen
    assert pauses == []


def test_a_second_thread_imports_without_pauses_meanwhile():
    seen = []

    def second():
        with pauses_between_imports(lambda: seen.append(1)):
            import json  # noqa: F401

    with pauses_between_imports(lambda: None):
        thread = Thread(target=second)
        thread.start()
        thread.join()
    assert seen == []
    assert builtins.__import__ is PLAIN
