"""Labels of a network's run that are saved, opened, run again and undone: what their records say."""

import json
from dataclasses import replace

import numpy as np
import pytest
from fake_model import fake_tools
from kept_labels_case import finish, make_files, open_labels, open_scan, wait_ready, wait_until
from napari.components import ViewerModel

from napari_seg import write_labels
from napari_seg.segmentation.run_settings import RunSettings
from napari_seg.viewer.keeping.kept_layer import KeptLayer
from napari_seg.viewer.layers import grid_of, scan_of
from napari_seg.viewer.segmenting.model_run import run_model
from napari_seg.viewer.segmenting.ready_labels import ReadyLabels
from napari_seg.viewer.segmenting.result_layer import show_result

# Of the scan's 14 slices; voxels of 0.01 ml.
BOX = ((0, 7), (0, 12), (0, 10))


@pytest.fixture
def folder(tmp_path):
    make_files(tmp_path)
    return tmp_path


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def scan(viewer, keeping, folder):
    return open_scan(viewer, folder / "t1.nii.gz")


def run(scan, **choices):
    return run_model(
        fake_tools(),
        scan_of(scan),
        RunSettings(**choices),
        None,
        on_progress=ignore,
        on_window=ignore,
    )


def ignore(_):
    return None


def without_posterior(scan, found):
    labels = found.labels.with_array(np.where(found.labels.array == 2, 0, found.labels.array))
    return replace(found, labels=labels, ready=ReadyLabels.of(labels, grid_of(scan)[1]))


def show(viewer, scan, found):
    layer, contest = show_result(viewer, scan, found, name="result")
    wait_ready(layer)
    return layer, contest


@pytest.fixture
def opened(viewer, scan, keeping, folder):
    """A network's labels of a whole scan, saved, closed and opened again."""
    layer, _ = show(viewer, scan, run(scan))
    save(keeping, layer)
    return reopen(viewer, scan, layer, folder / "t1_dseg.nii.gz")


def reopen(viewer, scan, layer, path):
    viewer.layers.remove(layer)
    again = open_labels(viewer, path, scan)
    wait_ready(again)
    return again


def save(keeping, layer):
    keeping.save(layer)
    wait_until(lambda: not keeping.is_unsaved(layer))
    finish()
    path = KeptLayer.of(layer).path
    return json.loads(path.with_name(path.name.replace(".nii.gz", ".json")).read_text())


def erase(layer):
    """Make 40 voxels of the network's second label background."""
    places = np.argwhere(layer.data == 2)[:40]
    layer.data_setitem(tuple(places.T), 0)


def test_what_was_erased_before_labels_were_saved_stays_erased(keeping, viewer, scan, opened):
    erase(opened)
    save(keeping, opened)
    corrected = opened.data.copy()
    path = KeptLayer.of(opened).path
    assert path.name == "t1_dseg_edited.nii.gz"
    again = reopen(viewer, scan, opened, path)
    _, contest = show(viewer, scan, run(scan))
    assert (contest.old, contest.from_file) == (again, True)
    assert contest.at_stake_ml == pytest.approx(0.4)
    assert contest.settle(viewer, keep_hand_work=True) == 0
    assert np.array_equal(again.data, corrected)


def replaced_file(viewer, scan, folder):
    """Open labels of unknown origin and let a run replace them; give their layer and what it held."""
    found = run(scan)
    path = folder / "mine.nii.gz"
    write_labels(found.labels.with_array(np.roll(found.labels.array, 1, 0)), path)
    layer = open_labels(viewer, path, scan)
    wait_ready(layer)
    before = layer.data.copy()
    _, contest = show(viewer, scan, found)
    contest.settle(viewer, keep_hand_work=False)
    return layer, before


def test_a_run_that_was_undone_is_not_in_the_record_of_labels_of_unknown_origin(
    keeping, viewer, scan, folder
):
    layer, before = replaced_file(viewer, scan, folder)
    assert save(keeping, layer)["bundle"]["name"] == "Hippocampus"
    layer.undo()
    assert np.array_equal(layer.data, before)
    record = save(keeping, layer)
    assert not {"bundle", "options", "network_labels"} & set(record)
    for label in (1, 2):
        origin = record["origins"][str(label)]
        assert origin["network_ml"] == 0
        assert origin["unknown_ml"] == pytest.approx(0.01 * int((before == label).sum()))


def test_a_record_that_is_written_over_says_nothing_more_of_a_run_that_was_undone(
    keeping, viewer, scan, folder
):
    layer, _ = replaced_file(viewer, scan, folder)
    erase(layer)
    record = save(keeping, layer)
    saved = KeptLayer.of(layer).path
    beside = saved.with_name(saved.name.replace(".nii.gz", ".json"))
    beside.write_text(json.dumps({**record, "reader": "somebody"}))
    layer.undo()
    layer.undo()
    erase(layer)
    record = save(keeping, layer)
    assert KeptLayer.of(layer).path == saved
    assert record["reader"] == "somebody"
    assert not {"bundle", "options", "network_labels"} & set(record)


def test_what_is_kept_of_a_networks_own_file_is_no_hand_work(keeping, viewer, scan, opened):
    before = opened.data.copy()
    _, contest = show(viewer, scan, without_posterior(scan, run(scan)))
    contest.settle(viewer, keep_hand_work=True)
    assert np.array_equal(opened.data, before)
    opened.data_setitem(tuple(np.argwhere(before == 0)[:1].T), 1)
    record = save(keeping, opened)
    assert record["changed_by_hand_ml"] == pytest.approx(0.01)
    assert record["origins"]["2"]["by_hand_ml"] == 0
    assert record["origins"]["2"]["network_ml"] == pytest.approx(0.01 * (before == 2).sum())
    assert len(record["earlier_runs"]) == 1


def test_a_run_in_a_box_of_a_file_leaves_the_rest_to_the_run_before(keeping, viewer, scan, opened):
    before = opened.data.copy()
    _, contest = show(viewer, scan, without_posterior(scan, run(scan, region=BOX)))
    contest.settle(viewer, keep_hand_work=False)
    record = save(keeping, opened)
    assert record["changed_by_hand_ml"] == 0
    assert [one["options"]["region"] for one in record["earlier_runs"]] == [None]
    assert not {"origins", "changed_by_hand_ml", "voxels_sha256"} & set(record["earlier_runs"][0])
    opened.undo()
    assert np.array_equal(opened.data, before)
    assert "earlier_runs" not in save(keeping, opened)
