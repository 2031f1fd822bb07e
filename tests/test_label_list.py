"""The list of labels as a person works with it: mouse, keys, menus, and bad use."""

from math import nan
from time import perf_counter

import numpy as np
import pytest
from labels_in_hand import Pointer
from napari.components import ViewerModel
from napari.layers import Labels
from napari.utils._proxies import PublicOnlyProxy
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QColor
from qtpy.QtTest import QAbstractItemModelTester, QTest
from qtpy.QtWidgets import QApplication, QColorDialog, QLineEdit

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_files.tables import write_label_table
from napari_seg.imaging.label_sets import PRESETS
from napari_seg.imaging.label_table import Label, LabelTable
from napari_seg.imaging.scan import LabelMap, Scan
from napari_seg.segmentation.bundle_description import describe_bundle
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.label_list import LabelList, LayerTable
from napari_seg.viewer.label_list.model import Column, RowModel
from napari_seg.viewer.label_list.new_labels import set_of_file
from napari_seg.viewer.label_list.rows import Row
from napari_seg.viewer.label_list.unseen import on_press
from napari_seg.viewer.layers import (
    image_layer,
    label_map_of,
    labels_layer,
    metadata_of,
    update_metadata,
)
from napari_seg.viewer.undo import write_region

LIVER, SPLEEN, CYST = 1, 2, 7
TABLE = LabelTable(
    (
        Label(LIVER, "liver", (200, 10, 20)),
        Label(SPLEEN, "spleen", (30, 140, 240)),
        Label(CYST, "cyst", (250, 200, 40)),
    )
)
GRID = Geometry((10, 8, 6), np.diag([1.0, 2.0, 5.0, 1.0]))


@pytest.fixture
def viewer(qapp):
    return ViewerModel()


@pytest.fixture
def scan(viewer):
    array = np.arange(480, dtype=np.float32).reshape(GRID.shape)
    return viewer.add_layer(image_layer(Scan(array, GRID), name="CT"))


@pytest.fixture
def layer(viewer, scan):
    array = np.zeros(GRID.shape, np.uint8)
    array[1:3, 1:4, 1:5] = LIVER
    array[6:9, 4:7, 1:4] = SPLEEN
    array[0, 0, 0] = SPLEEN
    return viewer.add_layer(labels_layer(LabelMap(array, GRID, TABLE), name="organs", like=scan))


@pytest.fixture
def labels(qtbot, viewer):
    widget = LabelList(viewer)
    qtbot.addWidget(widget)
    widget.resize(340, 240)
    widget.show()
    QAbstractItemModelTester(widget.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    yield widget
    widget.release()


@pytest.fixture
def shown(labels, layer):
    labels.set_layer(layer)
    return labels


def place(labels, value, column):
    index = labels.model.index(labels.model.row_of(value), int(column))
    return labels.view.visualRect(index).center()


def click(labels, value, column=Column.NAME, *, twice=False, key=Qt.KeyboardModifier.NoModifier):
    target, at = labels.view.viewport(), place(labels, value, column)
    QTest.mouseClick(target, Qt.MouseButton.LeftButton, key, at)
    if twice:
        QTest.mouseDClick(target, Qt.MouseButton.LeftButton, key, at)
        QTest.mouseRelease(target, Qt.MouseButton.LeftButton, key, at)


def press(labels, key, with_=Qt.KeyboardModifier.NoModifier):
    QTest.keyClick(labels.view, key, with_)


def values(labels):
    return [row.value for row in labels.model.rows]


def row(labels, value):
    return labels.model.rows[labels.model.row_of(value)]


def view_of(viewer):
    return tuple(viewer.dims.point), tuple(viewer.camera.center), viewer.camera.zoom


def entries(menu):
    menu.aboutToShow.emit()
    return {action.text().split("\t")[0]: action for action in menu.actions()}


def test_a_click_selects_the_label_and_leaves_the_view_where_it_is(viewer, scan, shown, layer):
    viewer.layers.selection.active = scan
    before = view_of(viewer)
    click(shown, SPLEEN)
    assert layer.selected_label == SPLEEN
    assert viewer.layers.selection.active is layer
    assert view_of(viewer) == before


def test_a_double_click_goes_to_the_middle_of_the_largest_piece(viewer, shown, layer):
    zoom = viewer.camera.zoom
    click(shown, SPLEEN, twice=True)
    assert layer.selected_label == SPLEEN
    found = np.rint(layer.world_to_data(viewer.dims.point)).astype(int)
    # Shown are the slices k from the last, j and i as they are placed for the eye.
    array = np.zeros(GRID.shape, bool)
    array[7, 5, 2] = True
    order = metadata_of(layer)["order"]
    assert tuple(found) == tuple(np.argwhere(order.show(array))[0])
    np.testing.assert_allclose(viewer.camera.center[1:], viewer.dims.point[1:])
    assert viewer.camera.zoom == zoom


def test_enter_goes_to_the_label_and_the_arrows_do_not(viewer, shown, layer):
    click(shown, LIVER)
    before = view_of(viewer)
    press(shown, Qt.Key.Key_Down)
    assert layer.selected_label == SPLEEN
    assert view_of(viewer) == before
    press(shown, Qt.Key.Key_Return)
    assert view_of(viewer) != before


def test_a_label_without_voxels_is_nowhere_to_go(viewer, shown):
    before = view_of(viewer)
    click(shown, CYST, twice=True)
    assert view_of(viewer) == before
    assert shown.news.text() == "'cyst' has no voxels yet; there is nowhere to go"


def test_a_jump_in_a_large_layer_does_not_wait(qtbot, viewer, labels):
    data = np.zeros((130, 130, 130), np.uint8)
    data[100:111, 20:31, 40:51] = 3
    layer = viewer.add_labels(data)
    labels.set_layer(layer)
    qtbot.waitUntil(lambda: values(labels) == [3], timeout=10_000)
    click(labels, 3, twice=True)
    qtbot.waitUntil(lambda: tuple(viewer.dims.point) == (105, 25, 45), timeout=10_000)


def test_a_layer_removed_during_a_jump_moves_nothing(qtbot, viewer, labels):
    data = np.zeros((130, 130, 130), np.uint8)
    data[100:111, 20:31, 40:51] = 3
    viewer.add_image(data)
    layer = viewer.add_labels(data)
    labels.set_layer(layer)
    qtbot.waitUntil(lambda: values(labels) == [3], timeout=10_000)
    before = view_of(viewer)
    click(labels, 3, twice=True)
    viewer.layers.remove(layer)
    qtbot.wait(300)
    assert labels.layer is None
    assert view_of(viewer) == before


def test_next_and_previous_step_through_the_rows_and_around(shown, layer):
    layer.selected_label = SPLEEN
    steps = []
    for step in (shown.next_label, shown.next_label, shown.previous_label, shown.previous_label):
        step()
        steps.append(layer.selected_label)
    assert steps == [CYST, LIVER, CYST, SPLEEN]


@pytest.mark.parametrize(("forth", "expected"), [(True, CYST), (False, SPLEEN)])
def test_steps_from_a_value_without_a_row_go_to_its_neighbours(shown, layer, forth, expected):
    layer.selected_label = 5
    (shown.next_label if forth else shown.previous_label)()
    assert layer.selected_label == expected


def test_the_picker_moves_through_the_rows(shown, layer):
    layer.selected_label = SPLEEN
    assert shown.view.selected == (SPLEEN,)
    layer.selected_label = 5
    assert shown.view.selected == ()
    layer.selected_label = LIVER
    assert shown.view.selected == (LIVER,)


def test_a_click_on_the_lock_locks_and_selects_nothing(shown, layer):
    layer.selected_label = LIVER
    click(shown, SPLEEN, Column.LOCK)
    assert row(shown, SPLEEN).is_locked
    assert layer.selected_label == LIVER
    box = tuple(slice(0, length) for length in layer.data.shape)
    spleen = np.asarray(layer.data) == SPLEEN
    write_region(layer, box, CYST, name="fill")
    np.testing.assert_array_equal(np.asarray(layer.data) == SPLEEN, spleen)
    click(shown, SPLEEN, Column.LOCK)
    assert not row(shown, SPLEEN).is_locked


def test_a_click_on_the_eye_hides_and_one_key_shows_all(shown, layer):
    click(shown, LIVER, Column.EYE)
    click(shown, CYST, Column.EYE)
    assert [row.is_visible for row in shown.model.rows] == [False, True, False]
    assert layer.get_color(LIVER)[3] == 0
    assert shown.show_hidden.text() == "Show 2 hidden"
    # Both fit beside each other.
    assert "label" not in shown.total.text()
    assert shown.total.text().endswith(" ml")
    press(shown, Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    assert all(row.is_visible for row in shown.model.rows)
    assert not shown.show_hidden.isVisible()


def test_a_mark_of_one_of_several_selected_rows_is_for_all_of_them(shown):
    click(shown, LIVER)
    click(shown, CYST, key=Qt.KeyboardModifier.ControlModifier)
    click(shown, CYST, Column.EYE)
    assert [row.is_visible for row in shown.model.rows] == [False, True, False]
    click(shown, SPLEEN, Column.EYE)
    assert [row.is_visible for row in shown.model.rows] == [False, False, False]


def test_keys_change_the_mark_that_has_the_focus(shown):
    click(shown, SPLEEN)
    press(shown, Qt.Key.Key_Right)
    press(shown, Qt.Key.Key_Right)
    press(shown, Qt.Key.Key_Space)
    assert row(shown, SPLEEN).is_locked
    press(shown, Qt.Key.Key_Right)
    press(shown, Qt.Key.Key_Space)
    assert not row(shown, SPLEEN).is_visible


def test_the_status_is_chosen_from_four(shown, layer):
    click(shown, SPLEEN, Column.STATUS)
    menu = shown.status_menu
    assert menu.isVisible()
    offered = entries(menu)
    assert list(offered) == ["Not started", "In progress", "Done", "Flagged"]
    assert offered["Not started"].isChecked()
    offered["Done"].trigger()
    menu.close()
    assert row(shown, SPLEEN).status == "done"
    assert metadata_of(layer)["table"].label(SPLEEN).status == "done"


def test_a_name_is_typed_after_f2(viewer, shown, layer):
    click(shown, SPLEEN)
    before = view_of(viewer)
    press(shown, Qt.Key.Key_F2)
    type_name(shown, "milza")
    assert row(shown, SPLEEN).name == "milza"
    assert metadata_of(layer)["table"].name_of(SPLEEN) == "milza"
    # The Enter that ends it goes nowhere.
    assert view_of(viewer) == before


def type_name(labels, text):
    editor = labels.view.findChild(QLineEdit)
    assert editor is not None
    editor.selectAll()
    QTest.keyClicks(editor, text)
    QTest.keyClick(editor, Qt.Key.Key_Return)
    # Qt takes over what was typed once it is back in its loop.
    QApplication.processEvents()


def test_a_name_given_twice_is_refused_in_a_line_below(shown):
    shown.view.rename(SPLEEN)
    type_name(shown, "Liver")
    assert row(shown, SPLEEN).name == "spleen"
    assert shown.news.text() == ("'liver' is the name of label 1 already; choose another name")
    assert shown.news.isVisible()
    click(shown, LIVER)
    assert not shown.news.isVisible()


def test_plus_adds_a_label_and_asks_for_its_name(shown, layer):
    QTest.mouseClick(shown.add, Qt.MouseButton.LeftButton)
    assert layer.selected_label == 8
    type_name(shown, "tumour")
    assert row(shown, 8).name == "tumour"


def test_minus_deletes_the_selected_labels_in_one_step(shown, layer):
    click(shown, LIVER)
    click(shown, SPLEEN, key=Qt.KeyboardModifier.ControlModifier)
    QTest.mouseClick(shown.delete, Qt.MouseButton.LeftButton)
    assert values(shown) == [CYST]
    assert layer.selected_label == CYST
    assert [step.name for step in EditHistory.of(layer).steps] == ["Delete 2 labels"]
    layer.undo()
    assert values(shown) == [LIVER, SPLEEN, CYST]


def test_a_locked_label_is_not_deleted_and_the_button_says_why(shown, layer):
    click(shown, LIVER, Column.LOCK)
    click(shown, LIVER)
    assert not shown.delete.isEnabled()
    assert shown.delete.toolTip() == "'liver' is locked; unlock it first"
    press(shown, Qt.Key.Key_Delete)
    assert shown.news.text() == "'liver' is locked; unlock it to delete it"
    assert values(shown) == [LIVER, SPLEEN, CYST]


def test_labels_are_merged_from_the_menu(shown, layer):
    click(shown, LIVER)
    click(shown, CYST, key=Qt.KeyboardModifier.ControlModifier)
    entries(shown.menu)
    entries(shown.menu.merge)["spleen"].trigger()
    assert values(shown) == [SPLEEN]
    assert layer.selected_label == SPLEEN
    assert [step.name for step in EditHistory.of(layer).steps] == ["Merge 2 labels into spleen"]


def test_locked_labels_are_disabled_with_the_reason_in_the_merge_menu(shown):
    click(shown, SPLEEN, Column.LOCK)
    click(shown, LIVER)
    entries(shown.menu)
    entry = entries(shown.menu.merge)["spleen"]
    assert not entry.isEnabled()
    assert "is locked" in entry.toolTip()


def test_a_colour_is_chosen_after_a_double_click_on_the_old_one(shown, layer):
    click(shown, SPLEEN, Column.COLOUR, twice=True)
    dialog = shown.findChild(QColorDialog)
    assert dialog.isVisible()
    dialog.setCurrentColor(QColor(1, 2, 3))
    dialog.accept()
    assert row(shown, SPLEEN).colour == (1, 2, 3)
    assert [round(255 * float(part)) for part in layer.get_color(SPLEEN)] == [1, 2, 3, 255]


def test_a_colour_for_a_label_that_is_gone_by_then_is_dropped(shown, layer):
    shown.acts.choose_colour(SPLEEN)
    shown.acts.delete([SPLEEN])
    shown.findChild(QColorDialog).accept()
    assert values(shown) == [LIVER, CYST]


def test_letters_find_a_name(shown, layer):
    click(shown, LIVER, Column.VOLUME)
    QTest.keyClicks(shown.view, "cy")
    assert layer.selected_label == CYST


def test_a_stroke_touches_its_own_row_only(qtbot, shown, layer):
    touched = []
    shown.model.dataChanged.connect(lambda first, last: touched.append((first.row(), last.row())))
    shown.model.modelReset.connect(lambda: touched.append("all"))
    write_region(layer, (slice(0, 1),) * 3, CYST, name="brush", preserve=False)
    qtbot.waitUntil(lambda: row(shown, CYST).volume_ml == pytest.approx(0.01))
    assert touched == [(2, 2)]


def test_a_hundred_and_seventeen_rows_stay_light(qtbot, viewer, labels):
    table = LabelTable.from_names({value: f"organ {value}" for value in range(1, 118)})
    array = np.zeros((40, 40, 40), np.uint8)
    grid = Geometry(array.shape, np.eye(4))
    layer = viewer.add_layer(labels_layer(LabelMap(array, grid, table), name="all"))
    labels.set_layer(layer)
    assert labels.model.rowCount() == 117
    began = perf_counter()
    for value in range(1, 21):
        labels.acts.set_status([value], "done")
    assert (perf_counter() - began) / 20 < 0.05


def test_rows_are_changed_one_by_one():
    def made(*values, name="a"):
        return [Row(value, name, (0, 0, 0), 1.0, False, True, "done") for value in values]

    model = RowModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for rows in (made(1, 2, 5), made(2, 5, 9), made(3), [], made(1, 3), made(1, 3, name="b")):
        model.show(rows)
        assert model.rows == tuple(rows)


def test_every_cell_speaks_to_a_screen_reader(shown):
    shown.acts.set_locked([SPLEEN], True)
    shown.acts.set_visible([SPLEEN], False)
    shown.acts.set_status([SPLEEN], "flagged")
    place = shown.model.row_of(SPLEEN)
    said = [
        shown.model.index(place, column).data(Qt.ItemDataRole.AccessibleTextRole)
        for column in range(len(Column))
    ]
    assert said == ["colour #1e8cf0", "spleen", "0.28 millilitres", "locked", "hidden", "flagged"]
    controls = (shown.view, shown.add, shown.delete, shown.more, shown.show_hidden, shown.news)
    assert all(control.accessibleName() for control in controls)


@pytest.mark.parametrize(
    ("volume_ml", "text"),
    [(None, "…"), (nan, "–"), (0.0, "0"), (0.004, "<0.01"), (99.994, "99.99"), (1500.4, "1500")],
)
def test_volumes_are_short(volume_ml, text):
    assert Row(1, "", (0, 0, 0), volume_ml, False, True, "done").volume_text == text


def test_new_labels_like_a_preset_lie_on_the_scan_and_are_empty(viewer, scan, labels):
    offered = entries(labels.new_like)
    offered["Organs of the trunk"].trigger()
    made = labels.layer
    assert made in viewer.layers
    assert viewer.layers.selection.active is made
    assert made.dtype == np.uint8
    assert not np.asarray(made.data).any()
    assert label_map_of(made).geometry.matches(GRID)
    np.testing.assert_allclose(made.scale, scan.scale)
    assert values(labels) == sorted(PRESETS[0].table.names)
    assert not labels.flag.isVisible()


def test_new_labels_on_a_scan_with_channels_have_none(viewer, labels):
    array = np.zeros((*GRID.shape, 2), np.float32)
    viewer.add_layer(image_layer(Scan(array, GRID, channel_names=("T1", "T2")), name="MR"))
    entries(labels.new_like)["One lesion"].trigger()
    assert labels.layer.ndim == 3
    assert values(labels) == [1]
    labels.acts.select(1)
    corner = tuple(slice(0, 2) for _ in range(3))
    assert write_region(labels.layer, corner, 1) == 8
    viewer.dims.set_point(0, 1)
    click(labels, 1, twice=True)
    assert viewer.dims.point[0] == 1


def test_new_labels_like_a_file_take_its_names_and_colours_and_not_its_status(
    tmp_path, viewer, scan, labels
):
    table = LabelTable((Label(300, "nodule", (1, 2, 3), status="done"),))
    write_label_table(table, tmp_path / "nodules.tsv")
    labels.new_like.wanted.emit(lambda: set_of_file(tmp_path / "nodules.tsv"))
    assert labels.layer.name == "CT – nodules"
    assert labels.layer.dtype == np.uint16
    assert row(labels, 300)[:3] == (300, "nodule", (1, 2, 3))
    assert row(labels, 300).status == "not started"


def test_new_labels_like_the_shipped_network(viewer, scan, labels):
    entries(labels.new_like)["The shipped network"].trigger()
    assert [(one.value, one.name) for one in labels.model.rows] == list(describe_bundle().labels)


def test_new_labels_like_one_of_two_layers_of_the_same_name(viewer, scan, shown, layer):
    other = Labels(np.array(layer.data), name="organs")
    viewer.add_layer(other)
    LayerTable.of(other).rename(LIVER, "hepar")
    shown.new_like.aboutToShow.emit()
    actions = [one for one in shown.new_like.actions() if "organs" in one.text()]
    assert len(actions) == 2
    # The topmost layer comes first.
    actions[0].trigger()
    assert row(shown, LIVER).name == "hepar"
    assert shown.layer not in (layer, other)


@pytest.mark.parametrize("value", [65536, 10**9], ids=["one too large", "far too large"])
def test_values_beyond_every_type_are_refused(tmp_path, viewer, scan, labels, value):
    write_label_table(LabelTable.from_names({value: "far"}), tmp_path / "far.tsv")
    count = len(viewer.layers)
    labels.new_like.wanted.emit(lambda: set_of_file(tmp_path / "far.tsv"))
    assert labels.news.text() == (
        f"The set 'far' holds the value {value}, but labels go up to 65535; give it a smaller one"
    )
    assert len(viewer.layers) == count


def test_a_row_beyond_the_layers_type_cannot_be_drawn_with(viewer, shown, layer):
    update_metadata(layer, table=LabelTable((*TABLE, Label(300, "far", (1, 1, 1)))))
    LayerTable.of(layer).follow()
    click(shown, 300)
    assert layer.selected_label != 300
    assert "holds labels up to 255, so nothing can be drawn with 300" in shown.news.text()


def test_a_file_that_is_no_table_is_refused(tmp_path, scan, labels):
    (tmp_path / "x.tsv").write_text("a\tb\n1\t2\n")
    labels.new_like.wanted.emit(lambda: set_of_file(tmp_path / "x.tsv"))
    assert labels.news.text().startswith("'x.tsv' is not a table of labels")
    labels.new_like.wanted.emit(lambda: set_of_file(tmp_path / "none.tsv"))
    assert labels.news.text().startswith("There is no")
    assert "'none.tsv'" in labels.news.text()


def test_without_a_scan_the_menu_says_to_open_one(labels):
    entry = labels.new_like.menuAction()
    assert not entry.isEnabled()
    assert entry.toolTip() == "Open a scan first"
    labels.new_like.wanted.emit(lambda: PRESETS[0])
    assert labels.news.text() == "Open a scan first: new labels lie on its grid"


def test_a_departure_from_the_set_is_flagged_above_the_table(scan, labels):
    entries(labels.new_like)["Brain, tissues"].trigger()
    assert not labels.flag.isVisible()
    labels.acts.rename(1, "cortex")
    labels.acts.add()
    assert labels.flag.isVisible()
    assert labels.flag.text() == (
        "⚑ Departs from 'Brain, tissues': 1 is 'cortex' and not 'grey matter'; "
        "4 'label 4' is not of the set"
    )
    labels.acts.rename(1, "grey matter")
    labels.acts.delete([4])
    assert not labels.flag.isVisible()


def test_without_a_layer_nothing_can_be_done_and_nothing_breaks(labels):
    labels.next_label()
    labels.show_all()
    labels.acts.jump(3)
    labels.acts.delete([3])
    press(labels, Qt.Key.Key_Space)
    press(labels, Qt.Key.Key_Return)
    press(labels, Qt.Key.Key_Delete)
    assert not labels.add.isEnabled()
    assert labels.add.toolTip() == "Choose or make labels first"
    assert labels.model.rowCount() == 0


def test_a_layer_removed_meanwhile_leaves_an_empty_table(viewer, shown, layer):
    viewer.layers.remove(layer)
    assert shown.layer is None
    assert shown.model.rowCount() == 0
    shown.set_layer(layer)
    assert shown.layer is None


def test_a_read_only_layer_says_why_it_cannot_be_edited(viewer, labels):
    array = np.zeros(GRID.shape, np.uint8)
    array[0, 0, 0] = LIVER
    layer = labels_layer(LabelMap(array, GRID, TABLE), name="fixed")
    layer.data.flags.writeable = False
    viewer.add_layer(layer)
    labels.set_layer(layer)
    click(labels, LIVER)
    assert not labels.add.isEnabled()
    assert "'fixed' is read-only and cannot be edited" in labels.add.toolTip()
    press(labels, Qt.Key.Key_Delete)
    assert "'fixed' is read-only and cannot be edited" in labels.news.text()
    click(labels, LIVER, Column.LOCK)
    assert not row(labels, LIVER).is_locked
    assert np.asarray(layer.data)[layer.data == LIVER].size == 1


def test_another_layer_brings_its_own_rows_and_selection(viewer, shown, layer, scan):
    array = np.zeros(GRID.shape, np.uint8)
    other = labels_layer(
        LabelMap(array, GRID, LabelTable.from_names({2: "a", 5: "b"})), name="other", like=scan
    )
    viewer.add_layer(other)
    layer.selected_label, other.selected_label = CYST, 5
    shown.set_layer(other)
    assert [row.name for row in shown.model.rows] == ["a", "b"]
    assert shown.view.selected == (5,)
    assert (layer.selected_label, other.selected_label) == (CYST, 5)
    shown.set_layer(layer)
    assert shown.view.selected == (CYST,)
    assert (layer.selected_label, other.selected_label) == (CYST, 5)


def test_release_leaves_no_callback_behind(qtbot, viewer, layer):
    emitters = (
        viewer.layers.events.removed,
        viewer.layers.events.inserted,
        viewer.events.theme,
        layer.events.selected_label,
    )
    LayerTable.of(layer)
    before = [len(emitter.callbacks) for emitter in emitters]
    widget = LabelList(viewer)
    qtbot.addWidget(widget)
    widget.set_layer(layer)
    assert [len(emitter.callbacks) for emitter in emitters] != before
    widget.release()
    assert [len(emitter.callbacks) for emitter in emitters] == before
    layer.selected_label = SPLEEN


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_rows_are_drawn_in_each_theme_at_320_pixels(viewer, shown, theme):
    viewer.theme = theme
    shown.resize(320, 240)
    QApplication.processEvents()
    assert shown.view.columnWidth(Column.NAME) > 120
    right = shown.view.visualRect(shown.model.index(0, int(Column.STATUS))).right()
    assert right <= shown.view.viewport().width()
    image = shown.view.viewport().grab().toImage()
    at = place(shown, LIVER, Column.COLOUR) + QPoint(1, 0)
    assert image.pixelColor(at).getRgb()[:3] == (200, 10, 20)


def test_the_proxies_that_napari_hands_to_plugins_do(qtbot, viewer, layer):
    proxy = PublicOnlyProxy(viewer)
    widget = LabelList(proxy)
    qtbot.addWidget(widget)
    widget.set_layer(proxy.layers["organs"])
    widget.set_scan(proxy.layers["CT"])
    widget.acts.delete([LIVER])
    layer.undo()
    assert widget.layer is layer
    assert values(widget) == [LIVER, SPLEEN, CYST]
    viewer.layers.remove(layer)
    assert widget.layer is None
    widget.release()


def test_a_press_of_napari_s_own_brush_shows_the_label_again(shown, layer):
    shown.acts.set_visible([LIVER, SPLEEN], False)
    layer.selected_label = SPLEEN
    pointer = Pointer(layer)
    pointer.drag((0, 0, 0))
    assert not row(shown, SPLEEN).is_visible
    layer.mode = "paint"
    pointer.drag((0, 0, 0))
    assert row(shown, SPLEEN).is_visible
    assert not row(shown, LIVER).is_visible
    shown.set_layer(None)
    assert on_press not in layer.mouse_drag_callbacks
