"""After a crash: what a killed napari journalled is offered by the next one, and put back."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from kept_labels_case import (
    GEOMETRY,
    finish,
    journalled,
    make_files,
    open_labels,
    open_scan,
    wait_ready,
    wait_until,
)
from napari.components import ViewerModel

from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.keeping import Keeping
from napari_seg.viewer.keeping.kept_layer import KeptLayer
from napari_seg.viewer.layers import label_map_of, metadata_of

EDIT_AND_WAIT = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import numpy as np
from qtpy.QtWidgets import QApplication
from napari.components import ViewerModel
from kept_labels_case import *
from napari_seg.viewer.keeping import Keeping
from napari_seg.viewer.undo import write_region

application = QApplication([])
folder, viewer = Path(sys.argv[2]), ViewerModel()
keeping = Keeping(viewer, folder=folder / "journals")
scan = open_scan(viewer, folder / "t1.nii.gz")
layer = open_labels(viewer, folder / "t1_mine.nii.gz", like=scan)
wait_ready(layer)
random = np.random.default_rng(3)
for number in range(40):
    start = random.integers(0, np.array(layer.data.shape) - 4)
    part = tuple(slice(int(a), int(a + 3)) for a in start)
    write_region(layer, part, int(random.integers(0, 4)), preserve=False)
    if number % 7 == 6:
        layer.undo()
    if number % 10 == 9:
        journalled(layer)
np.save(folder / "journalled.npy", layer.data)
# Not journalled any more: it is killed before.
write_region(layer, (slice(0, 2),) * 3, 7, preserve=False)
print("edited", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def crashed(tmp_path_factory):
    """A folder with a scan, labels, and the journal of a process that was killed while editing."""
    folder = tmp_path_factory.mktemp("crashed")
    make_files(folder)
    process = subprocess.Popen(
        [sys.executable, "-c", EDIT_AND_WAIT, str(Path(__file__).parent), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline().strip() == "edited"
    finally:
        process.kill()
        process.wait()
    return folder


@pytest.fixture
def folder(crashed, tmp_path):
    for path in crashed.rglob("*"):
        if path.is_file():
            copy = tmp_path / path.relative_to(crashed)
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes(path.read_bytes())
    return tmp_path


@pytest.fixture
def last_journalled(folder):
    return np.load(folder / "journalled.npy")


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def start(viewer, folder, qtbot):
    made = []

    def start():
        keeping = Keeping(viewer, folder=folder / "journals")
        qtbot.addWidget(keeping.offer)
        made.append(keeping)
        wait_until(lambda: keeping.offer.question.answers)
        return keeping

    yield start
    for keeping in made:
        keeping.release()
    finish()


def journals(folder):
    return list((folder / "journals").glob("*.journal"))


def press(keeping, text):
    [button] = [one for one in keeping.offer.question.answers if one.text() == text]
    button.click()


def test_the_offer_says_what_would_be_restored(start, folder, viewer, last_journalled):
    keeping = start()
    [found] = keeping.offer.found
    text = keeping.offer.question.text.text()
    assert "Their scan is not open" in text
    assert "liver" in text
    before = found.base.labels.restore()
    changed = int((before != last_journalled).sum()) * 0.01
    assert found.total_ml == pytest.approx(changed)
    assert f"{changed:.2f} ml" in text
    open_scan(viewer, folder / "t1.nii.gz")
    wait_until(lambda: "They belong to 't1'" in keeping.offer.question.text.text())
    assert not keeping.offer.isHidden()


def test_restored_on_its_scan_as_it_was_last_journalled(start, folder, viewer, last_journalled):
    keeping = start()
    scan = open_scan(viewer, folder / "t1.nii.gz")
    wait_until(lambda: "They belong to" in keeping.offer.question.text.text())
    press(keeping, "Restore")
    layer = viewer.layers[-1]
    assert np.array_equal(layer.data, last_journalled)
    assert metadata_of(layer)["scan_id"] == scan.unique_id
    assert keeping.is_unsaved(layer)
    assert keeping.offer.isHidden()
    # Its own journal takes over from the one of the process that was killed.
    wait_ready(layer)
    journalled(layer)
    assert journals(folder) == [KeptLayer.of(layer).journalling.journal.path]


def test_restored_without_its_scan_at_its_true_place(start, viewer, last_journalled):
    keeping = start()
    press(keeping, "Restore")
    layer = viewer.layers[-1]
    assert np.array_equal(layer.data, last_journalled)
    assert label_map_of(layer).geometry.matches(GEOMETRY)
    assert label_map_of(layer).table.names[1] == "liver"


def test_restored_into_the_labels_it_was_made_in_as_one_step(
    start, folder, viewer, last_journalled
):
    keeping = start()
    scan = open_scan(viewer, folder / "t1.nii.gz")
    layer = open_labels(viewer, folder / "t1_mine.nii.gz", like=scan)
    wait_ready(layer)
    keeping.offer._on_layers(None)
    assert f"They go back into '{layer.name}'" in keeping.offer.question.text.text()
    before = layer.data.copy()
    press(keeping, "Restore")
    assert list(viewer.layers) == [scan, layer]
    assert np.array_equal(layer.data, last_journalled)
    assert EditHistory.of(layer).steps[-1].name == "Restore unsaved changes"
    layer.undo()
    assert np.array_equal(layer.data, before)


def test_discarded_is_gone(start, folder):
    keeping = start()
    press(keeping, "Discard")
    assert journals(folder) == []
    assert keeping.offer.isHidden()


def test_later_is_offered_again(start, folder):
    keeping = start()
    press(keeping, "Later")
    assert keeping.offer.isHidden()
    assert len(journals(folder)) == 1
    assert len(start().offer.found) == 1


def test_a_second_napari_is_not_offered_what_the_first_one_has(start, folder, viewer, qtbot):
    start()
    second = Keeping(ViewerModel(), folder=folder / "journals")
    qtbot.addWidget(second.offer)
    try:
        qtbot.waitSignal(second.offer.looked, timeout=5000)
        finish()
        assert second.offer.found == ()
    finally:
        second.release()


def test_a_torn_journal_is_restored_to_its_last_whole_entry(start, folder):
    [path] = journals(folder)
    path.write_bytes(path.read_bytes()[:-5])
    [found] = start().offer.found
    assert found.total_ml > 0


def test_a_broken_journal_is_not_offered(folder, qtbot):
    [path] = journals(folder)
    path.write_bytes(b"broken")
    keeping = Keeping(ViewerModel(), folder=folder / "journals")
    qtbot.addWidget(keeping.offer)
    try:
        finish()
        assert keeping.offer.found == ()
        assert path.exists()
    finally:
        keeping.release()
