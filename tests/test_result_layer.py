from dataclasses import replace

import numpy as np
import pytest
from fake_model import fake_tools, head
from napari.components import ViewerModel
from napari.layers import Labels

from napari_seg.imaging.scan import LabelMap
from napari_seg.segmentation.run_settings import RunSettings
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.editing.locks import LabelLocks
from napari_seg.viewer.layers import image_layer, label_map_of, labels_layer
from napari_seg.viewer.segmenting.model_run import run_model
from napari_seg.viewer.segmenting.result_layer import record_of, show_result

BOX = ((0, 6), (0, 10), (0, 8))


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def scan_layer(viewer):
    return viewer.add_layer(image_layer(head(), name="head"))


def run(brightness=100, **choices):
    return run_model(
        fake_tools(),
        head(brightness),
        RunSettings(**choices),
        None,
        on_progress=lambda _: None,
        on_window=lambda _: None,
    )


def show(viewer, scan_layer, result):
    return show_result(viewer, scan_layer, result, name="head labels")


def test_the_first_result_is_a_new_layer_with_names_volumes_and_record(viewer, scan_layer):
    layer, contest = show(viewer, scan_layer, run())
    assert contest is None
    assert layer in viewer.layers
    assert list(layer.features["name"]) == ["anterior", "posterior"]
    assert list(layer.features["volume_ml"]) == [0.108, 0.036]
    assert record_of(layer)["changed_by_hand_ml"] == 0
    assert np.array_equal(label_map_of(layer).array, run().labels.array)


def test_a_rerun_is_one_step_of_undo_in_the_same_layer(viewer, scan_layer):
    first, second = run(), run(200)
    layer, _ = show(viewer, scan_layer, first)
    again, contest = show(viewer, scan_layer, second)
    assert again is layer
    assert contest is None
    assert np.array_equal(label_map_of(layer).array, second.labels.array)
    assert list(layer.features["volume_ml"]) == [0, 0.144]
    layer.undo()
    assert np.array_equal(label_map_of(layer).array, first.labels.array)


def test_a_rerun_in_a_box_leaves_the_rest(viewer, scan_layer):
    layer, _ = show(viewer, scan_layer, run())
    show(viewer, scan_layer, run(200, region=BOX))
    array = label_map_of(layer).array
    assert (array[4:6, 3:6, 3:5] == 2).all()
    assert (array[6:8, 3:6, 3:5] == 1).all()


def test_a_rerun_after_an_undo_finds_no_hand_work(viewer, scan_layer):
    layer, _ = show(viewer, scan_layer, run())
    show(viewer, scan_layer, run(200))
    layer.undo()
    _, contest = show(viewer, scan_layer, run(200))
    assert contest is None


def paint(layer, value=2):
    """Change six voxels of 6 mm³ that the network labelled 1, and one that it left empty."""
    layer.data_setitem(tuple(INDEX), value)


# In display order z, y, x: voxels i=6, j=3..5, k=3..4, and one corner.
INDEX = np.array([(4, 6, 5), (4, 5, 5), (4, 4, 5), (3, 6, 5), (3, 5, 5), (3, 4, 5), (0, 0, 0)]).T


def test_hand_work_sends_a_rerun_to_a_new_layer_and_names_what_is_at_stake(viewer, scan_layer):
    layer, _ = show(viewer, scan_layer, run())
    paint(layer)
    painted = layer.data.copy()
    new, contest = show(viewer, scan_layer, run())
    assert new is not layer
    assert np.array_equal(layer.data, painted)
    assert contest.at_stake_ml == pytest.approx(7 * 0.006)


def test_hand_work_outside_the_box_is_not_at_stake(viewer, scan_layer):
    layer, _ = show(viewer, scan_layer, run())
    layer.data_setitem((np.array([4]), np.array([5]), np.array([5])), 2)
    _, contest = show(viewer, scan_layer, run(200, region=BOX))
    assert contest is None
    assert layer.data[4, 5, 5] == 2


def test_keeping_my_voxels_updates_all_others_in_one_step(viewer, scan_layer):
    layer, _ = show(viewer, scan_layer, run())
    paint(layer, 3)
    before = layer.data.copy()
    new, contest = show(viewer, scan_layer, run(200))
    contest.settle(viewer, keep_hand_work=True)
    assert new not in viewer.layers
    assert (layer.data[tuple(INDEX)] == 3).all()
    assert (label_map_of(layer).array[7, 3:6, 3:5] == 2).all()
    layer.undo()
    assert np.array_equal(layer.data, before)


def test_kept_voxels_still_count_as_hand_work_afterwards(viewer, scan_layer):
    layer, _ = show(viewer, scan_layer, run())
    paint(layer, 3)
    _, contest = show(viewer, scan_layer, run(200))
    contest.settle(viewer, keep_hand_work=True)
    assert record_of(layer)["changed_by_hand_ml"] == pytest.approx(7 * 0.006)
    _, contest = show(viewer, scan_layer, run())
    assert contest.at_stake_ml == pytest.approx(7 * 0.006)


def test_replacing_takes_the_result_everywhere_in_one_step(viewer, scan_layer):
    layer, _ = show(viewer, scan_layer, run())
    paint(layer)
    before = layer.data.copy()
    result = run(200)
    _, contest = show(viewer, scan_layer, result)
    contest.settle(viewer, keep_hand_work=False)
    assert np.array_equal(label_map_of(layer).array, result.labels.array)
    layer.undo()
    assert np.array_equal(layer.data, before)


def test_hand_work_in_the_new_layer_outlives_the_decision(viewer, scan_layer):
    layer, _ = show(viewer, scan_layer, run())
    paint(layer)
    new, contest = show(viewer, scan_layer, run())
    new.data_setitem((np.array([1]), np.array([1]), np.array([1])), 2)
    contest.settle(viewer, keep_hand_work=True)
    assert new in viewer.layers
    assert new.data[1, 1, 1] == 2


def test_a_contest_ends_when_one_of_its_layers_goes(viewer, scan_layer):
    layer, _ = show(viewer, scan_layer, run())
    paint(layer)
    _, contest = show(viewer, scan_layer, run())
    assert contest.is_open(viewer)
    viewer.layers.remove(layer)
    assert not contest.is_open(viewer)


def test_labels_from_a_file_are_left_alone_and_all_of_them_are_at_stake(viewer, scan_layer):
    result = run()
    opened = viewer.add_layer(labels_layer(result.labels, name="from disk", path="labels.nii"))
    new, contest = show(viewer, scan_layer, run(200))
    assert new is not opened
    assert contest.old is opened
    assert contest.at_stake_ml == pytest.approx(0.108)


def test_labels_from_a_file_that_are_the_result_already_are_no_matter_of_choice(viewer, scan_layer):
    result = run()
    opened = viewer.add_layer(labels_layer(result.labels, name="from disk", path="labels.nii"))
    layer, contest = show(viewer, scan_layer, run())
    assert (layer, contest) == (opened, None)
    # From now on it is the layer of this run, but its labels are somebody's work.
    assert record_of(opened)["changed_by_hand_ml"] == 0
    _, contest = show(viewer, scan_layer, run(200))
    assert (contest.old, contest.from_file) == (opened, True)
    assert contest.at_stake_ml == pytest.approx(0.108)


def test_labels_from_a_file_stay_at_stake_until_they_are_replaced(viewer, scan_layer):
    opened = viewer.add_layer(labels_layer(run().labels, name="from disk", path="labels.nii"))
    before = opened.data.copy()
    for keep in (True, True, False):
        _, contest = show(viewer, scan_layer, run(200))
        assert (contest.old, contest.from_file) == (opened, True)
        assert contest.at_stake_ml == pytest.approx(0.108)
        contest.settle(viewer, keep_hand_work=keep)
        assert np.array_equal(opened.data, before) == keep
    assert show(viewer, scan_layer, run()) == (opened, None)
    for _ in range(2):
        opened.undo()
    assert np.array_equal(opened.data, before)
    _, contest = show(viewer, scan_layer, run(200))
    assert contest.from_file


def test_replacing_in_a_box_leaves_the_rest_of_a_file_at_stake(viewer, scan_layer):
    opened = viewer.add_layer(labels_layer(run().labels, name="from disk", path="labels.nii"))
    _, contest = show(viewer, scan_layer, run(200, region=BOX))
    contest.settle(viewer, keep_hand_work=False)
    assert show(viewer, scan_layer, run(200, region=BOX)) == (opened, None)
    _, contest = show(viewer, scan_layer, run(200))
    assert contest.from_file
    # Half of the cube lies beyond the box.
    assert contest.at_stake_ml == pytest.approx(12 * 0.006)


def test_what_was_erased_in_labels_from_a_file_stays_erased(viewer, scan_layer):
    opened = viewer.add_layer(labels_layer(run().labels, name="from disk", path="labels.nii"))
    paint(opened, 0)
    before = opened.data.copy()
    for _ in range(2):
        _, contest = show(viewer, scan_layer, run(200))
        contest.settle(viewer, keep_hand_work=True)
        assert np.array_equal(opened.data, before)


def test_settling_tells_how_much_changed(viewer, scan_layer):
    result = run()
    opened = viewer.add_layer(labels_layer(result.labels, name="from disk", path="labels.nii"))
    opened.data_setitem((np.array([0]), np.array([0]), np.array([0])), 1)
    _, contest = show(viewer, scan_layer, run())
    assert contest.settle(viewer, keep_hand_work=True) == 0
    _, contest = show(viewer, scan_layer, run())
    assert contest.settle(viewer, keep_hand_work=False) == 1


def test_labels_from_a_file_with_other_names_are_somebody_elses(viewer, scan_layer):
    labels = run().labels
    other = LabelMap(labels.array, labels.geometry, replace(labels.table, labels=()))
    viewer.add_layer(labels_layer(other, name="from disk", path="labels.nii"))
    _, contest = show(viewer, scan_layer, run())
    assert contest is None


def test_another_model_gets_a_layer_of_its_own(viewer, scan_layer):
    first, _ = show(viewer, scan_layer, run())
    second, _ = show(viewer, scan_layer, run(variant="two_d"))
    assert second is not first


def test_preserved_labels_do_not_hold_a_result_back(viewer, scan_layer):
    layer, _ = show(viewer, scan_layer, run())
    layer.preserve_labels = True
    result = run(200)
    show(viewer, scan_layer, result)
    assert np.array_equal(label_map_of(layer).array, result.labels.array)


def test_the_record_names_every_run_that_is_still_in_the_layer(viewer, scan_layer):
    layer, _ = show(viewer, scan_layer, run())
    show(viewer, scan_layer, run(200, region=BOX))
    show(viewer, scan_layer, run(100, region=BOX))
    record = record_of(layer)
    runs = [*record["earlier_runs"], record]
    assert [one["options"]["region"] for one in runs] == [None, BOX, BOX]
    show(viewer, scan_layer, run())
    assert "earlier_runs" not in record_of(layer)


def test_after_an_undo_the_record_is_that_of_the_run_before(viewer, scan_layer):
    layer, _ = show(viewer, scan_layer, run())
    show(viewer, scan_layer, run(200, overlap=0.5))
    layer.undo()
    assert record_of(layer)["options"]["overlap"] == 0.25
    show(viewer, scan_layer, run(200, region=BOX))
    assert [one["options"]["overlap"] for one in record_of(layer)["earlier_runs"]] == [0.25]


def test_a_rerun_in_a_box_after_an_undo_takes_nothing_for_hand_work(viewer, scan_layer):
    layer, _ = show(viewer, scan_layer, run())
    show(viewer, scan_layer, run(200))
    layer.undo()
    # Both runs left this corner empty, so it does not tell which of them the layer shows.
    show(viewer, scan_layer, run(200, region=((0, 2), (0, 2), (0, 2))))
    assert record_of(layer)["changed_by_hand_ml"] == 0
    _, contest = show(viewer, scan_layer, run(200))
    assert contest is None


def test_the_last_run_counts_wherever_its_layer_lies_in_the_list(viewer, scan_layer):
    first, _ = show(viewer, scan_layer, run())
    paint(first)
    second, _ = show(viewer, scan_layer, run())
    viewer.layers.move(viewer.layers.index(second), 0)
    again, contest = show(viewer, scan_layer, run(200))
    assert again is second
    assert contest is None


# Which run a layer stands on is what undo says, not what its labels look like.


def erase(layer, value):
    layer.data_setitem(np.nonzero(layer.data == value), 0)


def test_hand_work_that_leads_back_to_an_earlier_run_is_hand_work(viewer, scan_layer):
    for brightness in (100, 40, 100):
        layer, contest = show(viewer, scan_layer, run(brightness))
        assert contest is None
    # What the second run had left is what the person wants.
    erase(layer, 1)
    painted = layer.data.copy()
    new, contest = show(viewer, scan_layer, run())
    assert new is not layer
    assert np.array_equal(layer.data, painted)
    assert contest.at_stake_ml == pytest.approx(0.108)
    record = record_of(layer)
    assert (record["options"]["overlap"], record["changed_by_hand_ml"]) == (0.25, 0.108)


def test_the_record_is_that_of_the_run_that_was_corrected(viewer, scan_layer):
    layer, _ = show(viewer, scan_layer, run(40, overlap=0.5))
    show(viewer, scan_layer, run())
    erase(layer, 1)
    record = record_of(layer)
    assert (record["options"]["overlap"], record["changed_by_hand_ml"]) == (0.25, 0.108)
    layer.undo()
    assert record_of(layer)["changed_by_hand_ml"] == 0
    layer.undo()
    assert record_of(layer)["options"]["overlap"] == 0.5
    layer.redo()
    assert record_of(layer)["options"]["overlap"] == 0.25


def test_what_a_box_took_away_and_a_person_gave_back_in_part_is_kept(viewer, scan_layer):
    layer, _ = show(viewer, scan_layer, run())
    before = layer.data.copy()
    empty = run(0, region=BOX)
    show(viewer, scan_layer, empty)
    gone = np.argwhere(before != layer.data)[:9]
    layer.data_setitem(tuple(gone.T), before[tuple(gone.T)])
    painted = layer.data.copy()
    _, contest = show(viewer, scan_layer, empty)
    assert contest.at_stake_ml == pytest.approx(9 * 0.006)
    contest.settle(viewer, keep_hand_work=True)
    assert np.array_equal(layer.data, painted)


def test_hand_work_after_an_undo_is_measured_from_the_run_before(viewer, scan_layer):
    layer, _ = show(viewer, scan_layer, run())
    show(viewer, scan_layer, run(200))
    layer.undo()
    # Six voxels as the run that was undone had them, and a corner.
    paint(layer, 2)
    _, contest = show(viewer, scan_layer, run(40))
    assert contest.old is layer
    assert contest.at_stake_ml == pytest.approx(7 * 0.006)


def test_undo_past_several_runs_and_redo_find_no_hand_work(viewer, scan_layer):
    for brightness in (100, 200, 40, 120):
        layer, _ = show(viewer, scan_layer, run(brightness))
    for move, brightness in ((layer.undo, 40), (layer.undo, 200), (layer.redo, 40)):
        move()
        assert np.array_equal(label_map_of(layer).array, run(brightness).labels.array)
        assert record_of(layer)["changed_by_hand_ml"] == 0
    assert show(viewer, scan_layer, run()) == (layer, None)


def test_more_undone_runs_than_are_kept_leave_everything_at_stake(viewer, scan_layer):
    for number in range(12):
        layer, contest = show(viewer, scan_layer, run((100, 200)[number % 2]))
        assert contest is None
    for _ in range(7):
        layer.undo()
    assert show(viewer, scan_layer, run()) == (layer, None)
    for _ in range(5):
        layer.undo()
    assert np.array_equal(label_map_of(layer).array, run().labels.array)
    _, contest = show(viewer, scan_layer, run(200))
    assert contest.at_stake_ml == pytest.approx(18 * 0.006)
    contest.settle(viewer, keep_hand_work=True)
    assert np.array_equal(label_map_of(layer).array, run().labels.array)


def test_hand_work_that_agrees_with_a_run_is_still_hand_work_in_the_next(viewer, scan_layer):
    layer, _ = show(viewer, scan_layer, run())
    paint(layer, 2)
    erase(layer, 1)
    corner = layer.data[0, 0, 0]
    layer.data_setitem((np.array([0]), np.array([0]), np.array([0])), 0)
    assert corner == 2
    # Six painted voxels and six that had been 2 before: the same as this run, but for 12 erased.
    _, contest = show(viewer, scan_layer, run(200))
    contest.settle(viewer, keep_hand_work=True)
    assert record_of(layer)["changed_by_hand_ml"] == pytest.approx(12 * 0.006)
    _, contest = show(viewer, scan_layer, run(40))
    assert contest.at_stake_ml == pytest.approx(6 * 0.006)


def test_hand_work_outside_an_earlier_box_is_still_at_stake(viewer, scan_layer):
    layer, _ = show(viewer, scan_layer, run())
    layer.data_setitem((np.array([4]), np.array([5]), np.array([4])), 2)
    assert show(viewer, scan_layer, run(200, region=BOX)) == (layer, None)
    _, contest = show(viewer, scan_layer, run())
    assert contest.at_stake_ml == pytest.approx(0.006)


@pytest.mark.parametrize("way", ["data", "array", "not editable", "few bytes"])
def test_hand_work_is_known_without_its_steps(viewer, scan_layer, way):
    layer, _ = show(viewer, scan_layer, run(40))
    show(viewer, scan_layer, run())
    changed = layer.data.copy()
    changed[changed == 1] = 0
    if way == "data":
        layer.data = changed
    elif way == "array":
        layer.data[...] = changed
    else:
        erase(layer, 1)
    if way == "not editable":
        layer.editable = False
        layer.editable = True
    elif way == "few bytes":
        EditHistory.of(layer).limit_bytes = 1
    _, contest = show(viewer, scan_layer, run())
    assert contest.old is layer
    assert contest.at_stake_ml == pytest.approx(0.108)


def test_a_duplicate_stands_on_the_run_that_was_copied(viewer, scan_layer):
    layer, _ = show(viewer, scan_layer, run())
    show(viewer, scan_layer, run(200))
    layer.undo()
    copy = Labels.create(*_duplicated(layer))
    viewer.layers.remove(layer)
    viewer.add_layer(copy)
    assert record_of(copy)["changed_by_hand_ml"] == 0
    paint(copy, 2)
    _, contest = show(viewer, scan_layer, run(40))
    assert contest.old is copy
    assert contest.at_stake_ml == pytest.approx(7 * 0.006)


def _duplicated(layer):
    data, state, kind = layer.as_layer_data_tuple()
    return data.copy(), state, kind


def test_what_a_locked_label_keeps_is_not_at_stake_at_any_rerun(viewer, scan_layer):
    layer, _ = show(viewer, scan_layer, run())
    LabelLocks.of(layer).lock(1)
    for _ in range(3):
        assert show(viewer, scan_layer, run(200)) == (layer, None)
    # Nor where a person painted, and the result would draw a locked label.
    LabelLocks.of(layer).unlock(1)
    layer.data_setitem((np.array([4]), np.array([5]), np.array([5])), 3)
    LabelLocks.of(layer).lock(2)
    assert show(viewer, scan_layer, run(200)) == (layer, None)
    assert layer.data[4, 5, 5] == 3
    LabelLocks.of(layer).unlock(2)
    _, contest = show(viewer, scan_layer, run(200))
    assert contest.at_stake_ml == pytest.approx(18 * 0.006)


def test_the_networks_own_voxels_in_a_locked_label_are_no_hand_work_in_the_record(
    viewer, scan_layer
):
    layer, _ = show(viewer, scan_layer, run(overlap=0.5))
    LabelLocks.of(layer).lock(1)
    for _ in range(2):
        show(viewer, scan_layer, run(200))
    record = record_of(layer)
    assert record["changed_by_hand_ml"] == 0
    assert record["earlier_runs"][0]["options"]["overlap"] == 0.5
    layer.undo()
    LabelLocks.of(layer).unlock(1)
    layer.data_setitem((np.array([4]), np.array([5]), np.array([5])), 3)
    LabelLocks.of(layer).lock(3)
    show(viewer, scan_layer, run(40))
    # Of a person's voxel in a locked label no run says that it drew it.
    assert record_of(layer)["changed_by_hand_ml"] == pytest.approx(0.006)


def test_locks_alone_hold_nothing_back_from_labels_of_a_file_that_agree(viewer, scan_layer):
    opened = viewer.add_layer(labels_layer(run().labels, name="from disk", path="labels.nii"))
    LabelLocks.of(opened).lock(1)
    assert show(viewer, scan_layer, run(200)) == (opened, None)
    LabelLocks.of(opened).unlock(1)
    _, contest = show(viewer, scan_layer, run(200))
    assert (contest.from_file, contest.at_stake_ml) == (True, pytest.approx(0.108))


def test_redo_past_a_rerun_that_changed_nothing_leaves_its_record(viewer, scan_layer):
    layer, _ = show(viewer, scan_layer, run())
    paint(layer)
    show(viewer, scan_layer, run(200))[1].settle(viewer, keep_hand_work=False)
    for _ in range(2):
        layer.undo()
    show(viewer, scan_layer, run(overlap=0.5))
    overlaps = []
    for move in (layer.redo, layer.undo, layer.redo, layer.redo):
        move()
        overlaps.append(record_of(layer)["options"]["overlap"])
    # The last one is a run of its own.
    assert overlaps == [0.5, 0.5, 0.5, 0.25]
    assert record_of(layer)["changed_by_hand_ml"] == 0


def test_what_a_locked_label_kept_is_at_stake_once_it_is_unlocked(viewer, scan_layer):
    layer, _ = show(viewer, scan_layer, run())
    LabelLocks.of(layer).lock(1)
    assert show(viewer, scan_layer, run(200)) == (layer, None)
    assert np.count_nonzero(layer.data == 1) == 18
    LabelLocks.of(layer).unlock(1)
    _, contest = show(viewer, scan_layer, run(200))
    assert contest.at_stake_ml == pytest.approx(0.108)
