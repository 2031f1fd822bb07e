import gc
import weakref
from threading import Event, get_ident

import numpy as np
import pytest
from labels_in_hand import Pointer, remove
from napari.components import ViewerModel

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import LabelMap
from napari_seg.viewer.editing import volumes
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.editing.volumes import VolumeTracker
from napari_seg.viewer.jobs import Job
from napari_seg.viewer.layers import labels_layer
from napari_seg.viewer.undo import write_region

# One voxel is 1 x 2 x 5 mm: 0.01 ml.
GEOMETRY = Geometry((14, 12, 5), np.diag([1.0, 2.0, 5.0, 1.0]))


@pytest.fixture
def layer():
    array = np.zeros(GEOMETRY.shape, np.uint8)
    array[2:4, 2:7, 1:3] = 1
    layer = labels_layer(LabelMap(array, GEOMETRY, LabelTable()), name="organs")
    ViewerModel().add_layer(layer)
    layer.brush_size = 1
    return layer


@pytest.fixture
def tracker(layer):
    return VolumeTracker.of(layer)


@pytest.fixture
def job_for_all(monkeypatch):
    """Count in another thread however small the layer is."""
    monkeypatch.setattr(volumes, "_FEW", 0)


def counted(layer):
    labels, counts = np.unique(layer.data[layer.data != 0], return_counts=True)
    return dict(zip(labels.tolist(), counts.tolist(), strict=True))


def whole(layer):
    return tuple(slice(0, length) for length in layer.data.shape)


def test_volumes_are_in_ml(tracker):
    assert tracker.voxels == {1: 20}
    assert tracker.volumes_ml == pytest.approx({1: 0.2})


def test_volumes_follow_every_edit(layer, tracker):
    told = []
    tracker.changed.connect(lambda: told.append(tracker.voxels))
    layer.paint((0, 0, 0), 3)
    layer.paint((1, 9, 10), 3)
    layer.fill((2, 0, 0), 2)
    write_region(layer, whole(layer), 3, where=layer.data == 2)
    layer.undo()
    layer.undo()
    layer.redo()
    write_region(layer, whole(layer), 0, public_only=True)
    layer.undo()
    assert len(told) == 9
    assert tracker.voxels == counted(layer) != {}


def test_a_volume_that_is_gone_is_not_listed(layer, tracker):
    write_region(layer, whole(layer), 0)
    assert tracker.volumes_ml == {}
    layer.undo()
    assert tracker.voxels == {1: 20}


def test_a_stroke_is_counted_when_it_ends(layer, tracker):
    layer.mode = "paint"
    layer.selected_label = 4
    pointer = Pointer(layer)
    pointer.drag((0, 0, 0), (0, 0, 4))
    assert tracker.voxels == counted(layer)


def test_a_step_of_many_labels(layer, tracker):
    many = np.random.default_rng(0).integers(0, 30, layer.data.shape)
    write_region(layer, whole(layer), many)
    assert tracker.voxels == counted(layer)
    layer.undo()
    assert tracker.voxels == {1: 20}


def test_a_step_too_large_to_count_at_once_is_counted_with_the_layer(layer, tracker, monkeypatch):
    monkeypatch.setattr("napari_seg.viewer.editing.steps._MOST_COUNTED", 10)
    write_region(layer, whole(layer), 2)
    assert EditHistory.of(layer).steps[-1].changes is None
    assert tracker.voxels == {2: layer.data.size}
    layer.undo()
    assert tracker.voxels == {1: 20}


def test_other_data_are_counted_anew(layer, tracker):
    layer.data = np.full((3, 4, 5), 7, np.uint8)
    assert tracker.voxels == {7: 60}


def test_what_a_script_wrote_past_the_history_is_found_at_the_latest_when_it_must_be(
    layer, tracker
):
    layer.data[:] = 2
    tracker.recount()
    assert tracker.voxels == {2: layer.data.size}
    layer.data[:] = 1
    # More voxels of 1 are taken away than were known.
    write_region(layer, whole(layer), 2)
    assert tracker.voxels == {2: layer.data.size}


def test_a_large_layer_is_counted_in_another_thread(qtbot, layer, job_for_all, monkeypatch):
    threads = []
    count = volumes.count_labels

    def watched(array, **options):
        threads.append(get_ident())
        return count(array, **options)

    monkeypatch.setattr(volumes, "count_labels", watched)
    tracker = VolumeTracker.of(layer)
    assert tracker.is_counting
    assert tracker.voxels == {}
    with qtbot.waitSignal(tracker.changed):
        pass
    assert not tracker.is_counting
    assert tracker.voxels == {1: 20}
    assert threads[0] != get_ident()


def test_edits_while_it_counts_are_added(qtbot, layer, job_for_all):
    layer.mode = "paint"
    layer.selected_label = 4
    pointer = Pointer(layer)
    pointer.press(0, 0, 0)
    pointer.move(0, 0, 4)
    tracker = VolumeTracker.of(layer)
    pointer.move(0, 8, 4)
    pointer.release(0, 8, 4)
    write_region(layer, whole(layer), 2, where=layer.data == 1)
    layer.undo()
    layer.paint((4, 0, 0), 2)
    qtbot.waitUntil(lambda: not tracker.is_counting)
    assert tracker.voxels == counted(layer)


def test_data_replaced_while_it_counts(qtbot, layer, job_for_all):
    tracker = VolumeTracker.of(layer)
    layer.data = np.full((3, 4, 5), 7, np.uint8)
    layer.paint((0, 0, 0), 1)
    qtbot.waitUntil(lambda: not tracker.is_counting)
    assert tracker.voxels == {1: 1, 7: 59}


def test_a_tracker_that_goes_stops_its_count(qtbot, layer, job_for_all):
    tracker = VolumeTracker.of(layer)
    job = tracker.findChild(Job)
    tracker.release()
    assert job.is_cancelled
    told = []
    tracker.changed.connect(lambda: told.append(True))
    layer.paint((0, 0, 0), 1)
    qtbot.wait(100)
    assert not told


def test_a_layer_removed_while_it_is_counted(qtbot, job_for_all, monkeypatch):
    started, go_on, ended = Event(), Event(), Event()

    def wait(array, *, on_progress):
        started.set()
        go_on.wait(5)
        try:
            on_progress(0.5)
        finally:
            ended.set()
        return {}

    monkeypatch.setattr(volumes, "count_labels", wait)
    viewer = ViewerModel()
    layer = viewer.add_labels(np.ones((3, 4, 5), np.uint8))
    gone = weakref.ref(layer), weakref.ref(VolumeTracker.of(layer))
    assert started.wait(5)
    remove(viewer, layer)
    del layer
    gc.collect()
    assert [reference() for reference in gone] == [None, None]
    go_on.set()
    assert ended.wait(5)
    # An error of the count, or news for what is gone, would show now.
    qtbot.wait(100)


def test_a_layer_with_times_is_refused():
    layer = ViewerModel().add_labels(np.zeros((2, 3, 4, 5), np.uint8), name="times")
    with pytest.raises(ValueError, match="'times' has 4 dimensions"):
        VolumeTracker.of(layer)
