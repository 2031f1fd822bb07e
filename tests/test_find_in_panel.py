"""The panel lets a model find its place, shows where, and says where it may not go."""

from dataclasses import replace

import numpy as np
import pytest
from fake_model import FakeBundle, describe, fake_tools, load, segment
from napari.components import ViewerModel
from napari.layers import Labels
from scipy.spatial.transform import Rotation

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import LabelMap, Notice, Scan
from napari_seg.segmentation.bundle_description import describe_bundle
from napari_seg.segmentation.locating.sides import Sides
from napari_seg.viewer.layers import image_layer
from napari_seg.viewer.segmenting.found_boxes import FoundBoxes, sections_of
from napari_seg.viewer.segmenting.result_layer import record_of
from napari_seg.viewer.segmenting.segment_section import SegmentSection
from napari_seg.viewer.status_line import StatusLine

SHIPPED = describe_bundle()
SPACING = np.diag([4.0, 4.0, 4.0, 1.0])
WINDOWS = {"run": 2, "repeated": 1, "air": 0}


def describe_finder(folder=None, *, variant=None):
    known = {"locator": SHIPPED.locator, "fingerprint": SHIPPED.fingerprint}
    return replace(describe(folder, variant=variant), **({} if variant else known))


def find(scan, bundle, *, region, on_progress, on_window, **options):
    """Draw one voxel a label, in two boxes of 5 voxels."""
    if region != "auto":
        return segment(
            scan, bundle, region=region, on_progress=on_progress, on_window=on_window, **options
        )
    array = np.zeros(scan.geometry.shape, np.uint8)
    array[10, 20, 20], array[11, 20, 20] = 1, 2
    array[30, 20, 20], array[31, 20, 20] = 3, 4
    boxes = []
    for name, start in (("left", 9), ("right", 29)):
        affine = scan.geometry.crop(((start, start + 5), (18, 23), (18, 23))).affine
        boxes.append({"name": name, "shape": [5, 5, 5], "affine": affine.tolist()})
    on_progress(1.0)
    return LabelMap(
        array,
        scan.geometry,
        Sides(bundle.table, SHIPPED.locator).table,
        notices=(Notice("box-cut", "the scan ends within a box"),),
        record={"locator": {"boxes": boxes}, "windows": [WINDOWS] * len(boxes)},
    )


def refuse(_scan, _bundle, **_options):
    raise ValueError("the scan does not look like what this model knows")


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def whole_head(viewer):
    array = np.random.default_rng(0).integers(0, 200, (45, 50, 45)).astype(np.int16)
    return viewer.add_layer(image_layer(Scan(array, Geometry(array.shape, SPACING)), name="head"))


@pytest.fixture
def make_section(qtbot, viewer):
    def make(run=find, describe=describe_finder):
        status = StatusLine()
        tools = fake_tools(run, load, describe)
        section = SegmentSection(viewer, tools, status)
        section.status = status
        for widget in (status, section):
            qtbot.addWidget(widget)
        return section

    return make


def run(qtbot, section):
    section.run()
    qtbot.waitUntil(lambda: not section.is_running, timeout=20_000)


def labels_in(viewer):
    return [layer for layer in viewer.layers if isinstance(layer, Labels)]


def boxes_in(viewer):
    return [layer for layer in viewer.layers if layer.name == "boxes found"]


def test_find_is_the_default_on_a_scan_that_is_too_large_to_slide_over(make_section, whole_head):
    section = make_section()
    assert not section.region.auto.isHidden()
    section.set_scan(whole_head)
    assert section.region.auto.isChecked()
    assert section.region.region() == "auto"
    assert section.region.news.text() == "Left and right, each by itself"
    assert section.start.isEnabled()


def test_a_crop_is_segmented_whole_by_default(make_section, viewer):
    crop = Scan(np.ones((9, 13, 10), np.int16), Geometry((9, 13, 10), SPACING))
    section = make_section()
    section.set_scan(viewer.add_layer(image_layer(crop, name="crop")))
    assert section.region.whole.isChecked()
    assert section.region.region() is None


def test_a_box_that_a_person_chose_stays_chosen(make_section, whole_head, viewer):
    section = make_section()
    section.set_scan(whole_head)
    section.region.around.setChecked(True)
    other = Scan(np.ones((60, 60, 60)), Geometry((60, 60, 60), SPACING))
    section.set_scan(viewer.add_layer(image_layer(other, name="other")))
    assert section.region.around.isChecked()


def test_the_whole_scan_is_refused_with_the_way_out_as_reason(make_section, whole_head):
    section = make_section()
    section.set_scan(whole_head)
    section.region.whole.setChecked(True)
    assert not section.start.isEnabled()
    assert "choose 'Find it' or give a box" in section.start.toolTip()
    assert section.region.news.text() == section.start.toolTip()
    section.region.auto.setChecked(True)
    assert section.start.isEnabled()


def test_a_model_that_says_nothing_of_its_training_takes_any_scan(make_section, whole_head):
    section = make_section(describe=describe)
    section.set_scan(whole_head)
    assert section.region.auto.isHidden()
    assert section.region.region() is None
    assert section.start.isEnabled()


def test_another_model_changes_what_is_offered(make_section, whole_head):
    section = make_section()
    section.set_scan(whole_head)
    section.model.list.setCurrentIndex(1)
    assert section.region.auto.isHidden()
    assert section.region.whole.isChecked()
    section.model.list.setCurrentIndex(0)
    assert section.region.auto.isChecked()


def test_one_run_gives_both_sides_and_shows_their_boxes(qtbot, make_section, whole_head, viewer):
    section = make_section()
    section.set_scan(whole_head)
    run(qtbot, section)
    (labels,) = labels_in(viewer)
    assert labels.name == "head – hippocampus, left and right"
    assert sorted(np.unique(labels.data)) == [0, 1, 2, 3, 4]
    assert record_of(labels)["windows"] == [WINDOWS, WINDOWS]
    assert viewer.layers.selection.active is labels
    assert "⚠ the scan ends within a box" in section.status.text.text()
    (boxes,) = boxes_in(viewer)
    # Four edges in five slices of each box.
    assert len(boxes.data) == 40
    viewer.dims.order = (1, 0, 2)
    assert len(boxes_in(viewer)) == 1
    assert viewer.layers.selection.active is labels
    section.release()
    assert not boxes_in(viewer)


def test_a_second_find_goes_into_the_same_layer_and_a_box_into_another(
    qtbot, make_section, whole_head, viewer
):
    section = make_section()
    section.set_scan(whole_head)
    run(qtbot, section)
    run(qtbot, section)
    assert len(labels_in(viewer)) == 1
    assert len(boxes_in(viewer)) == 1
    section.region.around.setChecked(True)
    run(qtbot, section)
    assert [layer.name for layer in labels_in(viewer)] == [
        "head – hippocampus, left and right",
        "head – hippocampus",
    ]
    assert not boxes_in(viewer)


def test_what_is_no_head_is_said_in_the_bottom_line(make_section, whole_head, qtbot):
    section = make_section(run=refuse)
    section.set_scan(whole_head)
    with qtbot.captureExceptions() as raised:
        run(qtbot, section)
    assert [str(error) for _, error, _ in raised] == [
        "the scan does not look like what this model knows"
    ]
    assert section.status.text.text().startswith("The run failed: the scan does not look like")


def test_boxes_taken_away_by_hand_stay_away(viewer, whole_head):
    boxes = FoundBoxes(viewer)
    record = find(
        Scan(np.zeros((45, 50, 45)), Geometry((45, 50, 45), SPACING)),
        FakeBundle(),
        region="auto",
        on_progress=float,
        on_window=None,
    ).record
    boxes.show(whole_head, record)
    viewer.layers.remove(boxes.layer)
    boxes.redraw()
    assert not boxes_in(viewer)


def test_boxes_turn_with_the_slices_in_the_same_layer(viewer, whole_head):
    boxes = FoundBoxes(viewer)
    box = {"shape": (5, 6, 7), "affine": np.diag([1.0, 1.0, 1.0, 1.0]).tolist()}
    box["affine"][0][3] = box["affine"][1][3] = box["affine"][2][3] = 100.0
    boxes.show(whole_head, {"locator": {"boxes": [box]}})
    layer, across = boxes.layer, boxes.layer.data
    # Every edge lies in the slice that it is drawn on.
    assert not across[:, 1, 0].any()
    viewer.dims.roll()
    boxes.redraw()
    assert boxes.layer is layer
    assert not np.array_equal(layer.data, across)
    assert not layer.data[:, 1, viewer.dims.order[0]].any()
    boxes.forget()
    assert boxes_in(viewer) == []


def test_sections_of_a_turned_box_are_polygons_around_its_middle(whole_head):
    turned = np.eye(4)
    turned[:3, :3] = Rotation.from_euler("x", 45, degrees=True).as_matrix() * 4
    turned[:3, 3] = (88 - 4, 100, 88 - 4 * np.sqrt(2))
    box = Geometry((3, 3, 3), turned)
    sections = sections_of(whole_head, box, 0)
    heights = [section[0, 0] for section in sections]
    assert heights == sorted(heights)
    assert np.ptp(heights) < 3 * np.sqrt(2)
    widths = [np.ptp(section[:, 2]) for section in sections]
    depths = [np.ptp(section[:, 1]) for section in sections]
    # Turned about the axis from left to right: full width everywhere, deepest in the middle.
    assert np.allclose(widths, 3)
    assert depths[0] < max(depths) == depths[len(depths) // 2]
