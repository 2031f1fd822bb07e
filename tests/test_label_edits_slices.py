import numpy as np
import pytest
from numpy.typing import NDArray

from napari_seg.imaging.label_edits.slices import clear_slice, copy_slice


def painted() -> NDArray[np.uint8]:
    return np.random.default_rng(8).integers(0, 4, (4, 5, 6)).astype(np.uint8)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_slice_is_copied_whole(axis: int) -> None:
    labels = painted()
    result = copy_slice(labels, axis, 1, 2).applied(labels)
    assert np.array_equal(result.take(2, axis), labels.take(1, axis))
    others = [place for place in range(labels.shape[axis]) if place != 2]
    assert np.array_equal(result.take(others, axis), labels.take(others, axis))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_one_label_of_a_slice_is_copied(axis: int) -> None:
    labels = painted()
    result = copy_slice(labels, axis, 1, 2, label=3).applied(labels).take(2, axis)
    before, source = labels.take(2, axis), labels.take(1, axis)
    expected = np.where(before == 3, 0, before)
    expected[source == 3] = 3
    assert np.array_equal(result, expected)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_slice_is_cleared(axis: int) -> None:
    labels = painted()
    assert not clear_slice(labels, axis, 3).applied(labels).take(3, axis).any()
    one = clear_slice(labels, axis, 3, label=2).applied(labels)
    assert np.array_equal(one.take(3, axis), np.where(labels == 2, 0, labels).take(3, axis))
    assert np.array_equal(one.take(2, axis), labels.take(2, axis))


@pytest.mark.parametrize(
    ("axis", "index", "to", "label", "match"),
    [
        (0, 0, 4, None, "slice 4 is outside of the scan, which has 4 along axis 0"),
        (0, -1, 0, None, "slice -1 is outside"),
        (3, 0, 1, None, "axis must be from 0 to 2, got 3"),
        (2, 1, 1, None, "cannot be copied to itself"),
        (2, 1, 2, 9, "holds no voxel of label 9"),
    ],
)
def test_bad_use_is_refused(axis: int, index: int, to: int, label: int | None, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        copy_slice(painted(), axis, index, to, label=label)


def test_a_slice_that_is_not_there_is_not_cleared() -> None:
    with pytest.raises(ValueError, match="slice 6 is outside"):
        clear_slice(painted(), 2, 6)
