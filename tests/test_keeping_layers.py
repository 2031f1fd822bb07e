"""Unsaved changes of layers: marked, saved by one call, journalled; without a window."""

import json
import resource

import numpy as np
import pytest
from fake_model import fake_tools
from kept_labels_case import (
    GEOMETRY,
    TABLE,
    empty_layer,
    finish,
    journalled,
    make_files,
    open_labels,
    open_scan,
    wait_ready,
    wait_until,
)
from labels_in_hand import Pointer
from napari.components import ViewerModel
from napari.settings import get_plugin_settings

from napari_seg import LabelTable, read_labels, write_labels
from napari_seg.segmentation.run_settings import RunSettings
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.keeping.journal_entries import replay
from napari_seg.viewer.keeping.journal_file import Journal
from napari_seg.viewer.keeping.kept_layer import KeptLayer
from napari_seg.viewer.keeping.preferences import preferred_folder
from napari_seg.viewer.keeping.recovery import find_recoverable
from napari_seg.viewer.layers import metadata_of, scan_of, update_metadata
from napari_seg.viewer.segmenting.model_run import run_model
from napari_seg.viewer.segmenting.result_layer import show_result
from napari_seg.viewer.undo import write_region

PART = (slice(1, 3), slice(2, 4), slice(3, 5))


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


@pytest.fixture
def layer(viewer, scan, folder):
    layer = open_labels(viewer, folder / "t1_mine.nii.gz", like=scan)
    wait_ready(layer)
    return layer


@pytest.fixture
def said(keeping):
    said = []
    keeping.said.connect(said.append)
    return said


def paint(layer, value, part=PART):
    write_region(layer, part, value, preserve=False)


def save(keeping, layer):
    keeping.save(layer)
    wait_until(lambda: not keeping._queue.is_busy)
    finish()


def on_disk(path, layer):
    return metadata_of(layer)["order"].show(read_labels(path).array)


# The mark


def test_an_edit_marks_and_undo_back_to_the_file_clears_it(keeping, layer):
    told = []
    keeping.unsaved_changed.connect(told.append)
    assert not keeping.is_unsaved(layer)
    paint(layer, 2)
    paint(layer, 1)
    assert keeping.is_unsaved(layer)
    assert keeping.unsaved == (layer,)
    layer.undo()
    assert keeping.is_unsaved(layer)
    layer.undo()
    assert not keeping.is_unsaved(layer)
    layer.redo()
    assert keeping.is_unsaved(layer)
    assert told == [layer, layer, layer]


def test_a_new_stroke_after_an_undo_is_another_state(keeping, layer):
    paint(layer, 2)
    save(keeping, layer)
    layer.undo()
    paint(layer, 3)
    assert keeping.is_unsaved(layer)
    layer.undo()
    # As it was opened, but no longer as it is on disk.
    assert keeping.is_unsaved(layer)


def test_the_oldest_steps_may_fall_off_without_clearing_the_mark(keeping, layer):
    paint(layer, 2)
    history = EditHistory.of(layer)
    history.limit_bytes = 1
    for value in (3, 4, 5):
        paint(layer, value)
    assert len(history.steps) == 1
    layer.undo()
    assert keeping.is_unsaved(layer)


def test_names_are_unsaved_changes_too(keeping, layer):
    table = metadata_of(layer)["table"]
    update_metadata(layer, table=LabelTable.from_names({1: "liver", 2: "milt"}))
    assert keeping.is_unsaved(layer)
    update_metadata(layer, table=table)
    assert not keeping.is_unsaved(layer)


def test_other_voxels_are_unsaved(keeping, layer):
    layer.data = np.ones_like(layer.data)
    assert keeping.is_unsaved(layer)


def test_new_empty_labels_have_nothing_to_save(keeping, viewer, scan, said):
    layer = empty_layer(viewer, scan)
    assert not keeping.is_unsaved(layer)
    keeping.save(layer)
    assert said == ["'new' has no unsaved changes"]


# Saving


def test_saving_goes_to_the_file_and_clears_the_mark_and_the_journal(
    keeping, layer, folder, said, journals
):
    paint(layer, 2)
    journalled(layer)
    assert len(list(journals.glob("*.journal"))) == 1
    save(keeping, layer)
    assert said == ["Saved t1_mine.nii.gz"]
    assert np.array_equal(on_disk(folder / "t1_mine.nii.gz", layer), layer.data)
    assert not keeping.is_unsaved(layer)
    assert list(journals.iterdir()) == []
    assert read_labels(folder / "t1_mine.nii.gz").table.names == TABLE.names


def test_a_stroke_while_it_saves_is_unsaved_and_journalled_on_what_was_saved(
    keeping, layer, folder, journals
):
    paint(layer, 2)
    keeping.save(layer)
    before = layer.data.copy()
    other = (slice(5, 7), slice(5, 7), slice(5, 7))
    paint(layer, 4, other)
    wait_until(lambda: not keeping._queue.is_busy)
    assert np.array_equal(on_disk(folder / "t1_mine.nii.gz", layer), before)
    assert keeping.is_unsaved(layer)
    base, patches = journalled(layer).read()
    assert np.array_equal(base.labels.restore(), before)
    assert np.array_equal(replay(base, patches), layer.data)
    assert len(list(journals.glob("*.journal"))) == 1
    layer.undo()
    assert not keeping.is_unsaved(layer)


def test_new_labels_go_beside_their_scan_with_table_and_record(keeping, viewer, scan, folder):
    layer = empty_layer(viewer, scan)
    wait_ready(layer)
    paint(layer, 2)
    save(keeping, layer)
    path = folder / "t1_dseg.nii.gz"
    assert np.array_equal(on_disk(path, layer), layer.data)
    assert "spleen" in (folder / "t1_dseg.tsv").read_text()
    record = json.loads((folder / "t1_dseg.json").read_text())
    # 8 voxels of 0.01 ml.
    assert record["origins"]["2"]["by_hand_ml"] == pytest.approx(0.08)
    assert record["origins"]["2"]["network_ml"] == 0
    assert metadata_of(layer)["path"] == path
    paint(layer, 0)
    save(keeping, layer)
    assert not read_labels(path).array.any()


def test_labels_of_naparis_own_are_saved_on_the_grid_of_the_scan_below(
    keeping, viewer, scan, folder
):
    layer = viewer.add_labels(
        np.zeros(scan.data.shape, np.uint8), scale=scan.scale, translate=scan.translate
    )
    wait_ready(layer)
    paint(layer, 1)
    save(keeping, layer)
    saved = read_labels(folder / "t1_dseg.nii.gz")
    assert saved.geometry.matches(GEOMETRY)
    assert np.array_equal(metadata_of(scan)["order"].show(saved.array), layer.data)


def test_a_duplicate_does_not_write_over_its_original(keeping, viewer, layer, folder):
    from napari.layers import Labels

    data, meta, _ = layer.as_layer_data_tuple()
    copy = viewer.add_layer(Labels(data.copy(), **{**meta, "name": "copy"}))
    wait_ready(copy)
    paint(copy, 2)
    save(keeping, copy)
    assert (folder / "t1_dseg.nii.gz").is_file()
    assert not (read_labels(folder / "t1_mine.nii.gz").array == 2).any()


def test_what_fails_to_be_saved_stays_unsaved(keeping, layer, folder, qtbot):
    paint(layer, 2)
    journal = journalled(layer)
    for file in folder.glob("t1*"):
        file.unlink()
    update_metadata(layer, path=folder / "gone" / "x.nii.gz")
    kept = KeptLayer.of(layer)
    from dataclasses import replace

    from napari_seg.viewer.keeping.saving_places import OwnFile

    kept.background = replace(kept.background, own=OwnFile(folder / "gone" / "x.nii.gz", None))
    with qtbot.capture_exceptions() as errors:
        keeping.save(layer)
        wait_until(lambda: not keeping._queue.is_busy)
    assert "no folder 'gone'" in str(errors[0][1])
    assert keeping.is_unsaved(layer)
    assert journal.path.is_file()


def test_an_error_while_a_save_is_prepared_is_told_and_the_next_one_saves(
    keeping, layer, folder, said, monkeypatch
):
    paint(layer, 2)
    with monkeypatch.context() as patch:
        patch.setattr(KeptLayer, "request", raise_memory_error)
        with pytest.raises(MemoryError):
            keeping.save(layer)
    assert not keeping._queue.is_busy
    assert keeping.is_unsaved(layer)
    save(keeping, layer)
    assert len(said) == 1
    assert np.array_equal(on_disk(folder / "t1_mine.nii.gz", layer), layer.data)


def raise_memory_error(*_arguments, **_options):
    raise MemoryError("no room for a copy")


def test_labels_that_could_not_be_looked_at_hold_up_no_others_and_are_looked_at_again(
    keeping, viewer, scan, layer, folder, qtbot, monkeypatch
):
    paint(layer, 2)
    with monkeypatch.context() as patch, qtbot.capture_exceptions() as errors:
        patch.setattr("napari_seg.viewer.keeping.kept_layer.look_at", raise_memory_error)
        other = empty_layer(viewer, like=scan)
        paint(other, 1)
        answers = []
        keeping._save_all([other, layer], answers.append)
        wait_until(lambda: not keeping._queue.is_busy)
    assert "no room for a copy" in str(errors[0][1])
    assert answers == [False]
    assert keeping.is_unsaved(other)
    assert not keeping.is_unsaved(layer)
    save(keeping, other)
    assert not keeping.is_unsaved(other)


def test_a_record_that_names_no_file_does_not_keep_labels_from_being_saved(
    keeping, viewer, scan, folder
):
    record = {
        "network_labels": {"file": "", "sha256": "x"},
        "purpose": "research use only",
        "versions": {"napari-seg": "0.1.0"},
    }
    (folder / "t1_mine.json").write_text(json.dumps(record))
    layer = open_labels(viewer, folder / "t1_mine.nii.gz", like=scan)
    wait_ready(layer)
    paint(layer, 2)
    save(keeping, layer)
    assert not keeping.is_unsaved(layer)


def test_a_scan_with_a_copy_of_our_metadata_on_other_voxels_is_not_the_scan(
    keeping, viewer, scan, layer
):
    viewer.add_image(np.zeros((2, *scan.data.shape)), metadata=dict(scan.metadata))
    viewer.layers.remove(scan)
    paint(layer, 2)
    save(keeping, layer)
    assert not keeping.is_unsaved(layer)


def test_labels_that_go_with_their_viewer_are_journalled_at_once(keeping, viewer, layer, journals):
    paint(layer, 2)
    assert not list(journals.glob("*.journal"))
    viewer.layers.clear()
    journalling = KeptLayer.of(layer).journalling
    wait_until(lambda: not journalling.is_behind)
    base, patches = journalling.journal.read()
    assert np.array_equal(replay(base, patches), layer.data)


def test_what_changes_while_naparis_own_save_writes_stays_unsaved(keeping, layer, folder):
    paint(layer, 2)
    kept = KeptLayer.of(layer)
    state = kept.state_now()
    paint(layer, 3)
    kept.note_saved(folder / "other.nii.gz", state)
    finish()
    assert keeping.is_unsaved(layer)


def test_a_foreign_file_of_the_records_name_is_left(keeping, layer, folder, said):
    (folder / "t1_mine.json").write_text("no record")
    paint(layer, 2)
    save(keeping, layer)
    assert (folder / "t1_mine.json").read_text() == "no record"
    assert "was left as it is" in said[0]


def test_what_another_program_keeps_in_the_record_stays(keeping, layer, folder):
    (folder / "t1_mine.json").write_text('{"Manual": true}')
    paint(layer, 2)
    save(keeping, layer)
    record = json.loads((folder / "t1_mine.json").read_text())
    assert record["Manual"] is True
    assert record["origins"]["1"]["unknown_ml"] > 0


# Network


@pytest.fixture
def result(viewer, scan):
    """What a network drew on the scan: voxels above 50 and 150."""
    settings = RunSettings()
    found = run_model(
        fake_tools(), scan_of(scan), settings, None, on_progress=ignore, on_window=ignore
    )
    layer, _ = show_result(viewer, scan, found, name="result")
    wait_ready(layer)
    return layer


def ignore(_):
    return None


def test_a_networks_result_is_unsaved_and_kept_once_saved(keeping, result, folder):
    assert keeping.is_unsaved(result)
    network = result.data.copy()
    save(keeping, result)
    path = folder / "t1_dseg.nii.gz"
    record = json.loads((folder / "t1_dseg.json").read_text())
    assert record["changed_by_hand_ml"] == 0
    paint(result, 1)
    save(keeping, result)
    edited = folder / "t1_dseg_edited.nii.gz"
    assert np.array_equal(on_disk(path, result), network)
    assert np.array_equal(on_disk(edited, result), result.data)
    record = json.loads((folder / "t1_dseg_edited.json").read_text())
    assert record["network_labels"]["file"] == "t1_dseg.nii.gz"
    changed = int((network != result.data).sum())
    assert record["changed_by_hand_ml"] == pytest.approx(changed * 0.01)


@pytest.mark.parametrize("is_changed", [False, True])
def test_a_record_is_believed_of_its_own_voxels_alone(keeping, viewer, result, folder, is_changed):
    save(keeping, result)
    viewer.layers.remove(result)
    path = folder / "t1_dseg.nii.gz"
    if is_changed:
        labels = read_labels(path)
        changed = labels.array.copy()
        changed[:2] = 2
        record = (folder / "t1_dseg.json").read_bytes()
        write_labels(labels.with_array(changed), path)
        assert (folder / "t1_dseg.json").read_bytes() == record
    again = open_labels(viewer, path)
    wait_ready(again)
    assert (KeptLayer.of(again).background.run is None) == is_changed


def test_a_corrected_result_brings_what_the_network_drew_along(keeping, viewer, result, folder):
    network = result.data.copy()
    paint(result, 1)
    save(keeping, result)
    assert np.array_equal(on_disk(folder / "t1_dseg_network.nii.gz", result), network)
    assert np.array_equal(on_disk(folder / "t1_dseg.nii.gz", result), result.data)
    # Opened again, the network's part is known exactly.
    viewer.layers.remove(result)
    again = open_labels(viewer, folder / "t1_dseg.nii.gz")
    wait_ready(again)
    other = (slice(6, 8), slice(6, 8), slice(6, 8))
    paint(again, 1, other)
    save(keeping, again)
    assert not (folder / "t1_dseg_edited.nii.gz").exists()
    record = json.loads((folder / "t1_dseg.json").read_text())
    for label in ("1", "2"):
        drawn = again.data == int(label)
        by_network = int((drawn & (network == int(label))).sum())
        assert record["origins"][label]["network_ml"] == pytest.approx(by_network * 0.01)
        assert record["origins"][label]["by_hand_ml"] == pytest.approx(
            (int(drawn.sum()) - by_network) * 0.01
        )


def test_a_result_is_journalled_whole(keeping, result):
    base, patches = journalled(result).read()
    assert not base.labels.restore().any()
    assert np.array_equal(replay(base, patches), result.data)


def test_a_result_that_is_taken_away_untouched_leaves_nothing(keeping, viewer, result, journals):
    journalled(result)
    viewer.layers.remove(result)
    assert list(journals.iterdir()) == []


# The journal


def test_random_edits_undone_and_redone_replay_as_the_layer(keeping, layer):
    random = np.random.default_rng(1)
    before = layer.data.copy()
    for number in range(120):
        act = random.integers(0, 5)
        if act < 3:
            start = random.integers(0, np.array(layer.data.shape) - 4)
            part = tuple(slice(int(a), int(a + random.integers(1, 5))) for a in start)
            paint(layer, int(random.integers(0, 4)), part)
        elif act == 3:
            layer.undo()
        else:
            layer.redo()
        if number % 10 == 9 and keeping.is_unsaved(layer):
            base, patches = journalled(layer).read()
            assert np.array_equal(base.labels.restore(), before)
            assert np.array_equal(replay(base, patches), layer.data)


def test_a_journal_that_grew_is_begun_anew(keeping, layer, journals):
    journalling = KeptLayer.of(layer).journalling
    paint(layer, 2)
    first = journalled(layer).path
    journalling.most_bytes = 10
    paint(layer, 3)
    second = journalled(layer)
    assert second.path != first
    assert list(journals.glob("*.journal")) == [second.path]
    base, patches = second.read()
    assert np.array_equal(replay(base, patches), layer.data)


def test_undone_back_to_the_file_leaves_no_journal(keeping, layer, journals):
    paint(layer, 2)
    journalled(layer)
    layer.undo()
    assert list(journals.iterdir()) == []
    layer.redo()
    base, patches = journalled(layer).read()
    assert np.array_equal(replay(base, patches), layer.data)


def test_a_change_is_written_without_being_asked(keeping, layer):
    journalling = KeptLayer.of(layer).journalling
    assert journalling.behind_seconds < 30
    journalling.behind_seconds = 0.05
    paint(layer, 2)
    assert journalling.journal is None
    wait_until(lambda: journalling.journal is not None and not journalling.is_behind)
    base, patches = journalling.journal.read()
    assert np.array_equal(replay(base, patches), layer.data)


def test_names_alone_are_journalled(keeping, layer):
    update_metadata(layer, table=LabelTable.from_names({1: "Leber"}))
    base, patches = journalled(layer).read()
    assert base.table.names == TABLE.names
    assert patches[-1].table.names == {1: "Leber"}


def test_a_full_disk_is_told_once_and_editing_goes_on(keeping, layer):
    journalling = KeptLayer.of(layer).journalling
    told = []
    journalling.noticed.connect(told.append)
    paint(layer, 2)
    journal = journalled(layer)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.size + 20, limits[1]))
    try:
        for value in (3, 4):
            paint(layer, value)
            journalling.flush()
            wait_until(lambda: journalling._job is None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(told) == 1
    assert "make room on the disk" in told[0]
    assert (layer.data[PART] == 4).all()
    # What was written before is whole, and what comes after is, too.
    base, patches = journal.read()
    assert (replay(base, patches)[PART] == 2).all()
    base, patches = journalled(layer).read()
    assert np.array_equal(replay(base, patches), layer.data)


def test_a_journal_that_vanished_is_written_again_whole(keeping, layer):
    paint(layer, 2)
    journalled(layer).path.unlink()
    paint(layer, 3, (slice(5, 6),) * 3)
    KeptLayer.of(layer).journalling.flush()
    wait_until(lambda: KeptLayer.of(layer).journalling._job is None)
    base, patches = journalled(layer).read()
    assert np.array_equal(replay(base, patches), layer.data)


def test_a_journal_names_nobody(keeping, viewer, tmp_path, journals):
    canary = "CANARY^JANE"
    (tmp_path / canary).mkdir()
    make_files(tmp_path / canary)
    scan = open_scan(viewer, tmp_path / canary / "t1.nii.gz")
    scan.name = canary
    layer = open_labels(viewer, tmp_path / canary / "t1_mine.nii.gz", like=scan)
    layer.name = f"{canary} labels"
    wait_ready(layer)
    paint(layer, 2)
    journal = journalled(layer)
    found = journal.path.read_bytes() + journal.path.name.encode()
    for word in (b"CANARY", b"JANE", b"t1", b"mine", str(tmp_path).encode()):
        assert word not in found
    assert b"liver" in found
    assert all("CANARY" not in path.name for path in journals.rglob("*"))


def test_the_lock_of_a_live_journal_is_kept_through_a_release(keeping, layer, journals):
    paint(layer, 2)
    journalled(layer)
    keeping.release()
    paint(layer, 3)
    base, patches = journalled(layer).read()
    assert np.array_equal(replay(base, patches), layer.data)
    assert Journal.abandoned(journals) == []
    assert find_recoverable(journals, on_progress=lambda _: None) == ()


def test_the_preferred_folder_is_on_naparis_page_of_preferences(
    keeping, viewer, scan, folder, monkeypatch
):
    other = folder / "my labels"
    other.mkdir()
    settings = get_plugin_settings("napari-seg").saving
    assert settings.folder == ""
    assert preferred_folder() is None
    monkeypatch.setattr(settings, "folder", str(other))
    layer = empty_layer(viewer, scan)
    wait_ready(layer)
    paint(layer, 2)
    save(keeping, layer)
    assert np.array_equal(on_disk(other / "t1_dseg.nii.gz", layer), layer.data)


def test_edits_after_a_discard_are_journalled_with_what_was_discarded(keeping, layer, journals):
    paint(layer, 2)
    journalled(layer)
    KeptLayer.of(layer).discard()
    assert list(journals.iterdir()) == []
    paint(layer, 3, (slice(5, 6),) * 3)
    base, patches = journalled(layer).read()
    assert np.array_equal(replay(base, patches), layer.data)


def test_edited_labels_that_a_script_removes_are_there_for_the_next_start(
    keeping, viewer, layer, journals
):
    paint(layer, 2)
    journal = journalled(layer)
    viewer.layers.remove(layer)
    finish()
    assert list(journals.glob("*.journal")) == [journal.path]
    viewer.add_layer(layer)
    paint(layer, 3)
    base, patches = journalled(layer).read()
    assert np.array_equal(replay(base, patches), layer.data)


def test_labels_that_cannot_be_edited_are_passed_over(keeping, viewer, layer):
    fixed = np.zeros((4, 5, 6), np.uint8)
    fixed.flags.writeable = False
    several = [np.zeros((8, 8, 8), np.uint8), np.zeros((4, 4, 4), np.uint8)]
    for other in (viewer.add_labels(fixed), viewer.add_labels(several, multiscale=True)):
        assert not keeping.is_unsaved(other)
        assert KeptLayer.of(other) is None


def test_without_a_window_nobody_is_asked_and_nothing_is_lost(keeping, viewer, layer, journals):
    paint(layer, 2)
    journal = journalled(layer)
    viewer.layers.selection.active = layer
    viewer.layers.remove_selected()
    assert layer not in viewer.layers
    assert journal.path.is_file()


def test_a_stroke_that_goes_on_while_it_is_saved_is_unsaved_in_its_rest(
    keeping, viewer, layer, folder
):
    viewer.dims.set_current_step(0, 2)
    layer.mode, layer.selected_label, layer.brush_size = "paint", 2, 1
    pointer = Pointer(layer)
    pointer.press(2, 3, 3)
    pointer.move(2, 3, 5)
    keeping.save(layer)
    so_far = layer.data.copy()
    assert (so_far[2, 3, 3:6] == 2).all()
    pointer.move(2, 3, 8)
    wait_until(lambda: not keeping._queue.is_busy)
    assert np.array_equal(on_disk(folder / "t1_mine.nii.gz", layer), so_far)
    pointer.release(2, 3, 8)
    assert keeping.is_unsaved(layer)
    base, patches = journalled(layer).read()
    assert np.array_equal(replay(base, patches), layer.data)
    assert (layer.data[2, 3, 3:9] == 2).all()
