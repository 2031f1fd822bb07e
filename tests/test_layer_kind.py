"""The same voxels as labels or as a scan."""

import numpy as np
import pytest
from fake_model import TABLE, head
from napari.components import ViewerModel
from napari.layers import Image, Labels

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import LabelMap, Scan, Source
from napari_seg.viewer.layers import image_layer, label_map_of, labels_layer, scan_of
from napari_seg.viewer.opening.layer_kind import show_as_labels, show_as_scan

TURNED = np.array([[0, 0.8, -0.6, 5], [-1, 0, 0, 7], [0, 0.6, 0.8, 9], [0, 0, 0, 1.0]])


@pytest.fixture
def viewer():
    viewer = ViewerModel()
    viewer.add_image(np.zeros((3, 3)), name="below")
    return viewer


def labels():
    array = (head().array > 50).astype(np.uint16) * 420
    source = Source("NIfTI", 1, 1, frame="scanner")
    return LabelMap(array, Geometry(array.shape, TURNED), TABLE, source=source)


def test_there_and_back_nothing_is_lost(viewer):
    shown = viewer.add_layer(labels_layer(labels(), name="x", path="x.nii", model="m"))
    viewer.add_image(np.zeros((3, 3)), name="above")
    scan = show_as_scan(shown, viewer.layers)
    assert [layer.name for layer in viewer.layers] == ["below", "x", "above"]
    assert isinstance(scan, Image)
    assert viewer.layers.selection.active is scan
    back = show_as_labels(scan, viewer.layers)
    assert isinstance(back, Labels)
    again = label_map_of(back)
    assert np.array_equal(again.array, labels().array)
    assert again.geometry.matches(labels().geometry)
    assert again.table.names == {**TABLE.names, 420: "label 420"}
    assert again.source == labels().source
    ours = back.metadata["napari_seg"]
    assert (ours["path"], ours["model"]) == ("x.nii", "m")


def test_a_scan_in_the_place_of_labels_lies_where_they_did(viewer):
    shown = viewer.add_layer(labels_layer(labels(), name="x"))
    where = shown.data_to_world((2, 3, 4))
    scan = show_as_scan(shown, viewer.layers)
    assert scan.data_to_world((2, 3, 4)) == pytest.approx(where)
    assert np.array_equal(scan_of(scan).array, labels().array)


def test_labels_stored_as_fractions_are_rounded_as_a_file_of_them_is(viewer):
    scan = Scan((labels().array / 420 * 0.999).astype(np.float32), labels().geometry)
    layer = viewer.add_layer(image_layer(scan, name="x"))
    shown = show_as_labels(layer, viewer.layers)
    assert np.array_equal(label_map_of(shown).array, labels().array > 0)


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.full((3, 4, 5), 0.5), "not whole numbers"),
        (np.full((3, 4, 5), -1), "smallest voxel is -1"),
        (np.zeros((3, 4, 5, 2)), "2 channels"),
    ],
    ids=["fractions", "negative", "channels"],
)
def test_what_cannot_be_labels_stays_and_says_why(viewer, array, reason):
    scan = Scan(array, Geometry(array.shape[:3], np.eye(4)))
    layer = viewer.add_layer(image_layer(scan, name="x"))
    with pytest.raises(ValueError, match=reason):
        show_as_labels(layer, viewer.layers)
    assert layer in viewer.layers


def test_a_layer_of_another_reader_can_be_switched_too(viewer):
    layer = viewer.add_image(np.ones((3, 4, 5), np.uint8), scale=(3, 2, 1), name="foreign")
    shown = show_as_labels(layer, viewer.layers)
    assert tuple(shown.scale) == (3, 2, 1)
    assert shown.data.sum() == 60
