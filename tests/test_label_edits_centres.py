import numpy as np
import pytest
from scipy import ndimage

from napari_seg.imaging.label_edits.centres import Middle, middle_of, middles_of


def test_pieces_come_from_the_largest_to_the_smallest():
    labels = np.zeros((6, 8, 10), np.uint8)
    labels[4, 5, 5] = 3
    labels[1:4, 1:4, 1:4] = 3
    labels[0, 6:8, 8] = 3
    labels[5, 0, 0] = 2
    assert middles_of(labels, 3) == (
        Middle((2, 2, 2), 27),
        Middle((0, 6, 8), 2),
        Middle((4, 5, 5), 1),
    )


def test_a_ring_is_looked_at_on_the_ring():
    labels = np.zeros((1, 9, 9), np.uint8)
    labels[0, 1:8, 1:8] = 1
    labels[0, 2:7, 2:7] = 0
    [ring] = middles_of(labels, 1)
    assert labels[ring.index] == 1


def test_a_label_without_voxels_has_none():
    assert middles_of(np.zeros((3, 4, 5), np.uint8), 1) == ()


@pytest.mark.parametrize("density", [0.01, 0.2])
def test_all_pieces_are_found_as_by_scipy(density):
    labels = (np.random.default_rng(5).random((12, 14, 16)) < density).astype(np.uint8)
    numbered, count = ndimage.label(labels, np.ones((3, 3, 3)))
    found = middles_of(labels, 1)
    assert len(found) == count
    for middle in found:
        piece = numbered == numbered[middle.index]
        assert numbered[middle.index] != 0
        assert piece.sum() == middle.count
        voxels = np.argwhere(piece)
        distances = np.square(voxels - voxels.mean(axis=0)).sum(axis=1)
        own = np.square(middle.index - voxels.mean(axis=0)).sum()
        assert own == pytest.approx(distances.min())
    assert found[0].count == max(each.count for each in found)
    assert middle_of(labels, 1) in [each.index for each in found if each.count == found[0].count]


def test_progress_can_stop_it():
    def stop(_fraction):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        middles_of(np.ones((2, 2, 2), np.uint8), 1, on_progress=stop)
