from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels
from test_display_order import every_grid, grid

from napari_seg.imaging.contrast import SOFT_TISSUE_HU
from napari_seg.imaging.label_table import Label, LabelTable
from napari_seg.imaging.scan import LabelMap, Notice, Scan, Source
from napari_seg.viewer.layers import (
    grid_of,
    image_layer,
    label_map_of,
    labels_layer,
    metadata_of,
    scan_of,
)

SHAPE = (5, 6, 7)
TABLE = LabelTable((Label(1, "anterior", (255, 0, 0)), Label(2, "posterior", (0, 0, 255))))


def numbered(shape=SHAPE, dtype=np.int16):
    return np.arange(np.prod(shape), dtype=dtype).reshape(shape)


def scan(array=None, geometry=None, **values):
    array = numbered() if array is None else array
    return Scan(array, geometry or grid(shape=array.shape[:3]), **values)


@every_grid
def test_a_scan_comes_back_from_its_layer_exactly(geometry):
    before = scan(geometry=geometry, source=Source("NIfTI", 1, 2), notices=(Notice("a", "b"),))
    after = scan_of(image_layer(before, name="head"))
    assert np.array_equal(after.array, before.array)
    assert after.geometry is before.geometry
    assert (after.source, after.notices) == (before.source, before.notices)


@every_grid
def test_labels_come_back_from_their_layer_exactly(geometry):
    before = LabelMap(numbered(dtype=np.uint8) % 3, geometry, TABLE)
    after = label_map_of(labels_layer(before, name="head"))
    assert np.array_equal(after.array, before.array)
    assert after.geometry is before.geometry
    assert after.table == TABLE


@pytest.mark.parametrize(
    "array",
    [
        pytest.param(numbered((5, 6, 1)), id="axial slice"),
        pytest.param(numbered((1, 6, 7)), id="sagittal slice"),
        pytest.param(numbered((5, 6, 7, 2)), id="two channels"),
        pytest.param(numbered((5, 6, 1, 3), np.uint8), id="slice of three channels"),
    ],
)
def test_other_shapes_come_back_too(array):
    channels = ("T1", "T2", "FLAIR")[: array.shape[3]] if array.ndim == 4 else ()
    after = scan_of(image_layer(scan(array, channel_names=channels), name="head"))
    assert np.array_equal(after.array, array)
    assert after.channel_names == channels


@pytest.mark.parametrize("kind", ["picture", "NRRD", "DICOM"])
def test_a_colour_picture_shows_in_colour(kind):
    array = numbered((5, 6, 1, 3), np.uint8)
    colours = ("red", "green", "blue")
    layer = image_layer(scan(array, channel_names=colours, source=Source(kind)), name="slide")
    assert layer.rgb
    assert layer.data.shape == (6, 5, 3)
    assert np.array_equal(scan_of(layer).array, array)


def test_scans_of_one_frame_of_reference_overlay_in_mm():
    whole = scan()
    crop = whole.crop(((1, 4), (2, 6), (3, 5)))
    first, second = (image_layer(one, name="head") for one in (whole, crop))
    value = crop.array[1, 2, 1]
    places = [
        layer.data_to_world(np.argwhere(np.asarray(layer.data) == value)[0])
        for layer in (first, second)
    ]
    assert places[0] == pytest.approx(places[1])
    assert [str(unit) for unit in first.units] == ["millimeter"] * 3
    assert first.axis_labels == ("z", "y", "x")


def test_labels_lie_where_their_scan_lies_also_that_of_another_reader():
    foreign = Image(numbered((7, 6, 5)), scale=(3, 2, 1), translate=(4, 5, 6), units="um")
    found = scan_of(foreign)
    labels = LabelMap(np.ones(found.array.shape, np.uint8), found.geometry, TABLE)
    layer = labels_layer(labels, name="labels", like=foreign)
    for name in ("scale", "translate", "units", "axis_labels"):
        assert tuple(getattr(layer, name)) == tuple(getattr(foreign, name)), name
    assert layer.extent.world == pytest.approx(foreign.extent.world)


def test_labels_of_a_scan_with_channels_have_none():
    layer = image_layer(scan(numbered((5, 6, 7, 2)), channel_names=("T1", "T2")), name="head")
    empty = LabelMap(np.zeros(SHAPE, np.uint8), scan_of(layer).geometry, TABLE)
    labels = labels_layer(empty, name="labels", like=layer)
    assert labels.data.shape == (7, 6, 5)
    assert tuple(labels.scale) == (3, 2, 1)


def test_the_spacing_of_another_readers_layer_is_its_scale_in_mm():
    layer = Image(numbered((7, 6, 5)), scale=(3000, 2000, 1000), units="um")
    found = scan_of(layer)
    assert found.array.shape == (5, 6, 7)
    assert found.geometry.spacing == pytest.approx((1, 2, 3))
    assert found.geometry.axis_codes == ("L", "P", "I")
    assert [notice.code for notice in found.notices] == ["sides-assumed"]


def test_a_scale_without_unit_counts_as_mm_and_a_notice_says_so():
    found = scan_of(Image(numbered((7, 6, 5)), scale=(3, 2, 1)))
    assert found.geometry.spacing == pytest.approx((1, 2, 3))
    assert "taken as mm" in found.notices[1].message


def test_a_turned_layer_keeps_its_turn():
    layer = Image(numbered((7, 6, 5)), scale=(3, 2, 1), rotate=(20, 0, 0))
    geometry, _ = grid_of(layer)
    assert geometry.spacing == pytest.approx((1, 2, 3))
    shown = np.asarray(layer.data_to_world((3, 2, 1)))
    assert geometry.to_mm((1, 2, 3)) == pytest.approx(-shown[::-1])


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        pytest.param(Image(numbered((6, 5))), (5, 6, 1), id="2D"),
        pytest.param(Image(numbered((6, 5, 3), np.uint8), rgb=True), (5, 6, 1, 3), id="colour"),
        pytest.param(
            Image([numbered((8, 6, 4)), numbered((4, 3, 2))], multiscale=True),
            (4, 6, 8),
            id="multiscale",
        ),
    ],
)
def test_layers_of_other_readers_become_scans(layer, shape):
    assert scan_of(layer).array.shape == shape


def test_times_of_another_reader_are_refused_with_the_way_out():
    with pytest.raises(ValueError, match=r"4 dimensions.*Split Stack"):
        scan_of(Image(np.zeros((2, 7, 6, 5)), name="heart"))


def test_channels_that_were_split_are_scans_of_their_own():
    scan_ = scan(numbered((*SHAPE, 2)), channel_names=("T1", "T2"))
    whole = image_layer(scan_, name="both")
    part = Image(whole.data[1], scale=whole.scale[1:], metadata=whole.metadata, name="T2")
    assert np.array_equal(scan_of(part).array, scan_.array[..., 1])
    assert scan_of(part).channel_names == ()


def test_labels_that_were_turned_into_an_image_are_a_scan():
    labels = LabelMap(numbered(dtype=np.uint8) % 3, grid(shape=SHAPE), TABLE)
    shown = labels_layer(labels, name="labels")
    image = Image(shown.data, scale=shown.scale, metadata=shown.metadata, name="labels")
    assert np.array_equal(scan_of(image).array, labels.array)


def test_metadata_copied_onto_other_voxels_is_not_believed():
    layer = image_layer(scan(), name="head")
    cut = Image(layer.data[:3], scale=(9, 9, 9), metadata=layer.metadata)
    assert scan_of(cut).geometry.spacing == (9, 9, 9)


def test_a_labels_layer_holds_its_own_writable_voxels():
    array = np.zeros(SHAPE, np.uint8)
    layer = labels_layer(LabelMap(array, grid(), TABLE), name="labels")
    layer.data[:] = 1
    assert not array.any()


def test_a_labels_layer_has_names_colours_and_volumes():
    array = np.zeros(SHAPE, np.uint8)
    array[0, 0, 0:2], array[1, 1, 1] = 1, 9
    layer = ViewerModel().add_layer(labels_layer(LabelMap(array, grid(), TABLE), name="labels"))
    assert list(layer.features["name"]) == ["anterior", "posterior", "label 9"]
    assert list(layer.features["volume_ml"]) == [0.012, 0, 0.006]
    assert layer.get_color(2) == pytest.approx((0, 0, 1, 1))


def test_labels_of_another_plugin_become_a_label_map():
    found = label_map_of(Labels(np.full((7, 6, 5), 4, np.uint8), scale=(3, 2, 1)))
    assert found.array.shape == (5, 6, 7)
    assert found.table.names == {4: "label 4"}


def test_more_can_be_kept_beside_the_geometry():
    layer = image_layer(scan(), name="head", path=Path("head.nii"))
    assert metadata_of(layer)["path"] == Path("head.nii")


def test_the_contrast_can_be_moved_over_all_values():
    ct = scan(np.linspace(-1024, 1500, 210).reshape(SHAPE))
    layer = image_layer(ct, name="ct")
    assert tuple(layer.contrast_limits) == SOFT_TISSUE_HU
    assert layer.contrast_limits_range == [-1024, 1500]


@pytest.mark.parametrize(
    ("names", "axis"),
    [
        (("time 1", "time 2"), "time"),
        (("volume 1", "volume 2"), "channel"),
        (("T1", "FLAIR"), "channel"),
        ((), "channel"),
    ],
    ids=["times", "volumes", "named", "unnamed"],
)
def test_the_axis_before_those_in_space_is_named(names, axis):
    array = np.stack([numbered(), numbered() + 1000], axis=-1)
    layer = image_layer(scan(array, channel_names=names), name="x")
    assert layer.axis_labels == (axis, "z", "y", "x")
    assert np.array_equal(scan_of(layer).array, array)


def test_a_nifti_file_of_volumes_opens_with_a_time_axis(tmp_path):
    import nibabel

    from napari_seg.imaging.files import read_scan

    array = np.zeros((4, 5, 6, 3), np.float32)
    array[..., 1] = 7
    nibabel.save(nibabel.Nifti1Image(array, np.diag([1, 2, 3, 1])), tmp_path / "bold.nii.gz")
    layer = image_layer(read_scan(tmp_path / "bold.nii.gz"), name="bold")
    assert layer.axis_labels[0] == "time"
    assert layer.data.shape == (3, 6, 5, 4)
    assert (layer.data[1] == 7).all()
