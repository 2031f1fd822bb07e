import numpy as np
import pytest
from napari.components import ViewerModel

from napari_seg.viewer.undo import write_region

SHAPE = (12, 40, 44)
WHOLE = tuple(slice(0, length) for length in SHAPE)

ways = pytest.mark.parametrize("public_only", [False, True], ids=["fast", "public"])


def add_labels(data):
    return ViewerModel().add_labels(data)


@ways
@pytest.mark.parametrize("contour", [0, 2])
@pytest.mark.parametrize("ndisplay", [2, 3])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "uint64"])
def test_a_region_is_one_step_of_undo(dtype, ndisplay, contour, public_only):
    random = np.random.default_rng(0)
    start = random.integers(0, 3, SHAPE).astype(dtype)
    after = random.integers(0, 6, SHAPE)
    viewer = ViewerModel()
    layer = viewer.add_labels(start.copy())
    viewer.dims.ndisplay = ndisplay
    layer.contour = contour if ndisplay == 2 else 0
    painted = []
    layer.events.paint.connect(painted.append)

    count = write_region(layer, WHOLE, after, public_only=public_only)

    assert count == (start != after).sum()
    assert len(layer._undo_history) == len(painted) == 1
    assert (layer.data == after).all()
    layer.undo()
    assert (layer.data == start).all()
    layer.redo()
    assert (layer.data == after).all()


@ways
def test_only_the_masked_part_of_a_box_changes(public_only):
    layer = add_labels(np.zeros(SHAPE, np.uint8))
    box = (slice(2, 9), slice(5, 30), slice(6, 33))
    mask = np.random.default_rng(0).random((7, 25, 27)) > 0.5
    expected = np.zeros(SHAPE, np.uint8)
    expected[box][mask] = 7
    write_region(layer, box, 7, where=mask, public_only=public_only)
    assert (layer.data == expected).all()


@ways
def test_a_brush_stroke_after_it_is_a_step_of_its_own(public_only):
    layer = add_labels(np.zeros(SHAPE, np.uint8))
    write_region(layer, WHOLE, 2, public_only=public_only)
    layer.paint((6, 20, 20), 3)
    layer.undo()
    assert (layer.data == 2).all()
    layer.undo()
    assert not layer.data.any()


@ways
def test_what_is_shown_follows(public_only):
    viewer = ViewerModel()
    layer = viewer.add_labels(np.zeros(SHAPE, np.uint8))
    viewer.dims.set_current_step(0, 6)
    write_region(layer, WHOLE, 2, public_only=public_only)
    expected = layer.colormap._data_to_texture(layer.data[6])
    assert np.array_equal(layer._slice.image.view, expected)


@ways
def test_preserved_labels_stay_unless_told_otherwise(public_only):
    start = np.zeros((5, 9, 9), np.uint8)
    start[2] = 1
    box = tuple(slice(0, length) for length in start.shape)
    layer = add_labels(start.copy())
    layer.preserve_labels = True
    write_region(layer, box, 2, public_only=public_only)
    assert (layer.data[2] == 1).all()
    assert (layer.data[0] == 2).all()
    write_region(layer, box, 3, preserve=False, public_only=public_only)
    assert (layer.data == 3).all()
    assert layer.preserve_labels


@ways
def test_many_labels_are_one_step_too(public_only):
    random = np.random.default_rng(0)
    start = random.integers(0, 3, SHAPE).astype(np.uint8)
    box = (slice(2, 9), slice(5, 30), slice(6, 33))
    after = start.copy()
    mask = random.random((7, 25, 27)) > 0.5
    values = random.integers(0, 40, mask.shape)
    after[box][mask] = values[mask]
    layer = add_labels(start.copy())
    layer.paint((6, 20, 20), 3)
    layer.undo()
    count = write_region(layer, box, values, where=mask, public_only=public_only)
    assert count == (start != after).sum()
    assert len(layer._undo_history) == 1
    for expected in (after, start, after):
        assert np.array_equal(layer.data, expected)
        (layer.redo if layer._redo_history else layer.undo)()


def test_a_label_that_does_not_fit_the_type_is_refused():
    layer = add_labels(np.zeros((5, 9, 9), np.uint8))
    with pytest.raises(ValueError, match="from 0 to 255"):
        write_region(layer, (slice(0, 5), slice(0, 9), slice(0, 9)), 300)
    assert not layer.data.any()
    assert not layer._undo_history


def test_writing_what_is_there_leaves_no_step():
    layer = add_labels(np.zeros((5, 9, 9), np.uint8))
    assert write_region(layer, (slice(0, 5), slice(0, 9), slice(0, 9)), 0) == 0
    assert not layer._undo_history


def test_the_fast_way_keeps_little_history():
    layer = add_labels(np.zeros((64, 128, 128), np.uint8))
    write_region(layer, (slice(0, 64), slice(0, 128), slice(0, 128)), 1)
    kept = sum(
        atom.old_values.nbytes + (0 if atom.mask is None else atom.mask.nbytes)
        for atom in layer._undo_history[-1]
    )
    assert kept <= 2 * layer.data.nbytes
