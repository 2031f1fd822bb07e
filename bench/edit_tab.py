"""Time each tool of the Edit tab in a real window: its preview, what the window waits, its step.

Run on an idle machine: ``xvfb-run -a -s "-screen 0 1680x1050x24 +extension GLX" python
bench/edit_tab.py``; writes bench/records/edit_tab.json. The scene is that of bench/edit.py, on
512×512×300 voxels; a beat every 5 ms shows how long the window did nothing else.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from time import monotonic, perf_counter, sleep
from typing import Any

import napari
import numpy as np
from edit_stage import Stage, stage_of
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import LabelMap, Scan
from napari_seg.viewer.edit_tools.subject import LabelOf, Range
from napari_seg.viewer.layers import image_layer, labels_layer

SIZES = {
    "160x256x256": ((160, 256, 256), (1.5, 1.2, 1.2)),
    "512x512x300": ((300, 512, 512), (1.0, 0.8, 0.8)),
}
RECORD = Path(__file__).parent / "records" / "edit_tab.json"
BEAT_MS = 5
NAMES = {1: "liver", 2: "spleen", 3: "right kidney", 4: "left kidney", 5: "aorta"}
SETTINGS: dict[str, dict[str, Any]] = {
    "fill_holes": {},
    "keep_largest": {},
    "remove_small": {"min_ml": 0.1},
    "grow": {"mm": 3.0},
    "shrink": {"mm": 3.0},
    "shell": {"mm": 3.0, "into": 5},
    "hollow": {"mm": 3.0},
    "smooth": {"mm": 2.0},
    "interpolate": {"what": "gaps"},
    "copy_slice": {},
    "clear_slice": {},
    "grow_from_seeds": {"mm": 10.0},
    "combine": {"other": LabelOf("", 2)},
    "threshold": {"within": Range(60.0, 180.0)},
}
ROUNDS = 3
LONGEST_WAIT_S = 120


def main() -> None:
    """Time all tools on both volumes, and write the record."""
    record: dict[str, Any] = {"cores": os.cpu_count(), "napari": napari.__version__}
    for name, (shape, spacing) in SIZES.items():
        if len(sys.argv) < 2 or name in sys.argv[1:]:
            record[name] = times_of(stage_of(shape, spacing))
    if len(sys.argv) < 2:
        RECORD.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def times_of(stage: Stage) -> dict[str, Any]:
    """Open each tool in a fresh window, wait for its preview, apply it, take it back."""
    window = Window(stage)
    times = {name: window.time_tool(name) for name in SETTINGS}
    window.close()
    return times


class Window:
    """The panel over a scan with labels, and the beats of the program's loop."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.viewer = napari.Viewer()
        self.viewer.window.resize(1500, 950)
        _, self.panel = self.viewer.window.add_plugin_dock_widget("napari-seg", "napari-seg")
        sizes = stage.labels.shape[::-1]
        geometry = Geometry(
            (sizes[0], sizes[1], sizes[2]), np.diag([*(-size for size in stage.spacing[::-1]), 1])
        )
        scan = Scan(stage.scan.transpose(), geometry)
        image = self.viewer.add_layer(image_layer(scan, name="abdomen"))
        labels = LabelMap(stage.labels.transpose(), geometry, LabelTable.from_names(NAMES))
        self.layer = self.viewer.add_layer(labels_layer(labels, name="organs", like=image))
        self.layer.selected_label = 1
        self.panel.tabs.show_section(self.panel.edit)
        self.tools = self.panel.edit.tools
        self.beats: list[float] = []
        self.timer = QTimer()
        self.timer.timeout.connect(self.beat)
        self.timer.start(BEAT_MS)
        wait(8)

    def beat(self) -> None:
        """Note that the program's loop came round."""
        self.beats.append(perf_counter())

    def time_tool(self, name: str) -> dict[str, Any]:
        """Return the times of a tool in ms, and the longest waits of the window."""
        rows = [self._round(name) for _ in range(ROUNDS)]
        row = {key: _median([one[key] for one in rows]) for key in rows[0]}
        print(f"{name:18}", row, flush=True)
        return row

    def _round(self, name: str) -> dict[str, Any]:
        data = {"interpolate": self.stage.every_eighth, "grow_from_seeds": self.stage.strokes}
        self.layer.data[...] = data.get(name, self.stage.labels)
        self.layer.events.data()
        self.tools.open_tool("")
        self.viewer.dims.set_current_step(0, int(self.stage.place[0]))
        wait(1.5)
        self.beats.clear()
        start = perf_counter()
        self.tools.open_tool(name)
        opened = self.tools.opened
        for parameter, value in SETTINGS[name].items():
            opened.form.widgets[parameter].show_setting(value, opened._subject())
            opened.form.widgets[parameter].changed.emit()
        opened.update_all()
        note = opened._note
        wait_until(lambda: opened.outcome is not None or opened._note != note)
        preview_ms = 1000 * (perf_counter() - start)
        wait(0.2)
        row = {
            "preview_ms": round(preview_ms),
            "tool_ms": round(1000 * opened.outcome.seconds) if opened.outcome else None,
            "window_waits_ms": self._longest(),
        }
        self.beats.clear()
        start = perf_counter()
        self.tools.run()
        wait_until(lambda: self.tools.opened is None)
        row["apply_ms"] = round(1000 * (perf_counter() - start))
        wait(0.2)
        row["window_waits_at_apply_ms"] = self._longest()
        start = perf_counter()
        self.layer.undo()
        row["undo_ms"] = round(1000 * (perf_counter() - start))
        return row

    def _longest(self) -> int:
        return round(1000 * float(np.diff(self.beats).max())) if len(self.beats) > 1 else 0

    def close(self) -> None:
        """Leave without a question about what is unsaved."""
        self.timer.stop()
        for layer in list(self.viewer.layers):
            self.viewer.layers.remove(layer)
        self.viewer.close()


def _median(values: list[int | None]) -> int | None:
    """Return the median of the rounds that had a value."""
    known = sorted(value for value in values if value is not None)
    return known[len(known) // 2] if known else None


def wait(seconds: float) -> None:
    """Let the window live."""
    end = monotonic() + seconds
    wait_until(lambda: monotonic() > end)


def wait_until(is_so: Any) -> None:
    """Let the window live until something is so."""
    latest = monotonic() + LONGEST_WAIT_S
    while not is_so():
        if monotonic() > latest:
            raise TimeoutError("the window did not come to what was waited for")
        QApplication.processEvents()
        sleep(0.001)


if __name__ == "__main__":
    main()
