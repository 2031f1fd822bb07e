import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from napari_seg.imaging.label_edits import pieces
from napari_seg.imaging.label_edits.pieces import find_pieces

STRUCTURES = {"faces": 1, "corners": 3}


def noise(shape: tuple[int, ...], density: float) -> NDArray[np.bool_]:
    return np.random.default_rng(7).random(shape) < density


def numbered(array: NDArray[np.integer], touching: str, in_planes: bool) -> NDArray[np.int64]:
    """Write the number of each piece, plus one, where it lies."""
    found = find_pieces(array, touching=touching, in_planes=in_planes)
    result = np.zeros(array.shape, int)
    for piece in range(found.sizes.size):
        patch = found.chosen(np.arange(found.sizes.size) == piece)
        assert patch.mask.sum() == found.sizes[piece]
        result[patch.box][patch.mask] = piece + 1
    return result


@pytest.fixture(params=["by runs", "by voxels"], autouse=True)
def both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Find pieces from their runs however many, and as in noise however few."""
    by_runs = request.param == "by runs"
    monkeypatch.setattr(pieces, "_NOISY", 1.0 if by_runs else 0.0)
    monkeypatch.setattr(pieces, "_MANY_RUNS", 10**9 if by_runs else 0)


@pytest.mark.parametrize("density", [0.1, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("touching", ["faces", "corners"])
@pytest.mark.parametrize("shape", [(6, 7, 9), (1, 8, 8), (8, 1, 8), (8, 8, 1), (9, 11)])
def test_pieces_are_those_of_scipy(shape: tuple[int, ...], touching: str, density: float) -> None:
    mask = noise(shape, density)
    structure = ndimage.generate_binary_structure(mask.ndim, STRUCTURES[touching])
    expected, _ = ndimage.label(mask, structure)
    # Both count the pieces in the order of their first voxels.
    assert np.array_equal(numbered(mask, touching, False), expected)


@pytest.mark.parametrize("touching", ["faces", "corners"])
def test_pieces_in_planes_are_those_of_scipy_slice_by_slice(touching: str) -> None:
    mask = noise((5, 8, 9), 0.4)
    structure = ndimage.generate_binary_structure(2, STRUCTURES[touching])
    found = numbered(mask, touching, True)
    for plane, numbers in zip(mask, found, strict=True):
        expected, count = ndimage.label(plane, structure)
        assert np.array_equal(numbers != 0, plane)
        assert np.unique(numbers[plane]).size == count
        pairs = np.unique(np.stack([numbers[plane], expected[plane]]), axis=1)
        assert pairs.shape[1] == count


def test_labels_that_touch_are_pieces_of_their_own() -> None:
    labels = np.array([[[1, 1, 2, 2, 0, 2]], [[3, 1, 1, 2, 0, 3]]], np.uint8)
    found = find_pieces(labels)
    assert sorted(zip(found.values.tolist(), found.sizes.tolist(), strict=True)) == [
        (1, 4), (2, 1), (2, 3), (3, 1), (3, 1),
    ]  # fmt: skip


def test_a_voxel_tells_its_piece() -> None:
    mask = noise((6, 7, 9), 0.4)
    expected, _ = ndimage.label(mask, np.ones((3, 3, 3)))
    voxels = np.argwhere(np.ones(mask.shape, bool))
    assert np.array_equal(find_pieces(mask).at(voxels) + 1, expected.ravel())


def test_pieces_at_the_border_are_told() -> None:
    mask = np.zeros((5, 6, 7), bool)
    mask[2, 2, 2:4] = True
    mask[0, 4, 4] = True
    mask[3, 4, 6] = True
    found = find_pieces(mask)
    assert found.touches_border()[found.at(np.array([[2, 2, 2], [0, 4, 4], [3, 4, 6]]))].tolist() == [
        False, True, True,
    ]  # fmt: skip
    in_planes = find_pieces(mask, in_planes=True)
    assert in_planes.touches_border(in_planes=True).tolist() == [False, False, True]


@pytest.mark.parametrize("shape", [(4, 5, 6), (0, 5, 6), (4, 5, 0)])
def test_nothing_has_no_pieces(shape: tuple[int, ...]) -> None:
    found = find_pieces(np.zeros(shape, np.uint8))
    assert found.sizes.size == 0
    assert found.chosen(np.zeros(0, bool)).mask.size == 0
    assert found.at(np.array([[0, 0, 0]])).tolist() == [-1]
