"""The tools of the Edit tab in a real window, clicked as a person clicks them."""

import gc
import weakref

import numpy as np
import pytest
from edit_tools_case import GEOMETRY, NAMES, cubes, intensities
from napari.layers import Shapes
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QEnterEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from superqt.utils import WorkerBase

from napari_seg.imaging.label_edits.cutting import cut
from napari_seg.imaging.label_edits.strokes import Kind
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import LabelMap, Scan
from napari_seg.viewer.keeping.questions import Answer
from napari_seg.viewer.layers import image_layer, is_preview, labels_layer
from napari_seg.viewer.panel import Panel


@pytest.fixture
def viewer(monkeypatch, make_napari_viewer):
    # What a test leaves unsaved is asked for when the window is closed after it.
    monkeypatch.setattr("napari_seg.viewer.keeping.closing.ask", lambda *_, **__: Answer.DISCARD)
    yield make_napari_viewer(show=True)
    WorkerBase.await_workers(5000)
    QApplication.processEvents()


@pytest.fixture
def panel(qtbot, viewer):
    panel = Panel(viewer)
    viewer.window.add_dock_widget(panel, name="napari-seg", area="right")
    scan = Scan(intensities().transpose(), GEOMETRY)
    image = viewer.add_layer(image_layer(scan, name="abdomen"))
    shown = LabelMap(cubes().transpose(), GEOMETRY, LabelTable.from_names(NAMES))
    layer = viewer.add_layer(labels_layer(shown, name="organs", like=image))
    layer.selected_label = 1
    viewer.dims.set_point(0, 6.0)
    viewer.reset_view()
    panel.tabs.show_section(panel.edit)
    qtbot.waitUntil(panel.edit.isVisible)
    return panel


def click(widget, at=None):
    place = at or QPoint(widget.width() // 2, widget.height() // 2)
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=place)


def canvas_of(viewer):
    return viewer.window._qt_viewer.canvas.native


def on_canvas(viewer, layer, voxel):
    """The pixel of the canvas that shows a voxel of the slice that is shown."""
    canvas = viewer.window._qt_viewer.canvas
    row, column = layer.data_to_world(voxel)[-2:]
    view = canvas.view
    place = view.scene.transform.map([column, row])
    return QPoint(round(float(place[0])), round(float(place[1])))


def press(viewer, key, modifier=Qt.KeyboardModifier.NoModifier):
    canvas = canvas_of(viewer)
    canvas.setFocus()
    QTest.keyClick(canvas, key, modifier)


def pump():
    for _ in range(10):
        QApplication.processEvents()
        QTest.qWait(2)


def previews(viewer):
    return [layer for layer in viewer.layers if is_preview(layer)]


def colour_at(viewer, layer, voxel):
    place = on_canvas(viewer, layer, voxel)
    picture = viewer.screenshot(canvas_only=True, flash=False)
    scale = picture.shape[0] / canvas_of(viewer).height()
    return picture[round(place.y() * scale), round(place.x() * scale), :3].astype(int)


def test_a_tool_is_clicked_seen_applied_undone_and_redone(qtbot, viewer, panel):
    layer = panel.labels.layer
    before, tools = layer.data.copy(), panel.edit.tools
    beside = (3, 4, 9)
    dark = colour_at(viewer, layer, beside)
    click(tools.picker.groups["Margin"])
    click(tools.picker.choices["grow"])
    box = tools.opened.form.widgets["mm"]
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, "1.5")
    QTest.keyClick(box, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: tools.opened.primary.sentence == "Grow liver by 1.5 mm")
    qtbot.waitUntil(lambda: len(previews(viewer)) == 1)
    # A stronger colour than that of the label, where nothing is labelled yet.
    layer.opacity = 0.8
    shown = dark + 0.95 * (255 * layer.get_color(1)[:3] - dark)
    wanted = np.round(shown).astype(int)
    qtbot.waitUntil(lambda: np.abs(colour_at(viewer, layer, beside) - wanted).max() <= 3)
    assert np.array_equal(layer.data, before)
    assert layer.data[beside] == 0
    click(tools.opened.primary)
    qtbot.waitUntil(lambda: layer.data[beside] == 1)
    after = layer.data.copy()
    assert previews(viewer) == []
    assert panel.status.text.text().startswith("Grow liver by 1.5 mm: liver +")
    press(viewer, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: np.array_equal(layer.data, before))
    qtbot.waitUntil(lambda: np.abs(colour_at(viewer, layer, beside) - dark).max() <= 3)
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    press(viewer, Qt.Key.Key_Z, both)
    qtbot.waitUntil(lambda: np.array_equal(layer.data, after))


def test_a_click_deletes_an_island_and_a_drag_moves_the_view(qtbot, viewer, panel):
    layer, tools = panel.labels.layer, panel.edit.tools
    layer.mode = "paint"
    click(tools.picker.groups["Islands"])
    click(tools.picker.choices["pick_island"])
    canvas = canvas_of(viewer)
    start, end = on_canvas(viewer, layer, (3, 8, 4)), on_canvas(viewer, layer, (3, 8, 7))
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(canvas, end)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=end)
    QApplication.processEvents()
    assert np.any(layer.data == 2)
    click(canvas, on_canvas(viewer, layer, (3, 8, 4)))
    qtbot.waitUntil(lambda: not np.any(layer.data == 2))
    assert np.count_nonzero(layer.data == 1) == 97
    assert tools.opened is not None
    assert panel.status.text.text().startswith("Delete an island of spleen")
    click(tools.opened.cancel)
    assert layer.mode == "paint"
    press(viewer, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: bool(np.any(layer.data == 2)))


def test_a_polygon_drawn_with_the_mouse_cuts(qtbot, viewer, panel):
    layer, tools = panel.labels.layer, panel.edit.tools
    click(tools.picker.groups["Cut"])
    [shapes] = [one for one in viewer.layers if isinstance(one, Shapes)]
    canvas = canvas_of(viewer)
    for voxel in ((3, 0, 4), (3, 6, 4), (3, 6, 12), (3, 0, 12)):
        place = on_canvas(viewer, layer, voxel)
        QTest.mouseMove(canvas, place)
        click(canvas, place)
        qtbot.wait(50)
    place = on_canvas(viewer, layer, (3, 0, 12))
    QTest.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: tools.opened.outcome is not None)
    qtbot.waitUntil(tools.opened.primary.isEnabled)
    # A busy machine may leave out a corner between two clicks: what was drawn counts.
    drawn, before = tools.opened.polygon.get(), layer.data.copy()
    assert (drawn.axis, drawn.index) == (0, 3)
    click(tools.opened.primary)
    qtbot.waitUntil(lambda: tools.opened is None, timeout=15_000)
    assert panel.status.text.text().startswith("Cut liver: liver")
    edit = cut(before, drawn.corners, 0, 3, (2.0, 1.0, 0.5), label=1)
    assert np.array_equal(layer.data, edit.applied(before))
    assert np.all(layer.data[2:6, 2:6, 2:4] == 1)
    assert edit.count > 0
    assert layer.data[8, 10, 14] == 1
    assert shapes not in viewer.layers
    assert viewer.layers.selection.active is layer


@pytest.fixture
def three(qtbot, viewer, panel):
    """Three views; the test holds none of them, so that they can go."""
    panel.viewing.three_views.open()
    for _ in range(10):
        QApplication.processEvents()
        qtbot.wait(5)
    yield panel.viewing.three_views
    panel.viewing.three_views.close()
    QApplication.processEvents()


def place_of(view, layer, voxel):
    """The pixel of a further canvas that shows a voxel."""
    camera, canvas = view.viewer.scene.camera, view.canvas.canvas.native
    world = np.asarray(layer.data_to_world(voxel))[list(view.viewer.dims.displayed)]
    down, right = (world - np.asarray(camera.center[-2:])) * camera.zoom
    middle = canvas.rect().center()
    return canvas, QPoint(round(middle.x() + right), round(middle.y() + down))


@pytest.mark.parametrize("number", [0, 1])
def test_an_island_is_clicked_on_any_canvas(qtbot, viewer, panel, three, number):
    layer, tools = panel.labels.layer, panel.edit.tools
    layer.mode = "paint"
    viewer.dims.point = layer.data_to_world((3, 8, 4))
    click(tools.picker.groups["Islands"])
    click(tools.picker.choices["pick_island"])
    click(*place_of(three.views[number], layer, (3, 8, 4)))
    qtbot.waitUntil(lambda: not np.any(layer.data == 2))
    assert np.count_nonzero(layer.data == 1) == 97
    click(tools.opened.cancel)
    assert layer.mode == "paint"
    viewer.layers.selection.active = layer
    press(viewer, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: bool(np.any(layer.data == 2)))
    # The tool is put away: clicks mean nothing to it.
    click(*place_of(three.views[number], layer, (3, 8, 4)))
    qtbot.wait(50)
    assert np.any(layer.data == 2)


def test_an_island_in_a_slice_is_that_of_the_canvas_that_is_clicked(qtbot, viewer, panel, three):
    layer, tools = panel.labels.layer, panel.edit.tools
    viewer.dims.point = layer.data_to_world((3, 8, 4))
    tools.restore({"pick_island": {"within": "slice"}})
    tools.open_tool("pick_island")
    axis = three.views[0].viewer.dims.order[0]
    click(*place_of(three.views[0], layer, (3, 8, 4)))
    qtbot.waitUntil(lambda: not np.any(layer.data.take((3, 8, 4)[axis], axis=axis) == 2))
    assert np.any(layer.data == 2)


@pytest.mark.parametrize("number", [0, 1])
def test_a_polygon_is_drawn_on_any_canvas_and_the_last_one_counts(
    qtbot, viewer, panel, three, number
):
    layer, tools = panel.labels.layer, panel.edit.tools
    viewer.dims.point = layer.data_to_world((3, 4, 4))
    click(tools.picker.groups["Cut"])
    tools.opened.polygon.shapes.add_polygons([[(3, 0, 0), (3, 0, 5), (3, 11, 5), (3, 11, 0)]])
    qtbot.waitUntil(lambda: tools.opened.polygon.get() is not None)
    view = three.views[number]
    axis = view.viewer.dims.order[0]
    # All but the first two slices of the main view.
    corners = [(4, 0, 0), (4, 11, 15), (9, 11, 15), (9, 0, 0)]
    corners = [tuple(4 if at == axis else part for at, part in enumerate(one)) for one in corners]
    for corner in corners:
        canvas, place = place_of(view, layer, corner)
        QTest.mouseMove(canvas, place)
        click(canvas, place)
        qtbot.wait(50)
    QTest.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: tools.opened.polygon.get().axis == axis)
    qtbot.waitUntil(lambda: tools.opened.outcome is not None)
    drawn, before = tools.opened.polygon.get(), layer.data.copy()
    assert drawn.index == 4
    assert len(tools.opened.polygon.shapes.data) == 0
    click(tools.opened.primary)
    qtbot.waitUntil(lambda: tools.opened is None, timeout=15_000)
    edit = cut(before, drawn.corners, axis, 4, (2.0, 1.0, 0.5), label=1)
    assert edit.count > 0
    assert np.array_equal(layer.data, edit.applied(before))
    assert [one for one in (*viewer.layers, *view.viewer.layers) if isinstance(one, Shapes)] == []
    assert view.viewer.layers.selection.active is view.shown_as(layer)


def test_views_that_come_and_go_while_a_polygon_is_wanted(qtbot, viewer, panel):
    tools, three_views = panel.edit.tools, panel.viewing.three_views
    click(tools.picker.groups["Cut"])
    three_views.open()
    for view in three_views.views:
        [shapes] = [one for one in view.viewer.layers if isinstance(one, Shapes)]
        assert view.viewer.layers.selection.active is shapes
        assert shapes.mode == "add_polygon"
    axis = three_views.views[0].viewer.dims.order[0]
    [shapes] = [one for one in three_views.views[0].viewer.layers if isinstance(one, Shapes)]
    corners = [(4, 0, 0), (4, 11, 15), (9, 11, 15), (9, 0, 0)]
    shapes.add_polygons(
        [[tuple(4 if at == axis else part for at, part in enumerate(one)) for one in corners]]
    )
    qtbot.waitUntil(lambda: tools.opened.outcome is not None)
    three_views.close()
    qtbot.waitUntil(lambda: tools.opened.reason().startswith("Draw a polygon"))
    assert tools.opened.polygon.get() is None
    assert previews(viewer) == [tools.opened.polygon.shapes]
    click(tools.opened.cancel)
    assert previews(viewer) == []


@pytest.mark.parametrize("way", ["cancel", "escape", "other tab", "other group", "close", "layer"])
def test_a_preview_goes_with_its_tool(qtbot, viewer, panel, way):
    layer, tools = panel.labels.layer, panel.edit.tools
    before = layer.data.copy()
    click(tools.picker.groups["Margin"])
    qtbot.waitUntil(lambda: len(previews(viewer)) == 1)
    if way == "cancel":
        click(tools.opened.cancel)
    elif way == "escape":
        QTest.keyClick(tools.opened.form.widgets["mm"], Qt.Key.Key_Escape)
    elif way == "other tab":
        panel.tabs.show_section(panel.segment)
    elif way == "other group":
        click(tools.picker.groups["Margin"])
    elif way == "close":
        viewer.window.remove_dock_widget(panel)
    else:
        viewer.layers.remove(layer)
    qtbot.waitUntil(lambda: previews(viewer) == [])
    assert np.array_equal(layer.data, before)


def test_keys_do_what_the_tools_do(qtbot, viewer, panel):
    layer, tools = panel.labels.layer, panel.edit.tools
    viewer.window._qt_window.windowHandle().requestActivate()
    qtbot.waitUntil(viewer.window._qt_window.isActiveWindow)
    panel.tabs.show_section(panel.segment)
    press(viewer, Qt.Key.Key_D, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: not np.any(layer.data[3] == 1))
    press(viewer, Qt.Key.Key_G)
    assert panel.tabs.section is panel.edit
    assert tools.opened.tool.name == "grow_from_seeds"
    press(viewer, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: bool(np.any(layer.data[3] == 1)))
    canvas = canvas_of(viewer)
    QTest.mouseMove(canvas, on_canvas(viewer, layer, (3, 8, 4)))
    QApplication.processEvents()
    press(viewer, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: not np.any(layer.data == 2))


def test_an_island_is_the_one_under_the_mouse_whichever_view_it_is_over(qtbot, viewer, panel):
    layer = panel.labels.layer
    QTest.mouseMove(canvas_of(viewer), on_canvas(viewer, layer, (3, 4, 4)))
    QApplication.processEvents()
    panel.viewing.three_views.open()
    qtbot.wait(200)
    view = panel.viewing.three_views.views[0]
    voxel = (3, 8, 4)
    view.viewer.dims.set_point(range(3), layer.data_to_world(voxel))
    view.viewer.cursor.position = tuple(layer.data_to_world(voxel))
    view.viewer.mouse_over_canvas = True
    panel.edit.tools.run_under_cursor("delete")
    qtbot.waitUntil(lambda: not np.any(layer.data == 2))
    assert np.count_nonzero(layer.data == 1) == 97
    panel.viewing.three_views.close()


def test_ctrl_enter_applies_the_open_tool(qtbot, viewer, panel):
    layer = panel.labels.layer
    panel.edit.tools.open_tool("grow")
    viewer.window._qt_window.windowHandle().requestActivate()
    qtbot.waitUntil(viewer.window._qt_window.isActiveWindow)
    press(viewer, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: np.count_nonzero(layer.data == 1) > 97)
    assert not panel.segment.is_running


@pytest.mark.parametrize("width", [320, 340, 500])
def test_every_tool_fits_into_the_panel(viewer, panel, width):
    margins = panel.layout().contentsMargins()
    room = width - margins.left() - margins.right()
    for name in panel.edit.tools.tools:
        panel.edit.tools.open_tool(name)
        QApplication.processEvents()
        assert panel.edit.minimumSizeHint().width() <= room, name


def test_taking_a_brush_ends_the_clicking(qtbot, viewer, panel):
    layer, tools = panel.labels.layer, panel.edit.tools
    tools.open_tool("pick_island")
    assert layer.mode == "pan_zoom"
    layer.mode = "paint"
    assert tools.opened is None
    assert layer.mode == "paint"
    panel.edit.brushes.take(Kind.ADAPTIVE)
    tools.open_tool("pick_island")
    assert panel.edit.brushes.hand.kind is None
    tools.close_tool()


def test_three_views_show_the_preview(qtbot, viewer, panel):
    panel.viewing.three_views.open()
    qtbot.wait(200)
    panel.edit.tools.open_tool("grow")
    qtbot.waitUntil(lambda: len(previews(viewer)) == 1)
    viewer.dims.set_point((1, 2), (4.0, 2.0))
    for view in panel.viewing.three_views.views:
        side = view.shown_as(previews(viewer)[0])
        qtbot.waitUntil(lambda side=side: bool(np.asarray(side._slice.image.raw).any()))
    panel.edit.tools.close_tool()
    assert previews(viewer) == []
    panel.viewing.three_views.close()


def test_a_closed_tool_is_freed(qtbot, viewer, panel):
    tools = panel.edit.tools
    tools.open_tool("grow")
    qtbot.waitUntil(lambda: len(previews(viewer)) == 1)
    opened = weakref.ref(tools.opened)
    tools.close_tool()
    QApplication.processEvents()
    qtbot.waitUntil(lambda: gc.collect() >= 0 and opened() is None)


def test_escape_on_the_canvas_puts_the_tool_away_even_in_the_midst_of_a_polygon(
    qtbot, viewer, panel
):
    layer, tools = panel.labels.layer, panel.edit.tools
    before = layer.data.copy()
    for name in ("grow", "cut"):
        tools.open_tool(name)
        pump()
        if name == "cut":
            click(canvas_of(viewer), on_canvas(viewer, layer, (3, 3, 3)))
            click(canvas_of(viewer), on_canvas(viewer, layer, (3, 3, 9)))
        press(viewer, Qt.Key.Key_Escape)
        qtbot.waitUntil(lambda: tools.opened is None)
        assert not previews(viewer)
        assert viewer.layers.selection.active is layer
    assert np.array_equal(layer.data, before)


def test_escape_is_left_to_a_polygon_of_napari_s(qtbot, viewer, panel):
    layer, tools = panel.labels.layer, panel.edit.tools
    tools.open_tool("grow")
    layer.mode = "polygon"
    press(viewer, Qt.Key.Key_Escape)
    pump()
    assert tools.opened is not None


def test_undo_and_redo_go_on_while_a_polygon_is_wanted(qtbot, viewer, panel):
    layer, tools = panel.labels.layer, panel.edit.tools
    layer.fill((3, 3, 3), 3)
    after = layer.data.copy()
    tools.open_tool("cut")
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    press(viewer, Qt.Key.Key_Z, control)
    assert not (layer.data == 3).any()
    press(viewer, Qt.Key.Key_Z, control | shift)
    assert np.array_equal(layer.data, after)


def test_an_ellipse_cuts_as_it_is_drawn(qtbot, viewer, panel):
    layer, tools = panel.labels.layer, panel.edit.tools
    tools.open_tool("cut")
    shapes = tools.opened.polygon.shapes
    box = [(3, 1.5, 1.5), (3, 1.5, 7.5), (3, 5.5, 7.5), (3, 5.5, 1.5)]
    shapes.add_ellipses([np.array(box)])
    qtbot.waitUntil(lambda: tools.opened.outcome is not None)
    tools.run()
    qtbot.waitUntil(lambda: not tools.applying.is_busy and tools.opened is None)
    # The corners of its box stay.
    rows, columns = np.indices((4, 6))
    inside = ((rows + 0.5 - 2) / 2) ** 2 + ((columns + 0.5 - 3) / 3) ** 2 < 1
    assert np.array_equal(layer.data[3, 2:6, 2:8] == 0, inside)


def test_the_mouse_on_the_canvas_takes_the_keys_from_lists_and_buttons(qtbot, viewer, panel):
    window, canvas = viewer.window._qt_window, canvas_of(viewer)
    window.windowHandle().requestActivate()
    qtbot.waitUntil(window.isActiveWindow)
    for widget, stays in (
        (panel.labels.view, False),
        (panel.edit.brushes.only_in, False),
        (panel.edit.brushes.diameter, True),
    ):
        widget.setFocus()
        qtbot.waitUntil(widget.hasFocus)
        place = QPointF(5, 5)
        QApplication.sendEvent(canvas, QEnterEvent(place, place, place))
        assert widget.hasFocus() is stays
        assert canvas.hasFocus() is not stays
