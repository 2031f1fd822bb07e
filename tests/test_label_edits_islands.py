import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from napari_seg.imaging.label_edits import keep_largest, remove_islands
from napari_seg.imaging.label_edits.islands import (
    find_islands,
    keep_largest_island,
    remove_small_islands,
)
from napari_seg.imaging.label_edits.picked_island import (
    delete_island,
    give_island,
    island_at,
    keep_only_island,
)


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


def test_of_equal_pieces_the_first_stays() -> None:
    labels = np.array([[[3, 3, 0, 3, 3]]], np.uint8)
    assert keep_largest(labels).tolist() == [[[3, 3, 0, 0, 0]]]


@pytest.mark.parametrize("label", [1, 2, 4])
def test_the_largest_island_is_that_of_scipy(label: int) -> None:
    labels = np.random.default_rng(1).choice(
        np.array([0, 1, 2, 4], np.uint8), (8, 9, 10), p=[0.4, 0.2, 0.1, 0.3]
    )
    found, count = ndimage.label(labels == label, np.ones((3, 3, 3)))
    largest = 1 + int(np.argmax(ndimage.sum_labels(labels == label, found, range(1, count + 1))))
    kept = keep_largest_island(labels, label).applied(labels)
    assert np.array_equal(kept == label, found == largest)
    assert np.array_equal(kept[labels != label], labels[labels != label])


def test_small_islands_of_one_label_go() -> None:
    labels = pieces()
    edit = remove_small_islands(labels, 1, min_ml=0.09, voxel_volume_ml=0.01)
    assert edit.box == (slice(8, 10), slice(6, 8), slice(5, 7))
    assert edit.count == 8
    assert (edit.applied(labels) == 420).sum() == 8


def test_islands_are_listed() -> None:
    first, second = find_islands(pieces(), 1)
    assert (first.voxel, first.count) == ((1, 1, 1), 27)
    assert (second.voxel, second.count) == ((8, 6, 5), 8)
    assert second.box == (slice(8, 10), slice(6, 8), slice(5, 7))


def test_an_island_is_deleted_kept_alone_or_given_away() -> None:
    labels = pieces()
    small = (8, 7, 6)
    assert (delete_island(labels, small).applied(labels) == 1).sum() == 27
    assert (keep_only_island(labels, small).applied(labels) == 1).sum() == 8
    given = give_island(labels, small, 420).applied(labels)
    assert (given == 420).sum() == 16
    assert given[small] == 420
    assert np.array_equal(labels, pieces())


def test_in_a_slice_only_its_islands_change() -> None:
    labels = np.zeros((3, 4, 6), np.uint8)
    labels[:, 1:3, 0:2] = labels[:, 1:3, 4:6] = 2  # two bars that run through all planes
    labels[1, 1, :] = 2  # joined in the middle one
    assert np.argwhere(delete_island(labels, (0, 1, 0), axis=0).applied(labels) == 2)[0].tolist() == [
        0, 1, 4,
    ]  # fmt: skip
    only = keep_only_island(labels, (0, 1, 0), axis=0).applied(labels)
    assert only[0].sum() == 8
    assert np.array_equal(only[1:], labels[1:])
    assert not delete_island(labels, (0, 1, 0)).applied(labels).any()
    assert island_at(labels, (2, 2, 5), axis=0).mask.sum() == 4


@pytest.mark.parametrize(
    ("voxel", "match"),
    [
        ((0, 0, 0), "holds no label"),
        ((99, 0, 0), "outside"),
        ((-1, 0, 0), "outside"),
        ((1,), "outside"),
    ],
)
def test_a_voxel_without_an_island_is_refused(voxel: tuple[int, ...], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        island_at(pieces(), voxel)


def test_no_label_is_given_an_island() -> None:
    with pytest.raises(ValueError, match="a label must be from 1"):
        give_island(pieces(), (1, 1, 1), 0)


def test_a_voxel_without_volume_is_refused() -> None:
    with pytest.raises(ValueError, match="voxel_volume_ml must be above 0"):
        remove_islands(pieces(), min_ml=1, voxel_volume_ml=0)


def test_a_label_that_is_empty_has_no_islands() -> None:
    for tool in (keep_largest_island, find_islands):
        with pytest.raises(ValueError, match="no voxel is labelled 9"):
            tool(pieces(), 9)
