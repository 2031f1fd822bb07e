from dataclasses import replace

import numpy as np
import pytest
from fake_model import fake_tools, head
from napari.components import ViewerModel

from napari_seg.imaging.scan import LabelMap
from napari_seg.segmentation.run_settings import RunSettings
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
    # From now on it is the layer of this run.
    assert record_of(opened)["changed_by_hand_ml"] == 0
    assert show(viewer, scan_layer, run(200)) == (opened, None)


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
