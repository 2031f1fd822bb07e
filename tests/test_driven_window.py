"""napari as a person has it before them: driven by X's mouse and keyboard alone."""

import numpy as np
import pytest
from driven_window import Desk, DrivenWindow, missing

from napari_seg import Geometry, LabelMap, LabelTable, Scan, read_labels, write_labels
from napari_seg.imaging.files import write_scan

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"not installed: {missing()}")
SHAPE = (60, 60, 24)
GEOMETRY = Geometry(SHAPE, np.diag([-1.0, -1.0, 2.0, 1.0]))
LIVER, SPLEEN = "1", "2"
# A block of spleen, in the slice that is shown.
BLOCK = 20 * 20 * 3


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("NAPARI_CONFIG", str(tmp_path / "settings.yaml"))
    voxels = np.random.default_rng(3).integers(0, 100, SHAPE).astype(np.int16)
    write_scan(Scan(voxels, GEOMETRY), tmp_path / "t1.nii.gz")
    labels = np.zeros(SHAPE, np.uint8)
    # Display shows the last axis from the top: slice 12 of 24 is the eleventh.
    labels[20:40, 20:40, 10:13] = 2
    table = LabelTable.from_names({1: "liver", 2: "spleen"})
    write_labels(LabelMap(labels, GEOMETRY, table), tmp_path / "t1_mine.nii.gz")
    return tmp_path


@pytest.fixture
def desk(folder):
    desk = Desk()
    yield desk
    desk.clear()


def test_a_stroke_and_a_tool_are_undone_and_redone_by_keys(desk, folder):
    window = DrivenWindow(desk, folder)
    before = window.wait(lambda state: state["counts"][SPLEEN] == BLOCK, "the block")["counts"]
    window.key("p")
    window.drag((10, 10), (10, 30), (14, 30))
    state = window.wait(lambda state: state["steps"] == ["brush: liver"], "the stroke")
    stroke = state["counts"]
    assert stroke[LIVER] > 60
    assert stroke[SPLEEN] == BLOCK
    window.key("shift+d")
    cleared = window.wait(lambda state: state["done"] == 2, "the tool")["counts"]
    assert cleared.get(LIVER, 0) == 0
    window.key("ctrl+z")
    assert window.wait(lambda state: state["done"] == 1, "an undo")["counts"] == stroke
    window.key("ctrl+z")
    assert window.wait(lambda state: state["done"] == 0, "another")["counts"] == before
    window.key("ctrl+shift+z")
    assert window.wait(lambda state: state["done"] == 1, "the redo")["counts"] == stroke
    window.key("ctrl+shift+z")
    assert window.wait(lambda state: state["done"] == 2, "another")["counts"] == cleared
    window.key_down("h")
    window.wait(lambda state: state["opacity"] == 0, "labels to hide")
    window.key_up("h")
    window.wait(lambda state: state["opacity"] == 0.7, "labels to come back")
    window.key_down("h")
    window.wait(lambda state: state["opacity"] == 0, "labels to hide")
    window.press("Sphere")
    window.wait(lambda state: state["opacity"] == 0.7, "labels to come back with the focus gone")
    window.key_up("h")


def test_nothing_is_drawn_over_a_locked_label(desk, folder):
    window = DrivenWindow(desk, folder, SPLEEN)
    window.key("p")
    window.drag((30, 8), (30, 50))
    stroke = window.wait(lambda state: len(state["steps"]) == 1, "the stroke")["counts"]
    assert stroke[SPLEEN] == BLOCK
    # To the left and to the right of the block.
    assert stroke[LIVER] > 120
    window.key("3")
    window.wait(lambda state: state["mode"] == "polygon", "napari's polygon")
    for point in ((15, 15), (15, 45), (45, 45), (45, 15)):
        window.click(*point)
    window.key("Return")
    polygon = window.wait(lambda state: len(state["steps"]) == 2, "the polygon")["counts"]
    assert polygon[SPLEEN] == BLOCK
    assert polygon[LIVER] > stroke[LIVER] + 300
    window.key("f")
    window.wait(lambda state: state["mode"] == "fill", "napari's bucket")
    window.click(30, 30)
    window.click(50, 8)
    filled = window.wait(lambda state: len(state["steps"]) == 3, "the fill")["counts"]
    assert filled[SPLEEN] == BLOCK
    assert filled[LIVER] > polygon[LIVER] + 1000


def test_closing_with_unsaved_changes_asks_first(desk, folder):
    window = DrivenWindow(desk, folder)
    window.key("p")
    window.drag((10, 10), (10, 30))
    drawn = window.wait(lambda state: state["done"] == 1, "the stroke")["counts"]
    window.close()
    window.press("Cancel")
    window.wait(lambda state: "Cancel" not in state["buttons"], "the question to go")
    assert window.process.poll() is None
    window.close()
    # The panel has a button of that name, too.
    window.wait(lambda state: "Discard" in state["buttons"], "the question")
    window.press("Save")
    assert window.wait_end() == 0
    values, counts = np.unique(read_labels(folder / "t1_mine.nii.gz").array, return_counts=True)
    saved = {str(value): int(n) for value, n in zip(values, counts, strict=True)}
    assert saved == drawn


def test_what_a_kill_interrupts_is_offered_again(desk, folder):
    window = DrivenWindow(desk, folder)
    before = window.state["counts"]
    window.key("p")
    window.drag((10, 10), (10, 30))
    drawn = window.wait(lambda state: state["done"] == 1, "the stroke")["counts"]
    window.wait(lambda state: state["is_journalled"], "the journal")
    window.kill()
    window = DrivenWindow(desk, folder)
    assert window.state["counts"] == before
    window.press("Restore")
    restored = window.wait(lambda state: state["counts"] == drawn, "the stroke to come back")
    assert restored["steps"][-1] == "Restore unsaved changes"
    window.key("ctrl+z")
