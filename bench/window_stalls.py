"""Time the longest stalls of the window while the shipped model runs over a whole brain.

Run on an idle machine: ``xvfb-run -a -s "-screen 0 1680x1050x24 +extension GLX" python
bench/window_stalls.py``; writes bench/records/window_stalls.json. The slices are turned meanwhile.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import napari
import numpy as np
from beating_window import BeatingWindow, wait

RECORD = Path(__file__).parent / "records" / "window_stalls.json"


def main() -> None:
    """Run once in a fresh window, so that what is loaded or compiled first counts."""
    window = BeatingWindow("brain.nii.gz")
    viewer, panel, beats = window.viewer, window.panel, window.beats
    wait(2)
    beats.clear()
    panel.segment.run()
    slices = viewer.dims.nsteps[0]
    turn = 0
    while panel.segment.is_running:
        wait(0.2)
        turn += 3
        viewer.dims.set_current_step(0, turn % slices)
    gaps = window.gaps_ms()
    record = {
        "cores": os.cpu_count(),
        "napari": napari.__version__,
        "run_s": round(beats[-1] - beats[0], 1),
        "gap_between_beats_ms": {
            "median": round(float(np.median(gaps)), 1),
            "99th percentile": round(float(np.percentile(gaps, 99)), 1),
            "longest": sorted(np.rint(gaps).astype(int).tolist())[-5:],
        },
    }
    RECORD.write_text(json.dumps(record, indent=2) + "\n")
    print(json.dumps(record, indent=2))
    viewer.close()


if __name__ == "__main__":
    main()
