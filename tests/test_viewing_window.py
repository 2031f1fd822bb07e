"""Looking at scans in a real napari window, with real events of mouse, wheel and keys."""

from time import monotonic

import numpy as np
import pytest
from fake_model import fake_tools, head
from napari.qt import QtViewer
from qtpy.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent, QOpenGLContext, QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLineEdit
from vispy.scene.visuals import Line

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import LabelMap, Scan, Source
from napari_seg.viewer.keeping.questions import Answer
from napari_seg.viewer.keys import CanvasKeys, KeyBindings
from napari_seg.viewer.layers import image_layer, labels_layer
from napari_seg.viewer.panel import Panel
from napari_seg.viewer.undo import write_region
from napari_seg.viewer.viewing import Viewing, readout

SHAPE = (40, 36, 30)
LEFT, RIGHT, MIDDLE = (
    Qt.MouseButton.LeftButton,
    Qt.MouseButton.RightButton,
    Qt.MouseButton.MiddleButton,
)
NONE, SHIFT, CTRL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)


@pytest.fixture
def viewer(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    geometry = Geometry(SHAPE, np.diag([1.0, 1.0, 2.0, 1.0]))
    scan = Scan(np.zeros(SHAPE, np.int16), geometry, source=Source(modality="CT"))
    image = viewer.add_layer(image_layer(scan, name="ct"))
    empty = LabelMap(np.zeros(SHAPE, np.uint8), geometry, LabelTable())
    viewer.add_layer(labels_layer(empty, name="labels", like=image))
    settle(viewer)
    return viewer


@pytest.fixture
def viewing(viewer, qtbot):
    viewing = Viewing(viewer)
    qtbot.addWidget(viewing.readout)
    yield viewing
    viewing.release()
    pump()


@pytest.fixture
def canvas(viewer, viewing):
    [canvas] = canvases_of(viewer)
    bindings = KeyBindings(viewer, viewing.offers)
    keys = CanvasKeys(canvas, bindings)
    keys.watch()
    viewing.three_views.opened.connect(keys.watch)
    yield canvas
    keys.release()
    bindings.release()


def canvases_of(viewer, three=None):
    """The main canvas, then the further ones, from the top."""
    windows = QApplication.topLevelWidgets()
    found = [canvas for window in windows for canvas in window.findChildren(QtViewer)]
    further = [] if three is None else [view.canvas for view in three.views]
    assert len(found) == 1 + len(further)
    [main] = [each for each in found if each.viewer is viewer]
    return [each.canvas.native for each in (main, *further)]


def settle(viewer):
    """Let the window come to the size that it keeps: on a busy machine it comes late."""
    sizes = []
    while len(sizes) < 100 and (len(sizes) < 10 or len(set(sizes[-10:])) > 1):
        pump()
        sizes.append(tuple(viewer.canvas.size))


def pump(times=15):
    for _ in range(times):
        QApplication.processEvents()
        QTest.qWait(2)


def mouse(canvas, kind, place, button=LEFT, held=None, modifiers=NONE):
    place = QPointF(place)
    held = button if held is None else held
    event = QMouseEvent(
        kind, place, QPointF(canvas.mapToGlobal(place.toPoint())), button, held, modifiers
    )
    QApplication.sendEvent(canvas, event)
    # napari takes a move of the mouse each 5 ms.
    QTest.qWait(8)


def tap(widget):
    QTest.mouseClick(widget, LEFT)


def press(canvas, place, button=LEFT):
    mouse(canvas, QEvent.Type.MouseButtonPress, place, button)


def move(canvas, place, button=LEFT):
    mouse(canvas, QEvent.Type.MouseMove, place, Qt.MouseButton.NoButton, button)


def release(canvas, place, button=LEFT):
    mouse(canvas, QEvent.Type.MouseButtonRelease, place, button, Qt.MouseButton.NoButton)


def drag(canvas, start, end, button=LEFT):
    press(canvas, start, button)
    for part in (0.25, 0.5, 0.75, 1.0):
        move(canvas, start + (end - start) * part, button)
    QTest.qWait(40)
    release(canvas, end, button)
    pump(5)


def wheel(canvas, notches, modifiers=NONE, held=Qt.MouseButton.NoButton, place=None):
    place = QPointF(place or canvas.rect().center())
    event = QWheelEvent(
        place,
        QPointF(canvas.mapToGlobal(place.toPoint())),
        QPoint(),
        QPoint(0, 120 * notches),
        held,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, event)
    pump(3)


def middle_of(canvas):
    return canvas.rect().center()


def under(viewer, canvas, place):
    """The world's places shown at a pixel, by the camera alone."""
    camera = viewer.scene.camera
    offset = (place - middle_of(canvas)).toPointF() / camera.zoom
    return np.array([camera.center[1] + offset.y(), camera.center[2] + offset.x()])


def line_at(shown, canvas, place):
    """What is to be told of a pixel, by the camera alone; axes run inferior, posterior and left."""
    camera, world = shown.scene.camera, np.array(shown.dims.point)
    away = (place.y() - canvas.height() / 2, place.x() - canvas.width() / 2)
    world[list(shown.dims.displayed)] = np.array(camera.center[1:]) + np.array(away) / camera.zoom
    inferior, posterior, left = (float(part) for part in world)
    sides = (("R", "L", -left), ("A", "P", -posterior), ("S", "I", -inferior))
    places = (f"{ends[round(mm, 1) < 0]} {abs(mm):.1f}" for *ends, mm in sides)
    return f"{'  '.join(places)} mm · 0 HU"


# One canvas


def test_the_wheel_scrolls_and_ctrl_zooms_about_the_cursor(viewer, viewing, canvas):
    step, zoom = viewer.dims.current_step[0], viewer.scene.camera.zoom
    wheel(canvas, -1)
    assert viewer.dims.current_step[0] == step + 1
    wheel(canvas, 1)
    assert viewer.dims.current_step[0] == step
    assert viewer.scene.camera.zoom == zoom
    place = middle_of(canvas) + QPoint(60, -40)
    before = under(viewer, canvas, place)
    wheel(canvas, 1, CTRL, place=place)
    assert viewer.scene.camera.zoom == pytest.approx(1.2 * zoom)
    assert np.allclose(under(viewer, canvas, place), before, atol=0.2)
    assert viewer.dims.current_step[0] == step


@pytest.mark.parametrize("mode", ["paint", "fill", "pick"])
def test_the_middle_button_pans_and_draws_nothing(viewer, viewing, canvas, mode):
    labels = viewer.layers["labels"]
    labels.data[:] = 3
    labels.mode, labels.selected_label = mode, 1
    tools = list(labels.mouse_drag_callbacks)
    start = middle_of(canvas)
    before = under(viewer, canvas, start)
    drag(canvas, start, start + QPoint(40, 24), MIDDLE)
    assert np.allclose(under(viewer, canvas, start + QPoint(40, 24)), before, atol=0.2)
    assert (labels.data == 3).all()
    assert labels.selected_label == 1
    assert labels.mouse_drag_callbacks == tools


@pytest.mark.parametrize("mode", ["pan_zoom", "paint"])
def test_the_right_button_changes_the_window(viewer, viewing, canvas, mode):
    image, labels = viewer.layers["ct"], viewer.layers["labels"]
    labels.data[:] = 3
    labels.mode, labels.selected_label = mode, 1
    zoom = viewer.scene.camera.zoom
    start = middle_of(canvas)
    drag(canvas, start, start + QPoint(100, 0), RIGHT)
    # Half as wide again by 100 of 200 pixels, about the same level.
    assert np.allclose(image.contrast_limits, (40 - 300, 40 + 300))
    drag(canvas, start, start + QPoint(-100, 0), RIGHT)
    assert np.allclose(image.contrast_limits, (40 - 150, 40 + 150))
    drag(canvas, start, start + QPoint(0, 100), RIGHT)
    assert np.allclose(image.contrast_limits, (190 - 150, 190 + 150))
    assert viewing.readout.width_and_level.text() == "W 300  L 190"
    assert viewer.scene.camera.zoom == zoom
    assert (labels.data == 3).all()


def test_shift_and_the_wheel_size_the_brush_while_it_paints(viewer, viewing, canvas):
    labels = viewer.layers["labels"]
    labels.mode, labels.brush_size, labels.selected_label = "paint", 2, 1
    start = middle_of(canvas) - QPoint(50, 0)
    press(canvas, start)
    thin = int(labels.data.sum())
    wheel(canvas, 1, SHIFT, held=LEFT, place=start)
    wheel(canvas, 1, SHIFT, held=LEFT, place=start)
    wheel(canvas, 1, SHIFT, held=LEFT, place=start)
    assert labels.brush_size == 5
    move(canvas, start + QPoint(2, 0))
    move(canvas, start + QPoint(4, 0))
    release(canvas, start + QPoint(4, 0))
    assert int(labels.data.sum()) > thin
    # Still one stroke.
    labels.undo()
    assert labels.data.sum() == 0


def test_a_stroke_after_a_drag_of_another_button_paints(viewer, viewing, canvas):
    labels = viewer.layers["labels"]
    labels.mode, labels.selected_label = "paint", 1
    start = middle_of(canvas)
    drag(canvas, start, start + QPoint(10, 10), RIGHT)
    assert labels.data.sum() == 0
    drag(canvas, start, start + QPoint(10, 10), LEFT)
    assert labels.data.sum() > 0


def test_keys_reach_the_canvas(viewer, viewing, canvas):
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_O)
    assert viewer.dims.order == (1, 0, 2)
    QTest.keyClick(canvas, Qt.Key.Key_W)
    assert viewing.readout.choice.currentText() == "lung"


def test_keys_work_before_the_first_click(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    panel = Panel(viewer, fake_tools())
    viewer.window.add_dock_widget(panel, name="napari-seg", area="right")
    viewer.add_layer(image_layer(head(), name="head"))
    settle(viewer)
    # What has the keyboard when napari opens: not the canvas itself, but what is around it.
    [around] = [each for each in panel.window().findChildren(QtViewer) if each.viewer is viewer]
    around.setFocus()
    order = viewer.dims.order
    QTest.keyClick(around, Qt.Key.Key_O)
    assert viewer.dims.order != order
    limits = viewer.layers[0].contrast_limits
    QTest.keyClick(around, Qt.Key.Key_W)
    assert viewer.layers[0].contrast_limits != limits


def test_moving_the_mouse_tells_the_place_seldom(viewer, viewing, canvas, qtbot):
    told = []
    viewing.readout.point.setText = lambda text, told=told: told.append(text)
    for step in range(40):
        move(canvas, middle_of(canvas) + QPoint(step, 0), Qt.MouseButton.NoButton)
    qtbot.waitUntil(lambda: bool(told))
    pump()
    # Forty moves of 8 ms each take 0.3 s: ten updates, and not forty.
    assert len(told) <= 20
    assert told[-1].endswith("mm · 0 HU")


def test_the_line_is_true_of_a_still_mouse_whatever_is_shown_under_it(
    viewer, viewing, canvas, qtbot
):
    line, place = viewing.readout.point, middle_of(canvas) - QPoint(60, 25)
    viewer.scene.camera.zoom *= 1.5
    move(canvas, place, Qt.MouseButton.NoButton)
    pump()
    told = [line.text()]
    assert told == [line_at(viewer, canvas, place)]
    # napari reckons alike while the mouse moves.
    moved_to = [*viewer.dims.point[:1], *viewer.cursor.position[1:]]
    assert told[0].startswith(f"R {-moved_to[2]:.1f}  A {-moved_to[1]:.1f}")

    def follows():
        qtbot.waitUntil(lambda: line.text() == line_at(viewer, canvas, place) not in told)
        told.append(line.text())

    wheel(canvas, -1, CTRL, place=place + QPoint(30, 0))
    move(canvas, place, Qt.MouseButton.NoButton)
    follows()
    viewer.reset_view()
    follows()
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_O)
    follows()
    viewer.scene.camera.center = (0.0, *(np.array(viewer.scene.camera.center[1:]) + 3))
    follows()
    viewer.dims.ndisplay = 3
    qtbot.waitUntil(lambda: line.text() == "")


def test_the_line_is_true_of_a_still_mouse_as_views_come_and_go(viewer, viewing, canvas, qtbot):
    line, place = viewing.readout.point, middle_of(canvas) - QPoint(20, 9)
    move(canvas, place, Qt.MouseButton.NoButton)
    pump()
    assert line.text() == line_at(viewer, canvas, place)
    width = canvas.width()
    viewing.three_views.open()
    pump(40)
    assert canvas.width() < width
    assert place.x() < canvas.width()
    assert line.text() == line_at(viewer, canvas, place)
    viewing.three_views.close()
    assert canvas.width() > 0.9 * width
    qtbot.waitUntil(lambda: line.text() == line_at(viewer, canvas, place))
    assert line.text()


def test_the_line_is_empty_where_another_view_came_under_the_mouse(viewer, viewing, canvas):
    edge = QPoint(canvas.width() - 60, canvas.height() // 2)
    viewer.scene.camera.zoom *= 2
    move(canvas, edge, Qt.MouseButton.NoButton)
    pump()
    assert viewing.readout.point.text() == line_at(viewer, canvas, edge)
    viewing.three_views.open()
    pump(40)
    assert edge.x() > canvas.width()
    assert viewing.readout.point.text() == ""


def test_edits_under_a_still_mouse_are_told(viewer, canvas, qtbot, monkeypatch):
    # The labels are unsaved when the window is closed.
    monkeypatch.setattr("napari_seg.viewer.keeping.closing.ask", lambda *_, **__: Answer.DISCARD)
    panel = Panel(viewer, fake_tools())
    viewer.window.add_dock_widget(panel, name="napari-seg", area="right")
    viewer.layers.selection.active = layer = viewer.layers["labels"]
    point = panel.viewing.readout.point
    settle(viewer)
    move(canvas, middle_of(canvas), Qt.MouseButton.NoButton)
    qtbot.waitUntil(lambda: point.text().endswith("mm · 0 HU"))
    tap(panel.labels.add)
    QTest.keyClick(panel.labels.view.findChild(QLineEdit), Qt.Key.Key_Return)
    whole = tuple(slice(0, count) for count in layer.data.shape)
    # As a tool does it.
    write_region(layer, whole, 1)
    qtbot.waitUntil(lambda: point.text().endswith(" HU · label 1"))
    panel.labels.acts.rename(1, "liver")
    qtbot.waitUntil(lambda: point.text().endswith(" HU · liver"))
    tap(panel.labels.delete)
    assert not layer.data.any()
    qtbot.waitUntil(lambda: point.text().endswith("mm · 0 HU"))
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_Z, CTRL)
    qtbot.waitUntil(lambda: point.text().endswith(" HU · liver"))
    layer.visible = False
    qtbot.waitUntil(lambda: point.text().endswith("mm · 0 HU"))
    layer.visible = True
    qtbot.waitUntil(lambda: point.text().endswith(" HU · liver"))
    viewer.layers.remove(layer)
    qtbot.waitUntil(lambda: point.text().endswith("mm · 0 HU"))


def test_a_dot_painted_under_a_still_mouse_is_told(viewer, viewing, canvas, qtbot):
    labels = viewer.layers["labels"]
    labels.mode, labels.selected_label = "paint", 3
    move(canvas, middle_of(canvas), Qt.MouseButton.NoButton)
    pump()
    press(canvas, middle_of(canvas))
    qtbot.waitUntil(lambda: viewing.readout.point.text().endswith(" HU · label 3"))
    release(canvas, middle_of(canvas))
    labels.undo()
    qtbot.waitUntil(lambda: viewing.readout.point.text().endswith("mm · 0 HU"))


def test_edits_under_a_still_mouse_are_looked_at_seldom(viewer, viewing, canvas, monkeypatch):
    labels = viewer.layers["labels"]
    move(canvas, middle_of(canvas), Qt.MouseButton.NoButton)
    pump(40)
    looks = []
    monkeypatch.setattr(readout, "point_at", lambda *_: looks.append(0))
    start = monotonic()
    for _ in range(200):
        labels.refresh()
    assert looks == []
    pump(40)
    assert 1 <= len(looks) <= 1 + (monotonic() - start) / 0.033
    viewing.release()
    labels.refresh()
    pump(40)
    assert len(looks) <= 1 + (monotonic() - start) / 0.033


def test_the_place_is_told_without_laying_out_the_window(viewer, canvas, qtbot):
    panel = Panel(viewer, tools=fake_tools())
    viewer.window.add_dock_widget(panel, name="napari-seg", area="right")
    point = panel.viewing.readout.point
    move(canvas, middle_of(canvas), Qt.MouseButton.NoButton)
    pump()
    asked = []

    class Watch(QObject):
        def eventFilter(self, _watched, event):
            if event.type() == QEvent.Type.LayoutRequest:
                asked.append(event)
            return False

    watch, before = Watch(), point.text()
    panel.window().installEventFilter(watch)
    move(canvas, middle_of(canvas) + QPoint(9, 0), Qt.MouseButton.NoButton)
    pump()
    assert before != point.text() != ""
    assert asked == []
    assert point.label.height() >= point.label.heightForWidth(point.width())


@pytest.mark.parametrize("value", [0, 400], ids=["on black", "on white"])
def test_the_letters_are_read_on_any_voxels(viewer, viewing, value):
    viewer.layers["ct"].data = np.full(viewer.layers["ct"].data.shape, value, np.int16)
    viewer.layers["ct"].contrast_limits = (0, 400)
    viewer.scene.camera.zoom = 100
    pump()
    picture = viewer.screenshot(canvas_only=True, flash=False)[..., 0].astype(int)
    height = picture.shape[0]
    left = picture[height // 2 - 15 : height // 2 + 15, :40]
    assert left.max() > 230
    assert left.min() < 40
    # The letter stands on its halo: white, and dark beside it, over voxels of either kind.
    assert (left > 230).sum() > 20
    assert (left < 60).sum() > 20


# Three views


@pytest.fixture
def make_panel(viewer, monkeypatch):
    # Labels may be unsaved when the window is closed.
    monkeypatch.setattr("napari_seg.viewer.keeping.closing.ask", lambda *_, **__: Answer.DISCARD)

    def make():
        panel = Panel(viewer, fake_tools())
        viewer.window.add_dock_widget(panel, name="napari-seg", area="right")
        settle(viewer)
        return panel

    return make


@pytest.fixture
def three(viewing):
    viewing.three_views.open()
    pump(40)
    return viewing.three_views


def test_one_key_opens_and_closes_the_other_two_planes(viewer, viewing, canvas):
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_Q)
    pump(30)
    views = viewing.three_views.views
    assert [view.viewer.dims.order for view in views] == [(1, 0, 2), (2, 0, 1)]
    assert all(view.canvas.isVisible() for view in views)
    assert [view.letters.texts["top"] for view in views] == ["S", "S"]
    assert [view.letters.texts["corner"] for view in views] == ["coronal", "sagittal"]
    further = canvases_of(viewer, viewing.three_views)[1]
    further.setFocus()
    QTest.keyClick(further, Qt.Key.Key_O)
    assert viewer.dims.order == (1, 0, 2)
    assert [view.viewer.dims.order for view in views] == [(0, 1, 2), (2, 0, 1)]
    QTest.keyClick(further, Qt.Key.Key_Q)
    pump()
    assert not viewing.three_views.is_open
    assert len(canvases_of(viewer)) == 1


def test_the_name_in_the_corner_is_that_of_the_plane_shown(viewer, three):
    [view, _] = three.views
    around = canvases_of(viewer, three)[1]
    around.setFocus()
    # napari's own keys: roll the axes, transpose what is shown, and 3D.
    QTest.keyClick(around, Qt.Key.Key_E, CTRL)
    shown = ("axial", "coronal", "sagittal")[view.viewer.dims.order[0]]
    assert shown != "coronal"
    assert view.letters.texts["corner"] == shown
    QTest.keyClick(around, Qt.Key.Key_T, CTRL)
    assert view.letters.texts["corner"] == shown
    QTest.keyClick(around, Qt.Key.Key_Y, CTRL)
    assert view.viewer.dims.ndisplay == 3
    assert view.letters.texts["corner"] == ""
    QTest.keyClick(around, Qt.Key.Key_Y, CTRL)
    viewer.dims.order = (2, 0, 1)
    assert [each.letters.texts["corner"] for each in three.views] == ["axial", "coronal"]


@pytest.mark.parametrize("number", [0, 1, 2], ids=["axial", "coronal", "sagittal"])
def test_a_click_moves_the_point_of_all_views(viewer, three, number):
    shown = [viewer, *(view.viewer for view in three.views)][number]
    canvas = canvases_of(viewer, three)[number]
    through = shown.dims.point[shown.dims.order[0]]
    place = middle_of(canvas) + QPoint(30, -14)
    wanted = under(shown, canvas, place)
    press(canvas, place)
    release(canvas, place)
    found = [viewer.dims.point[axis] for axis in shown.dims.displayed]
    # napari rounds to the slices, which lie 2 mm apart along z and 1 mm along the others.
    assert np.all(np.abs(found - wanted) <= [1.01 if number else 0.51, 0.51])
    assert viewer.dims.point[shown.dims.order[0]] == through
    for view in three.views:
        axis = view.viewer.dims.order[0]
        assert view.viewer.dims.point[axis] == viewer.dims.point[axis]


@pytest.mark.parametrize("number", [0, 1, 2], ids=["axial", "coronal", "sagittal"])
def test_a_stroke_in_any_view_is_one_step_and_shows_in_all(viewer, three, number):
    labels = viewer.layers["labels"]
    labels.mode, labels.selected_label, labels.brush_size = "paint", 2, 5
    canvas = canvases_of(viewer, three)[number]
    painted = []
    labels.events.paint.connect(painted.append)
    start = middle_of(canvas)
    drag(canvas, start, start + QPoint(12, 6))
    assert len(painted) == 1
    assert len(labels._undo_history) == 1
    assert (labels.data == 2).sum() > 20
    assert_all_show(viewer, three)
    drag(canvas, start, start + QPoint(-12, 6))
    further = canvases_of(viewer, three)[(number + 1) % 3]
    further.setFocus()
    QTest.keyClick(further, Qt.Key.Key_Z, CTRL)
    pump()
    assert len(labels._undo_history) == 1
    assert_all_show(viewer, three)
    QTest.keyClick(further, Qt.Key.Key_Z, CTRL)
    pump()
    assert labels.data.sum() == 0
    assert_all_show(viewer, three)


@pytest.mark.parametrize("number", [0, 1, 2], ids=["axial", "coronal", "sagittal"])
def test_a_stroke_whose_last_moves_are_dropped_ends_where_the_button_is_let_go(
    viewer, three, number
):
    labels = viewer.layers["labels"]
    labels.mode, labels.selected_label, labels.brush_size = "paint", 2, 3
    canvas = canvases_of(viewer, three)[number]
    start = middle_of(canvas)
    end = start + QPoint(30, 0)
    drag(canvas, start, end)
    whole = labels.data.copy()
    labels.undo()
    # vispy drops a move that comes within 10 ms of another.
    press(canvas, start)
    release(canvas, end)
    pump(5)
    assert np.array_equal(labels.data, whole)
    assert len(labels._undo_history) == 1
    labels.undo()
    # A click that moves nothing is a dot.
    press(canvas, start)
    release(canvas, start)
    assert 0 < labels.data.astype(bool).sum() < whole.astype(bool).sum()


def assert_all_show(viewer, three):
    """What each canvas shows are the voxels of its slice."""
    labels = viewer.layers["labels"]
    for model in (viewer, *(view.viewer for view in three.views)):
        layer = model.layers["labels"]
        index = np.rint(labels.world_to_data(model.dims.point)).astype(int)
        axis = model.dims.order[0]
        assert np.array_equal(layer._slice.image.view, np.take(labels.data, index[axis], axis))


@pytest.mark.parametrize("number", [0, 1, 2], ids=["axial", "coronal", "sagittal"])
def test_the_line_is_that_of_the_view_under_the_mouse(viewer, viewing, three, qtbot, number):
    line = viewing.readout.point
    # On the way there the mouse was beside the scan of another view.
    move(canvases_of(viewer, three)[number - 1], QPoint(3, 3), Qt.MouseButton.NoButton)
    shown = [viewer, *(view.viewer for view in three.views)][number]
    canvas = canvases_of(viewer, three)[number]
    place = middle_of(canvas) + QPoint(14, -8)

    def follows():
        pump()
        qtbot.waitUntil(lambda: line.text() == line_at(shown, canvas, place))

    move(canvas, place, Qt.MouseButton.NoButton)
    follows()
    before = line.text()
    wheel(canvas, -2, place=place)
    follows()
    assert line.text() != before
    press(canvas, place)
    release(canvas, place)
    follows()
    labels = viewer.layers["labels"]
    labels.mode, labels.selected_label = "paint", 3
    press(canvas, place)
    release(canvas, place)
    qtbot.waitUntil(lambda: line.text() == line_at(shown, canvas, place) + " · label 3")


def test_a_stroke_waits_for_no_view_and_all_follow_it(viewer, three):
    canvas = canvases_of(viewer, three)[0]
    labels = viewer.layers["labels"]
    labels.mode = "paint"
    shown = (viewer, *(view.viewer for view in three.views))
    before = [model.dims.point for model in shown]
    place = middle_of(canvas) + QPoint(20, 30)
    event = QMouseEvent(
        QEvent.Type.MouseButtonPress, QPointF(place), QPointF(place), LEFT, LEFT, NONE
    )
    QApplication.sendEvent(canvas, event)
    assert labels.data.any()
    assert [model.dims.point for model in shown] == before
    pump(3)
    row, column = under(viewer, canvas, place)
    assert np.abs(np.array(viewer.dims.point[1:]) - (row, column)).max() < 0.51
    for view in three.views:
        axis = view.viewer.dims.order[0]
        assert view.viewer.dims.point[axis] == viewer.dims.point[axis] != before[0][axis]
    release(canvas, place)


def test_a_stroke_shows_in_all_before_it_ends(viewer, three):
    labels = viewer.layers["labels"]
    labels.mode, labels.selected_label, labels.brush_size = "paint", 2, 8
    told = []
    for view in three.views:
        view.viewer.layers["labels"].events.labels_update.connect(told.append)
    canvas = canvases_of(viewer, three)[0]
    press(canvas, middle_of(canvas))
    assert len(told) == 2
    release(canvas, middle_of(canvas))


def test_a_fill_and_preserved_labels_work_in_a_further_view(viewer, three):
    labels = viewer.layers["labels"]
    labels.data[:, :10] = 5
    labels.refresh()
    labels.preserve_labels = True
    labels.mode, labels.selected_label = "fill", 2
    canvas = canvases_of(viewer, three)[1]
    press(canvas, middle_of(canvas))
    release(canvas, middle_of(canvas))
    assert (labels.data == 2).any()
    assert (labels.data[:, :10] == 5).all()
    assert_all_show(viewer, three)


def test_settings_go_both_ways(viewer, three):
    labels, image = viewer.layers["labels"], viewer.layers["ct"]
    first, second = (view.viewer.layers for view in three.views)
    image.contrast_limits = (0, 80)
    assert tuple(first["ct"].contrast_limits) == (0, 80)
    drag(canvases_of(viewer, three)[2], QPoint(100, 100), QPoint(200, 100), RIGHT)
    assert np.allclose(image.contrast_limits, (-20, 100))
    assert np.allclose(first["ct"].contrast_limits, (-20, 100))
    labels.mode = "erase"
    assert second["labels"].mode == "erase"
    wheel(canvases_of(viewer, three)[1], 1, SHIFT)
    assert labels.brush_size == second["labels"].brush_size == 12
    second["labels"].selected_label = 4
    assert labels.selected_label == first["labels"].selected_label == 4
    labels.visible = False
    assert not first["labels"].visible
    image.name = "renamed"
    assert second[0].name == "renamed"


def test_layers_come_and_go_in_all_views(viewer, three):
    viewer.add_layer(image_layer(head(), name="head"))
    for view in three.views:
        assert [layer.name for layer in view.viewer.layers] == ["ct", "labels", "head"]
    viewer.layers.move(2, 0)
    viewer.layers.remove(viewer.layers["labels"])
    for view in three.views:
        assert [layer.name for layer in view.viewer.layers] == ["head", "ct"]


def test_the_views_close_with_the_last_scan_and_show_the_next_one(viewer, make_panel, qtbot):
    panel = make_panel()
    three = panel.viewing.three_views
    three.open()
    pump(20)
    for layer in tuple(viewer.layers):
        viewer.layers.remove(layer)
    qtbot.waitUntil(lambda: not three.is_open)
    assert panel.scan.layer is None
    assert len(canvases_of(viewer)) == 1
    assert viewer.screenshot(canvas_only=True, flash=False)[..., :3].max() == 0
    viewer.add_layer(image_layer(head(), name="head"))
    assert viewer.dims.order == (0, 1, 2)
    three.open()
    pump(20)
    assert [view.viewer.dims.order for view in three.views] == [(1, 0, 2), (2, 0, 1)]
    assert [view.letters.texts["corner"] for view in three.views] == ["coronal", "sagittal"]


def test_no_lines_are_drawn_where_no_scan_is_left(viewer, three):
    side = three.views[0].canvas
    [lines] = [node for node in side.canvas.view.scene.children if isinstance(node, Line)]
    assert lines.visible
    viewer.layers.clear()
    # Until the view is closed: drawn alone they have crashed Mesa's software renderer.
    assert not lines.visible


@pytest.mark.parametrize("removal", ["one", "all"])
def test_a_removed_layer_is_freed_in_the_context_of_its_canvas(viewer, three, removal, monkeypatch):
    """In another one its buffers are deleted under the canvas, which crashes some drivers."""
    shown = [viewer.window._qt_viewer.canvas, *(view.canvas.canvas for view in three.views)]
    asked = []

    def watch(canvas):
        context = canvas._scene_canvas.context
        finish = context.finish

        def finished():
            asked.append((QOpenGLContext.currentContext(), canvas.native.context()))
            finish()

        monkeypatch.setattr(context, "finish", finished)

    for canvas in shown:
        watch(canvas)
    if removal == "all":
        viewer.layers.clear()
    else:
        viewer.layers.pop()
    assert len(asked) >= 3
    assert all(current is own for current, own in asked)


def test_the_views_stay_where_another_scan_comes_at_once(viewer, three):
    viewer.layers.clear()
    viewer.add_layer(image_layer(head(), name="head"))
    pump(20)
    assert three.is_open
    assert [view.viewer.dims.order for view in three.views] == [(1, 0, 2), (2, 0, 1)]
    assert [layer.name for layer in three.views[0].viewer.layers] == ["head"]


@pytest.mark.parametrize("width", [1280, 1100, 960])
def test_all_views_share_a_small_window(viewer, make_panel, width):
    viewer.window.resize(width, 700)
    panel = make_panel()
    three = panel.viewing.three_views
    [main] = canvases_of(viewer)
    narrowest = panel.window().minimumSizeHint().width()
    before = main.width()
    three.open()
    settle(viewer)
    main, *further = (canvas.width() for canvas in canvases_of(viewer, three))
    assert panel.window().width() == max(width, narrowest)
    for side in further:
        # Three parts for the main one, two for those beside it.
        assert 0.6 * main < side < 0.72 * main
    assert main + further[0] > before - 20
    three.close()
    settle(viewer)
    assert canvases_of(viewer)[0].width() == before
    assert panel.window().minimumSizeHint().width() == narrowest


def test_edits_by_the_program_show_in_all_views(viewer, three):
    labels = viewer.layers["labels"]
    write_region(labels, (slice(0, 30), slice(0, 36), slice(0, 40)), 1)
    assert_all_show(viewer, three)
    viewer.dims.set_current_step(0, 3)
    labels.undo()
    assert_all_show(viewer, three)


def test_a_turn_of_the_main_slice_draws_no_further_view_anew(viewer, three):
    told = []
    for view in three.views:
        view.viewer.layers["labels"].events.set_data.connect(told.append)
    wheel(canvases_of(viewer, three)[0], -1)
    assert told == []


def test_closing_the_views_leaves_nothing_behind(viewer, viewing):
    def state():
        groups = [viewer.dims.events, viewer.layers.events, viewer.scene.camera.events]
        groups += [viewer.canvas.events, viewer.events, viewer.cursor.events]
        groups += [layer.events for layer in viewer.layers]
        return (
            [(n, len(e.callbacks)) for group in groups for n, e in group.emitters.items()],
            list(viewer.mouse_drag_callbacks),
            list(viewer.mouse_wheel_callbacks),
            sum(len(window.findChildren(QtViewer)) for window in QApplication.topLevelWidgets()),
        )

    before = state()
    viewing.three_views.open()
    pump(20)
    assert state() != before
    viewing.three_views.close()
    pump(20)
    assert state() == before


def test_closing_the_panel_takes_the_views_along(viewer, qtbot):
    panel = Panel(viewer, fake_tools())
    viewer.window.add_dock_widget(panel, name="napari-seg", area="right")
    panel.viewing.three_views.open()
    pump(20)
    viewer.window.remove_dock_widget(panel)
    pump(20)
    assert len(canvases_of(viewer)) == 1
    assert not [name for name in viewer.canvas.overlays if name.startswith("napari-seg")]


def test_the_window_closes_with_the_views_open(viewer, viewing):
    viewing.three_views.open()
    pump(20)
    viewer.close()
    assert not viewing.three_views.is_open


def test_a_picture_of_one_slice_has_no_three_views(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    viewer.add_image(np.zeros((20, 30)))
    viewing = Viewing(viewer)
    qtbot.addWidget(viewing.readout)
    viewing.three_views.open()
    assert not viewing.three_views.is_open
    viewing.release()
