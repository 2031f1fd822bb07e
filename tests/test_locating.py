"""The shipped model finds both hippocampi by itself, and says where there are none."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from napari_seg.imaging.files import read_scan, sample_data_folder
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import Notice, Scan
from napari_seg.segmentation.bundle import load_bundle
from napari_seg.segmentation.bundle_description import describe_bundle, shipped_bundle_folder
from napari_seg.segmentation.execution import Plan
from napari_seg.segmentation.inference import segment
from napari_seg.segmentation.locating.box_voxels import labels_in_region, upright_crop
from napari_seg.segmentation.locating.finding import NothingFound, find_boxes
from napari_seg.segmentation.locating.locator import Locator, TemplateBox, read_locator
from napari_seg.segmentation.locating.sides import Sides
from napari_seg.segmentation.merged_notices import merge_notices
from napari_seg.segmentation.wrong_scan import FieldOfViewTooLarge

TABLE = LabelTable.from_names({1: "anterior", 2: "posterior"})
BOX = {"name": "left", "centre_mm": [0, 0, 0], "size_mm": [10, 10, 10]}


@pytest.fixture(scope="module")
def bundle():
    return load_bundle()


@pytest.fixture(scope="module")
def brain():
    return read_scan(sample_data_folder() / "brain.nii.gz")


@pytest.fixture(scope="module")
def windows():
    """The finished windows of `labels`."""
    return []


@pytest.fixture(scope="module")
def maps():
    """The maps of `labels`."""
    return {}


@pytest.fixture(scope="module")
def labels(brain, bundle, windows, maps):
    return segment(
        brain,
        bundle,
        region="auto",
        maps=("anterior", "Right Posterior", "entropy"),
        device="cpu",
        on_window=windows.append,
        on_map=maps.__setitem__,
    )


def test_both_sides_of_the_sample_brain_are_found_and_kept_apart(labels, brain):
    assert labels.table.names == {
        1: "left anterior",
        2: "left posterior",
        3: "right anterior",
        4: "right posterior",
    }
    assert labels.array.dtype == np.uint8
    assert labels.geometry.matches(brain.geometry)
    for value, is_left in ((1, True), (2, True), (3, False), (4, False)):
        places = brain.geometry.to_mm(np.argwhere(labels.array == value))
        assert ((places[:, 0] < 0) == is_left).all()
        assert 1.5 < len(places) * brain.geometry.voxel_volume_ml < 3.5
    anterior, posterior = (np.argwhere(labels.array == value)[:, 1].mean() for value in (1, 2))
    assert anterior > posterior


def test_the_record_says_where_the_boxes_are_and_how_to_repeat_it(labels, brain, bundle):
    record = labels.record
    json.dumps(record)
    assert record["scan"]["sha256"] == brain.sha256
    assert record["bundle"]["sha256"] == bundle.sha256
    assert record["labels"]["3"] == "right anterior"
    assert record["locator"]["score"] > 0.9
    assert [box["name"] for box in record["locator"]["boxes"]] == ["left", "right"]
    assert "--region=auto" in record["command"]
    assert record["options"]["region"] == "auto"
    for box, values in zip(record["locator"]["boxes"], ((1, 2), (3, 4)), strict=True):
        i, j, k = (slice(*span) for span in box["region"])
        inside = np.isin(labels.array[i, j, k], values).sum()
        assert inside == np.isin(labels.array, values).sum()


def test_a_tilted_head_with_its_skull_gives_what_the_upright_one_does(bundle, shared_data):
    """The same voxels, said to lie 18 degrees askew and 40 mm off: labels must follow."""
    scan = read_scan(shared_data / "head" / "t1_head.nii.gz")
    change = np.eye(4)
    change[:3, :3] = Rotation.from_euler("xyz", [18, -6, 4], degrees=True).as_matrix()
    change[:3, 3] = (40, -20, 15)
    askew = Scan(scan.array, Geometry(scan.geometry.shape, change @ scan.geometry.affine))
    upright, turned = (segment(one, bundle, region="auto", device="cpu") for one in (scan, askew))
    assert turned.record["locator"]["score"] == pytest.approx(
        upright.record["locator"]["score"], abs=0.05
    )
    for value in (1, 2, 3, 4):
        one, other = upright.array == value, turned.array == value
        assert 2 * (one & other).sum() / (one.sum() + other.sum()) > 0.9


def test_a_half_brain_gives_its_own_side_and_says_that_the_other_lacks(brain, bundle):
    half = brain.crop(((0, 92), (0, 233), (0, 189)))
    found = segment(half, bundle, region="auto", device="cpu")
    assert set(np.unique(found.array)) == {0, 1, 2}
    assert found.record["locator"]["missing"] == ["right"]
    assert [notice.code for notice in found.notices] == ["box-outside"]
    assert "right side" in found.notices[0].message


def test_labels_are_named_with_their_side_or_without(brain, bundle, labels):
    one = segment(brain, bundle, region="auto", labels=["right anterior"], device="cpu")
    assert one.table.names == {3: "right anterior"}
    assert set(np.unique(one.array)) == {0, 3}
    sides = Sides(TABLE, describe_bundle().locator)
    assert sides.values_of(["anterior"]) == [1, 3]
    assert sides.values_of(["Left Posterior", "anterior"]) == [2, 1, 3]
    with pytest.raises(ValueError, match="no label is called 'tail'"):
        sides.values_of(["tail"])


@pytest.fixture(scope="module")
def unlike(brain, bundle, labels):
    """What another modality gives under the plan of another run."""
    plan = Plan.from_dict(labels.record["plan"])
    plan = replace(plan, versions={**plan.versions, "torch": "1.0"})
    scan = replace(brain, source=replace(brain.source, modality="CT"))
    return segment(scan, bundle, region="auto", device="cpu", plan=plan)


def test_what_is_said_of_the_whole_scan_is_not_said_of_its_boxes_again(unlike):
    said = [notice.message for notice in unlike.notices if notice.code == "other-modality"]
    assert said == ["the scan is CT, the model was trained on MR"]


def test_a_plan_of_another_run_is_told_of_once_for_all_boxes(unlike, labels):
    (told,) = [notice for notice in unlike.notices if notice.code == "plan-changed"]
    assert told.message.startswith("the plan of another run is repeated with torch ")
    assert unlike.record["plan"] == labels.record["plan"]
    assert np.array_equal(unlike.array, labels.array)


def test_windows_are_shown_on_the_scans_grid_with_the_values_of_their_side(labels, brain, windows):
    assert {int(v) for window in windows for v in np.unique(window.array)} == {0, 1, 2, 3, 4}
    for window in windows:
        for (start, stop), length in zip(window.region, brain.geometry.shape, strict=True):
            assert 0 <= start < stop <= length


def test_probabilities_lie_where_the_labels_do_and_nowhere_else(labels, brain, maps):
    assert list(maps) == ["anterior", "Right Posterior", "entropy"]
    inside = np.zeros(brain.geometry.shape, bool)
    for box in labels.record["locator"]["boxes"]:
        inside[tuple(slice(*span) for span in box["region"])] = True
    for values, drawn in (("anterior", (1, 3)), ("Right Posterior", (4,))):
        chances, there = maps[values].array, np.isin(labels.array, drawn)
        assert maps[values].geometry.matches(brain.geometry)
        assert not chances[~inside].any()
        # Both come from the box's grid, each in its own way.
        likely = chances > 0.5
        assert 2 * (likely & there).sum() / (likely.sum() + there.sum()) > 0.95
    left, right = np.isin(labels.array, (1, 2)), np.isin(labels.array, (3, 4))
    assert maps["Right Posterior"].array[left].max() < 0.01
    assert maps["anterior"].array[left].max() > 0.9 < maps["anterior"].array[right].max()
    assert 0.5 < maps["entropy"].array.max() < np.log2(3) + 1e-3


def test_an_unknown_map_is_refused_before_the_search(brain, bundle):
    with pytest.raises(ValueError, match="no label is called 'tail'"):
        segment(brain, bundle, region="auto", maps=["tail"])


def test_a_map_is_named_with_its_side_or_without():
    sides = Sides(TABLE, describe_bundle().locator)
    assert sides.maps_of("posterior") == [(0, "posterior"), (1, "posterior")]
    assert sides.maps_of("Right anterior") == [(1, "anterior")]
    assert sides.maps_of("entropy") == [(0, "entropy"), (1, "entropy")]


def test_a_torso_is_refused_with_its_score(bundle, shared_data):
    scan = read_scan(shared_data / "ct" / "torso_ct.nii.gz")
    with pytest.raises(NothingFound, match=r"does not look like .* \(match 0\.\d\d of 1") as caught:
        segment(scan, bundle, region="auto")
    assert caught.value.score < 0.3


def test_a_single_slice_is_too_little(brain):
    scan = brain.crop(((0, 197), (0, 233), (90, 91)))
    with pytest.raises(NothingFound, match="single slice"):
        find_boxes(scan, describe_bundle().locator)


@pytest.mark.parametrize(("slices", "thickness"), [(2, 5), (3, 1), (14, 1)])
def test_a_few_thin_slices_are_too_little(brain, slices, thickness):
    affine = brain.geometry.affine @ np.diag([1, 1, thickness, 1])
    array = brain.array[:, :, 70 : 70 + slices * thickness : thickness]
    with pytest.raises(NothingFound, match=rf"a scan of {slices * thickness} mm .* too thin"):
        find_boxes(Scan(array, Geometry(array.shape, affine)), describe_bundle().locator)


def test_a_crop_is_told_to_be_no_larger_than_what_the_model_knows(bundle):
    scan = read_scan(sample_data_folder() / "hippocampus_left.nii.gz")
    with pytest.raises(NothingFound, match=r"no larger than what this model knows.* as it is"):
        segment(scan, bundle, region="auto")


def test_a_notice_of_one_box_names_it_and_one_of_both_stands_once():
    flat, small = Notice("flat-scan", "it is flat"), Notice("fine-voxels", "they are small")
    merged = merge_notices([("left", [flat, small]), ("right", [flat])], "box")
    assert [notice.message for notice in merged] == ["it is flat", "box left: they are small"]
    assert merged[1].figures == {"box": "left"}


def test_a_notice_that_one_box_gives_twice_is_none_of_the_other():
    small = Notice("fine-voxels", "they are small")
    [merged] = merge_notices([("left", [small, small]), ("right", [])], "box")
    assert merged.message == "box left: they are small"


def test_a_whole_brain_without_a_region_is_refused_with_the_ways_out(brain, bundle):
    with pytest.raises(FieldOfViewTooLarge, match=r"42 × 58 × 45 mm, this one is 197 × 233 × 189"):
        segment(brain, bundle)
    with pytest.raises(FieldOfViewTooLarge, match=r"region 'auto'.* or give a box"):
        segment(brain, bundle)


def test_a_model_without_a_locator_says_so(brain, bundle):
    from dataclasses import replace

    without = replace(bundle, description=replace(bundle.description, locator=None))
    with pytest.raises(ValueError, match="has no locator"):
        segment(brain, without, region="auto")


def test_an_upright_crop_shows_the_same_places():
    affine = np.diag([2.0, 1.0, 1.5, 1.0])
    geometry = Geometry((30, 40, 30), affine)
    places = geometry.to_mm(np.moveaxis(np.indices(geometry.shape), 0, -1))
    turned = np.eye(4)
    turned[:3, :3] = Rotation.from_euler("xyz", [12, 20, -9], degrees=True).as_matrix()
    turned[:3, 3] = (25, 15, 18)
    box = Geometry((9, 10, 8), turned)
    true = box.to_mm(np.moveaxis(np.indices(box.shape), 0, -1))
    for axis in range(3):
        crop = upright_crop(Scan(places[..., axis], geometry), box)
        assert np.abs(crop.array - true[..., axis]).max() < 1e-3
        assert crop.geometry.axis_codes == ("R", "A", "S")
        assert np.allclose(crop.geometry.spacing, 1)


def test_labels_come_back_from_a_turned_box_to_their_place():
    grid = Geometry((40, 40, 40), np.diag([1.0, 1.0, 1.0, 1.0]))
    turned = np.eye(4)
    turned[:3, :3] = Rotation.from_euler("z", 25, degrees=True).as_matrix()
    turned[:3, 3] = (12, 4, 8)
    box = Geometry((24, 24, 24), turned)
    places = box.to_mm(np.moveaxis(np.indices(box.shape), 0, -1))
    ball = np.linalg.norm(places - [18, 19, 20], axis=-1)
    drawn = np.where(ball < 4, 2, np.where(ball < 7, 1, 0)).astype(np.uint8)
    region = ((2, 36), (2, 40), (6, 34))
    found = labels_in_region(drawn, box, grid, region)
    true = np.linalg.norm(
        grid.to_mm(np.moveaxis(np.indices(grid.shape), 0, -1)) - [18, 19, 20], axis=-1
    )[2:36, 2:40, 6:34]
    assert found.dtype == np.uint8
    assert (found[true < 3.3] == 2).all()
    assert (found[(true > 4.7) & (true < 6.3)] == 1).all()
    assert (found[true > 7.7] == 0).all()


def test_a_bundle_says_nothing_of_a_place_unless_its_metadata_does(tmp_path):
    assert read_locator({}, tmp_path) is None
    assert describe_bundle().locator.box_names == ("left", "right")
    template = describe_bundle().locator.require_template()
    assert template.is_relative_to(shipped_bundle_folder())
    assert (template.parent / "LICENSE.txt").read_text().count("Louis Collins") == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"template": "../other.nii.gz"}, "must lie in its folder"),
        ({"template": "/etc/hostname"}, "must lie in its folder"),
        ({"boxes": []}, "needs boxes"),
        ({"boxes": [BOX, BOX]}, "a name of its own"),
        ({"boxes": [{**BOX, "size_mm": [0, 1, 1]}]}, "size_mm must be three sensible numbers"),
        ({"boxes": [{**BOX, "centre_mm": [float("nan"), 1, 1]}]}, "centre_mm must be three"),
        ({"boxes": [{"name": "left"}]}, "lacks 'centre_mm'"),
        ({"least_score": 1.5}, "least_score lies between"),
        ({"boxes": 3}, "must give template"),
    ],
)
def test_a_locator_that_makes_no_sense_is_refused(tmp_path, change, message):
    said = {"template": "t.nii.gz", "boxes": [BOX], "least_score": 0.4} | change
    with pytest.raises(ValueError, match=message):
        read_locator({"locator": said}, tmp_path)


def test_a_link_out_of_the_folder_is_refused(tmp_path):
    (tmp_path / "bundle").mkdir()
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "bundle" / "t.nii.gz").symlink_to(tmp_path / "secret")
    said = {"template": "t.nii.gz", "boxes": [BOX], "least_score": 0.4}
    with pytest.raises(ValueError, match="must lie in its folder"):
        read_locator({"locator": said}, tmp_path / "bundle")


def test_a_missing_template_is_named_when_it_is_needed(brain):
    box = TemplateBox("left", (0, 0, 0), (9, 9, 9))
    with pytest.raises(FileNotFoundError, match=r"lacks its template 'gone\.nii\.gz'"):
        find_boxes(brain, Locator(Path("gone.nii.gz"), (box,), 0.4))


def test_many_labels_on_many_sides_take_wider_numbers():
    boxes = tuple(TemplateBox(name, (0, 0, 0), (9, 9, 9)) for name in "abc")
    sides = Sides(LabelTable.from_names({117: "rib"}), Locator(Path("t"), boxes, 0.4))
    assert sides.renumber(np.array([0, 117], np.uint8), 2).tolist() == [0, 351]
    assert sides.table.names == {117: "a rib", 234: "b rib", 351: "c rib"}
