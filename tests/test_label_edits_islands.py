import numpy as np
import pytest
from numpy.typing import NDArray

from napari_seg.imaging.label_edits import keep_largest, remove_islands


def pieces() -> NDArray[np.uint16]:
    """Label 1: a cube of 27 voxels and one of 8; label 420: one of 8, touching the first."""
    labels = np.zeros((12, 10, 8), np.uint16)
    labels[1:4, 1:4, 1:4] = 1
    labels[8:10, 6:8, 5:7] = 1
    labels[4:6, 1:3, 1:3] = 420
    return labels


def test_keep_largest_keeps_one_piece_of_each_label() -> None:
    labels = pieces()
    kept = keep_largest(labels)
    assert (kept == 1).sum() == 27
    assert (kept == 420).sum() == 8
    assert kept[9, 7, 6] == 0
    assert np.array_equal(labels, pieces())
    assert kept.dtype == labels.dtype


def test_large_values_are_told_apart() -> None:
    labels = pieces().astype(np.uint32)
    labels[labels == 420] = 2**31
    kept = keep_largest(labels)
    assert np.array_equal(kept == 1, keep_largest(pieces()) == 1)
    assert (kept == 2**31).sum() == 8


def test_voxels_touching_by_a_corner_are_one_piece() -> None:
    labels = np.zeros((4, 4, 4), np.uint8)
    labels[1, 1, 1] = labels[2, 2, 2] = 1
    assert np.array_equal(keep_largest(labels), labels)


def test_remove_islands_goes_by_volume() -> None:
    kept = remove_islands(pieces(), min_ml=0.09, voxel_volume_ml=0.01)
    assert np.unique(kept).tolist() == [0, 1]
    assert (kept == 1).sum() == 27
    assert np.array_equal(remove_islands(pieces(), min_ml=0.08, voxel_volume_ml=0.01), pieces())


def test_negative_volume_is_refused() -> None:
    with pytest.raises(ValueError, match="min_ml must be 0 or more"):
        remove_islands(pieces(), min_ml=-1, voxel_volume_ml=0.01)


@pytest.mark.parametrize("shape", [(4, 5, 6), (4, 5, 1)])
def test_nothing_stays_nothing(shape: tuple[int, ...]) -> None:
    assert not keep_largest(np.zeros(shape, np.uint8)).any()
