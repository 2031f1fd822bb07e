import numpy as np
import pytest

from napari_seg.imaging.label_edits import grow_all as module
from napari_seg.imaging.label_edits.grow_all import grow_all
from napari_seg.imaging.label_edits.margins import grow

SPACING = (2.0, 1.0, 0.5)


def scattered(seed=0):
    generator = np.random.default_rng(seed)
    labels = np.zeros((7, 11, 16), np.uint16)
    for label in (1, 2, 300):
        for _ in range(3):
            labels[tuple(generator.integers(0, labels.shape))] = label
    return labels


def by_brute_force(labels):
    """The distance of each voxel to the nearest one of each label."""
    places = np.stack(np.indices(labels.shape), axis=-1) * SPACING
    return {
        label: np.min(
            [
                np.linalg.norm(places - np.multiply(voxel, SPACING), axis=-1)
                for voxel in np.argwhere(labels == label)
            ],
            axis=0,
        )
        for label in np.unique(labels[labels != 0])
    }


@pytest.mark.parametrize("at_once", [4_000_000, 400])
@pytest.mark.parametrize("mm", [0.4, 1.0, 2.5, 6.0])
def test_each_empty_voxel_goes_to_the_nearest_label_in_reach(monkeypatch, mm, at_once):
    monkeypatch.setattr(module, "_AT_ONCE", at_once)
    labels = scattered()
    grown = grow_all(labels, SPACING, mm).applied(labels)
    distances = by_brute_force(labels)
    least = np.min(list(distances.values()), axis=0)
    assert np.array_equal(grown != 0, least <= mm + 1e-9)
    for label, distance in distances.items():
        assert np.all(distance[grown == label] <= least[grown == label] + 1e-9)
    assert np.array_equal(grown[labels != 0], labels[labels != 0])


def test_one_label_grows_as_by_itself():
    labels = np.zeros((6, 9, 12), np.uint8)
    labels[2:4, 3:5, 4:8] = 5
    assert np.array_equal(
        grow_all(labels, SPACING, 2.0).applied(labels),
        grow(labels, 5, SPACING, 2.0).applied(labels),
    )


def test_nothing_labelled_is_no_edit():
    assert not grow_all(np.zeros((3, 4, 5), np.uint8), SPACING, 3.0)


def test_a_missing_length_is_refused():
    with pytest.raises(ValueError, match="spacing must be 3 positive lengths"):
        grow_all(scattered(), (1.0, 1.0), 3.0)
    with pytest.raises(ValueError, match="a distance in mm must be 0 or more"):
        grow_all(scattered(), SPACING, -1.0)
