"""Time how soon a stroke shows in all three views of a large scan.

Run on an idle machine: ``xvfb-run -a -s "-screen 0 1680x1050x24 +extension GLX" python
bench/three_views.py [--rounds N]``; writes bench/records/three_views.json. Where other programs run, too, ``chrt
--rr 20`` before it lets it have the processors whenever it wants them, as root. A stroke is drawn by moves of the
mouse, through the callbacks that napari calls, on each canvas in turn. Each round is a new process of a person who
never used napari before: the strokes begin while the panel loads its libraries.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import napari
import numpy as np
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import LabelMap, Scan
from napari_seg.viewer.layers import image_layer, labels_layer

SHAPE = (512, 512, 300)
# The whole screen of a small laptop: without a graphics card each pixel takes its time.
WINDOW = (1600, 1000)
# The brush is so wide that each of the moves reaches the planes of all three views.
BRUSH, MOVES, STROKES = 60, 20, 5
GOAL_MS = 50.0
RECORD = Path(__file__).parent / "records" / "three_views.json"


def main() -> None:
    """Measure, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(measure()))
        return
    from rounds import in_turns, machine, new_person

    with new_person():
        rounds = in_turns({"strokes": [__file__, "--one"]}, chosen.rounds)["strokes"]
    keep = ("shape", "window", "canvases", "napari", "drawn_by", "in_real_time")
    strokes_drawn = [canvas for one in rounds for canvas in one["stroke_ms"].values()]
    record = {
        **{name: rounds[0][name] for name in keep},
        "machine": machine(),
        "goal_ms": GOAL_MS,
        "moves": sum(canvas["moves"] for canvas in strokes_drawn),
        "moves_later_than_goal": sum(canvas["later_than_goal"] for canvas in strokes_drawn),
        "greatest_of_all_rounds_ms": max(canvas["drawn, too"]["max"] for canvas in strokes_drawn),
        "rounds": [
            {name: one[name] for name in ("open_s", "stroke_ms", "turn_a_slice_ms")}
            for one in rounds
        ],
    }
    RECORD.write_text(json.dumps(record, indent=2) + "\n")
    print(json.dumps(record, indent=2))


def measure() -> dict[str, Any]:
    """Draw strokes on each canvas, at the point where the three planes meet."""
    viewer = napari.Viewer()
    viewer.window._qt_window.resize(*WINDOW)
    _, panel = viewer.window.add_plugin_dock_widget("napari-seg", "napari-seg")
    layer = open_scan(viewer)
    start = perf_counter()
    panel.viewing.three_views.open()
    pump()
    opened_s = perf_counter() - start
    for _ in range(20):
        pump()
    views = panel.viewing.three_views.views
    canvases = [viewer.window._qt_viewer.canvas, *(view.canvas.canvas for view in views)]
    drawn = Drawn(canvases)
    layers = [layer, *(view.viewer.layers[1] for view in views)]
    found = {
        "in_real_time": os.sched_getscheduler(0) in (os.SCHED_RR, os.SCHED_FIFO),
        "drawn_by": "software (llvmpipe) under Xvfb",
        "napari": napari.__version__,
        "shape": SHAPE,
        "window": WINDOW,
        "canvases": [(one.native.width(), one.native.height()) for one in canvases],
        "open_s": round(opened_s, 2),
        "stroke_ms": {
            name: strokes(canvas, drawn, layers)
            for name, canvas in zip(("axial", "coronal", "sagittal"), canvases, strict=True)
        },
        "turn_a_slice_ms": turn(viewer, drawn),
    }
    viewer.close()
    return found


def open_scan(viewer: napari.Viewer) -> Any:
    """Open a scan of noise and labels for it, with a brush in the hand."""
    geometry = Geometry(SHAPE, np.diag([0.7, 0.7, 1.0, 1.0]))
    voxels = np.random.default_rng(0).integers(0, 255, SHAPE, dtype=np.uint8)
    image = viewer.add_layer(image_layer(Scan(voxels, geometry), name="scan"))
    labels = LabelMap(np.zeros(SHAPE, np.uint8), geometry, LabelTable())
    layer = viewer.add_layer(labels_layer(labels, name="labels", like=image))
    layer.mode, layer.brush_size, layer.selected_label = "paint", BRUSH, 1
    return layer


def strokes(canvas: Any, drawn: Drawn, layers: list) -> dict[str, Any]:
    """Time each move until all layers are refreshed, and until all of it is on the screen."""
    refreshed: list[float] = []
    shown: list[float] = []
    told: list[float] = []

    def tell(_event: object) -> None:
        told.append(perf_counter())

    for layer in layers:
        layer.events.labels_update.connect(tell)
    widget = canvas.native
    centre = widget.rect().center()
    for _ in range(STROKES):
        QTest.mousePress(widget, Qt.MouseButton.LeftButton, pos=centre)
        for move in range(1, MOVES + 1):
            pump()
            told.clear()
            drawn.forget()
            start = perf_counter()
            QTest.mouseMove(widget, centre + QPoint(move, move))
            while len(told) < len(layers) and perf_counter() < start + 0.5:
                QApplication.processEvents()
            if len(told) < len(layers):
                continue  # Qt keeps the first move after a press to itself
            refreshed.append(told[len(layers) - 1] - start)
            drawn.wait()
            shown.append(perf_counter() - start)
        QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=centre)
        pump()
        layers[0].undo()
    for layer in layers:
        layer.events.labels_update.disconnect(tell)
    return {
        "refreshed": in_ms(refreshed),
        "drawn, too": in_ms(shown),
        "moves": len(shown),
        "later_than_goal": sum(1000 * taken > GOAL_MS for taken in shown),
    }


def turn(viewer: napari.Viewer, drawn: Drawn) -> dict[str, float]:
    """Time a turn of the main canvas's slice until all three are drawn."""
    taken = []
    for step in range(20):
        drawn.forget()
        start = perf_counter()
        viewer.dims.set_current_step(0, 100 + step)
        drawn.wait()
        taken.append(perf_counter() - start)
    return in_ms(taken)


class Drawn:
    """Know which canvases were drawn, to the last pixel."""

    def __init__(self, canvases: list) -> None:
        self._canvases, self._drawn = canvases, set()
        for canvas in canvases:
            canvas.events.draw.connect(self._on_draw, position="last")

    def forget(self) -> None:
        """Count from now on."""
        self._drawn.clear()

    def wait(self) -> None:
        """Let the window draw until each canvas was drawn."""
        end = perf_counter() + 5
        while len(self._drawn) < len(self._canvases) and perf_counter() < end:
            QApplication.processEvents()
        for canvas in self._canvases:
            canvas._scene_canvas.context.finish()

    def _on_draw(self, event: Any) -> None:
        self._drawn.add(id(event.source))


def in_ms(seconds: list[float]) -> dict[str, float]:
    """Give the median, the 95th percentile and the greatest."""
    return {
        "median": round(1000 * float(np.median(seconds)), 1),
        "95th": round(1000 * float(np.percentile(seconds, 95)), 1),
        "max": round(1000 * max(seconds), 1),
    }


def pump() -> None:
    """Let the window do what it has to."""
    for _ in range(10):
        QApplication.processEvents()
        sleep(0.002)


if __name__ == "__main__":
    main()
