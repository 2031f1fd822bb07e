import gc
import weakref

import numpy as np
import pytest
from labels_in_hand import Pointer, remove
from napari.components import ViewerModel
from napari.layers import Labels

from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.editing.locks import LabelLocks
from napari_seg.viewer.undo import write_region
from napari_seg.viewer.viewing.side_layers import SideLabels

LIVER, SPLEEN = 1, 2


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def layer(viewer):
    """A slab of liver above, one of spleen below, in five slices of 10 x 12."""
    data = np.zeros((5, 10, 12), np.uint8)
    data[:, 2:5] = LIVER
    data[:, 6:9] = SPLEEN
    layer = viewer.add_labels(data, scale=(3, 1, 1))
    viewer.dims.set_current_step(0, 2)
    layer.brush_size = 3
    return layer


def box_of(layer):
    return tuple(slice(0, length) for length in layer.data.shape)


def kept(layer, before, label):
    return np.array_equal(layer.data == label, before == label)


def paint_all(layer, label):
    layer.brush_size = 40
    layer.paint((2, 5, 6), label)


def fill_liver(layer, label):
    layer.fill((2, 3, 6), label)


def fill_around(layer, label):
    layer.fill((2, 5, 6), label)


def draw_polygon(layer, label):
    layer.paint_polygon([(2, 0, 0), (2, 0, 11), (2, 9, 11), (2, 9, 0)], label)


def set_items(layer, label):
    layer.data_setitem(np.nonzero(np.ones(layer.data.shape)), label)


def set_items_one_by_one(layer, label):
    indices = np.nonzero(np.ones(layer.data.shape))
    layer.data_setitem(indices, np.full(indices[0].size, label))


def write(layer, label):
    write_region(layer, box_of(layer), label)


def write_publicly(layer, label):
    write_region(layer, box_of(layer), label, public_only=True)


WAYS = [
    paint_all,
    fill_liver,
    fill_around,
    draw_polygon,
    set_items,
    set_items_one_by_one,
    write,
    write_publicly,
]


@pytest.mark.parametrize("label", [0, LIVER, SPLEEN, 7])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_nothing_that_draws_changes_a_locked_label(layer, way, label):
    before = layer.data.copy()
    LabelLocks.of(layer).lock(LIVER)
    way(layer, label)
    assert kept(layer, before, LIVER)


@pytest.mark.parametrize("way", [way for way in WAYS if way is not fill_liver])
def test_what_is_not_locked_is_drawn(layer, way):
    LabelLocks.of(layer).lock(LIVER)
    before = layer.data.copy()
    way(layer, 7)
    drawn = before[2] == 0 if way is fill_around else before[2] != LIVER
    # Fill takes the part between the slabs alone.
    assert (layer.data[2] == 7)[drawn].any()
    if way is not fill_around:
        assert np.array_equal(layer.data[2] == 7, drawn)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_history_and_voxels_agree(layer, way):
    before = layer.data.copy()
    LabelLocks.of(layer).lock(LIVER)
    way(layer, 7)
    after = layer.data.copy()
    layer.undo()
    assert np.array_equal(layer.data, before)
    layer.redo()
    assert np.array_equal(layer.data, after)


def test_undo_and_redo_change_a_locked_label(layer):
    before = layer.data.copy()
    paint_all(layer, LIVER)
    after = layer.data.copy()
    LabelLocks.of(layer).lock(LIVER)
    layer.undo()
    assert np.array_equal(layer.data, before)
    layer.redo()
    assert np.array_equal(layer.data, after)


def test_a_stroke_of_the_mouse_stops_at_a_locked_label(layer):
    LabelLocks.of(layer).lock(LIVER)
    before = layer.data.copy()
    layer.mode = "paint"
    layer.selected_label = 7
    Pointer(layer).drag((2, 0, 6), (2, 9, 6))
    assert kept(layer, before, LIVER)
    assert (layer.data[2, [0, 1, 5, 6, 7, 8, 9], 6] == 7).all()
    assert len(layer._undo_history) == 1


def test_the_eraser_in_3d_passes_a_locked_label(viewer, layer):
    viewer.dims.ndisplay = 3
    layer.n_edit_dimensions = 3
    layer.brush_size = 5
    layer.mode = "erase"
    LabelLocks.of(layer).lock(LIVER)
    before = layer.data.copy()
    Pointer(layer).drag((-1, 2.1, 6.1), (-1, 8.1, 6.1))
    assert kept(layer, before, LIVER)
    assert (layer.data == SPLEEN).sum() < (before == SPLEEN).sum()


def test_a_brush_of_three_dimensions_passes_a_locked_label(layer):
    LabelLocks.of(layer).lock(LIVER)
    before = layer.data.copy()
    layer.n_edit_dimensions = 3
    layer.brush_size = 30
    layer.paint((2, 5, 6), 7)
    assert kept(layer, before, LIVER)
    assert np.array_equal(layer.data == 7, before != LIVER)


def test_a_second_view_of_the_layer_keeps_to_its_locks(layer):
    LabelLocks.of(layer).lock(LIVER)
    before = layer.data.copy()
    paint_all(SideLabels(layer), 7)
    assert kept(layer, before, LIVER)
    assert (layer.data == 7).any()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32"])
def test_many_locked_labels(viewer, dtype):
    data = np.arange(200, dtype=dtype).reshape(2, 10, 10)
    layer = viewer.add_labels(data.copy())
    locked = range(1, 200, 3)
    LabelLocks.of(layer).lock(*locked)
    write_region(layer, box_of(layer), 5)
    assert np.array_equal(layer.data, np.where(np.isin(data, locked), data, 5))


def test_write_region_counts_what_it_changed(layer):
    LabelLocks.of(layer).lock(LIVER)
    assert write_region(layer, box_of(layer), LIVER) == 0
    assert write_region(layer, box_of(layer), 7) == (layer.data != LIVER).sum()
    assert len(layer._undo_history) == 1


def test_preserved_and_locked_labels_stay(layer):
    LabelLocks.of(layer).lock(LIVER)
    before = layer.data.copy()
    layer.preserve_labels = True
    paint_all(layer, 7)
    assert kept(layer, before, LIVER)
    assert kept(layer, before, SPLEEN)
    assert (layer.data == 7).any()


def test_an_unlocked_label_is_drawn_over_again(layer):
    locks = LabelLocks.of(layer)
    told = []
    locks.changed.connect(lambda: told.append(locks.labels))
    locks.lock(LIVER, SPLEEN)
    locks.lock(LIVER)
    locks.unlock(LIVER, 9)
    assert told == [{LIVER, SPLEEN}, {SPLEEN}]
    paint_all(layer, 7)
    assert not (layer.data[2] == LIVER).any()
    assert (layer.data[2] == SPLEEN).sum() == 36


def test_the_background_cannot_be_locked(layer):
    locks = LabelLocks.of(layer)
    with pytest.raises(ValueError, match="0 is the background"):
        locks.lock(3, 0)
    assert not locks.labels


def test_locks_of_a_layer_are_one_object(layer):
    assert LabelLocks.of(layer) is LabelLocks.of(layer)
    with pytest.raises(ValueError, match="has its LabelLocks already"):
        LabelLocks(layer)


def test_with_a_napari_that_writes_otherwise_locks_hold_for_our_tools(layer, monkeypatch):
    monkeypatch.delattr(Labels, "_apply_mask_to_data")
    monkeypatch.delattr(Labels, "_paint_region_with_mask")
    locks = LabelLocks.of(layer)
    before = layer.data.copy()
    assert not locks.holds_for_napari
    locks.lock(LIVER)
    assert write_region(layer, box_of(layer), 7) > 0
    assert kept(layer, before, LIVER)


def test_with_this_napari_locks_hold_for_its_tools(layer):
    assert LabelLocks.of(layer).holds_for_napari


@pytest.mark.parametrize("first", [LabelLocks, EditHistory], ids=["locks", "history"])
def test_released_in_any_order_the_layer_draws_as_napari_does(layer, first):
    kinds = [LabelLocks, EditHistory]
    parts = [kind.of(layer) for kind in kinds]
    parts[0].lock(LIVER)
    for part in sorted(parts, key=lambda part: type(part) is not first):
        part.release()
    paint_all(layer, 7)
    assert (layer.data[2] == 7).all()
    layer.undo()
    assert not (layer.data == 7).any()


def test_release_puts_back_what_another_plugin_had_put_there(layer):
    called = []

    def counted(*arguments):
        called.append(arguments)
        return Labels._apply_mask_to_data(layer, *arguments)

    layer._apply_mask_to_data = counted
    locks = LabelLocks.of(layer)
    paint_all(layer, 7)
    locks.release()
    paint_all(layer, 8)
    assert len(called) == 2
    assert layer._apply_mask_to_data is counted


def test_a_removed_layer_takes_its_locks_along(viewer):
    layer = viewer.add_labels(np.zeros((3, 10, 12), np.uint8))
    gone = weakref.ref(layer), weakref.ref(LabelLocks.of(layer))
    layer.paint((1, 5, 6), 7)
    remove(viewer, layer)
    del layer
    gc.collect()
    assert [reference() for reference in gone] == [None, None]
