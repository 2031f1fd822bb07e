"""Time strokes of every brush and whole-volume steps in a window; weigh 200 strokes.

Run on an idle machine: ``xvfb-run -a -s "-screen 0 1680x1050x24 +extension GLX" python
bench/strokes.py``; writes bench/records/strokes.json. ``--quick`` draws on the smaller volume alone
and writes nothing but what it prints. Strokes go along the border of the liver of bench/edit.py's
scene in a real window with the panel open, so that history, locks, volumes, journal and table
follow. An event's time is how long the window waits for it; what the canvas needs to draw is not in
it. The time of the processor is given, too: on a busy machine (see "load") the rest was waiting.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
from pathlib import Path
from statistics import median
from time import perf_counter, thread_time
from typing import TYPE_CHECKING, Any

import napari
import numpy as np
from edit_stage import LIVER, stage_of
from mouse_clock import MouseClock
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_edits.strokes import Kind
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import LabelMap, Scan
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.editing.locks import LabelLocks
from napari_seg.viewer.kept_labels import KeptLabels
from napari_seg.viewer.layers import image_layer, labels_layer, update_metadata
from napari_seg.viewer.undo import write_region

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.layers import Labels
    from numpy.typing import NDArray

RECORD = Path(__file__).parent / "records" / "strokes.json"
# Of the axes of a scan: left, posterior, superior.
SIZES = {
    "160x256x256": ((160, 256, 256), (1.5, 1.2, 1.2)),
    "512x512x300": ((300, 512, 512), (1.0, 0.8, 0.8)),
}
GOAL_MS = 30
DIAMETERS_MM = (10, 30, 60)
MOVES, STEPS, MOVES_OF_A_STEP = 30, 200, 15
BRUSH_OF_STEPS_MM = 20


def main() -> None:
    """Draw all strokes, print a line for each and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the smaller volume alone")
    quick, clock = parser.parse_args().quick, MouseClock()
    record: dict[str, Any] = {
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "napari": napari.__version__,
        "goal_ms": GOAL_MS,
        "volumes": {},
    }
    for name, (shape, spacing) in list(SIZES.items())[: 1 if quick else None]:
        print(f"{name}: ms of press, median and longest move, release; then of the processor alone")
        room = Room(shape, spacing, clock)
        strokes = {}
        for brush, times in room.strokes():
            strokes[brush] = times
            parts = [value for clock in times.values() for value in clock.values()]
            print(f"{brush:38}", *(f"{value:7.1f}" for value in parts), flush=True)
        slow = {
            clock: [
                brush for brush, times in strokes.items() if max(times[clock].values()) > GOAL_MS
            ]
            for clock in ("wall_ms", "processor_ms")
        }
        print("slower than wanted:", slow)
        whole = room.whole_volume()
        print("whole volume, s:", whole, flush=True)
        steps = room.steps_in_mb()
        print("200 steps, MB:", steps, flush=True)
        record["volumes"][name] = {
            "spacing_mm": spacing,
            "strokes": strokes,
            "slower_than_wanted": slow,
            "whole_volume_s": whole,
            "200_steps_mb": steps,
        }
        room.close()
    if not quick:
        RECORD.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


class Room:
    """A window with scan, labels and panel."""

    def __init__(
        self, shape: tuple[int, ...], spacing: tuple[float, ...], clock: MouseClock
    ) -> None:
        stage = stage_of(shape, spacing)
        self.clock = clock
        # The scene is made as it is shown, z, y, x, and a scan is x, y, z.
        geometry = Geometry(shape[::-1], np.diag([*spacing[::-1], 1.0]))
        self.viewer = napari.Viewer()
        _, self.panel = self.viewer.window.add_plugin_dock_widget("napari-seg", "napari-seg")
        scan = self.viewer.add_layer(image_layer(Scan(stage.scan.T, geometry), name="scan"))
        labels = LabelMap(stage.labels.T, geometry, LabelTable())
        self.layer: Labels = self.viewer.add_layer(labels_layer(labels, name="labels", like=scan))
        update_metadata(self.layer, written=((KeptLabels.of(self.layer.data), {}),))
        LabelLocks.of(self.layer).lock(5)
        self.layer.selected_label = LIVER
        self.brushes = self.panel.edit.brushes
        self.panel.tabs.show_section(self.panel.edit)
        self.centre, self.half_mm = self._liver()
        self.viewer.dims.set_current_step(0, round(self.centre[0]))
        pump(60)
        self.canvas = self.viewer.window._qt_viewer.canvas.native

    def strokes(self) -> Iterator[tuple[str, dict[str, dict[str, float]]]]:
        """Draw a stroke of each kind and size, and give its times."""
        self._timed_stroke(Kind.PAINT, is_sphere=False, diameter_mm=10)
        for kind in Kind:
            for is_sphere in (False, True):
                for diameter_mm in DIAMETERS_MM:
                    shape = "sphere" if is_sphere else "round"
                    times = self._timed_stroke(kind, is_sphere=is_sphere, diameter_mm=diameter_mm)
                    yield f"{kind.value}, {shape}, {diameter_mm} mm", times
        self.panel.viewing.three_views.open()
        pump(60)
        for diameter_mm in DIAMETERS_MM:
            times = self._timed_stroke(Kind.PAINT, is_sphere=True, diameter_mm=diameter_mm)
            yield f"paint, sphere, {diameter_mm} mm, three views", times
        self.panel.viewing.three_views.close()
        pump(60)

    def _timed_stroke(
        self, kind: Kind, *, is_sphere: bool, diameter_mm: float
    ) -> dict[str, dict[str, float]]:
        self.brushes.sphere.setChecked(is_sphere)
        self.brushes.diameter.setValue(diameter_mm)
        history = EditHistory.of(self.layer)
        before = history.steps[history.done - 1] if history.done else None
        if kind is Kind.RESTORE:
            self._take(Kind.ERASE)
            self._stroke(MOVES, angle=0.0)
        self._take(kind)
        times = self._stroke(MOVES, angle=0.0)
        history.go_to(before)
        pump()
        return {
            clock: {
                "press": times["mouse_press"][0][place],
                "move": round(median(each[place] for each in times["mouse_move"]), 1),
                "longest_move": max(each[place] for each in times["mouse_move"]),
                "release": times["mouse_release"][0][place],
            }
            for place, clock in enumerate(("wall_ms", "processor_ms"))
        }

    def whole_volume(self) -> dict[str, float]:
        """Write other labels into every voxel of the body as one step, and take it back."""
        after = self.layer.data.copy()
        after[after != 0] = after[after != 0] % 5 + 1
        LabelLocks.of(self.layer).unlock(5)
        box = tuple(slice(0, count) for count in after.shape)
        times: dict[str, list[float]] = {
            name: [] for name in ("written", "undone", "written_processor", "undone_processor")
        }
        for _ in range(5):
            for name in ("written", "undone"):
                start, of_processor = perf_counter(), thread_time()
                if name == "written":
                    write_region(self.layer, box, after, name="Other labels", preserve=False)
                else:
                    self.layer.undo()
                times[name].append(perf_counter() - start)
                times[f"{name}_processor"].append(thread_time() - of_processor)
            pump()
        return {name: round(median(seconds), 3) for name, seconds in times.items()}

    def steps_in_mb(self) -> dict[str, float]:
        """Draw many spherical strokes of two labels in turn; measure what the history holds."""
        history = EditHistory.of(self.layer)
        self.brushes.sphere.setChecked(True)
        self.brushes.diameter.setValue(BRUSH_OF_STEPS_MM)
        self._take(Kind.PAINT)
        done, before = history.done, resident_mb()
        for number in range(STEPS):
            self.layer.selected_label = 2 + number % 2
            self._stroke(MOVES_OF_A_STEP, angle=number * 0.7)
        pump(100)
        return {
            "steps": history.done - done,
            "kept": round(history.kept_bytes / 2**20, 1),
            "resident_more": round(resident_mb() - before, 1),
        }

    def close(self) -> None:
        """Take the window away."""
        self.panel.edit.brushes.hand.put_down()
        self.layer.undo()
        EditHistory.of(self.layer).go_to(None)
        self.viewer.close()
        pump()
        gc.collect()

    def _take(self, kind: Kind) -> None:
        if self.brushes.hand.kind is not kind:
            self.brushes.take(kind)
        # The restoring brush unpacks in another thread.
        pump(100 if kind is Kind.RESTORE else 5)

    def _stroke(self, moves: int, angle: float) -> dict[str, list[tuple[float, float]]]:
        places = [self._pixel(angle + step / moves * 4.0) for step in range(moves + 1)]
        self.clock.times.clear()
        self._send(QEvent.Type.MouseButtonPress, places[0])
        for place in places[1:]:
            self._send(QEvent.Type.MouseMove, place)
        self._send(QEvent.Type.MouseButtonRelease, places[-1])
        return {kind: list(times) for kind, times in self.clock.times.items()}

    def _liver(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Find its middle, and half its size in the slice there; stray islands do not count."""
        layer = self.layer
        places = np.argwhere(layer.data[::4, ::4, ::4] == LIVER) * 4
        centre = np.median(places, axis=0)
        low, high = np.percentile(places, (4, 96), axis=0)
        return centre, ((high - low) / 2 * layer.scale)[1:]

    def _pixel(self, angle: float) -> QPointF:
        # Along the border of the liver, now inside and now outside.
        camera = self.viewer.scene.camera
        offset = (1.25 + 0.15 * np.sin(6 * angle)) * self.half_mm * (np.sin(angle), np.cos(angle))
        world = np.asarray(self.layer.data_to_world(self.centre))[1:] + offset
        down, right = (world - np.asarray(camera.center[-2:])) * camera.zoom
        middle = self.canvas.rect().center()
        return QPointF(middle.x() + right, middle.y() + down)

    def _send(self, kind: QEvent.Type, place: QPointF) -> None:
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        button = none if kind == QEvent.Type.MouseMove else left
        held = none if kind == QEvent.Type.MouseButtonRelease else left
        above = QPointF(self.canvas.mapToGlobal(place.toPoint()))
        event = QMouseEvent(kind, place, above, button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self.canvas, event)
        # napari takes a move of the mouse each 5 ms, some of them later than they come.
        QTest.qWait(8)


def pump(times: int = 15) -> None:
    """Let the window do what it has to."""
    for _ in range(times):
        QApplication.processEvents()
        QTest.qWait(5)


def resident_mb() -> float:
    """Return the memory that the process holds."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
