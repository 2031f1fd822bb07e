import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from napari_seg.imaging.label_edits.holes import fill_holes


def shell() -> NDArray[np.uint8]:
    """Label 3: a box with a cavity, in which one voxel is of label 5, and a tube along k."""
    labels = np.zeros((9, 8, 7), np.uint8)
    labels[1:8, 1:7, 1:6] = 3
    labels[3:5, 3:5, 2:4] = 0
    labels[3, 3, 2] = 5
    labels[6, 5, :] = 0
    return labels


def test_fill_holes_fills_what_is_enclosed_and_keeps_other_labels() -> None:
    labels = shell()
    filled = fill_holes(labels, 3).applied(labels)
    expected = shell()
    expected[3:5, 3:5, 2:4] = 3
    expected[3, 3, 2] = 5
    assert np.array_equal(filled, expected)
    assert np.array_equal(labels, shell())


def test_a_tube_is_a_hole_of_each_slice_across_it() -> None:
    labels = shell()
    filled = fill_holes(labels, 3, axis=2).applied(labels)
    assert (filled[6, 5, 1:6] == 3).all()
    assert not filled[6, 5, [0, 6]].any()
    # Along the tube it is open.
    assert np.array_equal(fill_holes(labels, 3, axis=0).applied(labels)[6, 5], labels[6, 5])


@pytest.mark.parametrize("axis", [None, 0, 1, 2])
def test_holes_are_those_of_scipy(axis: int | None) -> None:
    labels = (np.random.default_rng(2).random((10, 11, 12)) < 0.7).astype(np.uint8)
    filled = fill_holes(labels, 1, axis=axis).applied(labels)
    if axis is None:
        expected = ndimage.binary_fill_holes(labels)
    else:
        slices = [ndimage.binary_fill_holes(part) for part in np.moveaxis(labels, axis, 0)]
        expected = np.moveaxis(np.array(slices), 0, axis)
    assert expected.sum() > labels.sum()
    assert np.array_equal(filled, expected)


def test_what_is_open_at_the_end_of_the_scan_is_no_hole() -> None:
    labels = np.ones((4, 5, 6), np.uint8)
    labels[0, 2, 2] = 0
    assert not fill_holes(labels, 1)
    assert fill_holes(labels, 1, axis=0).count == 1


@pytest.mark.parametrize(
    ("label", "axis", "match"),
    [(4, None, "no voxel is labelled 4"), (3, 3, "axis must be from 0 to 2, got 3")],
)
def test_bad_use_is_refused(label: int, axis: int | None, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        fill_holes(shell(), label, axis=axis)
