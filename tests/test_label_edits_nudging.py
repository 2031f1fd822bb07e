import numpy as np
import pytest
from numpy.typing import NDArray

from napari_seg.imaging.label_edits.brushes import brush
from napari_seg.imaging.label_edits.nudging import Nudge, begin_nudge

SPACING = (3.0, 1.0, 1.0)


def organ() -> NDArray[np.uint8]:
    """Label 1 in columns 0-19, label 2 in 24-29."""
    labels = np.zeros((5, 30, 30), np.uint8)
    labels[:, :, :20] = 1
    labels[:, :, 24:] = 2
    return labels


def stroke(nudge: Nudge, labels: NDArray[np.uint8], start: int, stop: int) -> NDArray[np.uint8]:
    for column in range(start, stop, 1 if stop > start else -1):
        patch = brush(
            labels.shape, SPACING, [(2, 15, column)], diameter_mm=nudge.diameter_mm, axis=0
        )
        labels = nudge.apply(labels, patch).applied(labels)
    return labels


@pytest.mark.parametrize("column", [10, 15, 18, 19])
def test_begun_inside_the_border_is_pushed_out(column: int) -> None:
    labels = organ()
    nudge = begin_nudge(labels, 1, SPACING, (2, 15, column), diameter_mm=16, axis=0)
    assert nudge.pushes_out
    # Begun at most at the border, it changes nothing where it begins.
    assert np.array_equal(stroke(nudge, labels, column, column + 1), labels)
    pushed = stroke(nudge, labels, column, column + 4)
    assert np.array_equal(pushed[[0, 1, 3, 4]], labels[[0, 1, 3, 4]])
    gained = np.argwhere((pushed == 1) & (labels != 1))
    reach = column + 3 + int(nudge.diameter_mm / 2)
    assert gained[:, 2].max(initial=19) == max(reach, 19)
    assert not ((pushed != 1) & (labels == 1)).any()


@pytest.mark.parametrize("column", [20, 21, 23])
def test_begun_outside_the_border_is_pushed_in(column: int) -> None:
    labels = organ()
    nudge = begin_nudge(labels, 1, SPACING, (2, 15, column), diameter_mm=16, axis=0)
    assert not nudge.pushes_out
    assert np.array_equal(stroke(nudge, labels, column, column + 1), labels)
    pushed = stroke(nudge, labels, column, column - 5)
    lost = (labels == 1) & (pushed != 1)
    assert lost.any()
    assert not pushed[lost].any()
    assert np.array_equal(pushed == 2, labels == 2)


def test_the_brush_is_never_larger_than_chosen() -> None:
    assert begin_nudge(organ(), 1, SPACING, (2, 15, 10), diameter_mm=6, axis=0).diameter_mm == 6
    near = begin_nudge(organ(), 1, SPACING, (2, 15, 17), diameter_mm=16, axis=0)
    assert near.diameter_mm == 5  # to the middle of voxels 19 and 20: 2.5 mm


def test_a_sphere_minds_the_slices_above_and_below() -> None:
    labels = organ()
    labels[3] = 0
    flat = begin_nudge(labels, 1, SPACING, (2, 15, 10), diameter_mm=16, axis=0)
    ball = begin_nudge(labels, 1, SPACING, (2, 15, 10), diameter_mm=16)
    assert flat.diameter_mm == 16
    assert ball.diameter_mm == 5  # 3 mm to the next slice


@pytest.mark.parametrize(
    ("label", "centre", "diameter_mm", "match"),
    [
        (0, (2, 15, 10), 5, "a label must be"),
        (1, (9, 15, 10), 5, "outside of the labels"),
        (1, (2, 15), 5, "outside of the labels"),
        (1, (2, 15, 10), 0, "above 0"),
    ],
)
def test_bad_use_is_refused(label: int, centre: tuple, diameter_mm: float, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        begin_nudge(organ(), label, SPACING, centre, diameter_mm=diameter_mm)
