"""Time named steps of undo, and what locks and volumes add to a stroke, on 512 x 512 x 300 voxels.

Run on an idle machine: ``python bench/undo.py``; writes bench/records/undo.json. No window is
drawn. A step's times are the best of five, those of a stroke's events the median.
"""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import napari
import numpy as np
from napari.components import ViewerModel
from napari.layers import Labels

from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.editing.locks import LabelLocks
from napari_seg.viewer.editing.volumes import VolumeTracker
from napari_seg.viewer.undo import write_region

SHAPE = (300, 512, 512)
BOX = tuple(slice(0, length) for length in SHAPE)
BALLS = (((150, 200, 200), 120), ((150, 350, 350), 100), ((80, 200, 380), 60))
REPEATS = 5
STROKES = 60
RECORD = Path(__file__).parent / "records" / "undo.json"


def main() -> None:
    """Measure and write the record."""
    record = {
        "napari": napari.__version__,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "shape": SHAPE,
        "three labels": whole_volume(balls()),
        "three labels, one locked": whole_volume(balls(), lock=True),
        "100 labels, every voxel": whole_volume(blocks()),
        "stroke, ms an event": {
            "napari": stroke(),
            "with locks": stroke(lock=True),
            "with locks, history and volumes": stroke(lock=True, follow=True),
        },
        "200 strokes, MB of history": strokes_in_mb(200),
    }
    RECORD.write_text(json.dumps(record, indent=2) + "\n")
    print(json.dumps(record, indent=2))


def whole_volume(after: np.ndarray, *, lock: bool = False) -> dict[str, float]:
    """Write a whole volume over an empty layer as one step, take it back, and make it again."""
    layer = add_layer(follow=True, lock=lock)
    history = EditHistory.of(layer)
    times: dict[str, list[float]] = {"write": [], "undo": [], "redo": []}
    kept_mb = 0.0
    for _ in range(REPEATS):
        times["write"].append(timed(write_region, layer, BOX, after, name="Segment"))
        kept_mb = kept_mb or history.steps[0].kept_bytes / 2**20
        times["undo"].append(timed(layer.undo))
        times["redo"].append(timed(layer.redo))
        history.go_to(None)
    seconds = {f"{name}_s": round(min(values), 3) for name, values in times.items()}
    return {**seconds, "history_mb": round(kept_mb, 1)}


def stroke(*, lock: bool = False, follow: bool = False) -> dict[str, float]:
    """Time dabs of a brush of 41 voxels across, flat and as a ball, and the end of a stroke."""
    layer = add_layer(follow=follow, lock=lock)
    layer.data[:] = 1
    found = {}
    for name, dimensions in (("flat", 2), ("ball", 3)):
        layer.n_edit_dimensions = dimensions
        dabs, ends = [], []
        for number in range(STROKES):
            with layer.block_history():
                for column in range(3):
                    point = (100, 200 + number, 100 + 20 * column)
                    dabs.append(timed(layer.paint, point, 2 + number % 4, False))
                start = perf_counter()
            ends.append(perf_counter() - start)
        found[name] = round(statistics.median(dabs) * 1000, 3)
        found[f"{name}, at its end"] = round(statistics.median(ends) * 1000, 3)
    return found


def strokes_in_mb(count: int) -> float:
    """Measure the memory of many strokes."""
    layer = add_layer(follow=True)
    for number in range(count):
        with layer.block_history():
            for column in range(30):
                layer.paint((100, 100 + number, 100 + 5 * column), 1 + number % 4, False)
    return round(EditHistory.of(layer).kept_bytes / 2**20, 1)


def add_layer(*, follow: bool = False, lock: bool = False) -> Labels:
    """Add an empty layer to a viewer of its own."""
    layer = ViewerModel().add_labels(np.zeros(SHAPE, np.uint8))
    layer.brush_size = 41
    if lock:
        LabelLocks.of(layer).lock(3)
    if follow:
        # Its volumes are added up in the viewer's thread; only the first count is in another.
        VolumeTracker.of(layer)
    return layer


def balls() -> np.ndarray:
    """Make three balls of 12.3 million voxels together."""
    labels = np.zeros(SHAPE, np.uint8)
    z, y, x = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    for label, (centre, radius) in enumerate(BALLS, start=1):
        distance = (z - centre[0]) ** 2 + (y - centre[1]) ** 2 + (x - centre[2]) ** 2
        labels[distance < radius**2] = label
    return labels


def blocks() -> np.ndarray:
    """Fill the whole volume with a hundred labels."""
    z, y, x = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    labels = 1 + x * 5 // SHAPE[2] + 5 * (y * 5 // SHAPE[1]) + 25 * (z * 4 // SHAPE[0])
    return np.ascontiguousarray(labels, dtype=np.uint8)


def timed(function: Callable[..., Any], *arguments: Any, **options: Any) -> float:
    """Return the seconds of a call."""
    start = perf_counter()
    function(*arguments, **options)
    return perf_counter() - start


if __name__ == "__main__":
    main()
