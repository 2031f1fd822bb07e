"""Keeping labels in a real window: the key, the question before they go, closing."""

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
from napari.qt import QtViewer
from qtpy.QtCore import QEvent, Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QMainWindow, QMessageBox

from napari_seg import read_labels
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.keeping import Keeping
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
    yield make_napari_viewer(show=True)
    finish()


@pytest.fixture
def keeping(viewer, folder, qtbot):
    keeping = Keeping(viewer, folder=folder / "journals")
    qtbot.addWidget(keeping.offer)
    yield keeping
    keeping.release()
    finish()


@pytest.fixture
def window(viewer):
    [window] = [
        one
        for one in QApplication.topLevelWidgets()
        if isinstance(one, QMainWindow) and one.findChildren(QtViewer)
    ]
    return window


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


def test_shift_s_on_the_canvas_saves(window, keeping, edited, folder):
    QTest.keyClick(canvas_of(window), Qt.Key.Key_S, Qt.KeyboardModifier.ShiftModifier)
    wait_until(lambda: not keeping.is_unsaved(edited))
    assert is_saved(folder, edited)
    assert edited.data[PART].min() == 3
    assert keeping.keys.taken == ()


# Closing the window


@pytest.mark.parametrize("close", ["close", "event"])
def test_cancel_keeps_the_window(window, keeping, edited, answering, close):
    answerer = answering(BUTTONS.Cancel)
    if close == "close":
        window.close()
    else:
        event = QEvent(QEvent.Type.Close)
        QApplication.sendEvent(window, event)
    assert len(answerer.asked) == 1
    assert edited.name in answerer.asked[0]
    assert "closing the window" in answerer.asked[0]
    assert window.isVisible()
    assert keeping.is_unsaved(edited)


def test_escape_means_cancel(window, keeping, edited):
    def escape():
        box = QApplication.activeModalWidget()
        QTest.keyClick(box, Qt.Key.Key_Escape)

    QTimer.singleShot(200, escape)
    window.close()
    assert window.isVisible()


def test_discard_closes_and_leaves_nothing(window, keeping, edited, answering, folder):
    journalled(edited)
    before = on_disk(folder)
    answerer = answering(BUTTONS.Discard)
    window.close()
    assert len(answerer.asked) == 1
    assert not window.isVisible()
    assert journals(folder) == []
    assert np.array_equal(on_disk(folder), before)


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
    path = folder / "t1_mine.nii.gz"
    for file in folder.glob("t1_mine*"):
        file.unlink()
    path.mkdir()
    (folder / "t1_mine_edited.nii.gz").mkdir()
    folder.chmod(0o555)
    import os

    if os.geteuid() == 0:
        # Nothing is forbidden to root: the record cannot be written where a folder is.
        folder.chmod(0o755)
        (folder / "t1_mine_edited_2.tsv").mkdir()
    answering(BUTTONS.Save)
    with qtbot.capture_exceptions() as errors:
        window.close()
        wait_until(lambda: not keeping._queue.is_busy)
    folder.chmod(0o755)
    assert errors
    assert window.isVisible()
    assert keeping.is_unsaved(edited)


def test_a_saved_window_closes_without_a_question(window, keeping, layer, answering):
    answerer = answering(BUTTONS.Cancel)
    window.close()
    assert answerer.asked == []
    assert not window.isVisible()


def test_a_script_that_closes_the_viewer_is_not_asked(viewer, window, keeping, edited, folder):
    journalled(edited)
    viewer.close()
    finish()
    # It is there for the next start.
    assert len(journals(folder)) == 1


# Removing layers


def delete_by_key(viewer, window, layer):
    viewer.layers.selection.active = layer
    from napari._qt.containers import QtLayerList

    [view] = window.findChildren(QtLayerList)
    QTest.keyClick(view, Qt.Key.Key_Delete)


def delete_by_button(viewer, window, layer):
    viewer.layers.selection.active = layer
    from napari._qt.widgets.qt_viewer_buttons import QtLayerButtons

    [buttons] = window.findChildren(QtLayerButtons)
    QTest.mouseClick(buttons.deleteButton, Qt.MouseButton.LeftButton)


def delete_by_script(viewer, window, layer):
    viewer.layers.remove(layer)
    QApplication.processEvents()


every_way = pytest.mark.parametrize(
    "delete", [delete_by_key, delete_by_button, delete_by_script], ids=["key", "button", "script"]
)


@every_way
def test_cancel_keeps_the_layer_with_its_history(
    viewer, window, keeping, edited, answering, delete
):
    before, place = edited.data.copy(), viewer.layers.index(edited)
    answerer = answering(BUTTONS.Cancel)
    delete(viewer, window, edited)
    assert len(answerer.asked) == 1
    assert viewer.layers.index(edited) == place
    assert keeping.is_unsaved(edited)
    names = [step.name for step in EditHistory.of(edited).steps]
    assert names == ["one", "two"]
    edited.undo()
    edited.undo()
    assert not keeping.is_unsaved(edited)
    edited.redo()
    edited.redo()
    assert np.array_equal(edited.data, before)
    # And goes on being painted on and kept.
    write_region(edited, PART, 4, preserve=False)
    base, patches = journalled(edited).read()
    from napari_seg.viewer.keeping.journal_entries import replay

    assert np.array_equal(replay(base, patches), edited.data)


@every_way
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


@every_way
def test_save_saves_the_layer_and_then_removes_it(
    viewer, window, keeping, edited, answering, delete, folder
):
    answerer = answering(BUTTONS.Save)
    delete(viewer, window, edited)
    wait_until(lambda: edited not in viewer.layers)
    assert len(answerer.asked) == 1
    assert is_saved(folder, edited)
    assert journals(folder) == []


@every_way
def test_a_saved_layer_goes_without_a_question(viewer, window, keeping, layer, answering, delete):
    answerer = answering(BUTTONS.Cancel)
    delete(viewer, window, layer)
    assert answerer.asked == []
    assert layer not in viewer.layers


def test_released_it_asks_no_more(viewer, window, keeping, edited, answering):
    keeping.release()
    answerer = answering(BUTTONS.Cancel)
    delete_by_key(viewer, window, edited)
    assert answerer.asked == []
    assert edited not in viewer.layers
