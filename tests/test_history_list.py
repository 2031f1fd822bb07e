"""The history as a list."""

from pathlib import Path

import numpy as np
import pytest
from labels_in_hand import Pointer
from napari.components import ViewerModel
from napari.layers import Labels
from napari.settings import get_plugin_settings
from npe2 import PluginManifest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

import napari_seg
from napari_seg.imaging.label_table import LabelTable
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.editing.locks import LabelLocks
from napari_seg.viewer.history_list import HistoryList
from napari_seg.viewer.layers import update_metadata
from napari_seg.viewer.undo import write_region

LIVER, SPLEEN = 1, 2
BOX = (slice(1, 8), slice(2, 8), slice(2, 8))
START, BRUSH, GROW, ERASE = "Before all steps", "brush: liver", "Grow liver by 2 mm", "erase: liver"


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def layer(viewer):
    layer = viewer.add_labels(np.zeros((30, 12, 14), np.uint8), name="organs")
    update_metadata(layer, table=LabelTable.from_names({LIVER: "liver", SPLEEN: "spleen"}))
    layer.brush_size = 3
    layer.mode = "paint"
    return layer


def draw(viewer, layer, place, axis=0):
    viewer.dims.order = (axis, *(other for other in range(3) if other != axis))
    viewer.dims.set_current_step(axis, place)
    point = [6, 6, 6]
    point[axis] = place
    Pointer(layer).drag(point)


@pytest.fixture
def shown(viewer, layer, qtbot):
    shown = HistoryList(viewer)
    qtbot.addWidget(shown)
    shown.set_layer(layer)
    shown.resize(320, 400)
    shown.show()
    yield shown
    shown.release()


@pytest.fixture
def edited(viewer, layer, shown):
    """A stroke, a tool, a stroke of the eraser; and the list unfolded."""
    draw(viewer, layer, 2)
    write_region(layer, BOX, LIVER, name=GROW)
    layer.mode = "erase"
    draw(viewer, layer, 3)
    shown.fold.click()
    return layer


def rows(shown):
    """The names, those undone in brackets, the present with a star."""
    names = []
    for row in range(shown.model.rowCount()):
        index = shown.model.index(row)
        name = index.data()
        pale = index.data(Qt.ItemDataRole.ForegroundRole).alpha() < 255
        font = index.data(Qt.ItemDataRole.FontRole)
        names.append(f"({name})" if pale else f"*{name}" if font is not None else name)
    return names


def click(shown, row):
    place = shown.view.visualRect(shown.model.index(row)).center()
    QTest.mouseClick(shown.view.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_steps_and_strokes_are_listed_by_name(shown, edited):
    assert shown.fold.text() == "History (3)"
    assert rows(shown) == [START, BRUSH, GROW, f"*{ERASE}"]


def test_folded_it_counts_the_steps_alone(viewer, layer, shown):
    draw(viewer, layer, 2)
    assert shown.fold.text() == "History (1)"
    assert not shown.view.isVisible()


def test_a_click_goes_back_and_forth(shown, edited):
    states = [np.zeros_like(edited.data)]
    for row in (0, 1, 2, 3):
        click(shown, row)
        assert EditHistory.of(edited).done == row
        states.append(edited.data.copy())
    assert [int(state.sum()) for state in states[1:]] == sorted(
        [0, 9, 252, 252 - 9], key=[0, 9, 252, 252 - 9].index
    )
    click(shown, 1)
    assert rows(shown) == [START, f"*{BRUSH}", f"({GROW})", f"({ERASE})"]
    assert shown.view.currentIndex().row() == 1
    assert shown.model.index(3).data(Qt.ItemDataRole.ToolTipRole) == "Redo 2 steps"
    assert shown.model.index(3).data(Qt.ItemDataRole.AccessibleTextRole) == f"{ERASE}, undone"


def test_keys_of_undo_are_followed(shown, edited):
    edited.undo()
    assert rows(shown) == [START, BRUSH, f"*{GROW}", f"({ERASE})"]
    edited.redo()
    assert rows(shown) == [START, BRUSH, GROW, f"*{ERASE}"]


def test_a_new_stroke_takes_the_place_of_what_was_undone(viewer, shown, edited):
    click(shown, 1)
    edited.mode = "paint"
    draw(viewer, edited, 5)
    assert rows(shown) == [START, BRUSH, f"*{BRUSH}"]


def test_enter_goes_to_the_row_of_the_keyboard(shown, edited):
    shown.view.setCurrentIndex(shown.model.index(1))
    assert EditHistory.of(edited).done == 3
    QTest.keyClick(shown.view, Qt.Key.Key_Return)
    assert EditHistory.of(edited).done == 1


def test_data_from_another_plugin_clears_it_with_a_notice(shown, edited):
    said = []
    shown.said.connect(said.append)
    edited.data = np.ones_like(edited.data)
    assert rows(shown) == [f"*{START}"]
    assert said == [
        "'organs' got other voxels from elsewhere: its earlier steps can no longer be undone"
    ]
    assert shown.notice.isVisible()
    assert shown.notice.text() == said[0]
    edited.undo()
    assert edited.data.min() == 1


def test_memory_is_bounded_by_a_preference_and_the_oldest_go_first(
    viewer, layer, shown, npe2pm, plugin_settings
):
    npe2pm.register(PluginManifest.from_file(Path(napari_seg.__file__).with_name("napari.yaml")))
    settings = get_plugin_settings("napari-seg").editing
    shown.set_layer(None)
    shown.set_layer(layer)
    history = EditHistory.of(layer)
    assert history.limit_bytes == settings.history_mb * 2**20 == 512 * 2**20
    shown.fold.click()
    big = viewer.add_labels(np.zeros((100, 512, 512), np.uint8), name="big")
    noise = np.random.default_rng(0).integers(0, 200, big.data.shape, np.uint8)
    shown.set_layer(big)
    whole = tuple(slice(0, length) for length in big.data.shape)
    write_region(big, whole, noise, name="First")
    write_region(big, whole, noise[::-1], name="Second")
    assert rows(shown) == [START, "First", "*Second"]
    settings.history_mb = 64
    assert rows(shown) == ["Oldest state that is kept", "*Second"]
    assert "full (64 MB" in shown.notice.text()


def test_without_labels_there_is_no_empty_list(layer, edited, shown):
    assert shown.view.isVisible()
    shown.set_layer(None)
    assert not shown.view.isVisible()
    shown.set_layer(layer)
    assert shown.view.isVisible()
    assert len(rows(shown)) == 4


def test_labels_that_cannot_be_edited_have_none(viewer, shown):
    data = np.zeros((3, 4, 5), np.uint8)
    data.flags.writeable = False
    shown.set_layer(viewer.add_labels(data))
    assert not shown.fold.isEnabled()
    assert "can be edited" in shown.fold.toolTip()
    assert shown.model.rowCount() == 0


def test_where_napari_draws_in_another_way_it_is_said_whom_locks_hold_for(
    viewer, shown, monkeypatch
):
    assert not shown.locks.isVisible()
    monkeypatch.delattr(Labels, "_apply_mask_to_data")
    layer = viewer.add_labels(np.zeros((6, 8, 8), np.uint8))
    shown.set_layer(layer)
    assert shown.locks.isVisible()
    assert "this panel only" in shown.locks.text()
    # And they do hold for those.
    LabelLocks.of(layer).lock(LIVER)
    assert write_region(layer, (slice(0, 2), slice(0, 2), slice(0, 2)), LIVER) == 0


def test_without_labels_nothing_is_said_of_locks(viewer, qtbot):
    history = HistoryList(viewer)
    qtbot.addWidget(history)
    history.show()
    assert not history.locks.isVisible()
    history.release()
