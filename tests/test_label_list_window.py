"""The list of labels in a real napari window."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget

from napari_seg.imaging.label_table import LabelTable
from napari_seg.viewer.keys import CanvasKeys, KeyBindings
from napari_seg.viewer.label_list import LabelList
from napari_seg.viewer.layers import update_metadata


@pytest.fixture
def viewer(make_napari_viewer):
    return make_napari_viewer(show=True)


@pytest.fixture
def labels(viewer):
    widget = LabelList(viewer)
    viewer.window.add_dock_widget(widget, name="labels", area="right")
    yield widget
    widget.release()


@pytest.fixture
def layer(viewer):
    data = np.zeros((4, 20, 20), np.uint8)
    data[1, 2:6, 2:6], data[2, 8:18, 8:18], data[3, 3:5, 3:5] = 1, 4, 6
    layer = viewer.add_labels(data, name="organs")
    update_metadata(layer, table=LabelTable.from_names({1: "liver", 4: "spleen", 6: "cyst"}))
    return layer


def canvas_of(viewer):
    window = viewer.window._qt_window
    return next(one for one in window.findChildren(QWidget) if hasattr(one, "_vispy_canvas"))


def test_tab_on_the_canvas_chooses_the_next_label_and_leaves_the_view(viewer, labels, layer):
    labels.set_layer(layer)
    canvas, point = canvas_of(viewer), viewer.dims.point
    bindings = KeyBindings(viewer, labels.offers)
    keys = CanvasKeys(canvas, bindings)
    keys.watch()
    chosen = []
    for key in (Qt.Key.Key_Tab, Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Tab, Qt.Key.Key_Tab):
        with_ = Qt.KeyboardModifier.NoModifier
        if key == Qt.Key.Key_Backtab:
            with_ = Qt.KeyboardModifier.ShiftModifier
        QTest.keyClick(canvas, key, with_)
        chosen.append(layer.selected_label)
    assert chosen == [4, 6, 4, 6, 1]
    assert viewer.dims.point == point
    labels.release()
    QTest.keyClick(canvas, Qt.Key.Key_Tab)
    assert layer.selected_label == 1
    keys.release()
    bindings.release()


def test_shift_space_on_the_canvas_shows_all_labels(viewer, labels, layer):
    labels.set_layer(layer)
    canvas = canvas_of(viewer)
    bindings = KeyBindings(viewer, labels.offers)
    keys = CanvasKeys(canvas, bindings)
    keys.watch()
    labels.acts.set_visible([1, 6], False)
    QTest.keyClick(canvas, Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    assert all(row.is_visible for row in labels.model.rows)
    assert layer.mode == "pan_zoom"
    keys.release()
    bindings.release()


def test_a_jump_centres_the_canvas_on_the_label(viewer, labels, layer):
    labels.set_layer(layer)
    labels.acts.jump(4)
    assert viewer.dims.point[0] == 2
    assert tuple(viewer.camera.center[1:]) in {(12.0, 12.0), (13.0, 13.0)}


def test_hidden_and_recoloured_labels_look_so_on_the_canvas(qtbot, viewer, labels, layer):
    labels.set_layer(layer)
    layer.opacity = 1.0
    labels.acts.table.recolour(4, (10, 200, 30))
    labels.acts.jump(4)

    def middle():
        picture = viewer.screenshot(canvas_only=True, flash=False)
        return tuple(
            int(part) for part in picture[picture.shape[0] // 2, picture.shape[1] // 2, :3]
        )

    qtbot.waitUntil(lambda: middle() == (10, 200, 30))
    labels.acts.set_visible([4], False)
    qtbot.waitUntil(lambda: middle() == (0, 0, 0))
    labels.show_all()
    qtbot.waitUntil(lambda: middle() == (10, 200, 30))


def test_the_list_stays_true_through_napari_s_own_brush_and_undo(qtbot, viewer, labels, layer):
    labels.set_layer(layer)
    layer.brush_size = 2
    layer.paint((0, 15, 15), 9)
    qtbot.waitUntil(lambda: labels.model.row_of(9) == 3)
    assert labels.model.rows[3].volume_ml > 0
    layer.undo()
    qtbot.waitUntil(lambda: labels.model.rows[3].volume_ml == 0)


def test_ctrl_z_in_the_list_undoes_what_was_done_there(viewer, labels, layer):
    labels.set_layer(layer)
    labels.acts.select(4)
    labels.view.setFocus()
    QTest.keyClick(labels.view, Qt.Key.Key_Delete)
    assert not np.any(layer.data == 4)
    QTest.keyClick(labels.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert np.count_nonzero(layer.data == 4) == 100
    assert [row.name for row in labels.model.rows] == ["liver", "spleen", "cyst"]
