"""What making ready for a run does to the window, and to the wait for the first window of labels.

``xvfb-run -a -s "-screen 0 1680x1050x24 +extension GLX" python bench/warm_up.py [--rounds N]``; in
turns, in fresh processes: made ready in the pauses of the person, by a plain import in a thread,
and not at all. Writes bench/records/warm_up.json.
"""

from __future__ import annotations

import argparse
import json
from statistics import median
from threading import Thread
from time import perf_counter

from beating_window import BeatingWindow, wait, wait_until

SIDES = ("not made ready", "plain import", "made ready")
FIGURES = ("making_ready_s", "longest_gap_ms", "gaps_above_100_ms", "first_labels_s")
MOST_SECONDS = 120.0


def main() -> None:
    """Measure, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.side:
        print(json.dumps(measure(chosen.side)))
        return
    from rounds import in_turns, machine, new_person, write_record

    with new_person():
        found = in_turns({side: [__file__, "--side", side] for side in SIDES}, chosen.rounds)
    record = {
        side: {name: round(median(run[name] for run in runs), 2) for name in FIGURES}
        for side, runs in found.items()
    }
    write_record("warm_up", {"rounds": chosen.rounds, "medians": record, "machine": machine()})


def measure(side: str) -> dict[str, float]:
    """Open a scan, wait, press Run, and time what a person sees."""
    from napari_seg.viewer.segmenting.warm_up import WarmUp

    if side != SIDES[2]:
        WarmUp.want = _nothing  # type: ignore[method-assign]
    window = BeatingWindow("hippocampus_left.nii.gz")
    panel = window.panel
    wait(0.8)
    window.beats.clear()
    start = perf_counter()
    make_ready(side, panel)
    took = perf_counter() - start
    wait(0.5)
    gaps = window.gaps_ms()
    pressed = perf_counter()
    panel.segment.run()
    run = panel.segment._run
    wait_until(lambda: run.preview is not None or not panel.segment.is_running, MOST_SECONDS)
    shown = perf_counter() - pressed
    wait_until(lambda: not panel.segment.is_running, MOST_SECONDS)
    window.viewer.close()
    figures = took, float(gaps.max()), float((gaps > 100).sum()), shown
    return dict(zip(FIGURES, figures, strict=True))


def make_ready(side: str, panel: object) -> None:
    """Let what belongs to a side go on until it has ended."""
    if side == SIDES[1]:
        thread = Thread(target=_import)
        thread.start()
        wait_until(lambda: not thread.is_alive(), MOST_SECONDS)
    elif side == SIDES[2]:
        warm_up = panel.segment._warm_up  # type: ignore[attr-defined]
        wait_until(lambda: warm_up._job is not None, MOST_SECONDS)
        wait_until(lambda: warm_up._job is None, MOST_SECONDS)
    else:
        wait(5)


def _import() -> None:
    from napari_seg.segmentation.execution.openvino_engine import load_openvino

    load_openvino()
    from napari_seg.segmentation.bundle import load_bundle

    load_bundle()


def _nothing(*_arguments: object) -> None:
    return None


if __name__ == "__main__":
    main()
