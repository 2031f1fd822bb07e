"""A viewer with a scan and labels on disk, and waiting for what goes on beside it."""

import time

import numpy as np
from qtpy.QtWidgets import QApplication
from superqt.utils import WorkerBase

from napari_seg import Geometry, LabelMap, LabelTable, Scan, read_scan, write_labels
from napari_seg.imaging.files import read_labels, write_scan
from napari_seg.viewer.file_stamp import Stamp
from napari_seg.viewer.keeping.kept_layer import KeptLayer
from napari_seg.viewer.layers import image_layer, labels_layer

SHAPE = (14, 12, 10)
# Voxels of 0.01 ml.
GEOMETRY = Geometry(SHAPE, np.diag([-1.0, 2.0, 5.0, 1.0]))
TABLE = LabelTable.from_names({1: "liver", 2: "spleen"})
LONGEST_WAIT = 20.0


def make_files(folder):
    """Write t1.nii.gz, and t1_mine.nii.gz with a block of liver."""
    voxels = np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE)
    write_scan(Scan(voxels, GEOMETRY), folder / "t1.nii.gz")
    labels = np.zeros(SHAPE, np.uint8)
    labels[2:6, 2:6, 2:6] = 1
    write_labels(LabelMap(labels, GEOMETRY, TABLE), folder / "t1_mine.nii.gz")


def open_scan(viewer, path):
    return viewer.add_layer(image_layer(read_scan(path), name="t1", path=path))


def open_labels(viewer, path, like=None):
    stamp = Stamp.of(path)
    labels = labels_layer(read_labels(path), name=path.stem, like=like, path=path, stamp=stamp)
    return viewer.add_layer(labels)


def empty_layer(viewer, like, name="new"):
    labels = LabelMap(np.zeros(SHAPE, np.uint8), GEOMETRY, TABLE)
    return viewer.add_layer(labels_layer(labels, name=name, like=like, scan_id=like.unique_id))


def wait_until(condition):
    deadline = time.monotonic() + LONGEST_WAIT
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        QApplication.processEvents()
        time.sleep(0.002)


def wait_ready(*layers):
    wait_until(lambda: all(KeptLayer.of(layer).background is not None for layer in layers))


def journalled(layer):
    """Write the layer's journal up to now, and return what it holds."""
    journalling = KeptLayer.of(layer).journalling
    journalling.flush()
    wait_until(lambda: not journalling.is_behind)
    return journalling.journal


def finish():
    WorkerBase.await_workers(5000)
    QApplication.processEvents()
