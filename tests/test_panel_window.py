"""The panel in a real napari window, clicked as a person clicks it."""

import subprocess
import sys
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from fake_model import TABLE, fake_tools, head, segment
from napari.layers import Labels
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from superqt.utils import WorkerBase

from napari_seg.imaging.files import sample_data_folder
from napari_seg.imaging.label_edits.strokes import Kind
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.measures import volume_text
from napari_seg.imaging.scan import LabelMap
from napari_seg.viewer.contributions import save_labels
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.editing.volumes import VolumeTracker
from napari_seg.viewer.keeping.questions import Answer
from napari_seg.viewer.layers import image_layer, label_map_of, labels_layer
from napari_seg.viewer.panel import Panel

SAMPLE = sample_data_folder() / "hippocampus_left.nii.gz"


@pytest.fixture
def viewer(monkeypatch, make_napari_viewer):
    # What a test leaves unsaved is asked for when the window is closed after it.
    monkeypatch.setattr("napari_seg.viewer.keeping.closing.ask", lambda *_, **__: Answer.DISCARD)
    yield make_napari_viewer(show=True)
    WorkerBase.await_workers(5000)
    QApplication.processEvents()


@pytest.fixture
def make_panel(viewer):
    def make(run=segment):
        panel = Panel(viewer, fake_tools(run))
        viewer.window.add_dock_widget(panel, name="napari-seg", area="right")
        return panel

    return make


@pytest.fixture
def slow_model():
    """A model that needs ten seconds unless it is stopped."""

    class SlowModel:
        def __init__(self):
            self.started, self.stopped = Event(), Event()

        def __call__(self, scan, bundle, *, on_progress, **options):
            pause = Event()
            self.started.set()
            try:
                for window in range(1000):
                    pause.wait(0.01)
                    on_progress(window / 1000)
            except BaseException:
                self.stopped.set()
                raise
            return segment(scan, bundle, on_progress=on_progress, **options)

    return SlowModel()


def click(widget):
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(8, widget.height() // 2))


def labels_in(viewer):
    return [layer for layer in viewer.layers if isinstance(layer, Labels)]


def finish(qtbot, panel):
    qtbot.waitUntil(lambda: not panel.segment.is_running, timeout=60_000)


@pytest.mark.filterwarnings("error:Private attribute access")
def test_the_sample_is_segmented_by_a_click_and_undone_by_a_key(qtbot, viewer):
    _, panel = viewer.window.add_plugin_dock_widget("napari-seg", "napari-seg")
    panel.open_path(SAMPLE)
    qtbot.waitUntil(lambda: panel.scan.layer is not None)
    click(panel.segment.start)
    finish(qtbot, panel)
    [labels] = labels_in(viewer)
    assert labels.name == "hippocampus_left – hippocampus"
    # An adult hippocampus has about 3 to 5 ml.
    assert 2 < labels.features["volume_ml"].sum() < 7
    first = labels.data.copy()

    panel.segment.options.keep_largest.setChecked(True)
    panel.segment.region.around.setChecked(True)
    for box in panel.segment.region.point_box.sizes:
        box.setValue(20)
    click(panel.segment.start)
    finish(qtbot, panel)
    assert labels_in(viewer) == [labels]
    assert not np.array_equal(labels.data, first)
    assert viewer.layers.selection.active is labels
    canvas = viewer.window._qt_viewer.canvas.native
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: np.array_equal(labels.data, first))


def test_the_first_time_there_are_buttons_and_the_sample_opens_by_one(qtbot, viewer, make_panel):
    panel = make_panel()
    qtbot.waitUntil(panel.welcome.isVisible)
    assert not panel.segment.isVisible()
    click(panel.welcome.sample)
    qtbot.waitUntil(lambda: panel.scan.layer is not None, timeout=20_000)
    assert panel.segment.isVisible()
    assert panel.scan.description.text() == "1.00 mm iso · 197 × 233 × 189"


def test_ctrl_enter_runs_wherever_the_focus_is(qtbot, viewer, make_panel):
    panel = make_panel()
    viewer.add_layer(image_layer(head(), name="head"))
    # Only the active window has shortcuts.
    viewer.window._qt_window.windowHandle().requestActivate()
    qtbot.waitUntil(viewer.window._qt_window.isActiveWindow)
    canvas = viewer.window._qt_viewer.canvas.native
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: bool(labels_in(viewer)))
    finish(qtbot, panel)


def test_cancel_by_mouse_stops_within_a_window(qtbot, viewer, make_panel, slow_model):
    panel = make_panel(slow_model)
    viewer.add_layer(image_layer(head(), name="head"))
    click(panel.segment.start)
    qtbot.waitUntil(slow_model.started.is_set, timeout=20_000)
    qtbot.waitUntil(panel.status.cancel.isVisible)
    click(panel.status.cancel)
    assert not panel.segment.is_running
    qtbot.waitUntil(slow_model.stopped.is_set)
    assert labels_in(viewer) == []


def test_the_panel_follows_the_layer_list_and_the_other_way_round(viewer, make_panel):
    panel = make_panel()
    first = viewer.add_layer(image_layer(head(), name="first"))
    second = viewer.add_layer(image_layer(head(), name="second"))
    assert panel.scan.layer is second
    viewer.layers.selection.active = first
    assert panel.scan.layer is first
    panel.scan.list.setCurrentIndex(1)
    assert viewer.layers.selection.active is second
    first.name = "renamed"
    assert panel.scan.list.itemText(0) == "renamed"
    viewer.layers.remove(second)
    assert panel.scan.layer is first


def test_selecting_labels_chooses_their_scan(qtbot, viewer, make_panel):
    panel = make_panel()
    first = viewer.add_layer(image_layer(head(), name="first"))
    click(panel.segment.start)
    finish(qtbot, panel)
    [labels] = labels_in(viewer)
    viewer.add_layer(image_layer(head(), name="second"))
    viewer.layers.selection.active = labels
    assert panel.scan.layer is first
    assert viewer.layers.selection.active is labels


def test_closing_the_dock_stops_the_run_and_a_new_panel_works(
    qtbot, viewer, make_panel, slow_model
):
    panel = make_panel(slow_model)
    viewer.add_layer(image_layer(head(), name="head"))
    panel.segment.run()
    qtbot.waitUntil(slow_model.started.is_set)
    viewer.window.remove_dock_widget(panel)
    qtbot.waitUntil(slow_model.stopped.is_set)
    another = make_panel()
    another.segment.run()
    finish(qtbot, another)
    assert len(labels_in(viewer)) == 1


def test_a_panel_that_is_opened_again_has_the_same_room(qtbot, viewer, make_panel):
    viewer.add_layer(image_layer(head(), name="head"))
    rooms = []
    for _ in range(4):
        panel = make_panel()
        qtbot.wait(300)
        # Nothing but its margin lies below the last line.
        assert panel.status.geometry().bottom() > panel.height() - 12
        rooms.append(panel.tabs.height())
        viewer.window.remove_dock_widget(panel)
    assert len(set(rooms)) == 1


def test_closing_the_viewer_stops_the_run(qtbot, viewer, make_panel, slow_model):
    panel = make_panel(slow_model)
    viewer.add_layer(image_layer(head(), name="head"))
    panel.segment.run()
    qtbot.waitUntil(slow_model.started.is_set)
    viewer.close()
    qtbot.waitUntil(slow_model.stopped.is_set)


def test_closing_the_panel_takes_its_box_along(viewer, make_panel):
    panel = make_panel()
    viewer.add_layer(image_layer(head(), name="head"))
    panel.segment.region.around.setChecked(True)
    assert len(viewer.layers) == 2
    viewer.window.remove_dock_widget(panel)
    assert [layer.name for layer in viewer.layers] == ["head"]


@pytest.mark.parametrize("name", ["no such file.nii", "page.nii"])
def test_a_file_that_cannot_be_opened_is_told_in_plain_words(qtbot, make_panel, tmp_path, name):
    (tmp_path / "page.nii").write_text("<html>")
    panel = make_panel()
    with qtbot.capture_exceptions() as raised:
        panel.open_path(tmp_path / name)
        qtbot.waitUntil(lambda: bool(raised))
    assert isinstance(raised[0][1], FileNotFoundError | ValueError)
    assert panel.status.text.text() == f"{name} was not opened; the notification says why"
    qtbot.waitUntil(panel.welcome.isEnabled)


def test_labels_can_be_opened_before_their_scan(qtbot, viewer, make_panel, tmp_path):
    from napari_seg.imaging.files import write_labels

    panel = make_panel()
    viewer.add_layer(image_layer(head(), name="head"))
    panel.segment.run()
    finish(qtbot, panel)
    write_labels(label_map_of(labels_in(viewer)[0]), tmp_path / "head_seg.nii")
    panel.open_path(tmp_path / "head_seg.nii")
    qtbot.waitUntil(lambda: len(labels_in(viewer)) == 2)
    assert list(labels_in(viewer)[1].features["name"]) == ["anterior", "posterior"]


def test_every_control_can_be_reached_and_has_a_name(viewer, make_panel):
    from qtpy.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox

    panel = make_panel()
    viewer.add_layer(image_layer(head(), name="head"))
    for kind in (QAbstractButton, QComboBox, QAbstractSpinBox):
        for control in panel.findChildren(kind):
            text = control.text() if kind is QAbstractButton else ""
            assert control.accessibleName() or text or control in panel.status.answers


def test_the_panel_fits_into_320_pixels(viewer, make_panel):
    panel = make_panel()
    viewer.add_layer(image_layer(head(), name="head"))
    panel.segment.options.fold.setChecked(True)
    for choice in (panel.segment.region.drawn, panel.segment.region.around):
        choice.setChecked(True)
        QApplication.processEvents()
        assert panel._body.minimumSizeHint().width() <= 320 - around(panel, panel._body)
        assert panel.segment.minimumSizeHint().width() <= room_of_a_tab(panel)
    panel.tabs.show_section(panel.edit)
    for tool in panel.edit.tools.picker._choice.buttons():
        tool.click()
        QApplication.processEvents()
        assert panel.edit.minimumSizeHint().width() <= room_of_a_tab(panel)


def around(panel, part):
    return panel.width() - part.width()


def room_of_a_tab(panel):
    """How wide a section may be at 320 pixels where it has to be scrolled."""
    page = panel.tabs.currentWidget()
    bar = page.verticalScrollBar()
    shown = bar.width() if bar.isVisible() else 0
    return 320 - around(panel, page.viewport()) + shown - bar.sizeHint().width()


def test_long_names_of_scans_show_where_they_differ(viewer, make_panel):
    panel = make_panel()
    for number in (1, 2):
        name = f"sub-001_ses-20240131_acq-highres_T1w – series {number}"
        viewer.add_layer(image_layer(head(), name=name))
        QApplication.processEvents()
        shown = panel.scan.list.shown_text()
        assert shown.startswith("sub-0")
        assert shown.endswith(f"{number}")
        assert "…" in shown
        assert name in panel.scan.list.toolTip()


@pytest.mark.parametrize(("height", "fewest", "most"), [(560, 3, 6), (1000, 9, 9)])
def test_the_table_gives_way_in_a_low_window(viewer, make_panel, height, fewest, most):
    panel = make_panel()
    scan = viewer.add_layer(image_layer(head(), name="head"))
    names = {value: f"organ {value}" for value in range(1, 42)}
    empty = LabelMap(np.zeros((12, 10, 8), np.uint8), head().geometry, LabelTable.from_names(names))
    viewer.add_layer(labels_layer(empty, name="organs", like=scan))
    viewer.window.resize(900, height)
    for _ in range(10):
        QApplication.processEvents()
    view = panel.labels.view
    assert fewest <= view.height() // view.rowHeight(0) <= most
    assert panel.tabs.height() > 2 * view.height() * (1 if most < 9 else 0.9)


def test_what_a_tab_is_for_is_done_by_its_own_key(qtbot, viewer, make_panel):
    panel = make_panel()
    viewer.add_layer(image_layer(head(), name="head"))
    assert panel.tabs.section is panel.segment
    bar = panel.tabs.tabBar()
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(1).center())
    assert panel.tabs.section is panel.edit
    assert not panel.segment.isVisible()
    panel.tabs.run()
    assert not panel.segment.is_running
    panel.tabs.show_section(panel.segment)
    panel.tabs.run()
    assert panel.segment.is_running
    finish(qtbot, panel)


def test_labels_that_are_removed_are_no_longer_edited(qtbot, viewer, make_panel):
    panel = make_panel()
    image = viewer.add_layer(image_layer(head(), name="head"))
    shown = LabelMap(np.ones(head().geometry.shape, np.uint8), head().geometry, TABLE)
    layer = viewer.add_layer(labels_layer(shown, name="drawn", like=image))
    qtbot.waitUntil(panel.labels_line.isVisible)
    viewer.layers.remove(layer)
    assert panel.labels.layer is None
    assert not panel.labels_line.isVisible()


def test_opening_the_panel_imports_no_torch():
    code = (
        "import sys\n"
        "from qtpy.QtWidgets import QApplication\n"
        "from napari.components import ViewerModel\n"
        "app = QApplication([])\n"
        "from napari_seg.viewer.panel import Panel\n"
        "panel = Panel(ViewerModel())\n"
        "panel.show(); app.processEvents()\n"
        "assert not {'torch', 'monai'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[1]
    )
    assert done.returncode == 0, done.stderr


def test_labels_are_marked_as_unsaved_until_they_are_saved(viewer, make_panel, tmp_path, qtbot):
    panel = make_panel()
    viewer.add_layer(image_layer(head(), name="head", path=tmp_path / "head.nii.gz"))
    panel.segment.run()
    finish(qtbot, panel)
    assert panel.labels_line.name.text().endswith("●")
    assert panel.labels_line.name._elidedText().endswith("●"), "the mark is cut off a long name"
    qtbot.waitUntil(panel.labels_line.save.isEnabled)
    click(panel.labels_line.save)
    qtbot.waitUntil(lambda: not panel.labels_line.name.text().endswith("●"), timeout=10_000)
    assert (tmp_path / "head_dseg.nii.gz").is_file()
    layer = labels_in(viewer)[0]
    layer.data_setitem((np.array([0]), np.array([0]), np.array([0])), 2)
    assert panel.labels_line.name.text().endswith("●")
    layer.undo()
    assert not panel.labels_line.name.text().endswith("●")


def test_a_window_that_is_kept_keeps_its_three_views(viewer, make_panel, monkeypatch):
    panel = make_panel()
    image = viewer.add_layer(image_layer(head(), name="head"))
    labels = LabelMap(np.zeros(head().array.shape, np.uint8), head().geometry, TABLE)
    layer = viewer.add_layer(labels_layer(labels, name="mine", like=image))
    layer.data_setitem((np.array([0]), np.array([0]), np.array([0])), 1)
    panel.viewing.three_views.open()
    asked = "napari_seg.viewer.keeping.closing.ask"
    monkeypatch.setattr(asked, lambda *_, **__: Answer.CANCEL)
    window = viewer.window._qt_window
    window.close()
    assert window.isVisible()
    assert panel.viewing.three_views.is_open
    monkeypatch.setattr(asked, lambda *_, **__: Answer.DISCARD)


def row_of(panel, value):
    view = panel.labels.view
    view.scrollTo(panel.labels.model.index(panel.labels.model.row_of(value), 1))
    return view.visualRect(panel.labels.model.index(panel.labels.model.row_of(value), 1)).center()


def test_what_the_list_deletes_or_merges_is_told_until_undo(qtbot, viewer, make_panel):
    panel = make_panel()
    image = viewer.add_layer(image_layer(head(), name="head"))
    array = np.zeros(head().geometry.shape, np.uint8)
    array[:2, :3, :4], array[3:4, :3, :2] = 1, 2
    shown = LabelMap(array, head().geometry, TABLE)
    layer = viewer.add_layer(labels_layer(shown, name="mine", like=image))
    canvas, told = viewer.window._qt_viewer.canvas.native, panel.status.text
    qtbot.waitUntil(panel.labels.delete.isVisible)
    ml = head().geometry.voxel_volume_ml
    panel.status.end("An older step")
    viewport = panel.labels.view.viewport()
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=row_of(panel, 1))
    click(panel.labels.delete)
    assert not (layer.data == 1).any()
    name = TABLE.names[1]
    minus = volume_text(24 * ml)
    assert told.text() == f"Delete {name}: −{minus}. Ctrl+Z takes it back."  # noqa: RUF001
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert (layer.data == 1).sum() == 24
    assert told.text() == ""
    qtbot.waitUntil(lambda: len(panel.labels.model.rows) == 2)
    panel.labels.acts.merge([2], 1)
    plus = volume_text(6 * ml)
    assert told.text() == f"Merge {TABLE.names[2]} into {name}: +{plus}. Ctrl+Z takes it back."


def drawn_labels(**more):
    shown = LabelMap(np.ones(head().geometry.shape, np.uint8), head().geometry, TABLE)
    return labels_layer(shown, name="drawn", **more)


def assert_shows(panel, *, scan, labels):
    QApplication.processEvents()
    assert panel.welcome.isVisible() is (not scan and not labels)
    assert panel.labels.isVisible() is (scan or labels)
    assert panel.labels_line.isVisible() is labels
    assert panel.segment.start.isEnabled() is scan
    assert panel.segment.region.isEnabled() is scan
    assert panel.viewing.readout.isVisible() is scan
    assert panel.scan.list.isEnabled() is scan
    if labels and not scan:
        assert panel.scan.open.isVisible()
        assert panel.segment.start.toolTip() == "Open a scan first"
        assert panel.scan.description.text().startswith("No scan is open")
        looking = panel.edit.brushes.row.buttons[Kind.THRESHOLD]
        assert not looking.isEnabled()
        assert "scan" in looking.toolTip()


def test_labels_alone_are_listed_edited_and_saved(qtbot, viewer, make_panel, tmp_path):
    panel = make_panel()
    layer = viewer.add_layer(drawn_labels(path=tmp_path / "drawn.nii.gz"))
    qtbot.waitUntil(panel.labels_line.isVisible)
    assert_shows(panel, scan=False, labels=True)
    panel.tabs.show_section(panel.edit)
    assert_shows(panel, scan=False, labels=True)
    viewport = panel.labels.view.viewport()
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=row_of(panel, 1))
    click(panel.labels.delete)
    assert not layer.data.any()
    assert panel.labels_line.name.text() == "drawn ●"
    click(panel.labels_line.save)
    qtbot.waitUntil(lambda: panel.labels_line.name.text() == "drawn", timeout=10_000)
    assert (tmp_path / "drawn.nii.gz").is_file()


def test_scan_and_labels_come_and_go_in_either_order(qtbot, viewer, make_panel):
    panel = make_panel()
    qtbot.waitUntil(panel.welcome.isVisible)
    assert_shows(panel, scan=False, labels=False)
    layer = viewer.add_layer(drawn_labels())
    assert_shows(panel, scan=False, labels=True)
    scan = viewer.add_layer(image_layer(head(), name="head"))
    assert_shows(panel, scan=True, labels=True)
    viewer.layers.remove(scan)
    assert_shows(panel, scan=False, labels=True)
    viewer.layers.remove(layer)
    assert_shows(panel, scan=False, labels=False)
    scan = viewer.add_layer(image_layer(head(), name="head"))
    assert_shows(panel, scan=True, labels=False)
    viewer.add_layer(drawn_labels(like=scan))
    assert_shows(panel, scan=True, labels=True)
    viewer.layers.remove(scan)
    assert_shows(panel, scan=False, labels=True)
    viewer.layers.clear()
    assert_shows(panel, scan=False, labels=False)


def test_what_naparis_own_save_wrote_is_saved(viewer, make_panel, tmp_path, qtbot):
    panel = make_panel()
    viewer.add_layer(image_layer(head(), name="head"))
    panel.segment.run()
    finish(qtbot, panel)
    layer = labels_in(viewer)[0]
    assert panel.keeping.is_unsaved(layer)
    data, meta, _ = layer.as_layer_data_tuple()
    save_labels(str(tmp_path / "mine.nii.gz"), data, meta)
    qtbot.waitUntil(lambda: not panel.keeping.is_unsaved(layer), timeout=10_000)
    layer.data_setitem((np.array([0]), np.array([0]), np.array([0])), 2)
    assert panel.keeping.is_unsaved(layer)


def test_labels_that_are_selected_already_are_shown(viewer, make_panel):
    image = viewer.add_layer(image_layer(head(), name="head"))
    array = np.ones(head().geometry.shape, np.uint8)
    shown = LabelMap(array, head().geometry, TABLE)
    layer = viewer.add_layer(labels_layer(shown, name="drawn", like=image))
    panel = make_panel()
    assert panel.labels.layer is layer
    assert panel.labels_line.name.text().startswith("drawn")


@pytest.mark.parametrize("selected", ["first", "second", "labels of the second"])
def test_opened_over_several_scans_the_panel_works_on_the_selected_one(
    viewer, make_panel, selected
):
    viewer.add_layer(image_layer(head(), name="first"))
    second = viewer.add_layer(image_layer(head(), name="second"))
    shown = LabelMap(np.ones(head().geometry.shape, np.uint8), head().geometry, TABLE)
    name, scan_id = "labels of the second", second.unique_id
    viewer.add_layer(labels_layer(shown, name=name, like=second, scan_id=scan_id))
    viewer.layers.selection.active = viewer.layers[selected]
    panel = make_panel()
    assert panel.scan.layer.name == selected.removeprefix("labels of the ")
    assert panel.segment.channels.layers == (panel.scan.layer,)
    assert viewer.layers.selection.active is viewer.layers[selected]


def test_a_key_takes_a_brush_whose_stroke_is_listed_counted_and_unsaved(viewer, make_panel, qtbot):
    panel = make_panel()
    scan = head()
    image = viewer.add_layer(image_layer(scan, name="head"))
    labels = LabelMap(np.zeros(scan.array.shape, np.uint8), scan.geometry, TABLE)
    layer = viewer.add_layer(labels_layer(labels, name="mine", like=image))
    QTest.qWait(50)
    canvas = viewer.window._qt_viewer.canvas.native
    QTest.keyClick(canvas, "P", Qt.KeyboardModifier.ShiftModifier)
    assert panel.tabs.currentWidget().isAncestorOf(panel.edit)
    assert panel.edit.brushes.hand.kind is Kind.PAINT
    assert panel.edit.brushes.row.buttons[Kind.PAINT].isChecked()
    panel.edit.brushes.diameter.setValue(4)
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=canvas.rect().center())
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=canvas.rect().center())
    QTest.qWait(20)
    painted = int(np.count_nonzero(layer.data))
    assert painted > 0
    assert EditHistory.of(layer).steps[-1].name == f"brush: {TABLE.names[1]}"
    assert VolumeTracker.of(layer).voxels == {1: painted}
    assert panel.keeping.is_unsaved(layer)
    # What was said of an earlier step is gone with the next stroke, and with an undo.
    for change in (layer.undo, layer.redo):
        panel.status.end("Smooth liver: −1 ml. Ctrl+Z takes it back.")  # noqa: RUF001
        change()
        assert panel.status.text.text() == ""
    panel.status.ask("Which one?", ("One", "Two"), ("", ""))
    layer.undo()
    layer.redo()
    assert panel.status.text.text() == "Which one?"
    QTest.keyClick(canvas, "N")
    assert panel.edit.brushes.hand.kind is Kind.NUDGE
    # After a click on a button Space moves the camera, and puts nothing down.
    click(panel.edit.brushes.row.buttons[Kind.ERASE])
    focused = viewer.window._qt_window.focusWidget()
    QTest.keyPress(focused, Qt.Key.Key_Space)
    assert layer.mode == "pan_zoom"
    QTest.keyRelease(focused, Qt.Key.Key_Space)
    assert panel.edit.brushes.hand.kind is Kind.ERASE
    # Closed with a brush in hand, the panel gives the layer back.
    viewer.window.remove_dock_widget("all")
    assert layer.mode == "pan_zoom"
    assert not {name for name in vars(layer) if name == "_mode_setter_helper"}
