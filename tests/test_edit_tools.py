"""Each tool of the Edit tab: seen on the canvas, applied as one step, undone and redone."""

import numpy as np
import pytest
from edit_tools_case import GEOMETRY, SHAPE, EditCase, cubes, intensities
from napari.layers import Labels, Shapes

from napari_seg.imaging.label_edits import only_over
from napari_seg.imaging.label_edits.cutting import cut
from napari_seg.imaging.label_edits.grow_all import grow_all
from napari_seg.imaging.label_edits.interpolation import interpolate, interpolate_between
from napari_seg.imaging.label_edits.islands import keep_largest_island, remove_small_islands
from napari_seg.imaging.label_edits.margins import grow, hollow, margin, shrink
from napari_seg.imaging.label_edits.seeds import grow_from_seeds
from napari_seg.imaging.label_edits.smoothing import (
    smooth_gaussian,
    smooth_median,
    smooth_together,
)
from napari_seg.imaging.label_edits.threshold import threshold
from napari_seg.imaging.scan import Scan
from napari_seg.viewer.edit_tools.subject import LabelOf, Range
from napari_seg.viewer.layers import image_layer

MM = (2.0, 1.0, 0.5)


@pytest.fixture
def case(qtbot):
    case = EditCase(qtbot)
    yield case
    case.release()


def with_a_hole():
    labels = cubes()
    labels[4, 4, 4] = 0
    return labels


def gap():
    """The liver painted in slices 2 and 6 alone."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[2, 2:6, 2:8] = labels[6, 4:8, 4:10] = 1
    labels[0, 0, 0] = 2
    return labels


# Tool, settings, its labels, and what becomes of them by the function itself.
CASES = {
    "fill holes": (
        "fill_holes", {}, with_a_hole, lambda labels: cubes(),
    ),
    "fill holes of all": (
        "fill_holes", {"all_labels": True, "where": "slices"}, with_a_hole, lambda labels: cubes(),
    ),
    "keep largest": (
        "keep_largest", {}, cubes, lambda labels: keep_largest_island(labels, 1).applied(labels),
    ),
    "remove small": (
        "remove_small", {"min_ml": 0.05}, cubes,
        lambda labels: remove_small_islands(
            labels, 1, min_ml=0.05, voxel_volume_ml=0.001
        ).applied(labels),
    ),
    "grow": (
        "grow", {"mm": 1.5}, cubes,
        lambda labels: only_over(grow(labels, 1, MM, 1.5), labels, {0}).applied(labels),
    ),
    "grow over others": (
        "grow", {"mm": 3.0, "over": "others"}, cubes,
        lambda labels: grow(labels, 1, MM, 3.0).applied(labels),
    ),
    "grow in a range": (
        "grow", {"mm": 2.0, "within": Range(50.0, 150.0)}, cubes,
        lambda labels: np.where(
            (labels == 0) & (intensities() > 50), grow(labels, 1, MM, 2.0).applied(labels), labels
        ),
    ),
    "grow all": (
        "grow", {"mm": 2.0, "all_labels": True}, cubes,
        lambda labels: grow_all(labels, MM, 2.0).applied(labels),
    ),
    "shrink all": (
        "shrink", {"mm": 1.0, "all_labels": True}, cubes,
        lambda labels: np.where(
            shrink(labels, 1, MM, 1.0).applied(labels)
            == shrink(labels, 2, MM, 1.0).applied(labels),
            labels,
            0,
        ),
    ),
    "shrink": (
        "shrink", {"mm": 1.0}, cubes, lambda labels: shrink(labels, 1, MM, 1.0).applied(labels),
    ),
    "around": (
        "shell", {"mm": 1.0, "into": 3}, cubes,
        lambda labels: only_over(margin(labels, 1, MM, 1.0, into=3), labels, {0}).applied(labels),
    ),
    "around all": (
        "shell", {"mm": 1.0, "into": 3, "all_labels": True}, cubes,
        lambda labels: np.where(
            (labels == 0)
            & (
                (margin(labels, 1, MM, 1.0, into=3).applied(labels) == 3)
                | (margin(labels, 2, MM, 1.0, into=3).applied(labels) == 3)
            ),
            3,
            labels,
        ),
    ),
    "hollow all": (
        "hollow", {"mm": 1.0, "all_labels": True}, cubes,
        lambda labels: np.where(
            hollow(labels, 1, MM, 1.0).applied(labels)
            == hollow(labels, 2, MM, 1.0).applied(labels),
            labels,
            0,
        ),
    ),
    "hollow": (
        "hollow", {"mm": 1.0}, cubes, lambda labels: hollow(labels, 1, MM, 1.0).applied(labels),
    ),
    "median": (
        "smooth", {"mm": 1.0}, cubes,
        lambda labels: only_over(
            smooth_median(labels, 1, MM, 1.0), labels, {0, 1}
        ).applied(labels),
    ),
    "gaussian": (
        "smooth", {"how": "gaussian", "mm": 1.0}, cubes,
        lambda labels: only_over(
            smooth_gaussian(labels, 1, MM, 1.0), labels, {0, 1}
        ).applied(labels),
    ),
    "together": (
        "smooth", {"how": "together", "mm": 1.0}, cubes,
        lambda labels: smooth_together(labels, MM, 1.0).applied(labels),
    ),
    "interpolate": (
        "interpolate", {"what": "gaps"}, gap,
        lambda labels: interpolate(labels, 0, MM, label=1).applied(labels),
    ),
    "grow from seeds": (
        "grow_from_seeds", {"mm": 1.0}, cubes,
        lambda labels: grow_from_seeds(labels, intensities(), MM, margin_mm=1.0).applied(labels),
    ),
    "threshold everywhere": (
        "threshold", {"within": Range(50.0, 150.0), "region": "scan"}, cubes,
        lambda labels: threshold(labels, 1, intensities(), 50, 150).applied(labels),
    ),
    "threshold inside a label": (
        "threshold", {"within": Range(-1.0, 1.0), "region": "label", "inside": 2}, cubes,
        lambda labels: np.where(labels == 2, 1, labels),
    ),
    "add": (
        "combine", {"other": LabelOf("", 2)}, cubes, lambda labels: np.where(labels == 2, 1, labels),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("tool", "settings", "make", "expected"), CASES.values(), ids=CASES)
def test_a_tool_is_seen_applied_undone_and_redone(qtbot, tool, settings, make, expected):
    before = make()
    case = EditCase(qtbot, before)
    after = expected(before)
    assert not np.array_equal(after, before)
    opened = case.open(tool, **settings)
    case.wait_for_preview()
    [preview] = case.previews
    assert np.array_equal(case.layer.data, before)
    if opened.tool.preview is None:
        assert np.array_equal(preview.data != 0, after != before)
        assert np.array_equal(preview.data == 255, (after == 0) & (before != 0))
    says = opened.primary.sentence
    case.apply()
    assert np.array_equal(case.layer.data, after)
    assert case.previews == []
    assert case.opened is None
    assert case.steps == [says]
    assert case.status.text.text().startswith(says)
    case.layer.undo()
    assert np.array_equal(case.layer.data, before)
    case.layer.redo()
    assert np.array_equal(case.layer.data, after)
    case.release()


def test_between_my_slices_all_is_drawn_anew(case):
    before = case.layer.data.copy()
    case.layer.mode, case.layer.brush_size = "paint", 3
    for index in (2, 5):
        case.layer.paint((index, 4, 10), 1)
    touched = case.layer.data.copy()
    case.open("interpolate")
    case.wait_for_preview()
    assert case.opened.primary.sentence == "Interpolate liver between my 2 slices"
    case.apply()
    expected = interpolate_between(touched, (2, 5), 0, MM, label=1)
    assert np.array_equal(case.layer.data, only_over(expected, touched, {0, 1}).applied(touched))
    assert not np.array_equal(case.layer.data, touched)
    for _ in range(3):
        case.layer.undo()
    assert np.array_equal(case.layer.data, before)


def test_a_slice_is_copied_on_and_cleared(case):
    case.viewer.dims.set_point(0, 10.0)
    assert case.layer.data[5].any()
    case.open("copy_slice", all_labels=True)
    case.apply()
    assert np.array_equal(case.layer.data[6], case.layer.data[5])
    case.open("clear_slice")
    case.apply()
    assert not np.any(case.layer.data[5] == 1)
    assert np.any(case.layer.data[5] == 2)
    assert case.steps == ["Copy all labels to the next slice", "Clear liver in this slice"]


def test_a_preview_follows_the_slice_that_is_shown(case):
    case.viewer.dims.set_point(0, 4.0)
    case.open("clear_slice")
    case.wait_for_preview()
    assert np.flatnonzero(case.previews[0].data.any(axis=(1, 2))).tolist() == [2]
    case.viewer.dims.set_point(0, 8.0)
    case.qtbot.waitUntil(
        lambda: np.flatnonzero(case.previews[0].data.any(axis=(1, 2))).tolist() == [4]
    )


def test_a_preview_is_never_selected_not_even_for_a_moment(case):
    selected = []
    case.viewer.layers.selection.events.active.connect(lambda event: selected.append(event.value))
    case.open("grow")
    case.wait_for_preview()
    case.tools.close_tool()
    assert selected == []
    assert case.viewer.layers.selection.active is case.layer
    assert case.viewer.layers._activate_on_insert


def test_a_preview_follows_later_strokes(case):
    case.open("grow_from_seeds", mm=2.0)
    first = case.wait_for_preview()
    case.layer.mode, case.layer.brush_size = "paint", 2
    case.layer.paint((3, 11, 12), 3)
    case.qtbot.waitUntil(lambda: case.opened.outcome not in (None, first))
    assert set(case.opened.outcome.changes) == {1, 2, 3}
    assert case.steps == ["brush: cyst"]


@pytest.mark.parametrize(("do", "left"), [("delete", 96), ("keep", 1), ("give", 96)])
def test_an_island_under_the_cursor_goes_or_stays(case, do, left):
    by_name = {action.name: action for action in case.section.offers}
    case.layer.selected_label = 3
    case.viewer.dims.set_point(0, 0.0)
    case.viewer.cursor.position = case.layer.data_to_world((0, 10, 14))
    # The slice is turned under a mouse that lies still.
    case.viewer.dims.set_point(0, 16.0)
    by_name[f"{do}_island"].run()
    case.qtbot.waitUntil(lambda: len(case.steps) == 1)
    assert np.count_nonzero(case.layer.data == 1) == left
    assert np.count_nonzero(case.layer.data == 3) == (do == "give")


def test_a_preview_is_hidden_with_its_labels(case):
    case.open("grow")
    case.wait_for_preview()
    [preview] = case.previews
    assert preview.opacity > case.layer.opacity
    case.layer.visible = False
    assert not preview.visible
    case.layer.visible = True
    assert preview.visible
    case.layer.opacity = 1.0
    assert preview.opacity == 1.0


def test_a_polygon_cuts_through_all_slices(case):
    case.viewer.dims.set_point(0, 6.0)
    opened = case.open("cut")
    assert opened.reason().startswith("Draw a polygon on the canvas")
    [shapes] = [layer for layer in case.viewer.layers if isinstance(layer, Shapes)]
    assert case.viewer.layers.selection.active is shapes
    corners = [(3, 0, 0), (3, 0, 4.5), (3, 11, 4.5), (3, 11, 0)]
    shapes.add_polygons([np.array(corners)])
    case.wait_for_preview()
    before = case.layer.data.copy()
    case.apply()
    expected = cut(before, [corner[1:] for corner in corners], 0, 3, MM, label=1)
    assert np.array_equal(case.layer.data, expected.applied(before))
    assert case.viewer.layers.selection.active is case.layer
    assert shapes not in case.viewer.layers


def test_the_last_polygon_counts(case):
    case.viewer.dims.set_point(0, 6.0)
    opened = case.open("cut")
    for last in (3.5, 4.5):
        corners = [(3, 0, 0), (3, 0, last), (3, 11, last), (3, 11, 0)]
        opened.polygon.shapes.add_polygons([np.array(corners)])
    case.qtbot.waitUntil(lambda: len(opened.polygon.shapes.data) == 1)
    assert opened.polygon.get().corners[:, 1].max() == 4.5


def test_a_label_of_another_layer_takes_part_whatever_the_layers_are_called(case):
    others = []
    for column in (4, 6):
        data = np.zeros(SHAPE, np.uint8)
        data[:, :, :column] = 7
        other = Labels(data, name="mine", metadata=dict(case.layer.metadata))
        other.scale, other.units, other.translate = (
            case.layer.scale, case.layer.units, case.layer.translate,
        )  # fmt: skip
        others.append(case.viewer.add_layer(other))
    case.section.set_layer(case.layer)
    before = case.layer.data.copy()
    case.open("combine", do="intersect", other=LabelOf(str(others[0].unique_id), 7))
    case.apply()
    expected = np.where((before == 1) & (np.arange(SHAPE[2]) >= 4), 0, before)
    assert np.array_equal(case.layer.data, expected)


def test_settings_are_remembered_and_restored(qtbot, case):
    case.open("grow", mm=3.5, within=Range(10.0, 20.0))
    case.tools.close_tool()
    assert case.open("grow").form.settings.mm == 3.5
    stored = case.tools.settings
    within = [10.0, 20.0]
    assert stored["grow"] == {"mm": 3.5, "over": "empty", "within": within, "all_labels": False}
    another = EditCase(qtbot)
    stored["grow"]["over"] = "nonsense"
    another.tools.restore({**stored, "no such tool": {}})
    settings = another.open("grow").form.settings
    assert (settings.mm, settings.over, settings.within) == (3.5, "empty", Range(10, 20))
    another.release()


def test_the_channel_that_is_shown_gives_the_intensities(case):
    channels = np.stack([np.zeros(SHAPE, np.int16), intensities()])
    scan = Scan(channels.transpose(), GEOMETRY, channel_names=("dark", "bright"))
    image = case.viewer.add_layer(image_layer(scan, name="two"))
    case.section.set_scan(image)
    case.viewer.dims.set_point(0, 1.0)
    opened = case.open("threshold", within=Range(50.0, 150.0), region="scan")
    first = case.wait_for_preview()
    case.qtbot.wait(300)
    assert opened.outcome is first
    assert opened.outcome.edit.count > 0
    case.viewer.dims.set_point(0, 0.0)
    case.qtbot.waitUntil(lambda: opened.reason() == "There is nothing to change")


def test_every_control_has_a_name_a_tooltip_and_its_unit(case):
    for name in case.tools.tools:
        opened = case.open(name)
        for parameter, widget in opened.form.widgets.items():
            assert widget.accessibleName(), (name, parameter)
            assert widget.toolTip(), (name, parameter)
            if parameter == "mm":
                assert widget.suffix() == " mm"
        assert opened.primary.toolTip()


def test_the_range_is_looked_for_in_a_polygon_that_is_drawn(case):
    before = case.layer.data.copy()
    opened = case.open("threshold", within=Range(50.0, 150.0))
    assert opened.polygon.shapes is None
    case.set(region="polygon", mm=2.0)
    assert opened.reason().startswith("Draw a polygon")
    corners = [(7.5, 5.5), (7.5, 12.5), (11.5, 12.5), (11.5, 5.5)]
    opened.polygon.shapes.add_polygons([[(7, *corner) for corner in corners]])
    case.wait_for_preview()
    case.apply()
    expected = before.copy()
    # Slices of 2 mm; the scan is 100 from column 8 on.
    part = expected[6:9, 8:12, 8:13]
    part[part == 0] = 1
    assert np.array_equal(case.layer.data, expected)
    assert case.steps == ["Label liver where 50 to 150 in a polygon"]
    assert not any(isinstance(layer, Shapes) for layer in case.viewer.layers)


def test_another_region_puts_the_polygon_away(case):
    opened = case.open("threshold", region="polygon")
    assert opened.polygon.shapes in case.viewer.layers
    case.set(region="slice")
    assert not any(isinstance(layer, Shapes) for layer in case.viewer.layers)
    assert case.viewer.layers.selection.active is case.layer
