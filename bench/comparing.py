"""Time what a key for the next slice or island takes of the window, on 512 x 512 x 300 voxels.

Run on an idle machine: ``python bench/comparing.py`` (under Xvfb where there is no screen); writes
bench/records/comparing.json. A key's time is that until the window can go on; the answer's, until
the view has moved, is given where another thread looks for it. Medians.
"""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, sleep

import napari
import numpy as np
from napari.components import ViewerModel
from napari.qt import get_qapp

from napari_seg.viewer.comparing import Comparing
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.keys import KeyBindings
from napari_seg.viewer.undo import write_region

SHAPE = (300, 512, 512)
ORGAN = (slice(60, 180), slice(100, 380), slice(120, 420))
REPEATS = 7
RECORD = Path(__file__).parent / "records" / "comparing.json"


def main() -> None:
    """Measure and write the record."""
    application = get_qapp()
    viewer = ViewerModel()
    data = np.zeros(SHAPE, np.uint8)
    data[ORGAN] = 1
    for place in np.random.default_rng(0).integers(0, 290, (200, 3)):
        data[tuple(slice(start, start + 2) for start in place)] = 1
    data[290:292, 20:22, 20:22] = 2
    layer = viewer.add_labels(data)
    EditHistory.of(layer)
    comparing = Comparing(viewer)
    comparing.set_layer(layer)
    keys = KeyBindings(viewer, comparing.offers)

    def press(key: str, prepare: Callable[[], object]) -> dict[str, float]:
        blocked, answered = [], []
        for _ in range(REPEATS):
            prepare()
            before, start = viewer.dims.point, perf_counter()
            keys.press(key)
            blocked.append(1000 * (perf_counter() - start))
            while viewer.dims.point == before and perf_counter() < start + 10:
                application.processEvents()
                sleep(0.001)
            answered.append(1000 * (perf_counter() - start))
        return {
            "key ms": round(statistics.median(blocked), 1),
            "answer ms": round(statistics.median(answered), 1),
        }

    def look(label: int, order: tuple[int, ...], place: int) -> Callable[[], None]:
        def prepare() -> None:
            layer.selected_label = label
            viewer.dims.order = order
            viewer.dims.set_point(order[0], place)
            application.processEvents()

        return prepare

    def edit() -> None:
        write_region(layer, (slice(100, 101), slice(110, 115), slice(130, 135)), 0)
        layer.undo()
        look(1, (0, 1, 2), 100)()

    press(".", edit)
    record = {
        "napari": napari.__version__,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "shape": SHAPE,
        "next slice, beside": press("PgDown", look(1, (0, 1, 2), 100)),
        "next sagittal slice, beside": press("PgDown", look(1, (2, 0, 1), 200)),
        "next slice, far": press("PgDown", look(2, (0, 1, 2), 10)),
        "next sagittal slice, far": press("PgUp", look(2, (2, 0, 1), 500)),
        "next island after an edit": press(".", edit),
        "next island": press(".", look(1, (0, 1, 2), 1)),
    }
    keys.release()
    comparing.release()
    RECORD.write_text(json.dumps(record, indent=2) + "\n")
    print(json.dumps(record, indent=2))


if __name__ == "__main__":
    main()
