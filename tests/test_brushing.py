"""The brushes' controls and strokes without a window: what they offer, refuse and write."""

import gc
import weakref

import numpy as np
import pytest
from kept_labels_case import wait_until
from labels_in_hand import Pointer
from napari.components import ViewerModel

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_edits.strokes import Kind
from napari_seg.imaging.label_table import Label, LabelTable
from napari_seg.imaging.scan import LabelMap, Scan, Source
from napari_seg.viewer.brushing import Brushes, drawing
from napari_seg.viewer.brushing.earlier import EarlierState
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.keeping import Keeping
from napari_seg.viewer.kept_labels import KeptLabels
from napari_seg.viewer.label_list import LayerTable
from napari_seg.viewer.layers import image_layer, labels_layer, metadata_of, update_metadata
from napari_seg.viewer.undo import Stroke, write_region

# As shown, z, y, x: slices of 3 mm.
SHAPE, SPACING = (8, 20, 24), (3.0, 1.0, 1.0)
GEOMETRY = Geometry(SHAPE[::-1], np.diag([*SPACING[::-1], 1.0]))
TABLE = LabelTable((Label(1, "liver", (200, 80, 60)), Label(2, "spleen", (60, 160, 220))))
MIDDLE = (4, 10, 12)


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def scan(viewer):
    voxels = np.zeros(SHAPE, np.int16)
    voxels[:, :, 12:] = 100
    scan = Scan(voxels.T, GEOMETRY, source=Source(modality="CT"))
    layer = viewer.add_layer(image_layer(scan, name="ct"))
    # The scan is shown turned, with its bright half on the left.
    assert layer.data[0, 0, 0] == 100
    return layer


@pytest.fixture
def layer(viewer, scan):
    return add_labels(viewer, np.zeros(SHAPE, np.uint8), scan)


@pytest.fixture
def brushes(viewer, layer, scan, qtbot):
    brushes = Brushes(viewer)
    qtbot.addWidget(brushes)
    brushes.set_layer(layer)
    brushes.set_scan(scan)
    brushes.diameter.setValue(6)
    yield brushes
    brushes.release()


@pytest.fixture
def said(monkeypatch):
    said = []
    monkeypatch.setattr("napari_seg.viewer.brushing.brushes.show_info", said.append)
    return said


def add_labels(viewer, shown, scan, name="labels"):
    labels = LabelMap(np.zeros(shown.shape[::-1], shown.dtype), GEOMETRY, TABLE)
    layer = viewer.add_layer(labels_layer(labels, name=name, like=scan))
    layer.data[...] = shown
    viewer.dims.set_current_step(0, MIDDLE[0])
    return layer


def names(layer):
    return [step.name for step in EditHistory.of(layer).steps]


def reason(brushes, kind):
    button = brushes.row.buttons[kind]
    return "" if button.isEnabled() else button.toolTip()


# What each brush needs


def test_without_labels_every_brush_is_disabled_and_says_why(viewer, scan, qtbot, said):
    brushes = Brushes(viewer)
    qtbot.addWidget(brushes)
    brushes.set_scan(scan)
    assert {reason(brushes, kind) for kind in Kind} == {"Open or make labels first"}
    brushes.take(Kind.PAINT)
    assert said == ["Open or make labels first"]
    brushes.release()


def test_without_a_scan_the_brushes_that_look_at_one_say_so(brushes):
    brushes.set_scan(None)
    for kind in (Kind.ADAPTIVE, Kind.THRESHOLD):
        assert "looks at a scan" in reason(brushes, kind)
    assert not reason(brushes, Kind.PAINT)


def test_a_scan_on_another_grid_is_refused(viewer, brushes):
    other = Scan(np.zeros((24, 20, 9), np.int16), Geometry((24, 20, 9), np.eye(4)))
    brushes.set_scan(viewer.add_layer(image_layer(other, name="pet")))
    assert "'pet' has another grid than the labels; resample" in reason(brushes, Kind.ADAPTIVE)
    moved = np.diag([*SPACING[::-1], 1.0])
    moved[2, 3] = 1.0
    shifted = Scan(np.zeros(SHAPE[::-1], np.int16), Geometry(SHAPE[::-1], moved))
    brushes.set_scan(viewer.add_layer(image_layer(shifted, name="late")))
    assert "'late' has another grid" in reason(brushes, Kind.THRESHOLD)


def test_a_brush_that_loses_its_scan_is_put_down(brushes):
    brushes.take(Kind.ADAPTIVE)
    brushes.set_scan(None)
    assert brushes.hand.kind is None


def test_of_several_channels_the_one_shown_is_looked_at(viewer, qtbot):
    voxels = np.zeros((*SHAPE[::-1], 2), np.float32)
    voxels[:, :, :, 1] = 50
    image = viewer.add_layer(image_layer(Scan(voxels, GEOMETRY, ("t1", "t2")), name="both"))
    layer = add_labels(viewer, np.zeros(SHAPE, np.uint8), image)
    brushes = Brushes(viewer)
    qtbot.addWidget(brushes)
    brushes.set_layer(layer)
    brushes.set_scan(image)
    brushes.take(Kind.THRESHOLD)
    brushes.intensities.low.setValue(40)
    brushes.intensities.high.setValue(60)
    for channel, is_painted in ((0, False), (1, True)):
        viewer.dims.set_current_step(0, channel)
        Pointer(layer).drag(MIDDLE)
        assert layer.data.any() == is_painted
    brushes.release()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_labels_of_either_type_are_painted(viewer, scan, brushes, dtype):
    layer = add_labels(viewer, np.zeros(SHAPE, dtype), scan, name="others")
    brushes.set_layer(layer)
    layer.selected_label = 200
    brushes.take(Kind.PAINT)
    Pointer(layer).drag(MIDDLE)
    assert layer.data.dtype == dtype
    # Within 3 mm of a voxel of 1 mm lie 29.
    assert np.count_nonzero(layer.data == 200) == 29


def test_a_picture_is_painted(viewer, qtbot):
    layer = viewer.add_labels(np.zeros((20, 24), np.uint8))
    brushes = Brushes(viewer)
    qtbot.addWidget(brushes)
    brushes.set_layer(layer)
    brushes.diameter.setValue(6)
    brushes.sphere.setChecked(True)
    brushes.take(Kind.PAINT)
    Pointer(layer).drag((10, 12))
    assert np.count_nonzero(layer.data) == 29
    brushes.release()


def test_labels_that_cannot_be_edited_are_refused_with_the_way_out(viewer, brushes):
    fixed = np.zeros(SHAPE, np.uint8)
    fixed.flags.writeable = False
    brushes.set_layer(viewer.add_labels(fixed, name="fixed"))
    assert "'fixed' is read-only" in reason(brushes, Kind.PAINT)
    brushes.set_layer(viewer.add_labels(np.zeros((2, *SHAPE), np.uint8), name="times"))
    assert "'times' has 4 dimensions" in reason(brushes, Kind.PAINT)
    assert "Split Stack" in reason(brushes, Kind.PAINT)


# Where it draws


def test_the_labels_of_the_table_are_offered_by_name(layer, brushes):
    def offered():
        return [brushes.only_in.itemText(place) for place in range(brushes.only_in.count())]

    assert offered() == ["anywhere", "empty voxels", "liver", "spleen"]
    brushes.only_in.setCurrentText("spleen")
    table = LabelTable((*TABLE, Label(3, "cyst", (1, 2, 3))))
    update_metadata(layer, table=table)
    assert offered() == ["anywhere", "empty voxels", "liver", "spleen", "cyst"]
    assert brushes.only_in.over == 2


@pytest.mark.parametrize(
    ("only_in", "preserve", "kind", "changed"),
    [
        ("anywhere", False, Kind.PAINT, {0, 2}),
        ("empty voxels", False, Kind.PAINT, {0}),
        ("spleen", False, Kind.PAINT, {2}),
        ("anywhere", True, Kind.PAINT, {0}),
        ("anywhere", False, Kind.ERASE, {1, 2}),
        ("empty voxels", False, Kind.ERASE, {1, 2}),
        ("spleen", False, Kind.ERASE, {2}),
        ("anywhere", True, Kind.ERASE, {1}),
    ],
)
def test_only_what_may_be_drawn_over_changes(layer, brushes, only_in, preserve, kind, changed):
    layer.data[:, :, :11], layer.data[:, :, 14:] = 1, 2
    before = layer.data.copy()
    layer.preserve_labels = preserve
    brushes.only_in.setCurrentText(only_in)
    brushes.take(kind)
    Pointer(layer).drag(MIDDLE)
    assert set(before[layer.data != before].tolist()) == changed


def test_the_range_follows_the_window_until_one_is_typed(scan, brushes):
    ranges = brushes.intensities
    scan.contrast_limits = (-20, 80)
    assert ranges.limits == (-20, 80)
    ranges.low.setValue(10)
    scan.contrast_limits = (-30, 90)
    assert ranges.limits == (10, 80)
    ranges.low.setValue(100)
    assert ranges.limits == (100, 100)
    ranges.from_window.click()
    assert ranges.limits == (-30, 90)
    assert ranges.low.suffix() == " HU"


# What it writes


def test_an_eraser_names_what_it_took(layer, brushes):
    layer.data[:, :, :12], layer.data[:, :, 12:] = 1, 2
    brushes.take(Kind.ERASE)
    Pointer(layer).drag((4, 10, 5))
    Pointer(layer).drag((4, 10, 12))
    assert names(layer) == ["erase: liver", "erase: 2 labels"]


def test_what_takes_longer_is_drawn_after_the_event_in_the_same_step(layer, brushes, monkeypatch):
    monkeypatch.setattr(drawing, "_SECONDS", 0.0)
    brushes.take(Kind.ADAPTIVE)
    brushes.diameter.setValue(4)
    pointer = Pointer(layer)
    pointer.press(4, 10, 2)
    pointer.move(4, 10, 10)
    soon = np.count_nonzero(layer.data)
    pointer.release(4, 10, 10)
    assert names(layer) == []
    assert brushes.hand.drawing is not None
    wait_until(lambda: brushes.hand.drawing is None)
    assert np.count_nonzero(layer.data) > soon
    assert names(layer) == ["adaptive brush: liver"]
    assert layer.data[4, 10, 2:11].all()


def test_a_new_stroke_ends_the_one_before(layer, brushes, monkeypatch):
    monkeypatch.setattr(drawing, "_SECONDS", 0.0)
    brushes.take(Kind.ADAPTIVE)
    for row in (5, 15):
        pointer = Pointer(layer)
        pointer.press(4, row, 2)
        pointer.move(4, row, 10)
        pointer.release(4, row, 10)
    wait_until(lambda: brushes.hand.drawing is None)
    assert names(layer) == ["adaptive brush: liver"] * 2
    assert layer.data[4, [5, 15], 10].all()


def test_an_error_in_the_midst_of_a_stroke_leaves_a_step_that_can_be_undone(
    layer, brushes, monkeypatch
):
    brushes.take(Kind.PAINT)
    pointer = Pointer(layer)
    pointer.press(4, 10, 4)
    monkeypatch.setattr(
        Stroke, "write", lambda *_args, **_options: (_ for _ in ()).throw(OSError("disk"))
    )
    with pytest.raises(OSError, match="disk"):
        pointer.move(4, 10, 12)
    assert not layer._block_history
    assert names(layer) == ["brush: liver"]
    layer.undo()
    assert not layer.data.any()


def test_other_voxels_in_the_midst_of_a_stroke_end_it(layer, brushes, monkeypatch):
    monkeypatch.setattr(drawing, "_SECONDS", 0.0)
    brushes.take(Kind.ADAPTIVE)
    pointer = Pointer(layer)
    pointer.press(4, 10, 2)
    pointer.move(4, 10, 20)
    layer.data = np.zeros((3, 5, 5), np.uint8)
    assert brushes.hand.kind is None
    pointer.release(4, 10, 20)
    assert not layer.data.any()
    assert not layer._block_history
    assert names(layer) == []


def test_a_stroke_keeps_little_and_is_undone_whole(viewer, scan):
    layer = viewer.add_labels(np.zeros((60, 60, 60), np.uint8))
    history = EditHistory.of(layer)
    layer.data[:30] = 3
    before = layer.data.copy()
    grid = np.indices((25, 25, 25)) - 12
    ball = (grid**2).sum(axis=0) <= 12**2
    stroke = Stroke(layer, "brush")
    for place in range(32):
        stroke.write((slice(place, place + 25),) * 3, 1, where=ball)
    stroke.end()
    after = layer.data.copy()
    # A mask for each of the 32 writes would take half a megabyte.
    assert history.kept_bytes < 200_000
    layer.undo()
    assert np.array_equal(layer.data, before)
    layer.redo()
    assert np.array_equal(layer.data, after)


# Restoring


@pytest.fixture
def segmented(layer):
    result = np.zeros(SHAPE, np.uint8)
    result[2:6, 5:15, 6:18] = 2
    whole = tuple(slice(0, count) for count in SHAPE)
    write_region(layer, whole, result, name="Segment", by="network")
    update_metadata(layer, written=((KeptLabels.of(layer.data), {}),))
    return layer


def restore(brushes, layer, *point):
    if brushes.hand.kind is not Kind.RESTORE:
        brushes.take(Kind.RESTORE)
    wait_until(lambda: brushes._unpacking.array is not None)
    Pointer(layer).drag(point)


def test_nothing_to_restore_is_told(brushes, layer):
    assert "There is nothing to restore" in reason(brushes, Kind.RESTORE)


def test_the_network_s_result_is_painted_back_also_after_its_undo(brushes, segmented):
    layer = segmented
    layer.undo()
    assert not layer.data.any()
    restore(brushes, layer, *MIDDLE)
    assert np.count_nonzero(layer.data == 2) == 29
    assert names(layer) == ["restore: spleen"]
    layer.undo()
    assert not layer.data.any()


def test_a_newer_result_is_restored_in_its_place(brushes, segmented):
    restore(brushes, segmented, *MIDDLE)
    newer = np.full(SHAPE, 1, np.uint8)
    written = metadata_of(segmented)["written"]
    update_metadata(segmented, written=(*written, (KeptLabels.of(newer), {})))
    wait_until(lambda: brushes._unpacking.array is not None and brushes._unpacking.array.all())
    restore(brushes, segmented, *MIDDLE)
    assert np.count_nonzero(segmented.data == 1) == 29


def test_what_was_saved_is_offered_and_restored(
    viewer, layer, brushes, tmp_path, monkeypatch, qtbot
):
    monkeypatch.chdir(tmp_path)
    keeping = Keeping(viewer, folder=tmp_path / "journals")
    layer.data[3:6, 5:15, 6:18] = 1
    EditHistory.of(layer).cleared.emit()
    update_metadata(viewer.layers["ct"], path=tmp_path / "ct.nii.gz")
    brushes._on_later()
    with qtbot.waitSignal(keeping.said, timeout=20_000):
        wait_until(lambda: brushes._kept is not None and brushes._kept.background is not None)
        keeping.save(layer)
    assert [brushes.earlier.itemText(0)] == ["as saved in ct_dseg.nii.gz"]
    layer.data[...] = 0
    restore(brushes, layer, *MIDDLE)
    assert np.count_nonzero(layer.data == 1) == 29
    keeping.release()


def test_a_press_before_the_earlier_labels_are_there_is_answered(brushes, segmented, said):
    brushes.take(Kind.RESTORE)
    before = segmented.data.copy()
    Pointer(segmented).drag(MIDDLE)
    assert said == ["The earlier labels are being unpacked; draw again in a moment"]
    assert np.array_equal(segmented.data, before)
    wait_until(lambda: brushes._unpacking.array is not None)
    brushes.take(Kind.PAINT)
    assert brushes._unpacking.array is None


# Keys, and letting go


def test_each_brush_has_an_action_and_shows_its_key(brushes):
    actions = {action.name: action for action in brushes.offers}
    assert {name: action.key for name, action in actions.items()} == {
        "brush_paint": "Shift+P",
        "brush_erase": "Shift+E",
        "brush_adaptive": "A",
        "brush_threshold": "T",
        "brush_nudge": "N",
        "brush_restore": "R",
        "brush_sphere": None,
    }
    actions["brush_adaptive"].run()
    assert brushes.hand.kind is Kind.ADAPTIVE
    actions["brush_adaptive"].run()
    assert brushes.hand.kind is None
    actions["brush_sphere"].run()
    assert brushes.sphere.isChecked()
    brushes.show_keys({f"brush_{kind.value}": "" for kind in Kind}.__getitem__)
    assert brushes.row.buttons[Kind.ADAPTIVE].text() == "Adaptive"
    brushes.show_keys({f"brush_{kind.value}": "Y" for kind in Kind}.__getitem__)
    assert brushes.row.buttons[Kind.ADAPTIVE].text() == "Adaptive Y"
    assert "(Y)" in brushes.row.buttons[Kind.ADAPTIVE].toolTip()


def test_what_a_brush_needs_more_shows_while_it_is_in_hand(brushes):
    def shown():
        return [not widget.isHidden() for widget in (brushes.intensities, brushes.earlier)]

    assert shown() == [False, False]
    brushes.take(Kind.THRESHOLD)
    assert shown() == [True, False]
    brushes.take(Kind.PAINT)
    assert shown() == [False, False]


def test_another_layer_puts_the_brush_down_and_frees_the_one_before(viewer, scan, brushes):
    first = add_labels(viewer, np.zeros(SHAPE, np.uint8), scan, name="first")
    brushes.set_layer(first)
    brushes.take(Kind.PAINT)
    Pointer(first).drag(MIDDLE)
    second = viewer.layers["labels"]
    brushes.set_layer(second)
    assert first.mode == "pan_zoom"
    assert brushes.hand.kind is None
    viewer.layers.remove(first)
    gone = weakref.ref(first)
    del first
    viewer.add_points()
    gc.collect()
    assert gone() is None


def test_the_name_of_a_file_to_restore_makes_no_panel_wider(brushes):
    brushes.take(Kind.PAINT)
    brushes.show_kind(Kind.RESTORE)
    room = brushes.minimumSizeHint().width()
    state = EarlierState(f"as saved in {40 * 'long'}.nii.gz", None)
    brushes.show_earlier([state])
    assert brushes.minimumSizeHint().width() == room


def test_without_labels_a_brush_has_a_size_that_one_would_use(viewer, qtbot):
    brushes = Brushes(viewer)
    qtbot.addWidget(brushes)
    assert brushes.diameter.value() == 10
    brushes.release()


def test_a_stroke_shows_the_label_again_that_it_draws(brushes, layer):
    table = LayerTable.of(layer)
    table.set_visible([1, 2], False)
    layer.selected_label = 2
    brushes.take(Kind.PAINT)
    assert [row.is_visible for row in table.rows] == [False, False]
    Pointer(layer).drag(MIDDLE)
    assert [row.is_visible for row in table.rows] == [False, True]
    assert layer.colormap.map(2)[3] == 1
    assert layer.data[MIDDLE] == 2
    assert names(layer) == ["brush: spleen"]
