"""Time each tool of label_edits beside the nearest function of SimpleITK or scikit-image.

Run on an idle machine: ``python bench/edit.py``; writes bench/records/edit.json. Where other
programs run, too, ``taskset -c 1 chrt --rr 20`` before it gives both sides one core to themselves. ``--quick`` times
the smaller volume alone, in fewer rounds, and writes nothing but what it prints. The other function
works on the whole array, as a script without boxes would. Each round runs ours and theirs one after
the other; what counts is the ratio of their medians. Strokes in a window: bench/strokes.py.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

from edit_pairs import Pair, pairs
from edit_stage import stage_of

from napari_seg.imaging.label_edits import Edit

if TYPE_CHECKING:
    from collections.abc import Callable

RECORD = Path(__file__).parent / "records" / "edit.json"
SIZES = {
    "160x256x256": ((160, 256, 256), (1.5, 1.2, 1.2)),
    "512x512x300": ((300, 512, 512), (1.0, 0.8, 0.8)),
}
GOAL_MS = {"event": 10, "preview": 300, "": 500}
ROUNDS = 7
# A pair whose other side takes long gets fewer rounds than that, but two at least.
BUDGET_S = 40.0


def main() -> None:
    """Time all tools, print a line for each and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the smaller volume, three rounds")
    quick = parser.parse_args().quick
    record: dict[str, Any] = {"about": _about(), "volumes": {}}
    for name, (shape, spacing) in list(SIZES.items())[: 1 if quick else None]:
        print(f"{name}: median ms of ours and theirs, ratio")
        tools = {}
        for pair in pairs(stage_of(shape, spacing)):
            tools[pair.name] = timed(pair, rounds=3 if quick else ROUNDS)
            print(_line(pair.name, tools[pair.name]), flush=True)
        missed = [tool for tool, times in tools.items() if times["ours_ms"] > _goal(tool)]
        print("slower than wanted:", ", ".join(missed) or "none")
        record["volumes"][name] = {
            "spacing_mm": spacing,
            "tools": tools,
            "slower_than_wanted": missed,
        }
    if not quick:
        RECORD.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def timed(pair: Pair, *, rounds: int) -> dict[str, Any]:
    """Run ours and theirs in turn; return medians and the spread of the ratios in ms."""
    edit = pair.ours()
    ours, theirs, start = [], [], perf_counter()
    while len(ours) < rounds and (len(ours) < 2 or perf_counter() - start < BUDGET_S):
        ours.append(_milliseconds(pair.ours))
        theirs.append(_milliseconds(pair.theirs))
    ratios = [other / own for own, other in zip(ours, theirs, strict=True)]
    return {
        "ours_ms": round(median(ours), 2),
        "theirs_ms": round(median(theirs), 2),
        "ratio": round(median(theirs) / median(ours), 1),
        "lowest_and_highest_ratio": [round(min(ratios), 1), round(max(ratios), 1)],
        "rounds": len(ours),
        "against": pair.against,
        "changed_voxels": edit.count if isinstance(edit, Edit) else None,
    }


def _milliseconds(function: Callable[[], Any]) -> float:
    start = perf_counter()
    function()
    return (perf_counter() - start) * 1000


def _goal(tool: str) -> int:
    return next(goal for word, goal in GOAL_MS.items() if word in tool)


def _line(name: str, times: dict[str, Any]) -> str:
    return f"{name:45} {times['ours_ms']:10.2f} {times['theirs_ms']:10.1f} {times['ratio']:8.1f}"


def _about() -> dict[str, Any]:
    packages = ("numpy", "scipy", "scikit-image", "SimpleITK")
    return {
        "cores": os.cpu_count(),
        "cores_used": len(os.sched_getaffinity(0)),
        "in_real_time": os.sched_getscheduler(0) != os.SCHED_OTHER,
        "machine": platform.machine(),
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }


if __name__ == "__main__":
    main()
