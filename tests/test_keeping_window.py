"""Keeping labels in a real window: the key, the question before they go, closing."""

import gc
import weakref

import numpy as np
import pytest
from kept_labels_case import (
    finish,
    journalled,
    make_files,
    open_labels,
    open_scan,
    wait_ready,
    wait_until,
)
from napari._qt.containers import QtLayerList
from napari._qt.dialogs.confirm_close_dialog import ConfirmCloseDialog
from napari._qt.widgets.qt_viewer_buttons import QtLayerButtons
from napari.qt import QtViewer
from napari.settings import get_settings
from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QCloseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QMainWindow, QMessageBox

from napari_seg import read_labels
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.keeping.journal_entries import replay
from napari_seg.viewer.keys import CanvasKeys, KeyBindings
from napari_seg.viewer.layers import metadata_of
from napari_seg.viewer.undo import write_region

PART = (slice(1, 3), slice(2, 4), slice(3, 5))
BUTTONS = QMessageBox.StandardButton


@pytest.fixture
def folder(tmp_path):
    make_files(tmp_path)
    return tmp_path


@pytest.fixture
def viewer(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    yield viewer
    finish()
    # napari's fixture would close once more what a person has closed.
    if not window_is_there(viewer):
        del viewer.window._qt_window
    del viewer
    gc.collect()


def window_is_there(viewer):
    try:
        return viewer.window._qt_window.isVisible()
    except (AttributeError, RuntimeError):
        return not hasattr(viewer.window, "_qt_window")


@pytest.fixture
def window(viewer):
    [window] = [
        one
        for one in QApplication.topLevelWidgets()
        if isinstance(one, QMainWindow) and one.findChildren(QtViewer)
    ]
    # napari looks, when a test is over, whether its window is gone.
    return weakref.proxy(window)


@pytest.fixture
def layer(viewer, keeping, folder):
    scan = open_scan(viewer, folder / "t1.nii.gz")
    layer = open_labels(viewer, folder / "t1_mine.nii.gz", like=scan)
    wait_ready(layer)
    QApplication.processEvents()
    return layer


@pytest.fixture
def edited(layer):
    """A layer with two steps, the last of which is not undone."""
    write_region(layer, PART, 2, name="one", preserve=False)
    write_region(layer, PART, 3, name="two", preserve=False)
    return layer


class Answerer:
    """Presses a button of the question once it is there, and keeps what it asked."""

    def __init__(self, button):
        self.button, self.asked = button, []
        self.timer = QTimer()
        self.timer.timeout.connect(self.answer)
        self.timer.start(20)

    def answer(self):
        for box in QApplication.topLevelWidgets():
            if isinstance(box, QMessageBox) and box.isVisible():
                self.asked.append(box.text())
                QTest.mouseClick(box.button(self.button), Qt.MouseButton.LeftButton)


@pytest.fixture
def answering():
    made = []

    def answer(button):
        made.append(Answerer(button))
        return made[-1]

    yield answer
    for one in made:
        one.timer.stop()


def on_disk(folder):
    return read_labels(folder / "t1_mine.nii.gz").array


def is_saved(folder, layer):
    return np.array_equal(metadata_of(layer)["order"].show(on_disk(folder)), layer.data)


def canvas_of(window):
    return window.findChildren(QtViewer)[0].canvas.native


def journals(folder):
    return list((folder / "journals").glob("*.journal"))


def test_shift_s_on_the_canvas_saves(viewer, window, keeping, edited, folder):
    bindings = KeyBindings(viewer, keeping.offers)
    keys = CanvasKeys(canvas_of(window), bindings)
    keys.watch()
    QTest.keyClick(canvas_of(window), Qt.Key.Key_S, Qt.KeyboardModifier.ShiftModifier)
    wait_until(lambda: not keeping.is_unsaved(edited))
    assert is_saved(folder, edited)
    assert edited.data[PART].min() == 3
    keys.release()
    bindings.release()


# Closing the window


def test_cancel_and_escape_keep_the_window(window, keeping, edited, answering):
    answerer = answering(BUTTONS.Cancel)
    window.close()
    assert len(answerer.asked) == 1
    assert edited.name in answerer.asked[0]
    assert "closing the window" in answerer.asked[0]
    assert window.isVisible()
    answerer.timer.stop()
    QTimer.singleShot(200, press_escape)
    window.close()
    assert window.isVisible()
    assert keeping.is_unsaved(edited)


def press_escape():
    QTest.keyClick(QApplication.activeModalWidget(), Qt.Key.Key_Escape)


def test_discard_closes_and_leaves_nothing(window, keeping, edited, answering, folder):
    journalled(edited)
    before = on_disk(folder)
    answerer = answering(BUTTONS.Discard)
    window.close()
    assert len(answerer.asked) == 1
    assert not window.isVisible()
    assert journals(folder) == []
    assert np.array_equal(on_disk(folder), before)


class ClosedByPerson(QCloseEvent):
    """What a click on the window's cross sends."""

    def spontaneous(self):
        return True


def test_discarding_by_the_cross_is_asked_once(
    window, keeping, edited, answering, folder, monkeypatch
):
    journalled(edited)
    asked = []
    monkeypatch.setattr(ConfirmCloseDialog, "exec_", lambda dialog: asked.append(dialog))
    get_settings().application.confirm_close_window = True
    answerer = answering(BUTTONS.Discard)
    event = ClosedByPerson()
    assert keeping._closing.eventFilter(window.findChild(QtViewer).window(), event)
    assert not event.isAccepted()
    wait_until(lambda: not window.isVisible())
    assert len(answerer.asked) == 1
    assert asked == []
    assert journals(folder) == []


def test_save_saves_and_then_closes(window, keeping, edited, answering, folder):
    journalled(edited)
    expected = edited.data.copy()
    answerer = answering(BUTTONS.Save)
    window.close()
    wait_until(lambda: not window.isVisible())
    assert len(answerer.asked) == 1
    shown = metadata_of(edited)["order"].show(on_disk(folder))
    assert np.array_equal(shown, expected)
    assert journals(folder) == []


def test_what_fails_to_be_saved_keeps_the_window(window, keeping, edited, answering, folder, qtbot):
    # No table can be written where a folder is.
    (folder / "t1_mine.tsv").unlink()
    (folder / "t1_mine.tsv").mkdir()
    answering(BUTTONS.Save)
    with qtbot.capture_exceptions() as errors:
        window.close()
        wait_until(lambda: not keeping._queue.is_busy)
    assert errors
    assert window.isVisible()
    assert keeping.is_unsaved(edited)


def test_a_script_that_closes_the_viewer_is_not_asked(viewer, window, keeping, edited, folder):
    journalled(edited)
    viewer.close()
    finish()
    # It is there for the next start.
    assert len(journals(folder)) == 1


# Removing layers


def delete_by_key(viewer, window, layer):
    viewer.layers.selection.active = layer
    [view] = window.findChildren(QtLayerList)
    QTest.keyClick(view, Qt.Key.Key_Delete)


def delete_by_button(viewer, window, layer):
    viewer.layers.selection.active = layer
    [buttons] = window.findChildren(QtLayerButtons)
    QTest.mouseClick(buttons.deleteButton, Qt.MouseButton.LeftButton)


def delete_by_script(viewer, window, layer):
    viewer.layers.remove(layer)
    QApplication.processEvents()


every_way = pytest.mark.parametrize(
    "delete", [delete_by_key, delete_by_button, delete_by_script], ids=["key", "button", "script"]
)


@every_way
def test_cancel_keeps_the_layer_with_its_history_and_save_lets_it_go(
    viewer, window, keeping, edited, answering, delete, folder
):
    before, place = edited.data.copy(), viewer.layers.index(edited)
    answerer = answering(BUTTONS.Cancel)
    delete(viewer, window, edited)
    assert len(answerer.asked) == 1
    assert viewer.layers.index(edited) == place
    assert keeping.is_unsaved(edited)
    assert [step.name for step in EditHistory.of(edited).steps] == ["one", "two"]
    edited.undo()
    edited.undo()
    assert not keeping.is_unsaved(edited)
    edited.redo()
    edited.redo()
    assert np.array_equal(edited.data, before)
    # It goes on being kept.
    write_region(edited, PART, 4, preserve=False)
    base, patches = journalled(edited).read()
    assert np.array_equal(replay(base, patches), edited.data)
    answerer.button = BUTTONS.Save
    delete(viewer, window, edited)
    wait_until(lambda: edited not in viewer.layers)
    assert len(answerer.asked) == 2
    assert is_saved(folder, edited)
    assert journals(folder) == []


@pytest.mark.parametrize("delete", [delete_by_key, delete_by_script], ids=["key", "script"])
def test_discard_removes_the_layer_and_its_journal(
    viewer, window, keeping, edited, answering, delete, folder
):
    journalled(edited)
    before = on_disk(folder)
    answerer = answering(BUTTONS.Discard)
    delete(viewer, window, edited)
    assert len(answerer.asked) == 1
    assert edited not in viewer.layers
    assert journals(folder) == []
    assert np.array_equal(on_disk(folder), before)


def test_saved_layers_and_windows_go_without_a_question(
    viewer, window, keeping, layer, answering, folder
):
    answerer = answering(BUTTONS.Cancel)
    delete_by_key(viewer, window, layer)
    assert layer not in viewer.layers
    open_labels(viewer, folder / "t1_mine.nii.gz")
    window.close()
    assert answerer.asked == []
    assert not window.isVisible()


def test_released_it_asks_no_more(viewer, window, keeping, edited, answering):
    keeping.release()
    answerer = answering(BUTTONS.Cancel)
    delete_by_key(viewer, window, edited)
    assert answerer.asked == []
    assert edited not in viewer.layers
