import numpy as np
import pytest

from napari_seg.imaging.label_edits.cutting import inside_polygon
from napari_seg.imaging.label_edits.threshold import threshold

SCAN = np.random.default_rng(6).normal(40, 20, (5, 6, 7))


def painted() -> np.ndarray:
    labels = np.zeros((5, 6, 7), np.uint8)
    labels[1:3, 1:4, 1:4] = 1
    labels[4] = 2
    return labels


def test_empty_voxels_in_the_range_are_labelled() -> None:
    labels = painted()
    result = threshold(labels, 1, SCAN, 30, 50).applied(labels)
    expected = labels.copy()
    expected[(labels == 0) & (SCAN >= 30) & (SCAN <= 50)] = 1
    assert np.array_equal(result, expected)


def test_only_a_box_or_the_inside_of_a_label_is_looked_at() -> None:
    labels = painted()
    box = (slice(0, 2), slice(0, 6), slice(2, 5))
    result = threshold(labels, 3, SCAN, 30, 50, box=box, over={1}).applied(labels)
    expected = np.zeros(labels.shape, bool)
    expected[box] = True
    expected &= (labels == 1) & (SCAN >= 30) & (SCAN <= 50)
    assert expected.any()
    assert np.array_equal(result == 3, expected)


def test_both_ends_are_in_the_range_and_no_number_is_in_none() -> None:
    scan = np.array([[1, 2, 3, 4, np.nan, np.inf]])
    labels = np.zeros((1, 6), np.uint8)
    assert threshold(labels, 1, scan, 2, 4).applied(labels).tolist() == [[0, 1, 1, 1, 0, 0]]


@pytest.mark.parametrize(
    ("label", "low", "high", "match"),
    [(0, 1, 2, "a label must be"), (1, 5, 2, "got 5 to 2"), (1, np.nan, 2, "got nan to 2")],
)
def test_bad_use_is_refused(label: int, low: float, high: float, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        threshold(painted(), label, SCAN, low, high)


def test_a_scan_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="resample one onto the other"):
        threshold(painted(), 1, SCAN[1:], 0, 1)


def test_only_what_a_polygon_holds_is_looked_at() -> None:
    labels = painted()
    polygon = [(0.5, 1.5), (0.5, 4.5), (5.5, 4.5), (5.5, 1.5)]
    patch = inside_polygon(labels, polygon, 1, 3, (2.0, 1.0, 1.0), depth_mm=1.0)
    assert patch.box == (slice(1, 5), slice(2, 5), slice(2, 5))
    result = threshold(labels, 3, SCAN, 30, 50, box=patch.box, mask=patch.mask).applied(labels)
    expected = np.zeros(labels.shape, bool)
    expected[1:5, 2:5, 2:5] = True
    expected &= (labels == 0) & (SCAN >= 30) & (SCAN <= 50)
    assert expected.any()
    assert np.array_equal(result == 3, expected)


def test_a_polygon_beside_the_scan_is_refused() -> None:
    away = [(10, 10), (10, 12), (12, 12)]
    with pytest.raises(ValueError, match="holds no voxel"):
        inside_polygon(painted(), away, 0, 2, (1, 1, 1))
