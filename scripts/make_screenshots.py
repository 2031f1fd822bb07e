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
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_seg.viewer.panel import Panel

    Place = tuple[float, float, float]

IMAGES = Path(__file__).parents[1] / "docs" / "images"
# In napari's world (inferior, posterior, left) in mm: the middle of each hippocampus.
RIGHT_HIPPOCAMPUS, LEFT_HIPPOCAMPUS = (12.0, 22.0, -28.0), (12.0, 22.0, 28.0)
SHOWN_SLICE_MM = 18.0
SECONDS_TO_WAIT = 300.0


def main(folder: Path) -> None:
    """Open the panel, segment both hippocampi one after the other, and save what is seen."""
    folder.mkdir(parents=True, exist_ok=True)
    viewer = napari.Viewer(show=True)
    viewer.window.resize(1500, 950)
    dock, panel = viewer.window.add_plugin_dock_widget("napari-seg", "napari-seg")
    resize(viewer, dock, 340)
    save(viewer, folder / "first_time.png")
    panel.welcome.sample.click()
    wait_until(lambda: panel.scan.layer is not None)
    for middle in (RIGHT_HIPPOCAMPUS, LEFT_HIPPOCAMPUS):
        segment_hippocampus(viewer, panel, middle)
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


def segment_hippocampus(viewer: napari.Viewer, panel: Panel, middle: Place) -> None:
    """Do what a person does: a box around a point, its place, Run."""
    panel.segment.region.around.setChecked(True)
    panel.segment.region.point_box.place(middle)
    viewer.dims.set_point(0, middle[0])
    panel.segment.start.click()
    wait_until(lambda: not panel.segment.is_running)


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
