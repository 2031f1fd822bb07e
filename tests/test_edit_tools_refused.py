"""Bad use of the tools: one clear sentence, and nothing changes."""

from dataclasses import replace
from threading import Event, Semaphore
from time import sleep

import dask.array as da
import numpy as np
import pytest
from edit_tools_case import GEOMETRY, SHAPE, EditCase, cubes, intensities
from labels_in_hand import Pointer
from napari.layers import Image, Labels, Shapes

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Scan
from napari_seg.viewer.contributions import save_labels
from napari_seg.viewer.edit_tools.subject import LabelOf, Range
from napari_seg.viewer.keeping import Keeping
from napari_seg.viewer.layers import image_layer

TOOLS = (
    "fill_holes", "keep_largest", "remove_small", "pick_island", "grow", "shrink", "shell", "hollow",
    "smooth", "interpolate", "copy_slice", "clear_slice", "grow_from_seeds", "cut", "combine",
    "threshold",
)  # fmt: skip
ON_THE_LABEL = [name for name in TOOLS if name not in ("pick_island", "grow_from_seeds")]


@pytest.fixture
def case(qtbot):
    case = EditCase(qtbot)
    yield case
    case.release()


def refused(case, reason):
    """Whether the open tool says why not, does nothing when asked all the same, shows nothing."""
    before = np.array(case.layer.data[0] if case.layer.multiscale else case.layer.data)
    opened = case.opened
    assert reason in opened.reason()
    assert not opened.primary.isEnabled()
    assert opened.primary.toolTip() == opened.news.text() == opened.reason()
    case.tools.run()
    case.wait()
    after = np.array(case.layer.data[0] if case.layer.multiscale else case.layer.data)
    assert np.array_equal(after, before)
    return case.previews == []


def test_the_catalogue_is_as_listed_here(case):
    assert tuple(case.tools.tools) == TOOLS


@pytest.mark.parametrize("name", TOOLS)
def test_without_labels_every_tool_says_so(qtbot, name):
    case = EditCase(qtbot)
    case.section.set_layer(None)
    case.open(name)
    assert refused(case, "Choose or make labels first")
    case.tools.run_at_once("smooth")
    assert case.status.text.text() == "Choose or make labels first"
    case.release()


@pytest.mark.parametrize("name", ON_THE_LABEL)
def test_a_locked_label_is_refused(case, name):
    case.lock(1)
    case.open(name)
    assert refused(case, "'liver' is locked; unlock it first")


@pytest.mark.parametrize("name", ON_THE_LABEL)
def test_the_background_is_refused(case, name):
    case.layer.selected_label = 0
    case.open(name)
    assert refused(case, "0 is the background")


@pytest.mark.parametrize(
    "name", [name for name in ON_THE_LABEL if name not in ("combine", "threshold")]
)
def test_an_empty_label_is_refused(case, name):
    case.layer.selected_label = 3
    case.open(name)
    assert refused(case, "'cyst' has no voxels yet; paint some first")
    case.layer.selected_label = 77
    case.opened.update_all()
    assert refused(case, "'label 77' has no voxels yet")


@pytest.mark.parametrize("name", ["grow", "threshold", "grow_from_seeds"])
def test_another_grid_than_the_scan_is_refused_where_intensities_are_needed(case, name):
    other = Geometry(GEOMETRY.shape, np.diag([-0.5, -1.0, -3.0, 1.0]))
    scan = case.viewer.add_layer(
        image_layer(Scan(intensities().transpose(), other), name="other scan")
    )
    case.section.set_scan(scan)
    case.open(name)
    if name == "grow":
        assert case.opened.reason() == ""
        case.set(within=Range(0, 1))
    assert refused(case, "'organs' lies on another grid than the scan 'other scan'")


def test_a_scan_that_is_gone_is_said(case):
    case.open("threshold")
    case.viewer.layers.remove(case.scan)
    case.section.set_scan(None)
    assert refused(case, "Open a scan first")


def test_colours_are_no_intensities(case):
    picture = case.viewer.add_layer(Image(np.zeros((*SHAPE, 3), np.uint8), rgb=True, name="photo"))
    case.section.set_scan(picture)
    case.open("threshold")
    assert refused(case, "'photo' is a colour picture")


def multiscale():
    return Labels([cubes(), cubes()[::2, ::2, ::2]], multiscale=True, name="pyramid")


def read_only():
    array = cubes()
    array.flags.writeable = False
    return Labels(array, name="fixed")


def lazy():
    return Labels(da.from_array(cubes()), name="lazy")


def of_times():
    return Labels(np.stack([cubes(), cubes()]), name="times")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (of_times, "'times' has 4 dimensions; a scan has 2 or 3"),
        (multiscale, "'pyramid' has several resolutions and cannot be edited"),
        (read_only, "'fixed' is read-only and cannot be edited"),
        (lazy, "'lazy' is read-only and cannot be edited"),
    ],
)
@pytest.mark.parametrize("name", ["grow", "cut", "pick_island", "threshold", "interpolate"])
def test_layers_that_cannot_be_edited_are_refused(qtbot, make, reason, name):
    case = EditCase(qtbot)
    case.layer = case.viewer.add_layer(make())
    case.section.set_layer(case.layer)
    case.open(name)
    assert refused(case, reason)
    case.release()


def test_a_single_slice_has_no_others(qtbot):
    case = EditCase(qtbot)
    case.layer = case.viewer.add_labels(cubes()[3], name="flat")
    case.layer.selected_label = 1
    case.section.set_layer(case.layer)
    for name in ("interpolate", "copy_slice", "clear_slice", "cut"):
        case.open(name)
        assert refused(case, "These labels are a single slice")
    assert not any(isinstance(layer, Shapes) for layer in case.viewer.layers)
    case.open("grow", mm=1.0)
    case.apply()
    case.release()


def test_locked_labels_stay_whatever_is_done_to_all(case):
    case.lock(2)
    before = case.layer.data.copy()
    for name, settings in (
        ("smooth", {"how": "together", "mm": 0.7}),
        ("grow", {"mm": 4.0, "over": "others"}),
        ("grow_from_seeds", {"mm": 3.0}),
        ("clear_slice", {"all_labels": True}),
    ):
        case.viewer.dims.set_point(0, 8.0)
        case.open(name, **settings)
        outcome = case.wait_for_preview()
        assert 2 not in outcome.changes
        case.apply()
        assert np.array_equal(case.layer.data == 2, before == 2)
    assert len(case.steps) == 4


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("shell", {"into": 2}),
        ("threshold", {"region": "label", "inside": 2}),
        ("combine", {"other": LabelOf("", 2)}),
        ("pick_island", {"do": "give", "to": 2}),
    ],
)
def test_a_locked_label_takes_no_part(case, name, settings):
    case.lock(2)
    case.open(name, **settings)
    assert refused(case, "'spleen' is locked; unlock it first")


def test_an_island_under_the_cursor_is_refused_with_the_reason(case):
    by_name = {action.name: action for action in case.section.offers}
    before = case.layer.data.copy()
    case.lock(2)
    for voxel, reason in (
        ((0, 0, 0), "There is no label at this point"),
        ((3, 8, 3), "'spleen' is locked"),
    ):
        case.viewer.cursor.position = case.layer.data_to_world(voxel)
        case.viewer.dims.set_point(0, case.viewer.cursor.position[0])
        by_name["delete_island"].run()
        case.wait()
        assert reason in case.status.text.text()
    case.viewer.cursor.position = (0.0, -500.0, 0.0)
    by_name["keep_island"].run()
    case.wait()
    assert "point at an island" in case.status.text.text().lower()
    assert np.array_equal(case.layer.data, before)
    assert case.steps == []


def test_a_layer_removed_during_a_preview_is_let_go(case):
    case.open("grow")
    case.wait_for_preview()
    before = case.layer.data.copy()
    case.viewer.layers.remove(case.layer)
    assert case.previews == []
    assert case.opened is None
    assert case.status.text.text() == "'organs' was removed; nothing of it was changed"
    assert np.array_equal(case.layer.data, before)
    assert case.tools.layer is None


def test_voxels_replaced_by_another_plugin_are_looked_at_anew(case):
    case.open("grow", mm=1.0)
    first = case.wait_for_preview()
    other = np.zeros(SHAPE, np.uint8)
    other[5, 5, 5] = 1
    case.layer.data = other
    case.qtbot.waitUntil(lambda: case.opened.outcome not in (None, first))
    case.apply()
    assert np.count_nonzero(case.layer.data == 1) == 7
    case.layer.undo()
    assert np.array_equal(case.layer.data, other)


def test_voxels_of_another_shape_close_no_door(case):
    case.open("grow", mm=1.0)
    first = case.wait_for_preview()
    other = np.zeros((4, 6, 8), np.uint8)
    other[2, 3, 4] = 1
    case.layer.data = other
    case.qtbot.waitUntil(lambda: case.opened.outcome not in (None, first))
    assert case.previews[0].data.shape == (4, 6, 8)
    case.apply()
    assert np.count_nonzero(case.layer.data) > 1


def test_a_preview_that_a_person_removes_comes_back_with_the_next_change(case):
    case.open("grow")
    case.wait_for_preview()
    case.viewer.layers.remove(case.previews[0])
    case.set(mm=3.0)
    case.wait_for_preview()
    assert len(case.previews) == 1
    case.tools.close_tool()
    assert case.previews == []


def test_a_preview_is_nobody_s_work(qtbot, tmp_path):
    case = EditCase(qtbot)
    keeping = Keeping(case.viewer, folder=tmp_path)
    case.open("grow")
    case.wait_for_preview()
    assert len(case.previews) == 1
    assert keeping.unsaved == ()
    assert case.steps == []
    assert case.viewer.layers.selection.active is case.layer
    assert not case.previews[0].editable
    data, meta, _ = case.previews[0].as_layer_data_tuple()
    assert save_labels(str(tmp_path / "preview.nii.gz"), data, meta) == []
    assert not (tmp_path / "preview.nii.gz").exists()
    case.viewer.layers.selection.active = case.previews[0]
    assert case.tools.layer is case.layer
    keeping.release()
    case.release()


class Gate:
    """Stands before a tool's function: the tool waits there until it is let through."""

    def __init__(self, edit):
        self.waiting, self.calls = Event(), 0
        self._edit, self._through = edit, Semaphore(0)

    def __call__(self, subject, settings, report):
        self.calls += 1
        edit = self._edit(subject, settings, report)
        self.waiting.set()
        assert self._through.acquire(timeout=10)
        return edit

    def let_through(self, count=1):
        self.waiting.clear()
        self._through.release(count)


@pytest.fixture
def gate(case):
    """Smoothing that waits."""
    tool = case.tools.tools["smooth"]
    gate = Gate(tool.edit)
    case.tools.tools["smooth"] = replace(tool, edit=gate)
    yield gate
    gate.let_through(10)


def paint(case, *voxel, label=3):
    case.layer.data_setitem(tuple(np.array([place]) for place in voxel), label)


def test_labels_that_changed_meanwhile_are_computed_once_more_as_they_were_asked_for(case, gate):
    case.tools.run_at_once("smooth")
    case.qtbot.waitUntil(gate.waiting.is_set)
    paint(case, 3, 3, 3)
    case.layer.selected_label = 2
    gate.let_through(2)
    case.wait()
    assert gate.calls == 2
    assert case.steps[1:] == ["Smooth liver (median, 2 mm)"]
    assert case.layer.data[3, 3, 3] == 3


def test_labels_that_change_again_and_again_are_not_written_over(case, gate):
    case.tools.run_at_once("smooth")
    for column in (3, 4):
        case.qtbot.waitUntil(gate.waiting.is_set)
        paint(case, 3, 3, column)
        gate.let_through()
    case.wait()
    assert gate.calls == 2
    assert case.status.text.text().startswith("The labels were changed meanwhile")
    assert len(case.steps) == 2


def test_a_stroke_in_progress_is_a_step_before(case, gate):
    case.tools.run_at_once("smooth")
    case.qtbot.waitUntil(gate.waiting.is_set)
    case.layer.mode, case.layer.brush_size = "paint", 1
    pointer = Pointer(case.layer)
    pointer.press(3, 8, 12)
    gate.let_through(2)
    case.wait()
    assert gate.calls == 2
    assert case.steps == ["brush: liver", "Smooth liver (median, 2 mm)"]
    pointer.release(3, 8, 12)


def test_cancel_drops_what_is_computed(case, gate):
    before = case.layer.data.copy()
    case.tools.run_at_once("smooth")
    case.qtbot.waitUntil(gate.waiting.is_set)
    assert case.status.is_busy
    case.tools.run_at_once("smooth")
    assert gate.calls == 1
    case.status.cancel.click()
    gate.let_through()
    case.wait()
    assert np.array_equal(case.layer.data, before)
    assert case.status.text.text() == "Stopped: nothing was changed"


def test_a_tool_shows_how_far_it_is_and_cancel_stops_it_at_once(case):
    steps, ended = [], Event()

    def slow(_subject, _settings, report):
        try:
            for step in range(1, 1000):
                report(step / 1000)
                steps.append(step)
                ended.wait(0.01)
        finally:
            ended.set()

    case.tools.tools["smooth"] = replace(case.tools.tools["smooth"], edit=slow)
    case.tools.run_at_once("smooth")
    case.qtbot.waitUntil(lambda: "%" in case.status.text.text())
    assert case.status.text.text().startswith("Smooth liver (median, 2 mm): ")
    case.qtbot.waitUntil(lambda: case.status.bar.value() > 0)
    case.status.cancel.click()
    case.wait()
    assert ended.is_set()
    assert len(steps) < 500
    assert case.steps == []
    assert case.status.text.text() == "Stopped: nothing was changed"


def test_an_older_preview_is_stopped_for_a_newer_one(case):
    begun, stopped = Event(), []
    original = case.tools.tools["grow"]

    def slow(subject, settings, report):
        begun.set()
        try:
            while settings.mm < 3.0:
                report(0.5)
                sleep(0.005)
        except BaseException:
            stopped.append(settings.mm)
            raise
        return original.edit(subject, settings, report)

    case.tools.tools["grow"] = replace(original, edit=slow)
    case.open("grow", mm=2.0)
    case.qtbot.waitUntil(begun.is_set)
    case.set(mm=3.5)
    case.wait_for_preview()
    assert stopped == [2.0]


def test_without_previews_a_tool_shows_nothing_and_does_the_same(case, preferences):
    preferences.editing.tool_preview = False
    opened = case.open("grow")
    assert opened.news.text() == "Preview off, as the preferences say"
    assert opened.primary.isEnabled()
    assert not opened._previewing.is_busy
    assert case.previews == []
    preferences.editing.tool_preview = True
    case.wait_for_preview()
    assert len(case.previews) == 1
    preferences.editing.tool_preview = False
    case.qtbot.waitUntil(lambda: case.previews == [])
    case.apply()
    assert case.steps == ["Grow liver by 2 mm"]


def test_the_key_that_applies_a_tool_is_named_as_it_is_bound(case):
    opened = case.open("grow")
    assert "(" not in opened.primary.toolTip()
    keys = {"run_tab": "Ctrl+Return", "grow": "Shift+G"}
    case.tools.show_keys(lambda name: keys.get(name, ""))
    case.wait_for_preview()
    assert opened.primary.toolTip() == "Grow liver by 2 mm (Ctrl+Return), one undo step"
    assert case.open("shrink").primary.toolTip().endswith("(Ctrl+Return), one undo step")


def test_a_layer_removed_while_it_is_computed_is_not_written(case, gate):
    before = case.layer.data.copy()
    case.tools.run_at_once("smooth")
    case.qtbot.waitUntil(gate.waiting.is_set)
    case.viewer.layers.remove(case.layer)
    gate.let_through()
    case.wait()
    assert np.array_equal(case.layer.data, before)


def test_a_run_that_goes_on_has_the_bottom_line(case):
    case.status.begin("Segmenting")
    case.tools.run_at_once("smooth")
    case.wait()
    assert case.steps == []
    assert case.status.text.text() == "Segmenting…"
    case.status.end("")
    case.tools.run_at_once("smooth")
    case.wait()
    assert len(case.steps) == 1


def test_what_would_take_too_long_is_not_previewed_but_can_be_applied(case):
    tool = case.tools.tools["smooth"]
    slow = replace(tool, size=lambda _subject, _settings: 10**12)
    case.tools.tools["smooth"] = slow
    case.tools._bench.paces._seconds_per_voxel["smooth"] = 1e-9
    opened = case.open("smooth")
    case.qtbot.waitUntil(lambda: opened.news.text() == "Preview off: too large")
    assert case.previews == []
    assert opened.primary.isEnabled()
    case.apply()
    assert case.steps == ["Smooth liver (median, 2 mm)"]


@pytest.mark.parametrize("name", ["grow", "shrink", "shell"])
def test_less_than_a_voxel_is_refused_with_its_size(case, name):
    case.open(name, mm=0.4, **({"into": 3} if name == "shell" else {}))
    assert refused(case, "That is less than a voxel: 0.5 mm at least")


def test_a_wall_thinner_than_a_voxel_is_refused(case):
    case.open("hollow", mm=0.8, side="both")
    case.qtbot.waitUntil(lambda: "must be 1 mm thick at least" in case.opened.reason())
    assert refused(case, "must be 1 mm thick at least, got 0.8 mm")
    case.set(side="inside")
    case.wait_for_preview()
    assert case.opened.primary.isEnabled()


@pytest.mark.parametrize("knows_its_grid", [True, False])
def test_labels_that_were_turned_have_no_intensities_below(case, knows_its_grid):
    if not knows_its_grid:
        case.layer.metadata = {}
    case.layer.rotate = (0, 0, 30)
    case.open("threshold")
    assert refused(case, "lies on another grid than the scan 'abdomen'")


def test_turned_labels_are_no_label_of_this_grid(case):
    other = case.viewer.add_labels(cubes(), name="other", metadata=dict(case.layer.metadata))
    other.scale, other.translate = case.layer.scale, case.layer.translate
    case.open("combine")
    shown = [entry[1] for entry in case.opened.form.widgets["other"]._shown]
    assert any("of other" in text for text in shown)
    other.rotate = (0, 0, 30)
    case.opened.update_all()
    shown = [entry[1] for entry in case.opened.form.widgets["other"]._shown]
    assert not any("of other" in text for text in shown)
