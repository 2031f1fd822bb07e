import gc
import weakref

import numpy as np
import pytest
from fake_model import fake_tools, head
from labels_in_hand import Pointer, remove
from napari.components import ViewerModel
from napari.layers import Image, Labels
from qtpy.QtWidgets import QWidget

from napari_seg.imaging.label_table import LabelTable
from napari_seg.segmentation.run_settings import RunSettings
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.editing.locks import LabelLocks
from napari_seg.viewer.editing.volumes import VolumeTracker
from napari_seg.viewer.jobs import Job
from napari_seg.viewer.layers import image_layer, update_metadata
from napari_seg.viewer.segmenting.model_run import run_model
from napari_seg.viewer.segmenting.result_layer import show_result
from napari_seg.viewer.undo import write_region

SHAPE = (5, 12, 14)
WHOLE = tuple(slice(0, length) for length in SHAPE)
LIVER = 1


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def layer(viewer):
    layer = viewer.add_labels(np.zeros(SHAPE, np.uint8), name="organs")
    update_metadata(layer, table=LabelTable.from_names({LIVER: "liver", 2: "spleen"}))
    viewer.dims.set_current_step(0, 2)
    layer.brush_size = 1
    layer.mode = "paint"
    return layer


@pytest.fixture
def history(layer):
    return EditHistory.of(layer)


@pytest.fixture
def told(history):
    told = []
    history.noticed.connect(told.append)
    return told


def names(history):
    return [step.name for step in history.steps]


def run(scan, *, on_progress=lambda _: None):
    return run_model(
        fake_tools(),
        scan,
        RunSettings(),
        None,
        on_progress=on_progress,
        on_window=lambda _: None,
    )


def paint_row(layer, count, label=LIVER):
    for column in range(count):
        layer.paint((2, 0, column % SHAPE[2]), label + column // SHAPE[2])


def test_strokes_are_named_for_tool_and_label(layer, history):
    pointer = Pointer(layer)
    pointer.drag((2, 1, 1), (2, 1, 8))
    layer.selected_label = 7
    pointer.drag((2, 5, 1), (2, 5, 8))
    layer.mode = "fill"
    layer.selected_label = 2
    pointer.drag((2, 9, 1))
    layer.mode = "erase"
    pointer.drag((2, 5, 1), (2, 5, 3))
    pointer.drag((2, 1, 1), (2, 9, 1))
    layer.mode = "polygon"
    layer.paint_polygon([(2, 3, 3), (2, 3, 5), (2, 5, 5), (2, 5, 3)], LIVER)
    layer.mode = "pan_zoom"
    layer.paint((2, 11, 11), LIVER)
    assert names(history) == [
        "brush: liver",
        "brush: label 7",
        "fill: spleen",
        "erase: label 7",
        "erase: 2 labels",
        "polygon: liver",
        "edit: liver",
    ]
    assert history.done == 7


def test_the_brush_with_the_background_erases(layer, history):
    layer.paint((2, 1, 1), LIVER)
    layer.paint((2, 1, 1), 0)
    assert names(history)[-1] == "erase: liver"


def test_a_tool_gives_its_step_a_name(layer, history):
    layer.paint((2, 1, 1), LIVER)
    write_region(layer, WHOLE, 2, name="Grow spleen by 2 mm")
    write_region(layer, WHOLE, 3)
    layer.paint((2, 1, 1), LIVER)
    assert names(history) == ["brush: liver", "Grow spleen by 2 mm", "edit", "brush: liver"]


def test_a_tool_that_changes_nothing_leaves_no_name_for_the_next_stroke(layer, history):
    write_region(layer, WHOLE, 0, name="Clear")
    layer.paint((2, 1, 1), LIVER)
    assert names(history) == ["brush: liver"]


def test_steps_stay_the_same_through_undo_and_redo(layer, history):
    paint_row(layer, 4)
    steps = history.steps
    for done in (3, 2, 3, 2, 1, 0, 1):
        (layer.undo if history.done > done else layer.redo)()
        assert (history.done, history.steps) == (done, steps)
    layer.paint((2, 5, 5), 2)
    assert history.steps[0] is steps[0]
    assert names(history) == ["brush: liver", "brush: spleen"]


def test_go_to_a_step_and_back(layer, history):
    states = [layer.data.copy()]
    for column in range(5):
        layer.paint((2, 3, column), LIVER)
        states.append(layer.data.copy())
    for place in (2, 5, 0, 4, 4, 1):
        history.go_to(history.steps[place - 1] if place else None)
        assert history.done == place
        assert np.array_equal(layer.data, states[place])


def test_what_is_shown_follows_go_to(layer, history):
    paint_row(layer, 3)
    history.go_to(history.steps[0])
    expected = layer.colormap._data_to_texture(layer.data[2])
    assert np.array_equal(layer._slice.image.view, expected)


def test_a_step_that_is_gone_cannot_be_gone_to(layer, history):
    paint_row(layer, 2)
    gone = history.steps[1]
    layer.undo()
    layer.paint((2, 5, 5), 2)
    with pytest.raises(ValueError, match="'brush: liver' is no longer in the history"):
        history.go_to(gone)


def test_signals_tell_what_was_written_and_taken_back(layer, history):
    events = []
    history.applied.connect(lambda step: events.append(("+", step.name, layer.data[2, 1, 1])))
    history.reverted.connect(lambda step: events.append(("-", step.name, layer.data[2, 1, 1])))
    layer.paint((2, 1, 1), LIVER)
    write_region(layer, WHOLE, 2, name="Flood")
    layer.undo()
    layer.undo()
    layer.redo()
    # The voxels are as the signal says when it comes.
    assert events == [
        ("+", "brush: liver", 1),
        ("+", "Flood", 2),
        ("-", "Flood", 1),
        ("-", "brush: liver", 0),
        ("+", "brush: liver", 1),
    ]


def test_a_step_says_what_it_changed_and_where(layer, history):
    layer.paint_polygon([(2, 3, 3), (2, 3, 5), (2, 6, 5), (2, 6, 3)], LIVER)
    write_region(layer, (slice(1, 4), slice(2, 5), slice(3, 4)), 2)
    stroke, tool = history.steps
    assert stroke.changes == {LIVER: 12}
    assert stroke.box == (slice(2, 3), slice(3, 7), slice(3, 6))
    assert tool.changes == {LIVER: -2, 2: 9}
    assert tool.box == (slice(1, 4), slice(2, 5), slice(3, 4))


def test_a_script_that_names_a_voxel_twice_is_counted_once(layer, history):
    layer.data[0, 0, 0] = 4
    rows = np.array([0, 0, -12, 3])
    layer.data_setitem((np.zeros(4, int), rows, np.zeros(4, int)), np.array([1, 2, 3, 2]))
    assert layer.data[0, 0, 0] == 3
    assert history.steps[0].changes == {4: -1, 3: 1, 2: 1}
    assert history.steps[0].box == (slice(0, 1), slice(0, 4), slice(0, 1))


def test_steps_made_before_the_history_are_in_it(viewer):
    layer = viewer.add_labels(np.zeros(SHAPE, np.uint8))
    layer.paint((0, 1, 1), 1)
    layer.paint((0, 1, 5), 2)
    layer.undo()
    history = EditHistory.of(layer)
    assert names(history) == ["earlier edit", "earlier edit"]
    assert history.done == 1
    layer.redo()
    assert history.done == 2


def test_the_history_holds_more_steps_than_napari_alone(layer, history, told):
    paint_row(layer, 150)
    assert len(history.steps) == history.done == 150
    history.go_to(None)
    assert not layer.data.any()
    assert not told


def test_the_oldest_step_falls_off(layer, monkeypatch):
    monkeypatch.setattr("napari_seg.viewer.editing.history._MOST_STEPS", 20)
    history = EditHistory.of(layer)
    told = []
    history.noticed.connect(told.append)
    for column in range(24):
        layer.paint((2, 0, 0), 1 + column % 2)
    assert len(history.steps) == history.done == len(layer._undo_history) == 20
    assert told == [
        "the history of 'organs' is full (512 MB or 20 steps): its oldest can no longer be undone"
    ]
    history.go_to(None)
    assert layer.data[2, 0, 0] == 2


def test_the_oldest_steps_go_when_the_bytes_are_too_many(viewer):
    layer = viewer.add_labels(np.zeros(SHAPE, np.uint8))
    voxels = layer.data.size
    history = EditHistory(layer, limit_bytes=4 * voxels + 2400)
    told = []
    history.noticed.connect(told.append)
    for label in range(1, 10):
        write_region(layer, WHOLE, label, name=f"to {label}")
        held = sum(
            atom.old_values.nbytes + (0 if atom.mask is None else atom.mask.nbytes)
            for item in layer._undo_history
            for atom in item
        )
        assert held <= history.kept_bytes <= 4 * voxels + 2400
    assert names(history) == ["to 6", "to 7", "to 8", "to 9"]
    assert history.done == len(layer._undo_history) == 4
    assert len(told) == 1
    history.go_to(None)
    assert (layer.data == 5).all()


def test_the_newest_step_stays_whatever_its_size(layer, history):
    history.limit_bytes = 1
    write_region(layer, WHOLE, 1)
    write_region(layer, WHOLE, 2, name="newest")
    assert names(history) == ["newest"]
    layer.undo()
    assert (layer.data == 1).all()
    layer.redo()
    assert (layer.data == 2).all()


def test_a_lower_limit_drops_what_was_undone_last_of_all(layer, history):
    paint_row(layer, 5)
    layer.undo()
    layer.undo()
    third, fourth = history.steps[2:4]
    history.limit_bytes = third.kept_bytes + fourth.kept_bytes
    assert history.steps == (third, fourth)
    assert history.done == 1
    layer.redo()
    assert history.done == 2
    history.go_to(None)
    assert layer.data.sum() == 2


def test_bytes_are_those_of_masks_and_labels(layer, history):
    write_region(layer, WHOLE, 1)
    voxels = layer.data.size
    assert voxels <= history.kept_bytes <= voxels + 1000
    write_region(layer, (slice(0, 1), slice(0, 12), slice(0, 14)), 2, public_only=True)
    assert 168 * 7 <= history.steps[1].kept_bytes <= 168 * 8 + 1000


def test_other_data_clears_the_history_and_napari_s_too(layer, history, told):
    paint_row(layer, 3)
    layer.undo()
    cleared = []
    history.cleared.connect(lambda: cleared.append(True))
    other = np.full((3, 6, 7), 5, np.uint8)
    layer.data = other.copy()
    assert history.steps == ()
    assert cleared == [True]
    assert told == [
        "'organs' got other voxels from elsewhere: its earlier steps can no longer be undone"
    ]
    layer.undo()
    layer.redo()
    assert np.array_equal(layer.data, other)
    layer.paint((1, 1, 1), LIVER)
    assert names(history) == ["brush: liver"]
    layer.undo()
    assert np.array_equal(layer.data, other)


def test_the_same_array_given_again_clears_it_too(layer, history):
    # So do plugins that wrote into it first.
    paint_row(layer, 2)
    layer.data[:] = 3
    layer.data = layer.data
    layer.undo()
    assert (layer.data == 3).all()


def test_other_data_in_the_midst_of_a_stroke(layer, history):
    pointer = Pointer(layer)
    pointer.press(2, 1, 1)
    pointer.move(2, 1, 5)
    layer.data = np.full(SHAPE, 5, np.uint8)
    pointer.move(2, 1, 9)
    pointer.release(2, 1, 9)
    assert history.done == 1
    layer.undo()
    assert (layer.data == 5).all()


def test_other_data_without_steps_is_no_news(layer, history, told):
    layer.data = np.ones(SHAPE, np.uint8)
    assert not told


def test_a_history_that_another_plugin_took_apart_is_cleared(layer, history, told):
    paint_row(layer, 4)
    layer._undo_history.pop()
    layer._undo_history.pop()
    layer.paint((2, 9, 9), 2)
    (sentence,) = told
    assert sentence.startswith("'organs' was edited in a way that its history does not know")
    assert history.steps == ()
    assert not layer._undo_history
    layer.paint((2, 9, 10), 2)
    assert names(history) == ["brush: spleen"]


def test_steps_in_another_order_are_cleared(layer, history, told):
    paint_row(layer, 3)
    layer._undo_history.rotate()
    layer.refresh()
    assert len(told) == 1
    assert history.steps == ()


def test_a_layer_made_uneditable_loses_its_steps_as_in_napari(layer, history, told):
    paint_row(layer, 3)
    layer.editable = False
    assert history.steps == ()
    assert len(told) == 1


def test_undo_of_a_hidden_layer_is_followed(layer, history):
    paint_row(layer, 3)
    layer.visible = False
    layer.undo()
    layer.undo()
    assert history.done == 1
    layer.paint((2, 5, 5), 2)
    # napari puts the brush away when a layer is hidden.
    assert names(history) == ["brush: liver", "edit: spleen"]


def test_a_result_that_comes_during_a_stroke_lies_between_its_parts(layer, history):
    result = np.zeros(SHAPE, np.uint8)
    result[:, :6] = 3
    pointer = Pointer(layer)
    pointer.press(2, 1, 1)
    pointer.move(2, 1, 4)
    first_part = layer.data.copy()
    write_region(layer, WHOLE, result, name="Segment", preserve=False)
    with_result = layer.data.copy()
    pointer.move(2, 8, 4)
    pointer.release(2, 8, 4)
    whole = layer.data.copy()
    assert names(history) == ["brush: liver", "Segment", "brush: liver"]
    for expected in (with_result, first_part, np.zeros(SHAPE)):
        layer.undo()
        assert np.array_equal(layer.data, expected)
    for _ in range(3):
        layer.redo()
    assert np.array_equal(layer.data, whole)


def test_a_network_that_finishes_during_a_stroke_is_one_named_step(qtbot):
    viewer = ViewerModel()
    scan_layer = viewer.add_layer(image_layer(head(), name="head"))
    layer, _ = show_result(viewer, scan_layer, run(head()), name="head labels")
    history = EditHistory.of(layer)
    first = layer.data.copy()
    viewer.dims.set_current_step(0, 4)
    layer.mode = "paint"
    layer.selected_label = 2
    layer.brush_size = 1
    contests = []
    widget = QWidget()
    qtbot.addWidget(widget)
    job = Job(run, head(200), parent=widget)
    job.returned.connect(
        lambda result: contests.append(
            show_result(viewer, scan_layer, result, name="head labels")[1]
        )
    )
    pointer = Pointer(layer)
    pointer.press(4, 1, 1)
    pointer.move(4, 1, 3)
    painted = layer.data.copy()
    with qtbot.waitSignal(job.finished):
        job.start()
    contests[0].settle(viewer, keep_hand_work=True)
    pointer.move(4, 1, 6)
    pointer.release(4, 1, 6)
    assert names(history) == [
        "brush: posterior",
        "Segment with Hippocampus",
        "brush: posterior",
    ]
    layer.undo()
    layer.undo()
    assert np.array_equal(layer.data, painted)
    layer.undo()
    assert np.array_equal(layer.data, first)


def test_undo_during_a_stroke_takes_back_its_part_so_far(layer, history):
    layer.paint((2, 9, 9), 2)
    pointer = Pointer(layer)
    pointer.press(2, 1, 1)
    pointer.move(2, 1, 4)
    layer.undo()
    assert layer.data.sum() == 2
    pointer.move(2, 1, 8)
    pointer.release(2, 1, 8)
    assert names(history) == ["brush: spleen", "brush: liver"]
    layer.undo()
    layer.undo()
    assert not layer.data.any()


def test_go_to_during_a_stroke_makes_it_a_step_first(layer, history):
    paint_row(layer, 3)
    layer.undo()
    kept, undone = history.steps[1:]
    pointer = Pointer(layer)
    pointer.press(2, 5, 5)
    with pytest.raises(ValueError, match="no longer in the history"):
        history.go_to(undone)
    history.go_to(kept)
    pointer.release(2, 5, 5)
    assert (len(history.steps), history.done) == (3, 2)
    layer.redo()
    assert layer.data[2, 5, 5] == LIVER


def test_a_stroke_given_up_leaves_the_steps_done(layer, history):
    paint_row(layer, 2)
    layer.undo()
    layer._begin_stroke()
    layer.paint((2, 9, 9), 2)
    layer._abort_stroke()
    # napari forgets what could be redone when a stroke begins.
    assert len(history.steps) == history.done == 1
    layer.undo()
    assert not layer.data.any()


@pytest.mark.parametrize("kind", [EditHistory, LabelLocks, VolumeTracker])
class TestRefusals:
    def test_several_resolutions(self, kind):
        layer = Labels([np.zeros((8, 8), np.uint8), np.zeros((4, 4), np.uint8)], name="pyramid")
        with pytest.raises(ValueError, match="'pyramid' has several resolutions"):
            kind.of(layer)

    def test_read_only_voxels(self, kind):
        data = np.zeros(SHAPE, np.uint8)
        data.flags.writeable = False
        with pytest.raises(ValueError, match="'fixed' is read-only and cannot be edited"):
            kind.of(Labels(data, name="fixed"))

    def test_a_layer_that_is_not_editable(self, kind):
        layer = Labels(np.zeros(SHAPE, np.uint8), name="fixed")
        layer.editable = False
        with pytest.raises(ValueError, match="'fixed' is read-only"):
            kind.of(layer)

    def test_an_image(self, kind):
        with pytest.raises(TypeError, match="'scan' is not a Labels layer"):
            kind.of(Image(np.zeros(SHAPE), name="scan"))


def test_a_write_into_read_only_voxels_is_refused():
    data = np.zeros(SHAPE, np.uint8)
    data.flags.writeable = False
    with pytest.raises(ValueError, match="'fixed' is read-only"):
        write_region(Labels(data, name="fixed"), WHOLE, 1)


def test_two_layers_of_one_name_have_their_own_steps(viewer):
    one, other = (Labels(np.zeros(SHAPE, np.uint8), name="organs") for _ in range(2))
    histories = EditHistory.of(one), EditHistory.of(other)
    write_region(one, WHOLE, 1, name="Flood")
    assert [len(history.steps) for history in histories] == [1, 0]


def test_release_leaves_napari_s_own_undo(layer, history):
    paint_row(layer, 120)
    history.release()
    assert len(layer._undo_history) == layer._undo_history.maxlen == 100
    layer.undo()
    write_region(layer, WHOLE, 2, name="unseen")
    assert EditHistory.of(layer) is not history


def test_a_removed_layer_takes_its_history_along(viewer):
    layer = viewer.add_labels(np.zeros(SHAPE, np.uint8))
    parts = EditHistory.of(layer), LabelLocks.of(layer), VolumeTracker.of(layer)
    paint_row(layer, 3)
    write_region(layer, WHOLE, 2, name="Flood")
    layer.undo()
    gone = [weakref.ref(part) for part in (layer, *parts)]
    remove(viewer, layer)
    del parts, layer
    gc.collect()
    assert [reference() for reference in gone] == [None] * 4


def test_a_history_held_longer_than_its_layer_does_nothing(viewer):
    layer = viewer.add_labels(np.zeros(SHAPE, np.uint8))
    history, locks, volumes = EditHistory.of(layer), LabelLocks.of(layer), VolumeTracker.of(layer)
    layer.paint((0, 1, 1), 1)
    step = history.steps[0]
    remove(viewer, layer)
    del layer
    gc.collect()
    history.go_to(None)
    history.go_to(step)
    volumes.recount()
    assert volumes.volumes_ml == {}
    for part in (volumes, history, locks):
        part.release()


def test_undo_and_redo_look_at_no_other_steps(layer, history, monkeypatch):
    for place in range(5):
        write_region(layer, (slice(place, place + 1), slice(2, 5), slice(3, 4)), LIVER)
    drawn = layer.data.copy()

    def overlap(*_arguments, **_options):
        raise AssertionError("a long history would be slow to go through")

    monkeypatch.setattr("napari_seg.viewer.editing.history.overlap", overlap)
    history.go_to(None)
    assert not layer.data.any()
    assert (history.done, len(history.steps)) == (0, 5)
    history.go_to(history.steps[-1])
    np.testing.assert_array_equal(layer.data, drawn)
