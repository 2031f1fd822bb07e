"""Brushes of ours in a real napari window, drawn with the mouse, beside napari's own tools."""

from functools import partial

import numpy as np
import pytest
from napari.qt import QtViewer
from napari.settings import get_settings
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent, QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QRadioButton

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_edits.strokes import Kind
from napari_seg.imaging.label_table import Label, LabelTable
from napari_seg.imaging.scan import LabelMap, Scan, Source
from napari_seg.viewer.brushing import Brushes
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.editing.locks import LabelLocks
from napari_seg.viewer.editing.volumes import VolumeTracker
from napari_seg.viewer.layers import image_layer, labels_layer
from napari_seg.viewer.viewing import Viewing

# Seen along z: 40 voxels of 1 mm to the right, 36 down, 30 slices of 2 mm.
SHAPE, SPACING = (40, 36, 30), (1.0, 1.0, 2.0)
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
TABLE = LabelTable((Label(1, "liver", (200, 80, 60)), Label(2, "spleen", (60, 160, 220))))


@pytest.fixture
def viewer(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    geometry = Geometry(SHAPE, np.diag([*SPACING, 1.0]))
    voxels = np.zeros(SHAPE, np.int16)
    voxels[20:] = 100
    scan = Scan(voxels, geometry, source=Source(modality="CT"))
    image = viewer.add_layer(image_layer(scan, name="ct"))
    empty = LabelMap(np.zeros(SHAPE, np.uint8), geometry, TABLE)
    viewer.add_layer(labels_layer(empty, name="labels", like=image))
    viewer.dims.set_current_step(0, 15)
    pump()
    return viewer


@pytest.fixture
def layer(viewer):
    return viewer.layers["labels"]


@pytest.fixture
def viewing(viewer, qtbot):
    viewing = Viewing(viewer)
    qtbot.addWidget(viewing.readout)
    yield viewing
    viewing.release()
    pump()


@pytest.fixture
def brushes(viewer, layer, viewing, qtbot):
    brushes = Brushes(viewer, viewing.three_views)
    qtbot.addWidget(brushes)
    brushes.set_layer(layer)
    brushes.set_scan(viewer.layers["ct"])
    brushes.diameter.setValue(6)
    yield brushes
    brushes.release()


@pytest.fixture
def canvas(viewer):
    [canvas] = [each for each in canvases() if each.viewer is viewer]
    return canvas.canvas.native


def canvases():
    windows = QApplication.topLevelWidgets()
    return [canvas for window in windows for canvas in window.findChildren(QtViewer)]


def pump(times=15):
    for _ in range(times):
        QApplication.processEvents()
        QTest.qWait(2)


def mouse(canvas, kind, place, button=LEFT, held=None):
    place = QPointF(place)
    held = button if held is None else held
    event = QMouseEvent(
        kind, place, QPointF(canvas.mapToGlobal(place.toPoint())), button, held, NONE
    )
    QApplication.sendEvent(canvas, event)
    # napari takes a move of the mouse each 5 ms.
    QTest.qWait(8)


def press(canvas, place, button=LEFT):
    mouse(canvas, QEvent.Type.MouseButtonPress, place, button)


def move(canvas, place, button=LEFT):
    mouse(canvas, QEvent.Type.MouseMove, place, Qt.MouseButton.NoButton, button)


def lift(canvas, place, button=LEFT):
    mouse(canvas, QEvent.Type.MouseButtonRelease, place, button, Qt.MouseButton.NoButton)
    pump(3)


def drag(canvas, *places, button=LEFT):
    press(canvas, places[0], button)
    for place in places[1:]:
        move(canvas, place, button)
    lift(canvas, places[-1], button)


def key(canvas, name, modifiers=NONE):
    QTest.keyClick(canvas, name, modifiers)
    pump(3)


def pixel(viewer, canvas, *point):
    """Where a canvas shows a voxel of the volume, by the camera alone."""
    camera = viewer.scene.camera
    layer = viewer.layers["labels"]
    world = np.asarray(layer.data_to_world(point))[list(viewer.dims.displayed)]
    down, right = (world - np.asarray(camera.center[-2:])) * camera.zoom
    middle = canvas.rect().center()
    return QPointF(middle.x() + right, middle.y() + down).toPoint()


def names(layer):
    return [step.name for step in EditHistory.of(layer).steps]


def drawn(layer, label=1):
    return {tuple(place) for place in np.argwhere(layer.data == label).tolist()}


def circle(z, y, x, diameter_mm):
    """The voxels in a slice within half a diameter, counted one by one."""
    places = np.argwhere(np.ones((36, 40), bool))
    inside = ((places - (y, x)) ** 2).sum(axis=1) <= (diameter_mm / 2) ** 2
    return {(z, *place) for place in places[inside].tolist()}


def test_a_stroke_is_one_named_step_that_undo_and_redo_know(viewer, layer, brushes, canvas):
    at = partial(pixel, viewer, canvas)
    brushes.take(Kind.PAINT)
    drag(canvas, at(15, 18, 10), at(15, 18, 14), at(15, 18, 30))
    after = layer.data.copy()
    assert names(layer) == ["brush: liver"]
    assert {(15, 18, x) for x in range(8, 33)} <= drawn(layer)
    assert not after[[14, 16]].any()
    key(canvas, "Z", Qt.KeyboardModifier.ControlModifier)
    assert not layer.data.any()
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    key(canvas, "Z", both)
    assert np.array_equal(layer.data, after)
    assert names(layer) == ["brush: liver"]


def test_a_stroke_whose_last_moves_are_dropped_reaches_its_end(viewer, layer, brushes, canvas):
    start, end = (pixel(viewer, canvas, 15, 18, column) for column in (10, 30))
    brushes.take(Kind.PAINT)
    drag(canvas, start, end)
    whole = layer.data.copy()
    key(canvas, "Z", Qt.KeyboardModifier.ControlModifier)
    press(canvas, start)
    lift(canvas, end)
    assert np.array_equal(layer.data, whole)
    assert {(15, 18, x) for x in range(8, 33)} <= drawn(layer)
    assert names(layer) == ["brush: liver"]


def test_a_click_draws_a_circle_in_mm_and_the_cursor_is_as_large(viewer, layer, brushes, canvas):
    brushes.take(Kind.PAINT)
    brushes.diameter.setValue(9)
    place = pixel(viewer, canvas, 15, 18, 20)
    drag(canvas, place)
    under = np.asarray(layer.world_to_data(viewer.cursor.position))
    assert drawn(layer) == circle(15, *under[1:], 9)
    zoom = viewer.scene.camera.zoom
    assert abs(viewer.canvas.overlays._brush_circle.size - 9 * zoom) <= 1
    assert viewer.canvas.overlays._brush_circle.visible


def test_a_sphere_reaches_half_as_many_slices_of_twice_the_thickness(
    viewer, layer, brushes, canvas
):
    brushes.take(Kind.PAINT)
    brushes.diameter.setValue(10)
    brushes.sphere.setChecked(True)
    drag(canvas, pixel(viewer, canvas, 15, 18, 20))
    found = np.argwhere(layer.data == 1)
    assert set((np.ptp(found, axis=0) + 1)[1:].tolist()) <= {10, 11}
    assert sorted(set(found[:, 0].tolist())) == [13, 14, 15, 16, 17]


def test_in_a_side_view_a_stroke_is_drawn_and_shows_on_all_canvases(
    viewer, layer, viewing, brushes
):
    brushes.take(Kind.PAINT)
    viewing.three_views.open()
    pump(40)
    for view in viewing.three_views.views:
        canvas = view.canvas.canvas.native
        at = partial(pixel, view.viewer, canvas)
        before = layer.data.copy()
        point = [round(place) for place in layer.world_to_data(viewer.dims.point)]
        drag(canvas, at(*point), at(point[0] + 2, point[1] + 3, point[2] + 3))
        changed = np.argwhere(layer.data != before)
        [axis] = view.viewer.dims.not_displayed
        assert len(changed) > 20
        assert set(changed[:, axis].tolist()) == {point[axis]}
        side = view.viewer.layers["labels"]
        assert np.array_equal(side._slice.image.raw, np.take(layer.data, point[axis], axis))
        assert side.cursor_size == 6
    assert names(layer) == ["brush: liver"] * 2
    viewing.three_views.close()
    pump()
    assert brushes.hand.kind is Kind.PAINT


def test_a_locked_label_keeps_its_voxels(viewer, layer, brushes, canvas):
    layer.data[15, 10:26, 18:22] = 2
    LabelLocks.of(layer).lock(2)
    before = layer.data.copy()
    brushes.take(Kind.PAINT)
    at = partial(pixel, viewer, canvas)
    drag(canvas, at(15, 18, 10), at(15, 18, 30))
    assert np.array_equal(layer.data == 2, before == 2)
    assert (15, 18, 12) in drawn(layer)
    assert (15, 18, 28) in drawn(layer)


def test_drawing_a_locked_label_is_refused_in_a_sentence(
    viewer, layer, brushes, canvas, monkeypatch
):
    said = listen(monkeypatch)
    LabelLocks.of(layer).lock(1)
    brushes.take(Kind.PAINT)
    drag(canvas, pixel(viewer, canvas, 15, 18, 20))
    assert not layer.data.any()
    assert said == ["'liver' is locked; unlock it to draw it"]
    assert names(layer) == []


def listen(monkeypatch):
    said = []
    monkeypatch.setattr("napari_seg.viewer.brushing.brushes.show_info", said.append)
    return said


def test_the_adaptive_brush_stops_at_the_edge_and_the_threshold_brush_at_its_range(
    viewer, layer, brushes, canvas
):
    # x runs to the left of the patient: the scan is bright where it is small.
    columns = np.flatnonzero(viewer.layers["ct"].data[15, 18] == 100)
    edge = columns.max()
    at = partial(pixel, viewer, canvas)
    brushes.take(Kind.ADAPTIVE)
    brushes.diameter.setValue(10)
    drag(canvas, at(15, 18, edge - 2))
    assert max(x for _, _, x in drawn(layer)) == edge
    layer.selected_label = 2
    brushes.take(Kind.THRESHOLD)
    brushes.intensities.low.setValue(-50)
    brushes.intensities.high.setValue(50)
    drag(canvas, at(15, 8, edge - 8), at(15, 8, edge + 8))
    assert min(x for _, _, x in drawn(layer, 2)) == edge + 1
    assert names(layer) == ["adaptive brush: liver", "threshold brush: spleen"]


def test_a_nudge_pushes_the_border_and_the_cursor_shows_how_large_it_is(
    viewer, layer, brushes, canvas
):
    layer.data[15, 8:28, 5:20] = 1
    at = partial(pixel, viewer, canvas)
    brushes.take(Kind.NUDGE)
    brushes.diameter.setValue(20)
    press(canvas, at(15, 18, 16))
    assert layer.cursor_size == pytest.approx(7, abs=1.01)
    move(canvas, at(15, 18, 20))
    lift(canvas, at(15, 18, 20))
    assert layer.cursor_size == 20
    assert max(x for _, y, x in drawn(layer) if y == 18) in (22, 23, 24)
    assert names(layer) == ["nudge: liver"]


def test_escape_takes_a_stroke_back(viewer, layer, brushes, canvas):
    at = partial(pixel, viewer, canvas)
    brushes.take(Kind.PAINT)
    press(canvas, at(15, 18, 10))
    move(canvas, at(15, 18, 20))
    assert layer.data.any()
    key(canvas, Qt.Key.Key_Escape)
    move(canvas, at(15, 18, 30))
    lift(canvas, at(15, 18, 30))
    assert not layer.data.any()
    assert names(layer) == []
    assert not layer.keymap
    drag(canvas, at(15, 18, 10))
    assert names(layer) == ["brush: liver"]


def test_undo_in_the_midst_of_a_stroke_leaves_history_and_voxels_in_step(
    viewer, layer, brushes, canvas
):
    at = partial(pixel, viewer, canvas)
    tracker = VolumeTracker.of(layer)
    brushes.take(Kind.PAINT)
    press(canvas, at(15, 18, 10))
    move(canvas, at(15, 18, 16))
    key(canvas, "Z", Qt.KeyboardModifier.ControlModifier)
    assert not layer.data.any()
    move(canvas, at(15, 18, 30))
    lift(canvas, at(15, 18, 30))
    assert names(layer) == ["brush: liver"]
    assert tracker.voxels == {1: int((layer.data == 1).sum())}
    layer.undo()
    assert not layer.data.any()


def test_space_moves_the_camera_and_gives_the_brush_back(viewer, layer, brushes, canvas):
    brushes.take(Kind.ADAPTIVE)
    centre = viewer.scene.camera.center
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    pump(3)
    assert brushes.hand.kind is None
    assert not brushes.row.buttons[Kind.ADAPTIVE].isChecked()
    place = pixel(viewer, canvas, 15, 18, 20)
    drag(canvas, place, place + QPoint(20, 20), place + QPoint(40, 40))
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    pump(3)
    assert not layer.data.any()
    assert viewer.scene.camera.center != centre
    assert brushes.hand.kind is Kind.ADAPTIVE
    assert brushes.row.buttons[Kind.ADAPTIVE].isChecked()


@pytest.mark.parametrize(("name", "mode"), [("P", "paint"), ("F", "fill"), ("Z", "pan_zoom")])
def test_a_tool_of_napari_puts_ours_down_for_good(viewer, layer, brushes, canvas, name, mode):
    brushes.take(Kind.NUDGE)
    drag(canvas, pixel(viewer, canvas, 15, 2, 2))
    key(canvas, name)
    assert layer.mode == mode
    assert brushes.hand.kind is None
    key(canvas, "P")
    assert brushes.hand.kind is None
    layer.brush_size = 3
    drag(canvas, pixel(viewer, canvas, 15, 18, 20))
    # Its own brush paints again, in its own size.
    assert int((layer.data == 1).sum()) == 9


def test_a_click_on_napari_s_own_brush_puts_ours_down(viewer, layer, brushes, canvas):
    brushes.take(Kind.ADAPTIVE)
    window = viewer.window._qt_window
    [button] = [
        each
        for each in window.findChildren(QRadioButton)
        if each.property("mode") == "paint" and each.layer_ref() is layer
    ]
    assert button.isChecked()
    button.click()
    assert (brushes.hand.kind, layer.mode) == (None, "paint")
    layer.brush_size = 3
    drag(canvas, pixel(viewer, canvas, 15, 18, 20))
    assert int((layer.data == 1).sum()) == 9


def test_a_tool_that_lays_the_brush_aside_gives_it_back(layer, brushes):
    brushes.take(Kind.ADAPTIVE)
    before, layer.mode = layer.mode, "pan_zoom"
    assert brushes.hand.kind is None
    layer.mode = before
    assert brushes.hand.kind is Kind.ADAPTIVE


def test_a_key_that_is_held_gives_the_brush_back(viewer, layer, brushes, canvas, monkeypatch):
    monkeypatch.setattr(get_settings().application, "hold_button_delay", 0.02)
    brushes.take(Kind.ADAPTIVE)
    QTest.keyPress(canvas, "E")
    assert (brushes.hand.kind, layer.mode) == (None, "erase")
    QTest.qWait(50)
    QTest.keyRelease(canvas, "E")
    assert (brushes.hand.kind, layer.mode) == (Kind.ADAPTIVE, "paint")


def test_hiding_the_layer_makes_the_brush_rest(layer, brushes):
    brushes.take(Kind.PAINT)
    layer.visible = False
    assert brushes.hand.kind is None
    assert "is hidden" in brushes.row.buttons[Kind.PAINT].toolTip()
    layer.visible = True
    assert brushes.hand.kind is Kind.PAINT
    assert brushes.row.buttons[Kind.PAINT].isEnabled()


def test_brackets_and_the_wheel_size_the_brush_in_mm(viewer, layer, brushes, canvas):
    brushes.take(Kind.PAINT)
    key(canvas, "]")
    assert brushes.diameter.value() == 7
    key(canvas, "[")
    key(canvas, "[")
    assert brushes.diameter.value() == 5
    wheel(canvas, 1, Qt.KeyboardModifier.ShiftModifier)
    assert brushes.diameter.value() == 6
    assert layer.cursor_size == 6
    brushes.diameter.setValue(7.3)
    assert (layer.brush_size, layer.cursor_size, brushes.diameter.value()) == (7, 7.3, 7.3)


def test_a_large_brush_of_uneven_size_is_sized_by_keys_voxel_by_voxel(layer, brushes, canvas):
    brushes.take(Kind.PAINT)
    brushes.diameter.setValue(100.4)
    key(canvas, "]")
    assert (brushes.diameter.value(), layer.cursor_size) == (101.4, 101.4)
    key(canvas, "[")
    key(canvas, "[")
    assert (brushes.diameter.value(), layer.cursor_size) == (99.4, 99.4)


def wheel(canvas, notches, modifiers):
    place = QPointF(canvas.rect().center())
    above = QPointF(canvas.mapToGlobal(place.toPoint()))
    event = QWheelEvent(
        place, above, QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton, modifiers,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(canvas, event)
    pump(3)


def test_in_the_3d_display_brushes_rest_and_say_why(viewer, layer, brushes, canvas):
    brushes.take(Kind.PAINT)
    viewer.dims.ndisplay = 3
    pump()
    assert brushes.hand.kind is None
    assert layer.mode == "pan_zoom"
    button = brushes.row.buttons[Kind.PAINT]
    assert not button.isEnabled()
    assert "leave the 3D display" in button.toolTip()
    place = canvas.rect().center()
    drag(canvas, place, place + QPoint(10, 10))
    assert not layer.data.any()
    viewer.dims.ndisplay = 2
    assert button.isEnabled()


def test_a_layer_removed_in_the_midst_of_a_stroke_keeps_what_was_drawn(
    viewer, layer, brushes, canvas
):
    at = partial(pixel, viewer, canvas)
    brushes.take(Kind.PAINT)
    press(canvas, at(15, 18, 10))
    there = at(15, 18, 14)
    viewer.layers.remove(layer)
    brushes.set_layer(None)
    move(canvas, there)
    lift(canvas, there)
    assert names(layer) == ["brush: liver"]
    assert not layer._block_history
    assert brushes.hand.kind is None
    assert not brushes.row.buttons[Kind.PAINT].isEnabled()


def test_another_selected_layer_makes_the_brush_rest_until_its_own_is_selected(
    viewer, layer, brushes, canvas
):
    brushes.take(Kind.PAINT)
    viewer.layers.selection.active = viewer.layers["ct"]
    assert brushes.hand.kind is None
    drag(canvas, pixel(viewer, canvas, 15, 18, 20))
    assert not layer.data.any()
    viewer.layers.selection.active = layer
    assert brushes.hand.kind is Kind.PAINT


def test_the_right_button_changes_the_window_and_draws_nothing(viewer, layer, brushes, canvas):
    brushes.take(Kind.PAINT)
    limits = viewer.layers["ct"].contrast_limits
    place = pixel(viewer, canvas, 15, 18, 20)
    drag(canvas, place, place + QPoint(30, 0), button=Qt.MouseButton.RightButton)
    assert viewer.layers["ct"].contrast_limits != limits
    assert not layer.data.any()
    assert not layer._overlays["brush_stroke"].active


def test_a_button_takes_and_puts_down(viewer, layer, brushes):
    button = brushes.row.buttons[Kind.ERASE]
    button.click()
    assert (brushes.hand.kind, button.isChecked(), layer.mode) == (Kind.ERASE, True, "paint")
    brushes.row.buttons[Kind.NUDGE].click()
    assert (brushes.hand.kind, button.isChecked()) == (Kind.NUDGE, False)
    brushes.row.buttons[Kind.NUDGE].click()
    assert (brushes.hand.kind, layer.mode) == (None, "pan_zoom")
    assert not any(each.isChecked() for each in brushes.row.buttons.values())


def test_after_release_napari_paints_as_before(viewer, layer, brushes, canvas):
    brushes.take(Kind.PAINT)
    brushes.release()
    assert not {"_mode_setter_helper"} & set(vars(layer))
    layer.mode, layer.brush_size = "paint", 3
    assert layer._overlays["brush_stroke"].enabled
    drag(canvas, pixel(viewer, canvas, 15, 18, 20))
    assert int((layer.data == 1).sum()) == 9


def test_nothing_but_a_circle_is_drawn_under_the_cursor(viewer, layer, brushes, canvas):
    brushes.take(Kind.PAINT)
    viewer.mouse_over_canvas = True
    pump()
    # As when a canvas is made anew, or its ground becomes another.
    viewer.canvas.events.background_color()
    drawn = viewer.window._qt_viewer.canvas._viewer_overlay_to_visual
    [circles] = [found for each, found in drawn.items() if type(each).__name__.startswith("Brush")]
    assert circles
    assert all(circle.box.parent is None for circle in circles)
