import numpy as np
import pytest

from napari_seg.imaging.label_edits.finding import next_slice_with, slices_with


@pytest.fixture
def labels():
    labels = np.zeros((7, 9, 11), np.uint8)
    labels[2, 3, 4] = labels[5, 3, 10] = 6
    labels[1] = 2
    labels[1, 8, 0] = 6
    return labels


@pytest.mark.parametrize(("axis", "slices"), [(0, (1, 2, 5)), (1, (3, 8)), (2, (0, 4, 10))])
def test_all_slices_of_a_label_are_listed(labels, axis, slices):
    assert slices_with(labels, 6, axis) == slices
    assert slices_with(labels, 7, axis) == ()


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("step", [1, -1])
def test_the_next_slice_is_the_next_of_all(labels, axis, step):
    slices = slices_with(labels, 6, axis)
    for index in range(-2, labels.shape[axis] + 2):
        left = [place for place in slices if (place - index) * step > 0]
        expected = None if not left else left[0] if step > 0 else left[-1]
        assert next_slice_with(labels, 6, axis, index, step, most=20) == expected


def test_the_search_ends_after_so_many_slices(labels):
    assert next_slice_with(labels, 6, 0, 2, 1, most=2) is None
    assert next_slice_with(labels, 6, 0, 2, 1, most=3) == 5


def test_an_axis_that_is_not_there_is_refused(labels):
    with pytest.raises(ValueError, match="axis must be from 0 to 2, got 3"):
        slices_with(labels, 6, 3)


def test_progress_can_stop_it(labels):
    def stop(_fraction):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        slices_with(labels, 6, 1, on_progress=stop)
