"""A scan with labels under the tools of the Edit tab, without a window."""

import numpy as np
from napari.components import ViewerModel
from napari.layers import Labels
from qtpy.QtWidgets import QApplication

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import LabelMap, Scan
from napari_seg.viewer.edit_section import EditSection
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.editing.locks import LabelLocks
from napari_seg.viewer.layers import image_layer, is_preview, labels_layer
from napari_seg.viewer.status_line import StatusLine

SHAPE = (10, 12, 16)
GEOMETRY = Geometry(SHAPE[::-1], np.diag([-0.5, -1.0, -2.0, 1.0]))
"""Displayed as it lies here: slices of 2 mm, rows of 1 mm, columns of 0.5 mm."""
NAMES = {1: "liver", 2: "spleen", 3: "cyst"}


def cubes() -> np.ndarray:
    """Two cubes of the liver, the second one small; a spleen beside them; displayed order."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[2:6, 2:6, 2:8] = 1
    labels[8, 10, 14] = 1
    labels[2:6, 7:10, 2:8] = 2
    return labels


def intensities() -> np.ndarray:
    """0 on the left, 100 from column 8 on; displayed order."""
    scan = np.zeros(SHAPE, np.int16)
    scan[..., 8:] = 100
    return scan


class EditCase:
    """Section, viewer and layers, and what a person does with them."""

    def __init__(self, qtbot, labels=None, viewer=None, names=NAMES):
        self.qtbot = qtbot
        self.viewer = ViewerModel() if viewer is None else viewer
        labels = cubes() if labels is None else labels
        scan = Scan(intensities().transpose(), GEOMETRY)
        self.scan = self.viewer.add_layer(image_layer(scan, name="abdomen"))
        shown = LabelMap(labels.transpose(), GEOMETRY, LabelTable.from_names(names))
        self.layer = self.viewer.add_layer(labels_layer(shown, name="organs", like=self.scan))
        self.layer.selected_label = 1
        self.status = StatusLine()
        self.section = EditSection(self.viewer, self.status)
        qtbot.addWidget(self.status)
        qtbot.addWidget(self.section)
        self.section.set_scan(self.scan)
        self.section.set_layer(self.layer)
        self.tools = self.section.tools
        # Later ones follow with the program's next idle moment.
        QApplication.processEvents()

    @property
    def opened(self):
        return self.tools.opened

    @property
    def history(self):
        return EditHistory.of(self.layer)

    @property
    def steps(self):
        return [step.name for step in self.history.steps]

    @property
    def previews(self):
        layers = self.viewer.layers
        return [one for one in layers if is_preview(one) and isinstance(one, Labels)]

    def lock(self, *labels):
        LabelLocks.of(self.layer).lock(*labels)
        QApplication.processEvents()

    def open(self, name, **settings):
        self.tools.open_tool(name)
        self.set(**settings)
        return self.opened

    def set(self, **settings):
        """Set parameters as a person would, one widget after the other."""
        for name, value in settings.items():
            widget = self.opened.form.widgets[name]
            widget.show_setting(value, self.opened._subject())
            assert widget.setting == value
            widget.changed.emit()
        self.opened.update_all()

    def wait_for_preview(self):
        self.qtbot.waitUntil(lambda: self.opened.outcome is not None)
        return self.opened.outcome

    def apply(self):
        done = len(self.history.steps)
        self.tools.run()
        self.qtbot.waitUntil(lambda: len(self.history.steps) > done)

    def wait(self):
        self.qtbot.waitUntil(lambda: not self.tools.applying.is_busy)

    def release(self):
        self.section.release()
        self.qtbot.waitUntil(lambda: not self.tools.applying.is_busy)
