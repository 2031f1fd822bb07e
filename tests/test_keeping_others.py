"""Labels are saved over nothing that another person, program or window has written."""

import time

import numpy as np
import pytest
from kept_labels_case import (
    GEOMETRY,
    SHAPE,
    TABLE,
    finish,
    make_files,
    wait_ready,
    wait_until,
)
from napari.components import ViewerModel
from napari.layers import Layer

from napari_seg import LabelMap, read_labels, write_labels
from napari_seg.viewer.contributions import get_reader
from napari_seg.viewer.keeping import Keeping
from napari_seg.viewer.opening.layer_kind import show_as_labels
from napari_seg.viewer.undo import write_region

PART = (slice(1, 3), slice(2, 4), slice(3, 5))
# Of a colleague, 32 voxels of spleen.
THEIRS = np.zeros(SHAPE, np.uint8)
THEIRS[8:12, 8:12, 8:10] = 2


@pytest.fixture
def folder(tmp_path):
    make_files(tmp_path)
    return tmp_path


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def keep(viewer, folder, qtbot):
    """Open the panel's part that keeps labels."""
    kept = []

    def keep():
        keeping = Keeping(viewer, folder=folder / "journals")
        qtbot.addWidget(keeping.offer)
        kept.append(keeping)
        return keeping

    yield keep
    for keeping in kept:
        keeping.release()
    finish()


def open_by_napari(viewer, path):
    """Open a file as napari's File menu does."""
    (data,) = get_reader(str(path))(str(path))
    return viewer.add_layer(Layer.create(*data))


def paint(layer, value, part=PART):
    write_region(layer, part, value, preserve=False)


def save(keeping, layer):
    said = []
    keeping.said.connect(said.append)
    keeping.save(layer)
    wait_until(lambda: not keeping._queue.is_busy)
    finish()
    keeping.said.disconnect(said.append)
    return said


def colleague_saves(path, array=THEIRS):
    # Clocks of file systems tick in some ms.
    time.sleep(0.02)
    write_labels(LabelMap(array, GEOMETRY, TABLE), path)


# What was written between the opening of a file and the first look of the panel


@pytest.mark.parametrize("is_shown_as", ["labels", "scan"])
def test_what_a_colleague_wrote_before_the_panel_was_opened_is_left(
    viewer, keep, folder, is_shown_as
):
    path = folder / "t1_mine.nii.gz"
    if is_shown_as == "scan":
        (folder / "t1_mine.tsv").unlink()
        path = path.rename(folder / "t1.scan.nii.gz")
        values = np.arange(np.prod(SHAPE), dtype=np.int32).reshape(SHAPE) % 1500
        write_labels(LabelMap(values, GEOMETRY, TABLE), path)
        (folder / "t1.scan.tsv").unlink()
    layer = open_by_napari(viewer, path)
    colleague_saves(path)
    keeping = keep()
    if is_shown_as == "scan":
        layer = show_as_labels(layer, viewer.layers)
    wait_ready(layer)
    paint(layer, 1)
    case = path.name.removesuffix(".nii.gz")
    left = f"'{path.name}' was written by somebody else meanwhile and is left as it is"
    assert save(keeping, layer) == [f"Saved {case}_2.nii.gz; {left}"]
    assert np.array_equal(read_labels(path).array, THEIRS)


def test_labels_opened_before_the_panel_go_back_to_their_file(viewer, keep, folder):
    layer = open_by_napari(viewer, folder / "t1_mine.nii.gz")
    keeping = keep()
    wait_ready(layer)
    for value in (2, 1):
        paint(layer, value)
        assert save(keeping, layer) == ["Saved t1_mine.nii.gz"]


def test_a_file_that_was_gone_and_is_there_again_is_left(viewer, keep, folder):
    path = folder / "t1_mine.nii.gz"
    layer = open_by_napari(viewer, path)
    path.unlink()
    keeping = keep()
    wait_ready(layer)
    paint(layer, 1)
    colleague_saves(path)
    assert "written by somebody else" in save(keeping, layer)[0]
    assert np.array_equal(read_labels(path).array, THEIRS)
