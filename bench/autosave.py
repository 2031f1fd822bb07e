"""Time what keeping adds to a stroke on 512 x 512 x 300 voxels, and measure its journal.

Run on an idle machine: ``python bench/autosave.py``; writes bench/records/autosave.json. No window
is drawn. Times are of the viewer's thread alone.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import napari
import numpy as np
from napari.components import ViewerModel
from napari.layers import Labels
from qtpy.QtWidgets import QApplication

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import LabelMap
from napari_seg.viewer.keeping import Keeping
from napari_seg.viewer.keeping.kept_layer import KeptLayer
from napari_seg.viewer.layers import labels_layer
from napari_seg.viewer.undo import write_region

SHAPE = (512, 512, 300)
STROKES = 200
RECORD = Path(__file__).parent / "records" / "autosave.json"


def main() -> None:
    """Measure and write the record."""
    application = QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        plain = strokes(labels())
        viewer = ViewerModel()
        keeping = Keeping(viewer, folder=Path(folder))
        layer = labels()
        adding = timed(viewer.add_layer, layer)
        without = timed(ViewerModel().add_layer, labels())
        wait_for(lambda: KeptLayer.of(layer).background is not None)
        kept = strokes(layer)
        journalling = KeptLayer.of(layer).journalling
        copying = timed(journalling.flush)
        started = perf_counter()
        wait_for(lambda: not journalling.is_behind)
        written = perf_counter() - started
        size = journalling.journal.size
        once_more = strokes(layer, seed=1)
        copying_again = timed(journalling.flush)
        wait_for(lambda: not journalling.is_behind)
        record: dict[str, Any] = {
            "napari": napari.__version__,
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1),
            "shape": SHAPE,
            "a stroke, ms": {"without keeping": plain, "kept": kept, "kept, later": once_more},
            "adding the layer, ms": {"without keeping": ms(without), "kept": ms(adding)},
            f"copying {STROKES} strokes, ms": [ms(copying), ms(copying_again)],
            f"first writing of {STROKES} strokes, beside the viewer, s": round(written, 2),
            f"journal after {STROKES} strokes, KiB": round(size / 1024),
            f"journal after {2 * STROKES} strokes, KiB": round(journalling.journal.size / 1024),
        }
        keeping.release()
        KeptLayer.of(layer).discard()
    del application
    RECORD.write_text(json.dumps(record, indent=2) + "\n")
    print(json.dumps(record, indent=2))


def labels() -> Labels:
    """Show three balls of labels."""
    grid = np.ogrid[tuple(slice(0, length) for length in SHAPE)]
    array = np.zeros(SHAPE, np.uint8)
    balls = (((200, 200, 150), 120), ((350, 350, 150), 100), ((380, 200, 80), 60))
    for label, (middle, radius) in enumerate(balls, start=1):
        distance = sum((axis - place) ** 2 for axis, place in zip(grid, middle, strict=True))
        array[distance < radius**2] = label
    geometry = Geometry(SHAPE, np.diag([-0.8, -0.8, 1.0, 1.0]))
    return labels_layer(LabelMap(array, geometry, LabelTable()), name="balls")


def strokes(layer: Labels, *, seed: int = 0) -> dict[str, float]:
    """Draw discs of 41 voxels across, each one step of undo."""
    random = np.random.default_rng(seed)
    disc = np.add.outer((np.arange(41) - 20) ** 2, (np.arange(41) - 20) ** 2)[None] <= 400
    times = []
    for number in range(STROKES):
        z, y, x = (int(random.integers(0, length - 41)) for length in layer.data.shape)
        box = slice(z, z + 1), slice(y, y + 41), slice(x, x + 41)
        times.append(timed(write_region, layer, box, number % 5 + 1, where=disc))
    return {"median": ms(statistics.median(times)), "longest": ms(max(times))}


def timed(function: Any, *arguments: Any, **options: Any) -> float:
    """Return the seconds of one call."""
    start = perf_counter()
    function(*arguments, **options)
    return perf_counter() - start


def ms(seconds: float) -> float:
    """Turn seconds into milliseconds."""
    return round(1000 * seconds, 2)


def wait_for(condition: Any) -> None:
    """Let Qt bring news until a condition holds."""
    while not condition():
        QApplication.processEvents()
        sleep(0.001)


if __name__ == "__main__":
    main()
