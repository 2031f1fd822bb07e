"""Make the pictures of docs/images: a real window, the real model, the sample brain.

Run it where there is a screen, or under Xvfb:

    xvfb-run -a -s "-screen 0 1680x1050x24 +extension GLX" python scripts/make_screenshots.py
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari
import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_seg.imaging.label_edits.boxes import bounds, grown_box
from napari_seg.viewer.undo import write_region

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Labels

    from napari_seg.viewer.panel import Panel

IMAGES = Path(__file__).parents[1] / "docs" / "images"
# In napari's world (inferior, posterior, left) in mm.
LEFT_HIPPOCAMPUS = (12.0, 22.0, 28.0)
SHOWN_SLICE_MM = 18.0
SECONDS_TO_WAIT = 300.0
# Each with a preview that is seen on the slice that is shown.
TOOLS_SHOWN = ("grow", "shrink", "hollow", "smooth", "grow_from_seeds", "cut")
OUTSIDE = 5
EFFECT_PIXELS = (480, 640)


def main(folder: Path) -> None:
    """Open the panel, let it find and segment both hippocampi, and save what is seen."""
    folder.mkdir(parents=True, exist_ok=True)
    viewer = napari.Viewer(show=True)
    viewer.window.resize(1500, 950)
    dock, panel = viewer.window.add_plugin_dock_widget("napari-seg", "napari-seg")
    resize(viewer, dock, 340)
    save(viewer, folder / "first_time.png")
    panel.welcome.sample.click()
    wait_until(lambda: panel.scan.layer is not None)
    panel.segment.start.click()
    wait_until(lambda: not panel.segment.is_running)
    viewer.dims.set_point(0, SHOWN_SLICE_MM)
    viewer.scene.camera.center = (0.0, LEFT_HIPPOCAMPUS[1], 0.0)
    viewer.scene.camera.zoom = 5.5
    for theme in ("dark", "light"):
        viewer.theme = theme
        for width in (340, 500):
            resize(viewer, dock, width)
            save_panel(dock, folder / f"panel_{theme}_{width}.png")
    viewer.theme = "dark"
    resize(viewer, dock, 340)
    save(viewer, folder / "panel.png")
    panel.segment.options.fold.setChecked(True)
    resize(viewer, dock, 340)
    save_panel(dock, folder / "panel_options.png")
    panel.segment.options.fold.setChecked(False)
    show_editing(viewer, dock, panel, folder)
    viewer.dims.point = (SHOWN_SLICE_MM, *LEFT_HIPPOCAMPUS[1:])
    panel.viewing.three_views.open()
    resize(viewer, dock, 340)
    save(viewer, folder / "three_views.png")
    panel.viewing.three_views.close()
    show_keys(panel, folder)
    # Without labels there is nothing to ask about.
    viewer.layers.clear()
    viewer.close()


def show_keys(panel: Panel, folder: Path) -> None:
    """Save the cheat sheet."""
    panel.keys.show_cheat_sheet()
    settle()
    path = folder / "keys.png"
    panel.keys.sheet.grab().save(str(path))
    print(path)
    panel.keys.sheet.close()


def show_editing(viewer: napari.Viewer, dock: Any, panel: Panel, folder: Path) -> None:
    """Save the Edit tab, and what each tool would do to the hippocampi."""
    labels, tools = panel.labels.layer, panel.edit.tools
    if labels is None:
        raise ValueError("the hippocampi were not segmented")
    # The boxes in which the model was run say nothing here.
    panel.segment.outcome.boxes.forget()
    labels.selected_label = 1
    panel.tabs.show_section(panel.edit)
    tools.open_tool("grow")
    wait_for_preview(panel)
    for theme in ("dark", "light"):
        viewer.theme = theme
        for width in (340, 500):
            resize(viewer, dock, width)
            save_panel(dock, folder / f"edit_{theme}_{width}.png")
    viewer.theme = "dark"
    resize(viewer, dock, 340)
    save(viewer, folder / "edit.png")
    for name in TOOLS_SHOWN:
        if name == "grow_from_seeds":
            draw_outside(labels)
            tools.restore({name: {"mm": 4.0}})
        tools.open_tool(name)
        if name == "cut":
            draw_polygon(panel)
        if name == "grow_from_seeds":
            choose(panel, "background", OUTSIDE)
        wait_for_preview(panel)
        save_effect(viewer, folder / f"tool_{name}.png")
        if name == "grow_from_seeds":
            labels.undo()
    tools.open_tool("")
    show_my_slices(viewer, labels, folder)
    panel.tabs.show_section(panel.segment)


def show_my_slices(viewer: napari.Viewer, labels: Labels, folder: Path) -> None:
    """Save the marks at the slider and the line under the tools, after strokes in some slices."""
    box = bounds(np.asarray(labels.data) == 1)
    if box is None:
        raise ValueError("the hippocampi were not segmented")
    places = [box[0].start + step for step in (1, 2, 8, 14)]
    for place in places:
        drawn = np.asarray(labels.data[place : place + 1]) == 1
        # A little more of it, as if somebody had corrected its border.
        drawn[:, :, 1:] |= drawn[:, :, :-1]
        whole = tuple(slice(0, count) for count in drawn.shape)
        stroke = (slice(place, place + 1), *whole[1:])
        write_region(labels, stroke, 1, where=drawn, name="brush", by="hand")
    shown = viewer.dims.current_step[0]
    viewer.dims.set_current_step(0, places[-1] + 10)
    settle()
    save(viewer, folder / "my_slices.png")
    viewer.dims.set_current_step(0, shown)
    for _ in places:
        labels.undo()


def wait_for_preview(panel: Panel) -> None:
    """Let the tool that is open show what it would do."""
    opened = panel.edit.tools.opened
    wait_until(lambda: opened is not None and opened.outcome is not None)


def draw_outside(labels: Labels) -> None:
    """Draw a box around both hippocampi in a label of its own: what is to stay outside."""
    around = bounds(np.asarray(labels.data) != 0)
    if around is None:
        raise ValueError("the hippocampi were not segmented")
    box = grown_box(around, (5, 8, 8), labels.data.shape)
    shell = np.ones([part.stop - part.start for part in box], dtype=bool)
    shell[1:-1, 1:-1, 1:-1] = False
    write_region(labels, box, OUTSIDE, where=shell)
    settle()


def choose(panel: Panel, parameter: str, value: object) -> None:
    """Set a parameter of the tool that is open."""
    opened = panel.edit.tools.opened
    if opened is None:
        raise ValueError("no tool is open")
    widget = opened.form.widgets[parameter]
    place = [entry[0] for entry in widget._shown].index(value)
    widget.setCurrentIndex(place)
    widget.activated.emit(place)
    settle()


def draw_polygon(panel: Panel) -> None:
    """Draw a triangle over the front of the left hippocampus, as a person would by clicks."""
    opened, labels = panel.edit.tools.opened, panel.labels.layer
    if opened is None or opened.polygon.shapes is None or labels is None:
        raise ValueError("the tool that cuts is not open")
    up, left = LEFT_HIPPOCAMPUS[1] - 6, LEFT_HIPPOCAMPUS[2]
    corners = [(up, left - 14), (up - 16, left - 14), (up - 16, left + 14), (up, left + 14)]
    in_world = [(SHOWN_SLICE_MM, *corner) for corner in corners]
    opened.polygon.shapes.add_polygons([[labels.world_to_data(corner) for corner in in_world]])


def save_effect(viewer: napari.Viewer, path: Path) -> None:
    """Save a picture of the canvas alone, small enough for a page of the guide."""
    settle()
    viewer.screenshot(path, canvas_only=True, flash=False, size=EFFECT_PIXELS)
    print(path)


def resize(viewer: napari.Viewer, dock: Any, width: int) -> None:
    """Make the panel so many pixels wide."""
    viewer.window._qt_window.resizeDocks([dock], [width], Qt.Orientation.Horizontal)
    settle()


def save(viewer: napari.Viewer, path: Path) -> None:
    """Save a picture of the whole window."""
    settle()
    viewer.screenshot(path, canvas_only=False, flash=False)
    print(path)


def save_panel(dock: Any, path: Path) -> None:
    """Save a picture of the panel alone."""
    settle()
    dock.grab().save(str(path))
    print(path, dock.width())


def settle() -> None:
    """Let the window draw itself."""
    end = time.monotonic() + 0.5
    wait_until(lambda: time.monotonic() > end)


def wait_until(is_so: Callable[[], bool]) -> None:
    """Keep the window alive until something is so."""
    end = time.monotonic() + SECONDS_TO_WAIT
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError("the window did not get there in time")
        QApplication.processEvents()
        time.sleep(0.01)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES)
