import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from napari_seg.imaging.label_edits.interpolation import interpolate, interpolate_between

SPACING = (4.0, 1.0, 1.0)


def disc(centre: tuple[float, float], radius: float, shape: tuple[int, int]) -> NDArray[np.bool_]:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= radius**2


def dice(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    return 2 * (first & second).sum() / (first.sum() + second.sum())


def cone(axis: int) -> NDArray[np.uint8]:
    """Label 3: discs of radius 4, 6, … 12 in planes 0, 2, … 8."""
    labels = np.zeros((9, 31, 33), np.uint8)
    for plane in range(0, 9, 2):
        labels[plane][disc((15, 16), 4 + plane, (31, 33))] = 3
    return np.ascontiguousarray(np.moveaxis(labels, 0, axis))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_between_two_discs_lies_the_disc_of_the_middle(axis: int) -> None:
    labels = cone(axis)
    spacing = [1.0, 1.0]
    spacing.insert(axis, 4.0)
    filled = np.moveaxis(interpolate(labels, axis, spacing).applied(labels), axis, 0)
    for plane in range(1, 8, 2):
        assert dice(filled[plane] == 3, disc((15, 16), 4 + plane, (31, 33))) > 0.97
    assert np.array_equal(filled[::2], np.moveaxis(labels, axis, 0)[::2])
    assert np.array_equal(labels, cone(axis))


def test_the_middle_of_two_shapes_is_where_their_signed_distances_cancel() -> None:
    labels = np.zeros((3, 20, 24), np.uint8)
    labels[0, 4:16, 6:18] = labels[2, 4:16, 6:18] = 1
    labels[2, 8:12, 10:18] = 0  # a bay: two shapes with unequal middles
    labels[0, 4, 4:6] = labels[2, 15, 4:6] = 1
    labels[0, 18, 22] = labels[2, 18, 22] = 1  # in two pieces: none is moved
    outlines = []
    for plane in (labels[0], labels[2]):
        outside = ndimage.distance_transform_edt(plane == 0, sampling=(1.0, 0.5))
        outlines.append(outside - ndimage.distance_transform_edt(plane != 0, sampling=(1.0, 0.5)))
    middle = np.add(*outlines) / 2
    filled = interpolate(labels, 0, (5, 1, 0.5)).applied(labels)[1]
    clear = np.abs(middle) > 1e-4
    assert np.array_equal((filled == 1)[clear], (middle < 0)[clear])


def test_a_vessel_that_wanders_stays_one() -> None:
    labels = np.zeros((5, 20, 40), np.uint8)
    labels[0][disc((9, 6), 3, (20, 40))] = 1
    labels[4][disc((9, 30), 3, (20, 40))] = 1  # the two do not overlap
    filled = interpolate(labels, 0, SPACING).applied(labels)
    for plane, column in ((1, 12), (2, 18), (3, 24)):
        assert dice(filled[plane] == 1, disc((9, column), 3, (20, 40))) == 1


def test_each_label_is_filled_between_its_own_slices() -> None:
    labels = np.zeros((7, 10, 10), np.uint8)
    labels[0, 2:5, 2:5] = labels[2, 2:5, 2:5] = 1
    labels[2, 6:9, 6:9] = labels[6, 6:9, 6:9] = 2
    filled = interpolate(labels, 0, SPACING).applied(labels)
    assert [(plane == 1).sum() for plane in filled] == [9, 9, 9, 0, 0, 0, 0]
    assert [(plane == 2).sum() for plane in filled] == [0, 0, 9, 9, 9, 9, 9]
    one = interpolate(labels, 0, SPACING, label=2).applied(labels)
    assert np.array_equal(one == 2, filled == 2)
    assert np.array_equal(one == 1, labels == 1)


def test_where_two_labels_meet_each_gets_its_side() -> None:
    labels = np.zeros((3, 8, 12), np.uint8)
    labels[[0, 2], 1:7, 1:6] = 1
    labels[[0, 2], 1:7, 6:11] = 2
    filled = interpolate(labels, 0, SPACING).applied(labels)
    assert np.array_equal(filled[1], labels[0])


def test_nothing_is_filled_where_no_slice_is_left_out() -> None:
    labels = np.zeros((4, 5, 5), np.uint8)
    labels[1:3, 2, 2] = 1
    assert not interpolate(labels, 0, SPACING)


def test_what_lies_between_kept_slices_is_replaced() -> None:
    labels = cone(0)
    wrong = labels.copy()
    wrong[1, :, :] = 3
    wrong[2] = 0
    wrong[3, 0:3] = 3
    wrong[5] = 7
    before = wrong.copy()
    result = interpolate_between(wrong, [0, 4], 0, SPACING).applied(wrong)
    for plane in (1, 2, 3):
        assert dice(result[plane] == 3, disc((15, 16), 4 + plane, (31, 33))) > 0.94
    assert np.array_equal(result[[0, 4]], wrong[[0, 4]])
    assert np.array_equal(result[5:], wrong[5:])
    assert np.array_equal(wrong, before)


def test_only_the_label_asked_for_is_replaced() -> None:
    labels = cone(0)
    labels[1, 0, :] = 5
    labels[1, 30, :] = 3
    result = interpolate_between(labels, [0, 2], 0, SPACING, label=3).applied(labels)
    assert (result[1, 0] == 5).all()
    assert not result[1, 30].any()
    assert (result[1] == 3).any()


def test_a_label_that_one_slice_does_not_hold_ends_half_way() -> None:
    labels = np.zeros((9, 21, 21), np.uint8)
    labels[0][disc((10, 10), 8, (21, 21))] = 1
    labels[4:8, 3, 3] = 1  # what a network left beyond it
    result = interpolate_between(labels, [0, 8], 0, SPACING).applied(labels)
    areas = [int((plane == 1).sum()) for plane in result]
    assert areas[0] > areas[1] > areas[2] > areas[3] > 0
    assert not any(areas[5:])


@pytest.mark.parametrize("order", [[4, 0], [0, 4, 4, 0]])
def test_the_order_of_kept_slices_does_not_matter(order: list[int]) -> None:
    labels = cone(0)
    expected = interpolate_between(labels, [0, 4], 0, SPACING).applied(labels)
    assert np.array_equal(interpolate_between(labels, order, 0, SPACING).applied(labels), expected)


@pytest.mark.parametrize(
    ("labels", "options", "match"),
    [
        (cone(0), {"label": 9}, "no voxel is labelled 9"),
        (cone(0), {"axis": 3}, "axis must be from 0 to 2"),
        (cone(0), {"spacing": (1, 1)}, "spacing must be 3"),
        (cone(0)[0], {"spacing": (1, 1)}, "three axes"),
        (np.zeros((3, 3, 3), np.uint8), {}, "paint some slices first"),
        (np.zeros((3, 3, 3), float), {}, "whole numbers"),
    ],
)
def test_bad_use_is_refused(labels: NDArray, options: dict, match: str) -> None:
    options = {"axis": 0, "spacing": SPACING} | options
    with pytest.raises(ValueError, match=match):
        interpolate(labels, **options)
    with pytest.raises(ValueError, match=match):
        interpolate_between(labels, [0, 2], **options)


@pytest.mark.parametrize(
    ("kept", "match"), [([3], "at least two slices"), ([0, 9], "slice 9"), ([-1, 3], "slice -1")]
)
def test_slices_that_are_too_few_or_outside_are_refused(kept: list[int], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        interpolate_between(cone(0), kept, 0, SPACING)
