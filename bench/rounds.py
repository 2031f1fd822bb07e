"""Measure sides against each other: in turns, each in a fresh process, and say on what machine."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

from napari_seg.segmentation.execution.devices import device_model, processor_features

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

RECORDS = Path(__file__).parent / "records"
_PACKAGES = ("torch", "monai", "openvino", "numpy", "scipy")


def in_turns(sides: Mapping[str, Sequence[str]], rounds: int) -> dict[str, list[dict[str, Any]]]:
    """Run the command of each side once a round, A B A B.

    Parameters
    ----------
    sides
        Words for Python, by name of the side. What a command prints last is a JSON dictionary.
    rounds
        How many.

    Returns
    -------
    dict
        What each run of a side printed, with ``process_s`` and ``processor_s``: the seconds of
        the whole process by the clock and of the processor.
    """
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in sides}
    for number in range(rounds):
        for name, words in sides.items():
            before, start = _children_s(), perf_counter()
            done = subprocess.run(
                [sys.executable, *words], capture_output=True, text=True, check=False
            )
            if done.returncode:
                sys.exit(f"{name} failed: {done.stderr[-2000:]}")
            seconds = perf_counter() - start
            lines = done.stdout.strip().splitlines()
            told = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
            told |= {"process_s": seconds, "processor_s": _children_s() - before}
            found[name].append(told)
            print(f"round {number + 1}, {name}: {told.get('seconds', seconds):.3f} s", flush=True)
    return found


@contextmanager
def new_person() -> Iterator[None]:
    """Let the runs inside find no settings of napari or the panel, as when both are new."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"XDG_DATA_HOME": folder, "NAPARI_CONFIG": f"{folder}/settings.yaml"}
        try:
            yield
        finally:
            os.environ.clear()
            os.environ |= before


def compare(found: Mapping[str, list[dict[str, Any]]], base: str, key: str) -> dict[str, Any]:
    """Say how many times faster each side is than `base`: the median and range of the rounds."""
    report: dict[str, Any] = {}
    for name, runs in found.items():
        seconds = [run[key] for run in runs]
        report[name] = {
            "median_s": round(median(seconds), 4),
            "all_s": [round(s, 4) for s in seconds],
        }
        if name != base:
            ratios = [one[key] / run[key] for one, run in zip(found[base], runs, strict=True)]
            report[name]["times_faster"] = {
                "median": round(median(ratios), 2),
                "least": round(min(ratios), 2),
                "most": round(max(ratios), 2),
            }
    return report


def machine() -> dict[str, Any]:
    """Say what the measurement ran on, and how busy it was."""
    features = sorted(name for name in processor_features() if name.startswith(("avx", "amx")))
    return {
        "processor": device_model("cpu"),
        "features": features,
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in _PACKAGES},
        "load_of_others": [round(load, 1) for load in os.getloadavg()],
    }


def write_record(name: str, record: Mapping[str, Any]) -> None:
    """Lay a part of a record beside the others of the same name."""
    path = RECORDS / f"{name}.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    text = json.dumps({**known, **record}, indent=2)
    path.write_text(text + "\n")
    print(json.dumps(record, indent=2))


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"
