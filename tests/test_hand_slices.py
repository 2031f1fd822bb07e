import numpy as np
import pytest
from labels_in_hand import Pointer
from napari.components import ViewerModel

from napari_seg.viewer.editing.hand_slices import HandSlices
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.undo import write_region

LIVER, SPLEEN, KIDNEY = 1, 2, 3
BALL = np.linalg.norm(np.mgrid[-2:3, -2:3, -2:3], axis=0) <= 2


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def layer(viewer):
    layer = viewer.add_labels(np.zeros((9, 12, 14), np.uint8), name="organs")
    layer.brush_size = 3
    layer.mode = "paint"
    return layer


@pytest.fixture
def mine(layer):
    return HandSlices.of(layer)


def draw(viewer, layer, place, label=LIVER, axis=0):
    """Draw a short stroke in one slice of the plane across an axis."""
    viewer.dims.order = (axis, *(other for other in range(3) if other != axis))
    viewer.dims.set_current_step(axis, place)
    layer.selected_label = label
    ends = [[5, 5, 5], [6, 6, 6]]
    for end in ends:
        end[axis] = place
    Pointer(layer).drag(*ends)


def segment(layer, box, label):
    write_region(layer, box, label, name="Segment with a model", by="network")


def test_none_are_touched_before_the_first_stroke(mine):
    assert mine.slices(0, LIVER) == ()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_strokes_touch_the_slices_they_were_drawn_in(viewer, layer, mine, axis):
    for place in (7, 2, 4, 2):
        draw(viewer, layer, place, axis=axis)
    assert [mine.slices(each, LIVER) for each in range(3)] == [
        (2, 4, 7) if each == axis else () for each in range(3)
    ]


def test_each_label_has_its_own(viewer, layer, mine):
    draw(viewer, layer, 2, LIVER)
    draw(viewer, layer, 3, SPLEEN)
    draw(viewer, layer, 2, KIDNEY)
    # The kidney was drawn over the liver, which lost voxels there.
    assert [mine.slices(0, label) for label in (LIVER, SPLEEN, KIDNEY)] == [(2,), (3,), (2,)]


def test_erasing_touches_too(viewer, layer, mine):
    write_region(layer, (slice(0, 9), slice(2, 9), slice(2, 9)), LIVER)
    assert mine.slices(0, LIVER) == ()
    layer.mode = "erase"
    draw(viewer, layer, 4)
    assert mine.slices(0, LIVER) == (4,)


def test_undo_forgets_and_redo_remembers(viewer, layer, mine):
    draw(viewer, layer, 2)
    draw(viewer, layer, 5)
    layer.undo()
    assert mine.slices(0, LIVER) == (2,)
    layer.redo()
    assert mine.slices(0, LIVER) == (2, 5)
    EditHistory.of(layer).go_to(None)
    assert mine.slices(0, LIVER) == ()


def test_tools_leave_what_was_touched(viewer, layer, mine):
    draw(viewer, layer, 2)
    write_region(layer, (slice(0, 9), slice(0, 12), slice(0, 14)), LIVER, name="Grow")
    assert mine.slices(0, LIVER) == (2,)


def test_a_network_takes_the_slices_it_writes_until_it_is_undone(viewer, layer, mine):
    draw(viewer, layer, 2)
    draw(viewer, layer, 7)
    segment(layer, (slice(0, 5), slice(0, 12), slice(0, 14)), SPLEEN)
    assert mine.slices(0, LIVER) == (7,)
    draw(viewer, layer, 3)
    assert mine.slices(0, LIVER) == (3, 7)
    layer.undo()
    layer.undo()
    assert mine.slices(0, LIVER) == (2, 7)


def test_a_round_stroke_in_3d_touches_all_its_slices(layer, mine):
    box = (slice(2, 7), slice(3, 8), slice(4, 9))
    write_region(layer, box, LIVER, name="round brush: liver", by="hand", where=BALL)
    assert [mine.slices(axis, LIVER) for axis in range(3)] == [
        (2, 3, 4, 5, 6),
        (3, 4, 5, 6, 7),
        (4, 5, 6, 7, 8),
    ]


def test_a_round_stroke_in_one_of_several_times_touches_all_its_slices(viewer):
    layer = viewer.add_labels(np.zeros((2, 9, 12, 14), np.uint8))
    mine = HandSlices.of(layer)
    box = (slice(1, 2), slice(2, 7), slice(3, 8), slice(4, 9))
    write_region(layer, box, LIVER, by="hand", where=BALL[None])
    assert mine.slices(1, LIVER) == (2, 3, 4, 5, 6)


def test_a_stroke_that_gains_as_much_as_it_loses_touches(viewer, layer, mine):
    write_region(layer, (slice(3, 4), slice(2, 5), slice(2, 5)), LIVER)
    box = (slice(3, 4), slice(2, 6), slice(2, 5))
    pushed = np.full((1, 4, 3), LIVER)
    pushed[:, 0] = 0
    write_region(layer, box, pushed, name="nudge: liver", by="hand")
    assert EditHistory.of(layer).steps[-1].changes == {LIVER: 0}
    assert mine.slices(0, LIVER) == (3,)


def test_strokes_that_the_history_dropped_are_remembered(viewer, layer, mine):
    for place in (1, 2, 3):
        draw(viewer, layer, place)
    history = EditHistory.of(layer)
    history.limit_bytes = 1
    assert len(history.steps) == 1
    assert mine.slices(0, LIVER) == (1, 2, 3)


def test_other_voxels_from_elsewhere_are_nobodys(viewer, layer, mine):
    draw(viewer, layer, 2)
    layer.data = np.ones_like(layer.data)
    assert mine.slices(0, LIVER) == ()


def test_strokes_from_before_are_known(viewer, layer):
    EditHistory.of(layer)
    draw(viewer, layer, 2)
    draw(viewer, layer, 4)
    layer.undo()
    mine = HandSlices.of(layer)
    assert HandSlices.of(layer) is mine
    assert mine.slices(0, LIVER) == (2,)


def test_it_tells_of_changes(viewer, layer, mine):
    told = []
    mine.changed.connect(lambda: told.append(mine.slices(0, LIVER)))
    draw(viewer, layer, 2)
    layer.undo()
    assert told == [(2,), ()]


def test_released_it_follows_no_more(viewer, layer, mine):
    mine.release()
    draw(viewer, layer, 2)
    assert mine.slices(0, LIVER) == ()
    assert HandSlices.of(layer) is not mine
