"""What strokes of each brush make of small labels, with answers one can count."""

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_seg.imaging.label_edits.strokes import Brush, BrushStroke, Ground, Kind

# A slice is three times as thick as a voxel is wide.
SPACING = (3.0, 1.0, 1.0)
SHAPE = (7, 20, 24)


def ground(**others: NDArray[np.generic]) -> Ground:
    labels = others.pop("labels", np.zeros(SHAPE, np.uint8))
    return Ground(labels, SPACING, **others)


def draw(
    brush: Brush, on: Ground, *places: tuple[float, ...], label: int = 1, axis: int | None = 0
) -> NDArray[np.generic]:
    """Draw a stroke into the labels, and return them."""
    stroke = BrushStroke(brush, on, label, places[0], axis=axis)
    for place in places:
        for edit in stroke.draw_to(place):
            on.labels[edit.box][edit.changed] = edit.values[edit.changed]
    return on.labels


def ball(centre: tuple[float, ...], diameter_mm: float) -> NDArray[np.bool_]:
    """The voxels of the grid within half a diameter in mm, one by one."""
    grids = np.indices(SHAPE)
    square = sum(
        ((grid - at) * size) ** 2 for grid, at, size in zip(grids, centre, SPACING, strict=True)
    )
    return np.asarray(square <= (diameter_mm / 2) ** 2)


def in_slice(axis: int, index: int) -> NDArray[np.bool_]:
    found = np.zeros(SHAPE, bool)
    found[(slice(None),) * axis + (index,)] = True
    return found


@pytest.mark.parametrize(("axis", "index"), [(0, 3), (1, 10), (2, 12)])
def test_a_round_brush_is_round_in_mm_in_its_slice_alone(axis: int, index: int) -> None:
    drawn = draw(Brush(Kind.PAINT, 8), ground(), (3, 10, 12), axis=axis)
    assert np.array_equal(drawn == 1, ball((3, 10, 12), 8) & in_slice(axis, index))


def test_a_sphere_is_as_far_across_in_mm_through_the_slices() -> None:
    drawn = draw(Brush(Kind.PAINT, 12, is_sphere=True), ground(), (3, 10, 12)) == 1
    assert np.array_equal(drawn, ball((3, 10, 12), 12))
    # 12 mm: 13 voxels in the slice with the one in the middle, 5 slices of 3 mm.
    assert [np.ptp(np.nonzero(drawn)[axis]) + 1 for axis in range(3)] == [5, 13, 13]


def test_a_brush_between_voxels_touches_those_within_its_radius() -> None:
    drawn = draw(Brush(Kind.PAINT, 2), ground(), (3, 10.5, 12.5)) == 1
    assert np.array_equal(drawn, ball((3, 10.5, 12.5), 2) & in_slice(0, 3))
    assert drawn.sum() == 4


def test_a_long_fast_way_leaves_no_gap() -> None:
    drawn = draw(Brush(Kind.PAINT, 3), ground(), (3, 2, 2), (3, 17, 21)) == 1
    for share in np.linspace(0, 1, 200):
        place = np.rint(np.array([3, 2, 2]) + share * np.array([0, 15, 19])).astype(int)
        assert drawn[tuple(place)]
    assert not drawn[[0, 1, 2, 4, 5, 6]].any()


def test_in_another_slice_a_stroke_begins_anew() -> None:
    drawn = draw(Brush(Kind.PAINT, 3), ground(), (2, 5, 2), (4, 5, 20)) == 1
    assert drawn[2, 5, 2]
    assert drawn[4, 5, 20]
    assert not drawn[:, :, 6:17].any()


def test_erasing_empties_every_label() -> None:
    labels = np.ones(SHAPE, np.uint8)
    labels[:, 10:] = 2
    left = draw(Brush(Kind.ERASE, 6), ground(labels=labels), (3, 10, 12), label=1)
    assert np.array_equal(left == 0, ball((3, 10, 12), 6) & in_slice(0, 3))


def test_a_threshold_brush_paints_its_range_with_both_ends() -> None:
    scan = np.broadcast_to(np.arange(24.0), SHAPE)
    brush = Brush(Kind.THRESHOLD, 40, intensities=(11, 13))
    drawn = draw(brush, ground(scan=scan), (3, 10, 2)) == 1
    assert np.array_equal(np.flatnonzero(drawn[3].any(axis=0)), [11, 12, 13])


@pytest.mark.parametrize("is_sphere", [False, True])
def test_an_adaptive_brush_stops_at_an_edge_of_the_scan(is_sphere: bool) -> None:
    scan = np.zeros(SHAPE, np.int16)
    scan[:, :, 12:] = 100
    brush = Brush(Kind.ADAPTIVE, 10, is_sphere=is_sphere)
    drawn = draw(brush, ground(scan=scan), (3, 10, 10)) == 1
    wanted = ball((3, 10, 10), 10)
    wanted[:, :, 12:] = False
    assert np.array_equal(drawn, wanted if is_sphere else wanted & in_slice(0, 3))


def test_an_adaptive_brush_looks_anew_on_its_way() -> None:
    scan = np.zeros(SHAPE, np.int16)
    scan[:, :, 12:] = 100
    drawn = draw(Brush(Kind.ADAPTIVE, 6), ground(scan=scan), (3, 3, 8), (3, 16, 8)) == 1
    assert drawn[3, 3:17, 8].all()
    assert not drawn[:, :, 12:].any()


def test_in_a_slice_an_adaptive_brush_paints_a_speck_that_is_enclosed() -> None:
    scan = np.zeros(SHAPE, np.int16)
    scan[3, 10, 10] = 200
    drawn = draw(Brush(Kind.ADAPTIVE, 12), ground(scan=scan), (3, 10, 13)) == 1
    assert drawn[3, 10, 10]


def test_a_nudge_begun_inside_pushes_the_border_out() -> None:
    labels = np.zeros(SHAPE, np.uint8)
    labels[:, :, :10] = 1
    moved = draw(Brush(Kind.NUDGE, 8), ground(labels=labels), (3, 10, 5), (3, 10, 9))
    # 8 mm, begun at column 5: it just touches the border between columns 9 and 10.
    assert np.flatnonzero(moved[3, 10] == 1).max() == 13
    assert (moved[[0, 1, 2, 4, 5, 6]] == labels[[0, 1, 2, 4, 5, 6]]).all()
    assert (moved[3, :, :10] == 1).all()


def test_a_nudge_begun_outside_pushes_the_border_in() -> None:
    labels = np.zeros(SHAPE, np.uint8)
    labels[:, :, :10] = 1
    labels[3, 10, 11] = 2
    moved = draw(Brush(Kind.NUDGE, 8), ground(labels=labels), (3, 10, 14), (3, 10, 10))
    assert np.flatnonzero(moved[3, 10] == 1).max() == 5
    assert moved[3, 10, 11] == 2


def test_a_nudge_tells_how_small_it_became() -> None:
    labels = np.zeros(SHAPE, np.uint8)
    labels[:, :, :10] = 1
    stroke = BrushStroke(Brush(Kind.NUDGE, 20), ground(labels=labels), 1, (3, 10, 7), axis=0)
    # The border is between columns 9 and 10, 2.5 mm from column 7.
    assert stroke.diameter_mm == 5


def test_restoring_paints_earlier_labels_back() -> None:
    earlier = np.zeros(SHAPE, np.uint8)
    earlier[:, :, 12:] = 3
    labels = np.full(SHAPE, 1, np.uint8)
    drawn = draw(Brush(Kind.RESTORE, 6), ground(labels=labels, earlier=earlier), (3, 10, 12))
    touched = ball((3, 10, 12), 6) & in_slice(0, 3)
    assert np.array_equal(drawn, np.where(touched, earlier, 1))


@pytest.mark.parametrize("kind", [Kind.PAINT, Kind.ERASE, Kind.NUDGE])
def test_only_voxels_of_the_chosen_labels_change(kind: Kind) -> None:
    labels = np.zeros(SHAPE, np.uint8)
    labels[:, :, :10], labels[:, :, 10:12] = 1, 2
    before = labels.copy()
    brush = Brush(kind, 8, over=frozenset({2}))
    drawn = draw(brush, ground(labels=labels), (3, 10, 5), (3, 10, 11), label=1)
    changed = drawn != before
    assert changed.any()
    assert (before[changed] == 2).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32])
def test_labels_keep_their_type(dtype: type) -> None:
    labels = np.zeros(SHAPE, dtype)
    drawn = draw(Brush(Kind.PAINT, 4), ground(labels=labels), (3, 10, 12), label=200)
    assert drawn.dtype == dtype
    assert set(np.unique(drawn)) == {0, 200}


def test_a_picture_is_drawn_on_without_an_axis() -> None:
    on = Ground(np.zeros((9, 9), np.uint8), (1.0, 2.0))
    drawn = draw(Brush(Kind.PAINT, 4), on, (4, 4), axis=None) == 1
    assert np.argwhere(drawn[:, 4]).ravel().tolist() == [2, 3, 4, 5, 6]
    assert np.argwhere(drawn[4]).ravel().tolist() == [3, 4, 5]


def test_outside_of_the_labels_nothing_is_drawn() -> None:
    assert not draw(Brush(Kind.PAINT, 4), ground(), (3, -9, 12), (3, -5, 30)).any()


@pytest.mark.parametrize(
    ("kind", "label", "message"),
    [
        (Kind.ADAPTIVE, 1, "adaptive brush needs a scan"),
        (Kind.THRESHOLD, 1, "threshold brush needs a scan"),
        (Kind.RESTORE, 1, "no earlier labels to restore"),
        (Kind.NUDGE, 0, "choose a label to nudge"),
        (Kind.PAINT, 300, "from 1 to 255"),
    ],
)
def test_what_a_brush_lacks_is_told(kind: Kind, label: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BrushStroke(Brush(kind, 4), ground(), label, (3, 10, 12), axis=0)


def test_a_scan_of_another_shape_is_refused() -> None:
    scan = np.zeros((7, 20, 25))
    with pytest.raises(ValueError, match="scan must have the shape of the labels"):
        BrushStroke(Brush(Kind.ADAPTIVE, 4), ground(scan=scan), 1, (3, 10, 12), axis=0)
