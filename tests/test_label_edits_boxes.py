import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from napari_seg.imaging.label_edits.boxes import (
    bounds,
    box_of,
    box_within,
    boxes_of,
    grown_box,
    union_box,
    whole_voxels,
)


def speckled(dtype: str = "uint8") -> NDArray[np.integer]:
    """Labels 2, 5 and 200 at random places of a 7 × 9 × 11 grid."""
    chance = np.random.default_rng(3).random((7, 9, 11))
    labels = np.zeros(chance.shape, dtype)
    for value, below in ((2, 0.04), (5, 0.02), (200, 0.01)):
        labels[chance < below] = value
    return labels


@pytest.mark.parametrize("label", [2, 5, 200])
def test_a_box_is_that_of_scipy(label: int) -> None:
    labels = speckled()
    assert box_of(labels, label) == ndimage.find_objects((labels == label).astype(np.uint8))[0]


@pytest.mark.parametrize("order", ["C", "F"])
def test_boxes_of_all_labels_are_those_of_scipy(order: str) -> None:
    labels = np.array(speckled(), order=order)
    found = enumerate(ndimage.find_objects(labels), start=1)
    assert boxes_of(labels) == {value: box for value, box in found if box is not None}


def test_values_too_large_to_be_listed_have_boxes() -> None:
    labels = speckled("uint32")
    labels[labels == 200] = 2**31
    assert boxes_of(labels)[2**31] == box_of(speckled(), 200)


def test_nothing_has_no_box() -> None:
    assert bounds(np.zeros((3, 4, 5), bool)) is None
    assert boxes_of(np.zeros((3, 4, 5), np.uint8)) == {}


def test_boxes_grow_as_far_as_the_scan() -> None:
    box = (slice(1, 3), slice(4, 6), slice(0, 9))
    assert grown_box(box, (2, 1, 1), (8, 6, 9)) == (slice(0, 5), slice(3, 6), slice(0, 9))


def test_boxes_add_up() -> None:
    first, second = (slice(1, 3), slice(4, 6)), (slice(2, 7), slice(0, 5))
    assert union_box([first, second]) == (slice(1, 7), slice(0, 6))
    assert box_within(first, second) == (slice(3, 5), slice(4, 6))


def test_a_length_of_three_voxels_is_three_voxels() -> None:
    assert whole_voxels(3 * 0.7, (0.7, 0.1, 2.2)) == (3, 21, 0)


@pytest.mark.parametrize(
    ("label", "match"),
    [(3, "no voxel is labelled 3"), (0, "from 1 to 255"), (256, "from 1 to 255"), (-1, "from 1")],
)
def test_a_label_that_is_none_is_refused(label: int, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        box_of(speckled(), label)


def test_labels_that_are_no_whole_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="whole numbers, got float64"):
        box_of(np.ones((2, 2)), 1)
