"""Labels are saved over nothing that another person, program or window has written."""

import json
import time
from dataclasses import replace

import numpy as np
import pytest
from kept_labels_case import (
    GEOMETRY,
    SHAPE,
    TABLE,
    empty_layer,
    finish,
    make_files,
    open_scan,
    wait_ready,
    wait_until,
)
from killed_at_a_step import kill_while_adding
from napari.components import ViewerModel
from napari.layers import Layer

from napari_seg import LabelMap, LabelTable, read_labels, write_labels
from napari_seg.viewer.contributions import get_reader
from napari_seg.viewer.keeping import Keeping, label_saving
from napari_seg.viewer.keeping.kept_layer import KeptLayer
from napari_seg.viewer.keeping.saving_places import choose_place
from napari_seg.viewer.kept_labels import KeptLabels
from napari_seg.viewer.layers import metadata_of
from napari_seg.viewer.opening.layer_kind import show_as_labels
from napari_seg.viewer.segmenting.standing import Standing, Standings, start_on
from napari_seg.viewer.undo import write_region

PART = (slice(1, 3), slice(2, 4), slice(3, 5))
# Of a colleague, 32 voxels of spleen.
THEIRS = np.zeros(SHAPE, np.uint8)
THEIRS[8:12, 8:12, 8:10] = 2
NETWORK = {"bundle": {"sha256": "0"}, "versions": {}, "purpose": "research use only"}


@pytest.fixture
def folder(tmp_path):
    make_files(tmp_path)
    return tmp_path


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def keep(viewer, folder, qtbot):
    """Open the panel's part that keeps labels."""
    kept = []

    def keep():
        keeping = Keeping(viewer, folder=folder / "journals")
        qtbot.addWidget(keeping.offer)
        kept.append(keeping)
        return keeping

    yield keep
    for keeping in kept:
        keeping.release()
    finish()


def open_by_napari(viewer, path):
    """Open a file as napari's File menu does."""
    (data,) = get_reader(str(path))(str(path))
    return viewer.add_layer(Layer.create(*data))


def paint(layer, value, part=PART):
    write_region(layer, part, value, preserve=False)


def save(keeping, layer):
    said = []
    keeping.said.connect(said.append)
    keeping.save(layer)
    wait_until(lambda: not keeping._queue.is_busy)
    finish()
    keeping.said.disconnect(said.append)
    return said


def colleague_saves(path, array=THEIRS):
    # Clocks of file systems tick in some ms.
    time.sleep(0.02)
    write_labels(LabelMap(array, GEOMETRY, TABLE), path)


# What was written between the opening of a file and the first look of the panel


@pytest.mark.parametrize("is_shown_as", ["labels", "scan"])
def test_what_a_colleague_wrote_before_the_panel_was_opened_is_left(
    viewer, keep, folder, is_shown_as
):
    path = folder / "t1_mine.nii.gz"
    if is_shown_as == "scan":
        (folder / "t1_mine.tsv").unlink()
        path = path.rename(folder / "t1.scan.nii.gz")
        values = np.arange(np.prod(SHAPE), dtype=np.int32).reshape(SHAPE) % 1500
        write_labels(LabelMap(values, GEOMETRY, TABLE), path)
        (folder / "t1.scan.tsv").unlink()
    layer = open_by_napari(viewer, path)
    colleague_saves(path)
    keeping = keep()
    if is_shown_as == "scan":
        layer = show_as_labels(layer, viewer.layers)
    wait_ready(layer)
    paint(layer, 1)
    case = path.name.removesuffix(".nii.gz")
    left = f"'{path.name}' was written by somebody else meanwhile and is left as it is"
    assert save(keeping, layer) == [f"Saved {case}_2.nii.gz; {left}"]
    assert np.array_equal(read_labels(path).array, THEIRS)


def test_labels_opened_before_the_panel_go_back_to_their_file(viewer, keep, folder):
    layer = open_by_napari(viewer, folder / "t1_mine.nii.gz")
    keeping = keep()
    wait_ready(layer)
    for value in (2, 1):
        paint(layer, value)
        assert save(keeping, layer) == ["Saved t1_mine.nii.gz"]


def test_a_file_that_was_gone_and_is_there_again_is_left(viewer, keep, folder):
    path = folder / "t1_mine.nii.gz"
    layer = open_by_napari(viewer, path)
    path.unlink()
    keeping = keep()
    wait_ready(layer)
    paint(layer, 1)
    colleague_saves(path)
    assert "written by somebody else" in save(keeping, layer)[0]
    assert np.array_equal(read_labels(path).array, THEIRS)


# What is written while the labels are packed


@pytest.fixture
def scan(viewer, folder):
    return open_scan(viewer, folder / "t1.nii.gz")


@pytest.fixture
def new(viewer, keep, scan):
    """A layer without a file, with the part that keeps it."""
    keeping, layer = keep(), empty_layer(viewer, scan)
    wait_ready(layer)
    paint(layer, 1)
    return keeping, layer


def meanwhile(monkeypatch, act):
    """Let something happen once, when the place is chosen and the labels are not yet written."""

    def choose(*given, **options):
        choice = choose_place(*given, **options)
        monkeypatch.setattr(label_saving, "choose_place", choose_place)
        act()
        return choice

    monkeypatch.setattr(label_saving, "choose_place", choose)


def names_in(folder):
    return sorted(file.name for file in folder.iterdir() if file.is_file())


@pytest.mark.parametrize("has_links", [True, False])
def test_a_name_that_another_window_took_meanwhile_is_left(new, folder, monkeypatch, has_links):
    keeping, layer = new
    if not has_links:
        monkeypatch.setattr("os.link", refuse_links)
    path = folder / "t1_dseg.nii.gz"
    meanwhile(monkeypatch, lambda: colleague_saves(path))
    assert save(keeping, layer) == ["Saved t1_dseg_2.nii.gz"]
    assert np.array_equal(read_labels(path).array, THEIRS)
    assert on_disk(folder / "t1_dseg_2.nii.gz", layer)
    # Nothing hidden is left, and no record beside their labels.
    assert [name for name in names_in(folder) if "t1_dseg" in name or name[0] == "."] == [
        "t1_dseg.nii.gz",
        "t1_dseg.tsv",
        "t1_dseg_2.json",
        "t1_dseg_2.nii.gz",
        "t1_dseg_2.tsv",
    ]


def refuse_links(*_names):
    raise PermissionError(1, "Operation not permitted")


def on_disk(path, layer):
    order = metadata_of(layer)["order"]
    return np.array_equal(order.show(read_labels(path).array), layer.data)


def test_an_own_file_that_another_window_wrote_meanwhile_is_left(
    viewer, keep, scan, folder, monkeypatch
):
    path = folder / "t1_mine.nii.gz"
    keeping, layer = keep(), open_by_napari(viewer, path)
    wait_ready(layer)
    paint(layer, 1)
    meanwhile(monkeypatch, lambda: colleague_saves(path))
    (said,) = save(keeping, layer)
    assert said.startswith("Saved t1_mine_2.nii.gz; 't1_mine.nii.gz' was written by somebody else")
    theirs = read_labels(path)
    assert np.array_equal(theirs.array, THEIRS)
    assert theirs.table.names == {1: "liver", 2: "spleen"}
    assert theirs.notices == ()
    assert not (folder / "t1_mine.json").exists()
    assert on_disk(folder / "t1_mine_2.nii.gz", layer)


@pytest.mark.parametrize("writer", ["add_labels", "write_labels"], ids=["new", "own"])
def test_what_a_colleague_wrote_right_after_a_save_is_left(new, folder, monkeypatch, writer):
    keeping, layer = new
    path = folder / "t1_dseg.nii.gz"
    if writer == "write_labels":
        save(keeping, layer)
        paint(layer, 2)
    write = getattr(label_saving, writer)

    def write_then_colleague(*given, **options):
        written = write(*given, **options)
        colleague_saves(path)
        return written

    with monkeypatch.context() as patch:
        patch.setattr(label_saving, writer, write_then_colleague)
        save(keeping, layer)
    paint(layer, 0)
    assert "written by somebody else" in save(keeping, layer)[0]
    assert np.array_equal(read_labels(path).array, THEIRS)
    assert on_disk(folder / "t1_dseg_2.nii.gz", layer)


@pytest.mark.parametrize("has_links", [True, False], ids=["hard links", "no hard links"])
def test_labels_of_a_new_file_go_back_to_it(new, monkeypatch, has_links):
    keeping, layer = new
    if not has_links:
        monkeypatch.setattr("os.link", refuse_links)
    for value in (1, 2, 0):
        paint(layer, value)
        assert save(keeping, layer) == ["Saved t1_dseg.nii.gz"]


@pytest.mark.parametrize("end", [".nii", ".nrrd", ".seg.nrrd", ".mha"])
def test_labels_go_back_to_a_file_of_any_format(viewer, keep, folder, end):
    path = folder / f"mine{end}"
    write_labels(read_labels(folder / "t1_mine.nii.gz"), path)
    keeping, layer = keep(), open_by_napari(viewer, path)
    wait_ready(layer)
    for value in (2, 1):
        paint(layer, value)
        assert save(keeping, layer) == [f"Saved {path.name}"]


def test_a_save_that_fails_leaves_no_file_of_a_new_name(new, folder, monkeypatch, qtbot):
    keeping, layer = new
    before = names_in(folder)
    monkeypatch.setattr("os.link", refuse_links)
    monkeypatch.setattr("pathlib.Path.replace", replace_within_hidden_folders)
    with qtbot.capture_exceptions() as errors:
        save(keeping, layer)
    assert str(errors[0][1]) == (
        "'t1_dseg.nii.gz' could not be saved: No space left on device; nothing on disk was changed"
    )
    assert keeping.is_unsaved(layer)
    assert names_in(folder) == before
    assert not list(folder.glob(".*"))


def replace_within_hidden_folders(file, target):
    """Let files be written aside; the disk is full when they are to take their names."""
    if not target.parent.name.startswith("."):
        raise OSError(28, "No space left on device")
    file.rename(target)


# Names that are taken


@pytest.mark.parametrize("other", ["t1_dseg.tsv", "t1_dseg.json", "t1_dseg.nrrd", "t1_dseg.png"])
def test_a_table_a_record_and_labels_of_another_format_take_a_name(new, folder, other):
    keeping, layer = new
    (folder / other).write_text("another program's")
    assert save(keeping, layer) == ["Saved t1_dseg_2.nii.gz"]
    assert (folder / other).read_text() == "another program's"


def test_new_labels_leave_table_and_record_of_what_a_network_wrote_in_another_format(new, folder):
    keeping, layer = new
    path = folder / "t1_dseg.nrrd"
    names = LabelTable.from_names({2: "kidney"})
    write_labels(LabelMap(THEIRS, GEOMETRY, names, record=NETWORK), path)
    before = path.read_bytes(), (folder / "t1_dseg.json").read_bytes()
    save(keeping, layer)
    assert (path.read_bytes(), (folder / "t1_dseg.json").read_bytes()) == before
    assert read_labels(path).table.names == {2: "kidney"}


@pytest.mark.parametrize("links", [True, False], ids=["hard links", "no hard links"])
def test_names_that_a_killed_save_took_are_free_again(new, folder, links):
    keeping, layer = new
    kill_while_adding(folder / "t1_dseg.nii", 2, links=links)
    assert (folder / "t1_dseg.json").exists()
    assert save(keeping, layer) == ["Saved t1_dseg.nii.gz"]
    # The labels have their file now; what the network wrote gets one beside it.
    kill_while_adding(folder / "t1_dseg_network.nii", 2, links=links)
    add_run(layer, THEIRS)
    assert "lies beside it as t1_dseg_network.nii.gz" in save(keeping, layer)[0]


# The record, and what the network wrote


def test_a_record_of_other_voxels_is_not_taken_over(viewer, keep, scan, folder):
    stale = {**NETWORK, "device": "cuda", "changed_by_hand_ml": 0.5, "voxels_sha256": "ab"}
    (folder / "t1_mine.json").write_text(json.dumps(stale))
    keeping, layer = keep(), open_by_napari(viewer, folder / "t1_mine.nii.gz")
    wait_ready(layer)
    paint(layer, 1)
    assert save(keeping, layer) == ["Saved t1_mine.nii.gz"]
    record = json.loads((folder / "t1_mine.json").read_text())
    assert not {"bundle", "device"} & record.keys()
    assert record["changed_by_hand_ml"] == pytest.approx(0.08)
    # Of the voxels that it speaks of now it is kept on.
    (folder / "t1_mine.json").write_text(json.dumps({**record, "Manual": True}))
    paint(layer, 2)
    save(keeping, layer)
    assert json.loads((folder / "t1_mine.json").read_text())["Manual"] is True


@pytest.fixture
def corrected(new):
    """Labels that a network drew, the spleen of `THEIRS`, and that were corrected by hand."""
    keeping, layer = new
    add_run(layer, THEIRS)
    return keeping, layer


def add_run(layer, array, *, by_hand=True):
    shown = metadata_of(layer)["order"].show(array)
    layer.data = shown.copy()
    start_on(layer, Standing.of_new(KeptLabels.of(shown), NETWORK))
    if by_hand:
        paint(layer, 1)


def write_as_run(layer, value, device):
    write_region(layer, PART, value, preserve=False, by="network")
    record = {**NETWORK, "device": device}
    Standings.of(layer).note(Standing.of_new(KeptLabels.of(layer.data), record))


def test_the_saved_record_is_of_the_run_that_was_corrected_whatever_it_was_corrected_to(
    new, folder
):
    keeping, layer = new
    write_as_run(layer, 1, "first")
    write_as_run(layer, 2, "second")
    paint(layer, 1)
    for name, device, by_hand in (
        ("t1_dseg", "second", 0.08),
        ("t1_dseg", "second", 0),
        # What the network alone wrote keeps its file.
        ("t1_dseg_2", "first", 0),
    ):
        assert f"Saved {name}.nii.gz" in save(keeping, layer)[0]
        record = json.loads((folder / f"{name}.json").read_text())
        found = record["device"], record["changed_by_hand_ml"]
        assert found == (device, pytest.approx(by_hand))
        layer.undo()


def test_a_file_that_is_called_like_the_networks_is_left(corrected, folder):
    keeping, layer = corrected
    mine = folder / "t1_dseg_network.nii.gz"
    graph = LabelTable.from_names({7: "my graph"})
    drawn = np.full(SHAPE, 7, np.uint8)
    write_labels(LabelMap(drawn, GEOMETRY, graph), mine)
    assert save(keeping, layer) == [
        "Saved t1_dseg.nii.gz; what the network wrote lies beside it as t1_dseg_network_2.nii.gz"
    ]
    assert np.array_equal(read_labels(mine).array, drawn)
    assert np.array_equal(read_labels(folder / "t1_dseg_network_2.nii.gz").array, THEIRS)
    named = json.loads((folder / "t1_dseg.json").read_text())["network_labels"]
    assert named["file"] == "t1_dseg_network_2.nii.gz"


def test_what_the_network_wrote_is_written_once_and_told_once(corrected, folder):
    keeping, layer = corrected
    assert "lies beside it as t1_dseg_network.nii.gz" in save(keeping, layer)[0]
    paint(layer, 2)
    assert save(keeping, layer) == ["Saved t1_dseg.nii.gz"]
    # The same run saved anew beside a file of another name.
    for end in (".nii.gz", ".tsv", ".json"):
        (folder / f"t1_dseg{end}").unlink()
    kept = KeptLayer.of(layer)
    kept.background = replace(kept.background, own=None, run_file=None)
    paint(layer, 1)
    assert save(keeping, layer) == ["Saved t1_dseg.nii.gz"]
    assert not (folder / "t1_dseg_network_2.nii.gz").exists()


@pytest.mark.parametrize("gone", [(".json",), (".nii.gz", ".tsv", ".json")], ids=["record", "all"])
def test_what_the_network_wrote_is_kept_elsewhere_where_its_own_file_is_replaced(new, folder, gone):
    keeping, layer = new
    add_run(layer, THEIRS, by_hand=False)
    assert save(keeping, layer) == ["Saved t1_dseg.nii.gz"]
    # Now nothing says that a network wrote that file.
    for end in gone:
        (folder / f"t1_dseg{end}").unlink()
    paint(layer, 1)
    assert save(keeping, layer) == [
        "Saved t1_dseg.nii.gz; what the network wrote lies beside it as t1_dseg_network.nii.gz"
    ]
    named = json.loads((folder / "t1_dseg.json").read_text())["network_labels"]
    assert named["file"] == "t1_dseg_network.nii.gz"
    assert np.array_equal(read_labels(folder / named["file"]).array, THEIRS)


def test_another_run_leaves_what_the_first_one_wrote(corrected, folder):
    keeping, layer = corrected
    save(keeping, layer)
    other = np.roll(THEIRS, -4, axis=0)
    add_run(layer, other)
    assert "t1_dseg_network_2.nii.gz" in save(keeping, layer)[0]
    assert np.array_equal(read_labels(folder / "t1_dseg_network.nii.gz").array, THEIRS)
    assert np.array_equal(read_labels(folder / "t1_dseg_network_2.nii.gz").array, other)


@pytest.mark.parametrize("writer", ["add_labels", "write_labels"], ids=["new", "own"])
def test_a_save_that_fails_leaves_nothing_of_what_the_network_wrote(
    new, folder, monkeypatch, qtbot, writer
):
    keeping, layer = new
    if writer == "write_labels":
        save(keeping, layer)
    add_run(layer, THEIRS)
    before = names_in(folder)
    with monkeypatch.context() as patch, qtbot.capture_exceptions() as errors:
        patch.setattr(label_saving, writer, find_disk_full)
        save(keeping, layer)
    assert "No space left on device" in str(errors[0][1])
    assert names_in(folder) == before
    assert "lies beside it as t1_dseg_network.nii.gz" in save(keeping, layer)[0]


def test_what_the_network_wrote_before_stays_where_a_save_fails(
    corrected, folder, monkeypatch, qtbot
):
    keeping, layer = corrected
    save(keeping, layer)
    before = names_in(folder)
    paint(layer, 2)
    with monkeypatch.context() as patch, qtbot.capture_exceptions():
        patch.setattr(label_saving, "write_labels", find_disk_full)
        save(keeping, layer)
    assert names_in(folder) == before
    assert "t1_dseg_network.nii.gz" in before


def find_disk_full(*_given, **_options):
    raise OSError(28, "No space left on device")
