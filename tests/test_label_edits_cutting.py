import numpy as np
import pytest
from numpy.typing import NDArray

from napari_seg.imaging.label_edits.cutting import cut

SPACING = (3.0, 1.0, 1.0)
LEFT = [(-1, -1), (-1, 4.5), (20, 4.5), (20, -1)]


def two_bars() -> NDArray[np.uint8]:
    """Label 1: two bars through all planes at rows 1-3 and 6-8; label 2: a third one below."""
    labels = np.zeros((6, 14, 10), np.uint8)
    labels[:, 1:4, 1:9] = labels[:, 6:9, 1:9] = 1
    labels[:, 11:13, 1:9] = 2
    return labels


UPPER_LEFT = [(0, 0), (0, 4.5), (4.5, 4.5), (4.5, 0)]


def test_a_polygon_cuts_through_the_whole_scan() -> None:
    labels = two_bars()
    result = cut(labels, LEFT, 0, 2, SPACING).applied(labels)
    expected = labels.copy()
    expected[:, :, :5] = 0
    assert np.array_equal(result, expected)
    assert np.array_equal(labels, two_bars())


@pytest.mark.parametrize(("depth_mm", "planes"), [(0, [2]), (3, [1, 2, 3]), (5.9, [1, 2, 3])])
def test_a_cut_is_as_deep_as_asked(depth_mm: float, planes: list[int]) -> None:
    labels = two_bars()
    result = cut(labels, LEFT, 0, 2, SPACING, label=1, depth_mm=depth_mm).applied(labels)
    expected = labels.copy()
    for plane in planes:
        expected[plane, :, :5][labels[plane, :, :5] == 1] = 0
    assert np.array_equal(result, expected)


def test_only_the_piece_under_the_polygon_is_cut() -> None:
    labels = two_bars()
    labels[5, 1:4, 1:9] = 0
    labels[5, 2, 2] = 1  # hangs together with the upper bar
    labels[5, 1, 4] = 0
    labels[:, 1, 0] = 0
    keep = cut(labels, UPPER_LEFT, 0, 2, SPACING, label=1, keep=True).applied(labels)
    expected = labels.copy()
    expected[:, 1:4, 5:] = 0  # of the upper bar alone
    assert np.array_equal(keep, expected)


def test_all_pieces_are_cut_if_asked() -> None:
    labels = two_bars()
    keep = cut(labels, UPPER_LEFT, 0, 2, SPACING, label=1, keep=True, all_pieces=True)
    expected = np.where(labels == 1, 0, labels)
    expected[:, 1:4, 1:5] = 1
    assert np.array_equal(keep.applied(labels), expected)


def test_a_piece_that_does_not_reach_the_slice_is_left_alone() -> None:
    labels = two_bars()
    labels[4] = 0
    result = cut(labels, LEFT, 0, 2, SPACING).applied(labels)
    assert np.array_equal(result[5], labels[5])
    assert not result[0, :, :5].any()
    everywhere = cut(labels, LEFT, 0, 2, SPACING, all_pieces=True).applied(labels)
    assert not everywhere[5, :, :5].any()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_cut_along_any_axis_is_that_of_the_turned_labels(axis: int) -> None:
    labels, expected = two_bars(), cut(two_bars(), LEFT, 0, 2, SPACING, depth_mm=3)
    turned, spacing = np.moveaxis(labels, 0, axis), list(SPACING[1:])
    spacing.insert(axis, SPACING[0])
    result = cut(turned, LEFT, axis, 2, spacing, depth_mm=3).applied(turned)
    assert np.array_equal(np.moveaxis(result, axis, 0), expected.applied(labels))


def test_a_polygon_may_cross_itself_and_leave_the_scan() -> None:
    labels = np.ones((1, 9, 9), np.uint8)
    hourglass = [(-0.5, -0.5), (8.5, 8.5), (8.5, -0.5), (-0.5, 8.5)]
    result = cut(labels, hourglass, 0, 0, (1, 1, 1)).applied(labels)[0]
    assert result[4, 1] == 1
    assert result[4, 7] == 1
    assert not result[1, 2:7].any()
    assert not result[7, 2:7].any()


@pytest.mark.parametrize(
    ("polygon", "changes", "match"),
    [
        (LEFT[:2], {}, "at least three corners .*, got 2"),
        ([LEFT[0], LEFT[1], LEFT[0]], {}, "at least three corners"),
        ([], {}, "at least three corners"),
        ([(0, 0), (1, np.nan), (3, 3)], {}, "finite"),
        (LEFT, {"label": 5}, "no voxel is labelled 5"),
        (LEFT, {"index": 6}, "slice 6 is outside"),
        (LEFT, {"depth_mm": -1}, "depth_mm must be 0 or more"),
        (LEFT, {"spacing": (1, 1)}, "spacing must be 3"),
        ([(20, 20), (20, 30), (30, 30)], {}, "holds no label in slice 2"),
        (UPPER_LEFT, {"label": 2}, "holds no voxel of label 2 in slice 2"),
    ],
)
def test_bad_use_is_refused(polygon, changes: dict, match: str) -> None:
    options = {"axis": 0, "index": 2, "spacing": SPACING} | changes
    labels = two_bars()
    with pytest.raises(ValueError, match=match):
        cut(labels, polygon, **options)
    assert np.array_equal(labels, two_bars())


def test_nothing_cannot_be_cut() -> None:
    with pytest.raises(ValueError, match="nothing to cut"):
        cut(np.zeros((2, 3, 4), np.uint8), LEFT, 0, 0, SPACING)
    with pytest.raises(ValueError, match="three axes"):
        cut(np.ones((3, 4), np.uint8), LEFT, 0, 0, (1, 1))
