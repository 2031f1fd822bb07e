from dataclasses import replace
from threading import Event

import numpy as np
import pytest
from fake_model import fake_tools, head, load, segment
from napari.components import ViewerModel
from napari.layers import Image, Labels, Shapes

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Scan
from napari_seg.segmentation.bundle_description import describe_bundle
from napari_seg.viewer.editing.locks import LabelLocks
from napari_seg.viewer.label_list.layer_table import LayerTable
from napari_seg.viewer.layers import image_layer, label_map_of, labels_layer
from napari_seg.viewer.segmenting.model_choice import ModelChoice
from napari_seg.viewer.segmenting.result_layer import record_of
from napari_seg.viewer.segmenting.segment_section import SegmentSection
from napari_seg.viewer.status_line import StatusLine


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def layer(viewer):
    return viewer.add_layer(image_layer(head(), name="head"))


@pytest.fixture
def make_section(qtbot, viewer):
    sections = []

    def make(layer, run=segment, load=load):
        status = StatusLine()
        section = SegmentSection(viewer, fake_tools(run, load), status)
        section.status = status
        for widget in (status, section):
            qtbot.addWidget(widget)
        section.set_scan(layer)
        sections.append(section)
        return section

    yield make
    for section in sections:
        section.cancel()
        qtbot.waitUntil(lambda section=section: not section.is_running)


@pytest.fixture
def section(make_section, layer):
    return make_section(layer)


def finish(qtbot, section):
    qtbot.waitUntil(lambda: not section.is_running, timeout=20_000)


def run(qtbot, section):
    section.run()
    finish(qtbot, section)


def labels_in(viewer):
    return [layer for layer in viewer.layers if isinstance(layer, Labels)]


class Gate:
    """A model that waits after its first window until it is let go on."""

    def __init__(self):
        self.waiting, self.go_on = Event(), Event()

    def __call__(self, scan, bundle, *, region, on_progress, on_window, **options):
        def progress(fraction):
            self.waiting.set()
            self.go_on.wait(10)
            on_progress(fraction)

        return segment(
            scan, bundle, region=region, on_progress=progress, on_window=on_window, **options
        )


@pytest.fixture
def gate():
    gate = Gate()
    yield gate
    gate.go_on.set()


def test_run_makes_a_layer_named_after_the_scan(qtbot, viewer, section):
    run(qtbot, section)
    [labels] = labels_in(viewer)
    assert labels.name == "head – hippocampus"
    assert viewer.layers.selection.active is labels
    assert section.status.text.text().startswith("2 labels, 0.1 ml in ")


def test_news_of_a_result_go_with_its_layer(qtbot, viewer, section):
    run(qtbot, section)
    news = section.status.text.text()
    other = viewer.add_labels(np.zeros((3, 3, 3), np.uint8))
    viewer.layers.remove(other)
    assert section.status.text.text() == news
    viewer.layers.clear()
    assert section.status.text.text() == ""


def test_other_news_stay_when_the_layer_of_a_result_goes(qtbot, viewer, section):
    run(qtbot, section)
    section.status.end("Saved labels.nii.gz")
    viewer.layers.clear()
    assert section.status.text.text() == "Saved labels.nii.gz"


def test_the_2d_model_gets_a_layer_of_its_own(qtbot, viewer, section):
    run(qtbot, section)
    section.model.list.setCurrentIndex(1)
    run(qtbot, section)
    assert [one.name for one in labels_in(viewer)] == [
        "head – hippocampus",
        "head – hippocampus, 2D",
    ]


def test_a_layer_of_another_reader_is_segmented_too(qtbot, viewer, make_section):
    foreign = viewer.add_image(np.full((7, 6, 5), 100), scale=(3, 2, 1), name="stack")
    run(qtbot, make_section(foreign))
    [labels] = labels_in(viewer)
    assert labels.data.shape == (7, 6, 5)
    assert tuple(labels.scale) == (3, 2, 1)


def test_finished_windows_show_while_it_runs_and_go_at_the_end(
    qtbot, viewer, make_section, layer, gate
):
    section = make_section(layer, gate)
    section.run()
    qtbot.waitUntil(lambda: bool(labels_in(viewer)))
    assert labels_in(viewer)[0].name == "head – hippocampus (running)"
    assert viewer.layers.selection.active is layer
    gate.go_on.set()
    finish(qtbot, section)
    assert [one.name for one in labels_in(viewer)] == ["head – hippocampus"]


def test_run_says_why_it_cannot_start(viewer, make_section):
    section = make_section(None)
    assert not section.start.isEnabled()
    assert section.start.toolTip() == "Open a scan first"
    slice_ = Scan(np.zeros((6, 5, 1)), Geometry((6, 5, 1), np.eye(4)))
    section.set_scan(viewer.add_layer(image_layer(slice_, name="slice")))
    assert "choose a 2D model" in section.start.toolTip()
    section.model.list.setCurrentIndex(1)
    assert section.start.isEnabled()


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (Image(np.zeros((2, 3, 4, 5)), name="heart"), "4 dimensions"),
        (Image(np.zeros((4, 5, 3), np.uint8), rgb=True), "single slice"),
    ],
    ids=["times", "colour"],
)
def test_a_scan_that_does_not_fit_says_so(viewer, make_section, image, reason):
    section = make_section(viewer.add_layer(image))
    assert reason in section.start.toolTip()


def test_the_button_waits_while_a_run_goes_on(qtbot, make_section, layer, gate):
    section = make_section(layer, gate)
    section.run()
    assert not section.start.isEnabled()
    assert "wait for it" in section.start.toolTip()
    gate.go_on.set()
    finish(qtbot, section)
    assert section.start.isEnabled()
    assert section.start.toolTip() == "Segment head with Hippocampus, 3D"


def test_cancel_acts_at_once_and_changes_nothing(qtbot, viewer, make_section, layer, gate):
    section = make_section(layer, gate)
    section.run()
    qtbot.waitUntil(gate.waiting.is_set)
    section.status.cancel.click()
    # The model still works on its window.
    assert not gate.go_on.is_set()
    assert not section.is_running
    assert section.start.isEnabled()
    assert labels_in(viewer) == []
    assert section.status.text.text() == "Stopped; nothing was changed"
    assert not section.status.is_busy
    gate.go_on.set()
    qtbot.wait(100)
    assert labels_in(viewer) == []
    assert section.status.text.text() == "Stopped; nothing was changed"


def test_a_model_that_loads_on_after_cancel_disturbs_nothing(qtbot, viewer, make_section, layer):
    loading, go_on, done = Event(), Event(), Event()

    def load_slowly(folder, **_more):
        loading.set()
        go_on.wait(10)
        done.set()
        raise ValueError("the weights do not fit")

    section = make_section(layer, load=load_slowly)
    section.run()
    qtbot.waitUntil(loading.is_set)
    section.status.cancel.click()
    assert section.start.isEnabled()
    go_on.set()
    qtbot.waitUntil(done.is_set)
    # An error would be raised here.
    qtbot.wait(100)
    assert section.status.text.text() == "Stopped; nothing was changed"


def test_a_run_after_a_cancelled_one_waits_until_the_network_is_free(
    qtbot, viewer, make_section, layer, gate
):
    at_once, most = [], []

    def counted(scan, bundle, **options):
        at_once.append(1)
        most.append(len(at_once))
        try:
            return gate(scan, bundle, **options)
        finally:
            at_once.pop()

    section = make_section(layer, counted)
    section.run()
    qtbot.waitUntil(gate.waiting.is_set)
    section.status.cancel.click()
    section.run()
    qtbot.waitUntil(lambda: "0 %" in section.status.text.text())
    assert len(most) == 1
    gate.go_on.set()
    finish(qtbot, section)
    assert most == [1, 1]
    assert len(labels_in(viewer)) == 1


def test_cancel_while_waiting_for_a_cancelled_run_is_possible_too(
    qtbot, viewer, make_section, layer, gate
):
    section = make_section(layer, gate)
    for _ in range(2):
        section.run()
        qtbot.waitUntil(gate.waiting.is_set)
        section.status.cancel.click()
        assert not section.is_running
    gate.go_on.set()
    section.run()
    finish(qtbot, section)
    assert len(labels_in(viewer)) == 1


def test_a_run_whose_scan_is_closed_stops(qtbot, viewer, make_section, layer, gate):
    section = make_section(layer, gate)
    section.run()
    qtbot.waitUntil(gate.waiting.is_set)
    viewer.layers.remove(layer)
    assert not section.is_running
    gate.go_on.set()
    qtbot.wait(100)
    assert labels_in(viewer) == []


def test_a_result_of_voxels_that_were_exchanged_is_refused(
    qtbot, viewer, make_section, layer, gate
):
    section = make_section(layer, gate)
    section.run()
    qtbot.waitUntil(gate.waiting.is_set)
    layer.data = np.zeros(layer.data.shape)
    gate.go_on.set()
    finish(qtbot, section)
    assert labels_in(viewer) == []
    assert "result was dropped" in section.status.text.text()


def test_closing_the_preview_does_not_disturb_the_run(qtbot, viewer, make_section, layer, gate):
    section = make_section(layer, gate)
    section.run()
    qtbot.waitUntil(lambda: bool(labels_in(viewer)))
    viewer.layers.remove(labels_in(viewer)[0])
    gate.go_on.set()
    finish(qtbot, section)
    assert len(labels_in(viewer)) == 1


def test_an_error_is_raised_for_napari_and_the_panel_lives_on(qtbot, viewer, make_section, layer):
    def fail(scan, bundle, **options):
        raise ValueError("the bundle expects 4 channels")

    section = make_section(layer, fail)
    with qtbot.capture_exceptions() as raised:
        run(qtbot, section)
    assert [str(value) for _, value, _ in raised] == ["the bundle expects 4 channels"]
    assert "failed" in section.status.text.text()
    assert section.start.isEnabled()


def test_a_model_is_loaded_once(qtbot, make_section, layer):
    loads = []

    def count(folder, *, variant, **_more):
        loads.append(variant)
        return load(folder, variant=variant)

    section = make_section(layer, load=count)
    run(qtbot, section)
    run(qtbot, section)
    assert loads == [None]


def test_a_model_of_a_folder_is_read_anew_once_its_files_change(
    qtbot, make_section, layer, tmp_path
):
    calls = []

    def count(folder, *, variant, **_more):
        calls.append(folder)
        return load(folder, variant=variant)

    (tmp_path / "models").mkdir()
    section = make_section(layer, load=count)
    section.model.add_folder(tmp_path)
    for _ in range(2):
        run(qtbot, section)
    assert calls == [tmp_path]
    (tmp_path / "models" / "model.pt").write_bytes(b"trained again")
    run(qtbot, section)
    assert calls == [tmp_path, tmp_path]


def test_a_model_of_a_folder_joins_the_list_once(section, tmp_path):
    section.model.add_folder(tmp_path)
    section.model.add_folder(tmp_path)
    titles = [section.model.list.itemText(index) for index in range(section.model.list.count())]
    assert titles == ["Hippocampus, 3D", "Hippocampus, 2D", f"Hippocampus, 3D ({tmp_path.name})"]
    assert section.model.folder == tmp_path


def test_models_in_folders_of_one_name_are_told_apart_in_the_list(section, tmp_path):
    for organ in ("liver", "spleen"):
        section.model.add_folder(tmp_path / organ / "bundle")
    titles = [section.model.list.itemText(index) for index in (2, 3)]
    assert titles == ["Hippocampus, 3D (liver/bundle)", "Hippocampus, 3D (spleen/bundle)"]
    assert section.model.list.toolTip().endswith(f"\n{tmp_path / 'spleen' / 'bundle'}")


def test_a_long_name_of_a_model_shows_its_end(section, tmp_path):
    section.model.add_folder(tmp_path / "a folder of a rather long name, version two")
    section.model.list.resize(200, section.model.list.sizeHint().height())
    shown = section.model.list.shown_text()
    assert "…" in shown
    assert shown.startswith("Hippo")
    assert shown.endswith(" two)")


def test_a_folder_that_is_no_model_is_refused_and_the_choice_stays(qtbot, tmp_path):
    choice = ModelChoice(describe_bundle)
    qtbot.addWidget(choice)
    with pytest.raises(FileNotFoundError, match="metadata"):
        choice.add_folder(tmp_path)
    assert choice.folder is None


def test_labels_from_a_file_are_asked_about_by_what_would_change(qtbot, viewer, section):
    run(qtbot, section)
    [result] = labels_in(viewer)
    labels = label_map_of(result)
    array = labels.array.copy()
    array[0, 0, 0] = 2
    viewer.layers.remove(result)
    opened = labels_layer(replace(labels, array=array, record=None), name="mine", path="x.nii.gz")
    viewer.add_layer(opened)
    run(qtbot, section)
    assert "'mine' was opened from a file, and the result would change 0.01 ml" in (
        section.status.text.text()
    )


def test_hand_work_is_asked_about_and_can_be_kept(qtbot, viewer, section):
    run(qtbot, section)
    [labels] = labels_in(viewer)
    labels.data_setitem((np.array([0]), np.array([0]), np.array([0])), 2)
    run(qtbot, section)
    assert len(labels_in(viewer)) == 2
    assert "0.01 ml" in section.status.text.text()
    keep, replace = section.status.answers
    assert (keep.text(), replace.text()) == ("Keep my voxels", "Replace")
    keep.click()
    assert labels_in(viewer) == [labels]
    assert labels.data[0, 0, 0] == 2
    # But for that voxel the result was there already.
    assert "nothing in it changed" in section.status.text.text()


def test_hand_work_can_be_replaced_and_taken_back(qtbot, viewer, section):
    run(qtbot, section)
    [labels] = labels_in(viewer)
    labels.data_setitem((np.array([0]), np.array([0]), np.array([0])), 2)
    run(qtbot, section)
    section.status.answers[1].click()
    assert labels.data[0, 0, 0] == 0
    labels.undo()
    assert labels.data[0, 0, 0] == 2


def with_labels(scan, bundle, *, labels, **options):
    """Label what the section's boxes say."""
    drawn = segment(scan, bundle, **options)
    kept = labels or tuple(bundle.table.names.values())
    table = bundle.table.keep([bundle.table.value_of(name) for name in kept])
    return replace(drawn, array=drawn.array * np.isin(drawn.array, list(table.names)), table=table)


@pytest.fixture
def choosing(make_section, layer):
    return make_section(layer, with_labels)


def run_anterior(qtbot, section):
    section.options.labels[1].setChecked(False)
    run(qtbot, section)
    section.options.labels[1].setChecked(True)


def test_a_label_deleted_by_hand_does_not_come_back_by_a_rerun(qtbot, viewer, choosing):
    run(qtbot, choosing)
    run_anterior(qtbot, choosing)
    run(qtbot, choosing)
    [labels] = labels_in(viewer)
    LayerTable.of(labels).delete({2})
    run(qtbot, choosing)
    assert "holds 0.04 ml of other work" in choosing.status.text.text()
    assert not (labels.data == 2).any()
    choosing.status.answers[0].click()
    assert not (labels.data == 2).any()


def test_a_row_that_came_back_with_a_rerun_goes_with_its_undo(qtbot, viewer, choosing):
    run(qtbot, choosing)
    [labels] = labels_in(viewer)
    table = LayerTable.of(labels)
    table.delete({2})
    run(qtbot, choosing)
    choosing.status.answers[1].click()
    names = []
    for move in (table.follow, labels.undo, labels.undo, labels.redo, labels.redo):
        move()
        table.follow()
        names.append([row.name for row in table.rows])
    both = ["anterior", "posterior"]
    assert names == [both, ["anterior"], both, ["anterior"], both]


def test_labels_from_a_file_lose_nothing_by_a_rerun_with_fewer_labels(qtbot, viewer, choosing):
    result = segment(head(), load(), region=None, on_progress=print, on_window=print)
    opened = viewer.add_layer(labels_layer(result, name="mine", path="mine.nii"))
    run(qtbot, choosing)
    assert labels_in(viewer) == [opened]
    run_anterior(qtbot, choosing)
    news = choosing.status.text.text()
    assert "'mine' was opened from a file, and the result would change 0.04 ml of it" in news
    assert (opened.data == 2).any()


def test_what_a_locked_label_keeps_of_a_result_is_told(qtbot, viewer, choosing):
    run(qtbot, choosing)
    [labels] = labels_in(viewer)
    LabelLocks.of(labels).lock(2)
    run_anterior(qtbot, choosing)
    assert (labels.data == 2).any()
    assert choosing.status.text.text().endswith(". 0.04 ml stayed as it was for locked labels")


def test_a_layer_that_was_painted_on_stays_when_the_decision_is_made(qtbot, viewer, section):
    run(qtbot, section)
    [labels] = labels_in(viewer)
    labels.data_setitem((np.array([0]), np.array([0]), np.array([0])), 2)
    run(qtbot, section)
    new = labels_in(viewer)[1]
    new.data_setitem((np.array([1]), np.array([1]), np.array([1])), 2)
    section.status.answers[0].click()
    assert labels_in(viewer) == [labels, new]
    assert section.status.text.text().endswith(f"'{new.name}' stays: it was changed by hand.")


@pytest.mark.parametrize("answer", [0, 1], ids=["keep", "replace"])
def test_the_news_of_a_decision_go_with_the_layer_that_they_tell_of(qtbot, viewer, section, answer):
    run(qtbot, section)
    [labels] = labels_in(viewer)
    labels.data_setitem((np.array([0]), np.array([0]), np.array([0])), 2)
    run(qtbot, section)
    section.status.answers[answer].click()
    assert f"'{labels.name}' holds the result" in section.status.text.text()
    viewer.layers.remove(labels)
    assert section.status.text.text() == ""


def test_a_decision_about_a_closed_layer_is_no_decision(qtbot, viewer, section):
    run(qtbot, section)
    [labels] = labels_in(viewer)
    labels.data_setitem((np.array([0]), np.array([0]), np.array([0])), 2)
    run(qtbot, section)
    viewer.layers.remove(labels)
    section.status.answers[1].click()
    assert "nothing to decide" in section.status.text.text()
    assert len(labels_in(viewer)) == 1


def test_who_paints_elsewhere_goes_on_doing_so(qtbot, viewer, section):
    mine = viewer.add_labels(np.zeros((8, 10, 12), np.uint8), name="mine")
    run(qtbot, section)
    assert viewer.layers.selection.active is mine


def test_a_drawn_rectangle_is_the_region(qtbot, viewer, layer, section):
    region = section.region
    region.drawn.setChecked(True)
    assert region.news.text().endswith("of three views, in the large one")
    shapes = viewer.layers[-1]
    assert isinstance(shapes, Shapes)
    assert "Draw a rectangle" in section.start.toolTip()
    assert not section.start.isEnabled()
    region.drawn_box.first.setValue(1)
    region.drawn_box.last.setValue(4)
    shapes.add_rectangles([[(2, 1.5, 4.5), (2, 1.5, 7.5), (2, 8.5, 7.5), (2, 8.5, 4.5)]])
    assert region.region() == ((4, 7), (1, 8), (3, 7))
    assert region.news.text() == "The box is 3 × 14 × 12 mm"
    run(qtbot, section)
    [labels] = labels_in(viewer)
    assert not label_map_of(labels).array[7].any()
    assert record_of(labels)["options"]["region"] == ((4, 7), (1, 8), (3, 7))


def test_a_rectangle_on_another_layer_counts_once_it_is_selected(viewer, layer, section):
    box = section.region.drawn_box
    section.region.drawn.setChecked(True)
    rectangle = [(2, 1.5, 4.5), (2, 1.5, 7.5), (2, 8.5, 7.5), (2, 8.5, 4.5)]
    other = viewer.add_shapes([rectangle], scale=(3, 2, 1), name="mine")
    other.translate = layer.translate
    assert "Draw a rectangle" in section.region.news.text()
    box.follow(other)
    assert section.region.news.text().startswith("The box is")
    assert section.start.isEnabled()


def test_slices_beyond_those_of_the_last_scan_can_be_chosen(viewer, layer, section):
    section.region.drawn.setChecked(True)
    assert section.region.drawn_box.last.value() == 7
    tall = Scan(np.zeros((12, 10, 90)), Geometry((12, 10, 90), np.eye(4)))
    section.set_scan(viewer.add_layer(image_layer(tall, name="tall")))
    section.region.drawn_box.last.setValue(60)
    assert section.region.drawn_box.last.value() == 60


def test_a_click_places_the_box_and_shows_it(viewer, layer, section):
    region = section.region
    region.around.setChecked(True)
    for box, mm in zip(region.point_box.sizes, (6, 8, 3), strict=True):
        box.setValue(mm)
    region.point_box.pick.click()
    callback = viewer.mouse_drag_callbacks[-1]

    class Click:
        position = tuple(layer.data_to_world((3, 5, 6)))
        handled = False

    callback(viewer, Click)
    assert Click.handled
    assert callback not in viewer.mouse_drag_callbacks
    # The display runs backwards along each axis: (3, 5, 6) is the voxel (5, 4, 4).
    assert region.region() == ((4, 7), (2, 6), (3, 5))
    assert viewer.layers[-1].name == "box to segment"
    assert viewer.layers.selection.active is layer
    region.whole.setChecked(True)
    assert [one.name for one in viewer.layers] == ["head"]


def test_options_reach_the_model(qtbot, make_section, layer):
    seen = {}

    def remember(scan, bundle, **options):
        seen.update(options)
        return segment(scan, bundle, **options)

    section = make_section(layer, remember)
    section.options.overlap_percent.setValue(50)
    section.options.labels[0].setChecked(False)
    section.device.setCurrentText("CPU")
    run(qtbot, section)
    assert (seen["overlap"], seen["labels"], seen["device"]) == (0.5, ("posterior",), "cpu")


def test_no_label_kept_is_a_reason_not_to_run(section):
    for box in section.options.labels:
        box.setChecked(False)
    assert "at least one label" in section.start.toolTip()


def test_parts_that_are_too_small_are_dropped(qtbot, viewer, section):
    section.options.min_ml.setValue(0.05)
    run(qtbot, section)
    [labels] = labels_in(viewer)
    assert list(labels.features["volume_ml"]) == [0.108, 0]


def test_time_left_comes_from_the_pace(qtbot):
    times = iter([0.0, 10.0])
    line = StatusLine(clock=lambda: next(times))
    qtbot.addWidget(line)
    line.begin("Loading")
    line.progress(0.0, "Segmenting head")
    line.progress(0.25, "Segmenting head")
    assert line.text.text() == "Segmenting head: 25 %, 30 s left"
