"""Time how many slices of a large scan and its labels the window can turn in a second.

Run on an idle machine: ``xvfb-run -a -s "-screen 0 1680x1050x24 +extension GLX" python
bench/scrolling.py``; writes bench/records/scrolling.json. The scene is that of bench/edit.py, on
512×512×300 voxels, with the panel open and then with napari alone; each slice is drawn before the
next is asked for. Slices are drawn by software, without a graphics card, so that what the window's
thread needs is given apart.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from statistics import median
from time import monotonic, perf_counter, thread_time
from typing import TYPE_CHECKING, Any

import napari
import numpy as np
from edit_stage import stage_of
from qtpy.QtWidgets import QApplication

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import LabelMap, Scan
from napari_seg.viewer.layers import image_layer, labels_layer
from napari_seg.viewer.undo import write_region

if TYPE_CHECKING:
    from edit_stage import Stage
    from napari.layers import Image, Labels

RECORD = Path(__file__).parent / "records" / "scrolling.json"
SHAPE, SPACING = (300, 512, 512), (1.0, 0.8, 0.8)
WINDOWS = {"as it opens": None, "a whole laptop screen": (1600, 1000)}
SLICES, ROUNDS = 80, 5
REST_S = 15


def main() -> None:
    """Turn slices in each window, with the panel and without, and write the record."""
    stage = stage_of(SHAPE, SPACING)
    record: dict[str, Any] = {
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "napari": napari.__version__,
        "drawn_by": "software (llvmpipe) under Xvfb",
        "shape": SHAPE,
        "turned": {},
    }
    for with_panel in (True, False):
        viewer = napari.Viewer()
        _, layer = (_ours if with_panel else _of_napari)(viewer, stage)
        for window, size in WINDOWS.items():
            if size:
                viewer.window._qt_window.resize(*size)
            _let_rest(REST_S)
            name = f"{'napari-seg' if with_panel else 'napari alone'}, {window}"
            record["turned"][name] = _turn(viewer)
        if with_panel:
            everywhere = tuple(slice(0, size) for size in SHAPE)
            write_region(layer, everywhere, layer.data + np.uint8(1), name="Raise all")
            record["turned"][f"{name}, just after a step of the whole volume"] = _turn(viewer, 1)
        viewer.close()
    RECORD.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(record, indent=2))


def _ours(viewer: napari.Viewer, stage: Stage) -> tuple[Image, Labels]:
    viewer.window.add_plugin_dock_widget("napari-seg", "napari-seg")
    # The scene is made as it is shown, z, y, x, and a scan is x, y, z.
    geometry = Geometry(SHAPE[::-1], np.diag([*SPACING[::-1], 1.0]))
    scan = viewer.add_layer(image_layer(Scan(stage.scan.T, geometry), name="scan"))
    labels = LabelMap(stage.labels.T, geometry, LabelTable())
    return scan, viewer.add_layer(labels_layer(labels, name="labels", like=scan))


def _of_napari(viewer: napari.Viewer, stage: Stage) -> tuple[Image, Labels]:
    scan = viewer.add_image(stage.scan, scale=SPACING, name="scan")
    return scan, viewer.add_labels(stage.labels, scale=SPACING, name="labels")


def _turn(viewer: napari.Viewer, rounds: int = ROUNDS) -> dict[str, Any]:
    canvas = viewer.window._qt_viewer.canvas.native
    slices, of_thread = [], []
    first = (SHAPE[0] - SLICES) // 2
    for place in list(range(first, first + SLICES)) * rounds:
        start, start_of_thread = perf_counter(), thread_time()
        viewer.dims.set_current_step(0, place)
        QApplication.processEvents()
        slices.append(perf_counter() - start)
        of_thread.append(thread_time() - start_of_thread)
    return {
        "canvas": (canvas.width(), canvas.height()),
        "slices_a_second": round(1 / median(slices), 1),
        "longest_ms": round(max(slices) * 1000, 1),
        "of_the_windows_thread_ms": round(median(of_thread) * 1000, 1),
    }


def _let_rest(seconds: float) -> None:
    end = monotonic() + seconds
    while monotonic() < end:
        QApplication.processEvents()


if __name__ == "__main__":
    main()
