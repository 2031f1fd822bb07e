"""Make ready what a run needs before it is asked for, beside a window that must not stall."""

from __future__ import annotations

import ctypes
import gc
import importlib
import importlib.util
import os
import sys
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from napari_seg.segmentation.import_pauses import pauses_between_imports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from napari_seg.segmentation.bundle import Bundle
    from napari_seg.segmentation.execution import Precision

# By package: a folder in it, and the libraries there that its import would load.
_LIBRARIES = {
    "torch": ("lib", ("libtorch_cpu.so",)),
    "openvino": ("libs", ("libopenvino.so*",)),
}


_PACKAGES = ("torch", "openvino", "monai", "monai.bundle")


def load_libraries(on_step: Callable[[], None], *more: Callable[[], None]) -> None:
    """Import torch, OpenVINO and MONAI, beside a window that must not stall.

    Three things hold up all threads of Python while it imports. Libraries of other languages are
    loaded under its lock: here the system loads the large ones first, by a call that lets Python
    go on. Hundreds of thousands of new objects set off collections of garbage among all that
    there are: here they are left alone. And a thousand modules are run, for seconds: here there is
    a pause between them.

    Parameters
    ----------
    on_step
        Called before each step, and about every 0.02 s within one; what it raises ends the
        loading after the step.
    *more
        Further steps of the kind, which come first.
    """
    steps: list[Callable[[], object]] = [
        *(partial(_alone, step) for step in more),
        *(partial(_load_beside_python, file) for name in _LIBRARIES for file in _files_of(name)),
        *(partial(_import_in_pauses, name, on_step) for name in _PACKAGES),
    ]
    for step in steps:
        on_step()
        step()


@contextmanager
def garbage_left_alone() -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """Let what is made inside stay without being looked at for garbage.

    It counts as old afterwards, and no full collection comes sooner for it. Yields a function that
    makes a context in which the collector works as before.
    """
    _Collector.hold()
    try:
        yield _collector_let_go
    finally:
        _Collector.let_go()


@contextmanager
def _collector_let_go() -> Iterator[None]:
    _Collector.let_go()
    try:
        yield
    finally:
        _Collector.hold()


class _Collector:
    """Python's collector of garbage, which is off while anybody in any thread holds it."""

    _lock = Lock()
    _holders = 0
    _was_on = True

    @classmethod
    def hold(cls) -> None:
        with cls._lock:
            if not cls._holders:
                cls._was_on = gc.isenabled()
                gc.disable()
            cls._holders += 1

    @classmethod
    def let_go(cls) -> None:
        _make_all_old()
        with cls._lock:
            cls._holders -= 1
            if not cls._holders and cls._was_on:
                gc.enable()


def _make_all_old() -> None:
    if not gc.get_freeze_count():
        # To and fro makes everything old at once, and takes no time.
        gc.freeze()
        gc.unfreeze()


def make_ready(bundle: Bundle, *, device: str, precision: Precision) -> None:
    """Set a network up as it ran before on this machine; nothing where it never ran.

    Parameters
    ----------
    bundle
        Of which the network is.
    device, precision
        As in `inference.segment`.
    """
    from napari_seg.segmentation.execution import choose_device
    from napari_seg.segmentation.windows import window_of

    # A graphics card's memory is taken for a run only.
    if choose_device(device) == "cpu":
        bundle.runner.make_ready(
            window_of(bundle.inferer), bundle.in_channels, device="cpu", precision=precision
        )


def _alone(step: Callable[[], None]) -> None:
    with garbage_left_alone():
        step()


def _import_in_pauses(name: str, on_step: Callable[[], None]) -> None:
    with garbage_left_alone() as looked_at:

        def on_pause() -> None:
            with looked_at():
                on_step()

        with pauses_between_imports(on_pause):
            _import(name)


def _import(name: str) -> None:
    if name != "openvino":
        importlib.import_module(name)
        return
    from napari_seg.segmentation.execution import openvino_engine

    with suppress(ImportError, OSError):  # torch takes over
        openvino_engine.load_openvino()


def _files_of(package: str) -> list[Path]:
    if package in sys.modules or os.name == "nt":
        # Windows' own way of loading lets Python go on by itself.
        return []
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        return []
    folder, patterns = _LIBRARIES[package]
    place = Path(found.submodule_search_locations[0]) / folder
    return [path for pattern in patterns for path in sorted(place.glob(pattern))[:1]]


def _load_beside_python(library: Path) -> None:
    """Have the system load a library; where it cannot, the import will say why."""
    load = ctypes.CDLL(None).dlopen
    load.argtypes, load.restype = [ctypes.c_char_p, ctypes.c_int], ctypes.c_void_p
    load(os.fsencode(library), os.RTLD_NOW)
