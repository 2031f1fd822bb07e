"""Of a scan that does not say its sides, nothing that is made for it looks as if it did."""

from pathlib import Path

import numpy as np
import pytest
from kept_labels_case import finish, journalled, wait_ready
from napari.components import ViewerModel
from napari.layers import Image, Labels, Shapes

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_sets import LabelSet
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import LabelMap, Notice, Scan
from napari_seg.viewer.keeping import Keeping
from napari_seg.viewer.keeping.recovery import Recoverable, restored_layer
from napari_seg.viewer.kept_labels import KeptLabels
from napari_seg.viewer.label_list.new_labels import empty_labels
from napari_seg.viewer.layers import image_layer, label_map_of, labels_layer, sides_are_known
from napari_seg.viewer.opening.layer_kind import show_as_labels, show_as_scan
from napari_seg.viewer.opening.opened_layers import layer_of
from napari_seg.viewer.opening.scan_below import adopt_scan_below
from napari_seg.viewer.segmenting.map_layers import show_maps
from napari_seg.viewer.undo import write_region
from napari_seg.viewer.viewing.letters import edge_letters
from napari_seg.viewer.viewing.point import point_at

SHAPE = (8, 10, 12)
GEOMETRY = Geometry(SHAPE, np.eye(4))
TABLE = LabelTable.from_names({1: "liver"})
ASSUMED = (Notice("no-orientation", "left and right are assumed"),)
SURE = {"top": "A", "bottom": "P", "left": "R", "right": "L"}
UNSURE = {edge: f"{side}?" for edge, side in SURE.items()}


@pytest.fixture
def viewer():
    return ViewerModel()


def add_scan(viewer, notices=ASSUMED, name="scan", geometry=GEOMETRY):
    scan = Scan(np.zeros(geometry.shape, np.int16), geometry, notices=notices)
    return viewer.add_layer(image_layer(scan, name=name))


def label_map(notices=()):
    return LabelMap(np.ones(SHAPE, np.uint8), GEOMETRY, TABLE, notices)


def result(scan):
    return labels_layer(label_map(), name="result", like=scan, scan_id=scan.unique_id)


def new_labels(scan):
    return empty_labels(scan, LabelSet("organs", TABLE))


def file_that_names_its_sides(scan):
    return layer_of(label_map(), Path("organs.nii.gz"), like=scan)


def kept_in_a_layer_of_naparis_own(scan):
    layer = Labels(np.zeros(scan.data.shape, np.uint8), translate=scan.translate)
    adopt_scan_below(layer, [scan])
    return layer


MADE = [result, new_labels, file_that_names_its_sides, kept_in_a_layer_of_naparis_own]


def is_sure(viewer):
    return point_at(viewer, tuple(viewer.dims.point)).is_sure


@pytest.mark.parametrize("make", MADE)
def test_labels_are_as_unsure_of_the_sides_as_their_scan(viewer, make):
    scan = add_scan(viewer)
    assert edge_letters(viewer) == UNSURE
    layer = viewer.add_layer(make(scan))
    assert viewer.layers.selection.active is layer
    assert edge_letters(viewer) == UNSURE
    assert not is_sure(viewer)
    viewer.layers.remove(scan)
    assert edge_letters(viewer) == UNSURE


@pytest.mark.parametrize("make", MADE)
def test_labels_of_a_scan_that_knows_its_sides_know_them(viewer, make):
    scan = add_scan(viewer, notices=())
    viewer.add_layer(make(scan))
    assert edge_letters(viewer) == SURE
    assert is_sure(viewer)


@pytest.mark.parametrize("make", MADE)
def test_a_scan_that_knows_its_sides_lends_them_to_no_other(viewer, make):
    sure = add_scan(viewer, notices=(), name="sure")
    layer = make(add_scan(viewer))
    viewer.layers.move(viewer.layers.index(sure), 2)
    viewer.add_layer(layer)
    assert edge_letters(viewer) == UNSURE
    viewer.layers.selection.active = sure
    assert edge_letters(viewer) == SURE


@pytest.mark.parametrize(
    "other", [Shapes(ndim=3), Labels(np.zeros((12, 10, 8), np.uint8))], ids=str
)
def test_where_it_is_open_whether_another_scan_is_meant_the_sides_are_unsure(viewer, other):
    add_scan(viewer)
    add_scan(viewer, notices=(), name="sure")
    viewer.add_layer(other)
    assert edge_letters(viewer) == UNSURE


def test_labels_without_sides_on_a_scan_that_has_them_take_them_from_it(viewer):
    scan = add_scan(viewer, notices=())
    viewer.add_layer(layer_of(label_map(ASSUMED), Path("organs.nii.gz"), like=scan))
    assert edge_letters(viewer) == SURE


def test_labels_without_sides_on_a_grid_of_their_own_have_none(viewer):
    add_scan(viewer, notices=())
    viewer.add_layer(layer_of(label_map(ASSUMED), Path("organs.nii.gz")))
    assert edge_letters(viewer) == UNSURE


def test_labels_of_a_picture_that_napari_read_are_unsure(viewer):
    picture = viewer.add_layer(Image(np.zeros((20, 30)), name="picture"))
    geometry = Geometry((30, 20, 1), np.diag([-1.0, -1.0, -1.0, 1.0]))
    labels = LabelMap(np.zeros(geometry.shape, np.uint8), geometry, TABLE)
    viewer.add_layer(labels_layer(labels, name="result", like=picture))
    assert edge_letters(viewer) == UNSURE


def test_the_map_of_a_run_is_unsure(viewer):
    scan = add_scan(viewer)
    maps = {"liver": Scan(np.zeros(SHAPE, np.float32), GEOMETRY)}
    [layer] = show_maps(viewer, scan, maps, classes=2)
    viewer.layers.selection.active = layer
    assert edge_letters(viewer) == UNSURE


def test_labels_shown_as_a_scan_and_back_stay_unsure(viewer):
    layer = viewer.add_layer(result(add_scan(viewer)))
    image = show_as_scan(layer, viewer.layers)
    assert edge_letters(viewer) == UNSURE
    show_as_labels(image, viewer.layers)
    assert edge_letters(viewer) == UNSURE


@pytest.mark.parametrize("notices", [ASSUMED, ()], ids=["unsure", "sure"])
@pytest.mark.parametrize("scan_is_open", [True, False])
def test_labels_that_a_crash_left_are_restored_as_they_were(
    viewer, tmp_path, qtbot, notices, scan_is_open
):
    keeping = Keeping(viewer, folder=tmp_path)
    qtbot.addWidget(keeping.offer)
    scan = add_scan(viewer, notices)
    layer = viewer.add_layer(new_labels(scan))
    wait_ready(layer)
    write_region(layer, (slice(0, 2),) * 3, 1)
    base, _ = journalled(layer).read()
    found = Recoverable(None, base, KeptLabels.of(layer.data), TABLE, 0.0, {}, 0.0)
    restored = restored_layer(found, scan if scan_is_open else None)
    assert sides_are_known(restored) == (not notices)
    keeping.release()
    finish()


def test_what_is_saved_of_the_labels_is_as_before(viewer):
    layer = viewer.add_layer(result(add_scan(viewer)))
    assert label_map_of(layer).notices == ()
