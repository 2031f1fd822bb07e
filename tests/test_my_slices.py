"""The slices that were drawn in: a line of numbers, and marks at the slider of a real window."""

import numpy as np
import pytest
from labels_in_hand import Pointer
from napari.components import ViewerModel
from napari.qt import QtViewer
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_seg.imaging.label_table import LabelTable
from napari_seg.viewer.layers import update_metadata
from napari_seg.viewer.my_slices import MySlices, SlicesInView, SliderMarks
from napari_seg.viewer.my_slices.slider_marks import Marks
from napari_seg.viewer.undo import write_region

LIVER, SPLEEN = 1, 2


def add_labels(viewer, shape=(30, 12, 14)):
    layer = viewer.add_labels(np.zeros(shape, np.uint8), name="organs")
    update_metadata(layer, table=LabelTable.from_names({LIVER: "liver", SPLEEN: "spleen"}))
    layer.brush_size = 3
    layer.mode = "paint"
    return layer


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def layer(viewer):
    return add_labels(viewer)


@pytest.fixture
def slices(viewer, layer, qtbot):
    slices = SlicesInView(viewer)
    slices.set_layer(layer)
    yield slices
    slices.release()


@pytest.fixture
def mine(slices, qtbot):
    mine = MySlices(slices)
    qtbot.addWidget(mine)
    yield mine
    mine.release()


def draw(viewer, layer, place, axis=0):
    viewer.dims.order = (axis, *(other for other in range(3) if other != axis))
    viewer.dims.set_current_step(axis, place)
    point = [6, 6, 6]
    point[axis] = place
    Pointer(layer).drag(point)


def plain(mine):
    """What the person reads."""
    parts = mine.text().split("<")
    return parts[0] + "".join(part.split(">", 1)[1] for part in parts[1:])


# The line


def test_slices_are_told_for_the_selected_label(viewer, layer, mine):
    assert mine.isHidden()
    for place in (12, 25, 4, 13, 14):
        draw(viewer, layer, place)
    assert plain(mine) == "My slices of liver: 4, 12–14, 25"
    layer.selected_label = SPLEEN
    assert mine.isHidden()
    layer.selected_label = LIVER
    layer.undo()
    assert plain(mine) == "My slices of liver: 4, 12–13, 25"


def test_each_plane_has_its_own(viewer, layer, mine):
    draw(viewer, layer, 12)
    draw(viewer, layer, 3, axis=1)
    assert plain(mine) == "My slices of liver: 3"
    viewer.dims.order = (0, 1, 2)
    assert plain(mine) == "My slices of liver: 12"
    viewer.dims.ndisplay = 3
    assert mine.isHidden()


def test_a_label_that_is_renamed_is_told_by_its_new_name(viewer, layer, mine):
    draw(viewer, layer, 12)
    update_metadata(layer, table=LabelTable.from_names({LIVER: "hepar"}))
    assert plain(mine) == "My slices of hepar: 12"


def test_a_click_on_a_number_turns_to_the_slice_that_the_slider_calls_so(viewer, layer, mine):
    layer.scale, layer.translate = (3.0, 1.0, 1.0), (-50.0, 0.0, 0.0)
    draw(viewer, layer, 2)
    draw(viewer, layer, 20)
    assert plain(mine) == "My slices of liver: 2, 20"
    viewer.add_image(np.zeros((40, 12, 14)), scale=(3, 1, 1), translate=(-80, 0, 0))
    # The scan begins ten slices before.
    assert plain(mine) == "My slices of liver: 12, 30"
    mine.linkActivated.emit("2")
    assert viewer.dims.current_step[0] == 12
    assert viewer.dims.point[0] == -44.0


# The marks


@pytest.fixture
def window(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    add_labels(viewer)
    pump()
    return viewer


@pytest.fixture
def marked(window):
    slices = SlicesInView(window)
    marks = SliderMarks(slices)
    slices.set_layer(window.layers[0])
    yield slices
    marks.release()
    slices.release()


def pump():
    for _ in range(3):
        QApplication.processEvents()


def sliders(viewer):
    for top in QApplication.topLevelWidgets():
        for canvas in top.findChildren(QtViewer):
            if canvas.viewer is viewer:
                return [each.slider for each in canvas.dims.slider_widgets]
    return []


def marks_of(viewer):
    """The values that are marked, by the axis of their slider."""
    pump()
    return {
        axis: [tuple(ends) for ends in marks.ranges]
        for axis, slider in enumerate(sliders(viewer))
        for marks in slider.findChildren(Marks)
        if marks.isVisibleTo(slider)
    }


def test_marks_follow_edits_undo_and_the_selected_label(window, marked):
    layer = window.layers[0]
    assert marks_of(window) == {}
    for place in (4, 12, 13):
        draw(window, layer, place)
    assert marks_of(window) == {0: [(4, 4), (12, 13)]}
    layer.undo()
    assert marks_of(window) == {0: [(4, 4), (12, 12)]}
    layer.redo()
    layer.selected_label = SPLEEN
    assert marks_of(window) == {}
    layer.selected_label = LIVER
    write_region(layer, (slice(0, 9), slice(0, 9), slice(0, 9)), 2, by="network", name="Segment")
    assert marks_of(window) == {0: [(12, 13)]}


def test_marks_are_at_the_slider_of_the_plane(window, marked):
    layer = window.layers[0]
    draw(window, layer, 12)
    draw(window, layer, 3, axis=1)
    assert marks_of(window) == {1: [(3, 3)]}
    window.dims.order = (0, 1, 2)
    assert marks_of(window) == {0: [(12, 12)]}
    window.dims.ndisplay = 3
    assert marks_of(window) == {}


def test_marks_survive_another_axis_and_go_with_their_layer(window, marked):
    draw(window, window.layers[0], 12)
    # napari makes all sliders anew.
    times = window.add_image(np.zeros((2, 30, 12, 14)))
    window.dims.order = (0, 1, 2, 3)
    assert marks_of(window) == {1: [(12, 12)]}
    window.layers.remove(times)
    assert marks_of(window) == {0: [(12, 12)]}
    marked.set_layer(add_labels(window))
    assert marks_of(window) == {}
    marked.set_layer(window.layers[0])
    assert marks_of(window) == {0: [(12, 12)]}


def test_a_mark_lies_under_the_handle_of_its_slice_and_lets_the_mouse_through(window, marked):
    draw(window, window.layers[0], 20)
    window.dims.set_current_step(0, 0)
    pump()
    slider = sliders(window)[0]
    [marks] = slider.findChildren(Marks)
    [line] = marks.lines()
    ends = QPoint(round(line.center().x()), slider.height() // 2)
    QTest.mouseClick(slider, Qt.MouseButton.LeftButton, pos=ends)
    assert slider.childAt(ends) is not marks
    assert window.dims.current_step[0] == 20


def test_marks_can_be_seen_in_either_theme(window, marked):
    draw(window, window.layers[0], 20)
    for theme in ("light", "dark"):
        window.theme = theme
        window.dims.set_current_step(0, 0)
        pump()
        slider = sliders(window)[0]
        [marks] = slider.findChildren(Marks)
        [line] = marks.lines()
        picture = slider.grab().toImage()
        x, y = round(line.center().x()), round(line.center().y())
        mark, beside = picture.pixelColor(x, y), picture.pixelColor(x, 2)
        assert abs(mark.lightness() - beside.lightness()) > 40, theme


def test_nothing_is_left_at_the_slider(window):
    slices = SlicesInView(window)
    marks = SliderMarks(slices)
    slices.set_layer(window.layers[0])
    draw(window, window.layers[0], 12)
    assert marks_of(window) == {0: [(12, 12)]}
    marks.release()
    slices.release()
    assert marks_of(window) == {}
    draw(window, window.layers[0], 14)
    assert marks_of(window) == {}
