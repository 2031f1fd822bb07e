"""The keys at a glance, and the keys of a whole panel, in a real window."""

import numpy as np
import pytest
from fake_model import fake_tools
from napari.components import ViewerModel
from napari.layers import Labels
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLabel, QWidget

from napari_seg.viewer.actions import Action
from napari_seg.viewer.keys import KeyBindings
from napari_seg.viewer.keys.cheat_sheet import CheatSheet, Line
from napari_seg.viewer.panel import Panel


def nothing():
    pass


@pytest.fixture
def sheet(qtbot):
    viewer = ViewerModel()
    viewer.bind_key("K", print)
    keys = KeyBindings(
        viewer,
        [
            Action("turn", "Next view", "Looking", "O", nothing),
            Action("hide", "Hide the labels", "Comparing", "H", nothing, nothing),
            Action("keep", "Keep the island", "Islands", "K", nothing),
            Action("cut", "Cut", "Cutting", None, nothing),
        ],
    )
    sheet = CheatSheet(keys, viewer)
    qtbot.addWidget(sheet)
    yield sheet
    keys.release()


def test_it_lists_keys_by_group_with_what_became_of_them(sheet):
    groups = sheet.groups()
    assert list(groups) == ["Looking", "Comparing", "Islands", "napari's own"]
    assert groups["Looking"] == (Line("O", "Next view"),)
    assert groups["Comparing"] == (Line("H", "Hide the labels (hold)"),)
    assert groups["Islands"] == (Line("", "Keep the island", "K is taken (print)"),)
    assert Line("Ctrl+Z", "Undo") in groups["napari's own"]
    assert Line("2 or P", "Brush") in groups["napari's own"]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_it_lies_over_the_middle_of_the_window_until_a_key(qtbot, sheet, theme):
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(900, 700)
    window.show()
    sheet._viewer.theme = theme
    sheet.show_over(window)
    assert {"Next view", "<i>K is taken (print)</i>"} <= {
        label.text() for label in sheet.findChildren(QLabel)
    }
    assert window.rect().contains(window.mapFromGlobal(sheet.geometry().center()))
    shown = sheet.grab().toImage()
    # Between its corner and its text there is background alone.
    is_light = shown.pixelColor(8, 8).lightness() > 128
    assert is_light == (theme == "light")
    QTest.keyClick(sheet, Qt.Key.Key_Question)
    assert not sheet.isVisible()


def test_in_a_small_window_it_scrolls(qtbot, sheet):
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(500, 200)
    window.show()
    sheet.show_over(window)
    assert sheet.height() <= 200
    assert sheet._scroll.verticalScrollBar().maximum() > 0


@pytest.fixture
def viewer(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    viewer.add_image(np.zeros((6, 20, 20)))
    return viewer


@pytest.fixture
def panel(viewer):
    panel = Panel(viewer, fake_tools())
    viewer.window.add_dock_widget(panel, name="napari-seg", area="right")
    QApplication.processEvents()
    yield panel
    panel._release()


@pytest.fixture
def canvas(viewer):
    window = viewer.window._qt_window
    return next(one for one in window.findChildren(QWidget) if hasattr(one, "_vispy_canvas"))


def test_the_panel_has_a_key_for_all_of_it(viewer, panel, canvas):
    QTest.keyClick(canvas, Qt.Key.Key_Question, Qt.KeyboardModifier.ShiftModifier)
    assert panel.keys.sheet.isVisible()
    groups = panel.keys.sheet.groups()
    notes = [line.note for lines in groups.values() for line in lines if line.note]
    assert notes == [], "a key of ours belongs to napari"
    QTest.keyClick(panel.keys.sheet, Qt.Key.Key_Escape)
    assert not panel.keys.sheet.isVisible()


def test_held_labels_come_back_when_the_focus_goes_elsewhere(viewer, panel, canvas):
    layer = viewer.add_labels(np.zeros((6, 20, 20), np.uint8))
    canvas.setFocus()
    QTest.keyPress(canvas, Qt.Key.Key_H)
    assert layer.opacity == 0
    # Without a window manager nothing ever has the focus; test_real_window.py takes it away.
    QApplication.instance().focusChanged.emit(canvas, panel)
    assert layer.opacity == 0.7
    QTest.keyPress(canvas, Qt.Key.Key_H)
    QTest.keyRelease(canvas, Qt.Key.Key_H)
    assert layer.opacity == 0.7


def test_a_key_that_no_field_wants_is_ours_wherever_the_focus_is(viewer, panel):
    QTest.keyClick(panel.scan.open, Qt.Key.Key_O)
    assert viewer.dims.order == (1, 0, 2)


def test_closing_the_panel_frees_the_keys(viewer, panel, canvas):
    viewer.window.remove_dock_widget(panel)
    QTest.keyClick(canvas, Qt.Key.Key_O)
    assert viewer.dims.order == (0, 1, 2)
    QTest.keyClick(canvas, Qt.Key.Key_Question, Qt.KeyboardModifier.ShiftModifier)
    assert not any(
        isinstance(each, CheatSheet) for each in QApplication.topLevelWidgets() if each.isVisible()
    )


def test_buttons_say_the_keys_that_work(viewer, panel):
    layer = viewer.add_labels(np.zeros((6, 20, 20), np.uint8))
    layer.paint((0, 3, 3), 1)
    picker, save = panel.edit.tools.picker, panel.labels_line.save
    assert picker.groups["Smooth"].text() == "Smooth S"
    assert "Interpolate (I): " in picker.groups["Slices"].toolTip()
    assert "(Shift+S)" in save.toolTip()
    Labels.bind_key("S", nothing)
    try:
        panel.keys.changed.emit()
        assert picker.groups["Smooth"].text() == "Smooth"
    finally:
        Labels.bind_key("S", None)


def test_a_shortcut_of_qt_is_noted(qtbot, viewer, panel):
    assert panel.segment.start.text() == "Run   (Ctrl+Enter)"
    window = viewer.window._qt_window
    theirs = [QShortcut(QKeySequence(key), window) for key in ("Ctrl+Return", "Ctrl+Enter")]
    panel.keys.changed.emit()
    assert panel.segment.start.text() == "Run"
    for shortcut in theirs:
        shortcut.setParent(None)
    shortcut = QShortcut(QKeySequence("O"), window)
    assert panel.keys.key_text("next_plane") == ""
    assert panel.keys.note("next_plane") == "O is taken (a shortcut of another plugin)"
    shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
    assert panel.keys.key_text("next_plane") == "O"
    shortcut.setParent(None)
