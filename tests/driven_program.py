"""A program of its own: napari with our panel, that tells what it shows in a file.

    python driven_program.py STATE SCAN LABELS [LOCKED]

Its mouse and keyboard are X's; nothing in it is called from a test.
"""

import json
import sys
from pathlib import Path

import napari
import numpy as np
from fake_model import fake_tools
from napari.qt import QtViewer
from qtpy.QtCore import QObject, QPointF, QTimer
from qtpy.QtWidgets import QAbstractButton, QApplication

from napari_seg import read_labels, read_scan
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.editing.locks import LabelLocks
from napari_seg.viewer.keeping.kept_layer import KeptLayer
from napari_seg.viewer.layers import image_layer, labels_layer
from napari_seg.viewer.panel import Panel


class Teller(QObject):
    """Writes down what is shown, ten times a second."""

    def __init__(self, viewer, panel, layer, path):
        super().__init__()
        self.viewer, self.panel, self.layer, self.path = viewer, panel, layer, path
        self.timer = QTimer(self)
        self.timer.timeout.connect(self.tell)
        self.timer.start(100)

    def tell(self):
        state = {**self.labels(), "places": self.places(), "buttons": self.buttons()}
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps(state))
        partial.replace(self.path)

    def labels(self):
        layer, history = self.layer, EditHistory.of(self.layer)
        values, counts = np.unique(layer.data, return_counts=True)
        journalling = KeptLayer.of(layer).journalling
        return {
            "counts": {str(value): int(n) for value, n in zip(values, counts, strict=True)},
            "steps": [step.name for step in history.steps],
            "done": history.done,
            "mode": str(layer.mode),
            "opacity": layer.opacity,
            "is_journalled": journalling.journal is not None and not journalling.is_behind,
            "is_ready": KeptLayer.of(layer).background is not None,
        }

    def places(self):
        """Where on the screen voxels of the slice shown lie: the first, and its neighbours."""
        canvas = next(each for each in self.panel.window().findChildren(QtViewer)).canvas.native
        camera, dims = self.viewer.scene.camera, self.viewer.dims
        middle = QPointF(canvas.width() / 2, canvas.height() / 2)

        def on_screen(voxel):
            world = np.asarray(self.layer.data_to_world((dims.current_step[0], *voxel)))[1:]
            y, x = (world - np.asarray(camera.center[1:])) * camera.zoom
            place = canvas.mapToGlobal((middle + QPointF(float(x), float(y))).toPoint())
            return [place.x(), place.y()]

        origin, down, right = on_screen((0, 0)), on_screen((10, 0)), on_screen((0, 10))
        return {"origin": origin, "step": [(down[1] - origin[1]) / 10, (right[0] - origin[0]) / 10]}

    def buttons(self):
        found = {}
        asking = QApplication.activeModalWidget()
        # A question keeps the mouse from all else.
        for window in QApplication.topLevelWidgets() if asking is None else [asking]:
            for button in window.findChildren(QAbstractButton):
                if button.isVisible() and button.text():
                    place = button.mapToGlobal(button.rect().center())
                    found[button.text().replace("&", "")] = [place.x(), place.y()]
        return found


def main(state, scan_path, labels_path, *locked):
    viewer = napari.Viewer(show=True)
    viewer.window.resize(1200, 800)
    panel = Panel(viewer, fake_tools())
    viewer.window.add_dock_widget(panel, name="napari-seg", area="right")
    scan = viewer.add_layer(image_layer(read_scan(scan_path), name="t1", path=scan_path))
    labels = read_labels(labels_path)
    layer = labels_layer(labels, name="mine", like=scan, path=labels_path)
    viewer.add_layer(layer)
    layer.brush_size = 5
    LabelLocks.of(layer).lock(*(int(label) for label in locked))
    viewer.dims.set_current_step(0, 12)
    panel.tabs.show_section(panel.edit)
    teller = Teller(viewer, panel, layer, state)
    napari.run()
    teller.timer.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:])
