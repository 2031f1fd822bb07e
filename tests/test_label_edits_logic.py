import numpy as np
import pytest
from numpy.typing import NDArray

from napari_seg.imaging.label_edits.logic import copy, empty, intersect, subtract, unite


def ours() -> NDArray[np.uint8]:
    labels = np.zeros((6, 7, 8), np.uint8)
    labels[1:4, 1:5, 1:6] = 1
    labels[4, 1:3, 2:4] = 2
    return labels


def theirs() -> NDArray[np.uint16]:
    labels = np.zeros((6, 7, 8), np.uint16)
    labels[2:6, 2:6, 3:8] = 300
    return labels


def test_operations_between_two_arrays_are_those_of_sets() -> None:
    labels, other = ours(), theirs()
    a, b = labels == 1, other == 300
    for operation, expected in (
        (unite, a | b),
        (intersect, a & b),
        (subtract, a & ~b),
        (copy, b),
    ):
        result = operation(labels, 1, other, 300).applied(labels)
        assert np.array_equal(result == 1, expected), operation
        untouched = ~(a | b)
        assert np.array_equal(result[untouched], labels[untouched])
    assert np.array_equal(labels, ours())
    assert np.array_equal(other, theirs())


def test_within_one_array_labels_are_merged() -> None:
    labels = ours()
    merged = unite(labels, 1, labels, 2).applied(labels)
    assert np.array_equal(merged, np.minimum(labels, 1))


def test_a_label_can_be_given_to_one_that_is_empty() -> None:
    labels = ours()
    for operation in (unite, copy):
        result = operation(labels, 9, labels, 2).applied(labels)
        assert np.array_equal(result == 9, labels == 2)


def test_a_copy_leaves_nothing_of_what_the_label_was() -> None:
    labels = ours()
    result = copy(labels, 1, labels, 2).applied(labels)
    assert np.array_equal(result, (labels == 2).astype(np.uint8))


def test_a_label_is_emptied() -> None:
    labels = ours()
    assert np.array_equal(empty(labels, 1).applied(labels), np.where(labels == 1, 0, labels))


@pytest.mark.parametrize("operation", [intersect, subtract])
def test_labels_of_one_array_share_no_voxel(operation) -> None:
    labels = ours()
    with pytest.raises(ValueError, match="choose a label of another layer"):
        operation(labels, 1, labels, 2)


@pytest.mark.parametrize("operation", [unite, intersect, subtract, copy])
def test_bad_use_is_refused(operation) -> None:
    with pytest.raises(ValueError, match="no voxel is labelled 7"):
        operation(ours(), 1, theirs(), 7)
    with pytest.raises(ValueError, match=r"shape of the labels \(6, 7, 8\), got \(6, 7\)"):
        operation(ours(), 1, theirs()[..., 0], 300)
    with pytest.raises(ValueError, match="a label must be from 1 to 255"):
        operation(ours(), 256, theirs(), 300)
