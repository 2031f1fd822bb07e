import numpy as np
import pytest
import torch
from scipy.ndimage import affine_transform

from napari_seg.imaging.geometry import Geometry
from napari_seg.segmentation.preview import Preview, place_nearest

PATCH = np.random.default_rng(0).integers(0, 4, (7, 5, 6)).astype(np.uint8)


def grid_matrix(order, scales, shift):
    matrix = np.eye(4)
    matrix[:3, :3] = np.diag(scales)[list(order)]
    matrix[:3, 3] = shift
    return matrix


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 0, 2)], ids=str)
@pytest.mark.parametrize(
    ("scales", "middle"),
    [((1.1, 0.7, 1.3), (7.2, 7.1, 8.3)), ((-0.6, 1.3, -2.2), (2.4, 3.2, 13.3))],
    ids=["within", "flipped and beyond the edge"],
)
def test_labels_laid_axis_by_axis_are_those_of_the_general_way(order, scales, middle):
    to_grid = grid_matrix(order, scales, (0, 0, 0))
    to_grid[:3, 3] = np.array(middle) - to_grid[:3, :3] @ (3.0, 2.0, 2.5)
    (region, array) = place_nearest(PATCH, to_grid, (14, 15, 16))
    first, last = np.array(region).T
    back = np.linalg.inv(to_grid)
    expected = affine_transform(
        PATCH,
        back[:3, :3],
        back[:3, :3] @ first + back[:3, 3],
        tuple(last - first),
        order=0,
        mode="grid-constant",
    )
    assert array.any()
    assert np.array_equal(array, expected)


def test_a_turned_grid_gets_the_nearest_labels_too():
    turn = np.eye(4)
    turn[:2, :2] = [[0.8, -0.6], [0.6, 0.8]]
    turn[:3, 3] = (6, 2, 1)
    _region, array = place_nearest(PATCH, turn, (16, 16, 16))
    assert set(np.unique(array)) == {0, 1, 2, 3}


def test_a_patch_beside_the_grid_reaches_nothing_of_it():
    assert place_nearest(PATCH, grid_matrix((0, 1, 2), (1, 1, 1), (90, 0, 0)), (9, 9, 9)) is None


def test_labels_are_those_of_the_highest_score_the_first_of_equal_ones():
    scores = torch.tensor([[0.0, 2.0, 1.0], [0.0, 1.0, 3.0], [-1.0, 2.0, 3.0]])[:, :, None, None]
    windows = []
    grid = Geometry((3, 1, 1), np.eye(4))
    Preview(windows.append, np.eye(4), ((0, 3), (0, 1), (0, 1)), grid.shape, grid)(
        (0, 0, 0), scores
    )
    assert windows[0].labels.ravel().tolist() == [0, 0, 1]
    assert windows[0].region == ((0, 3), (0, 1), (0, 1))


def test_a_window_larger_than_the_scan_is_cut_to_it():
    windows, grid = [], Geometry((3, 4, 5), np.diag([1.0, 2.0, 3.0, 1.0]))
    whole = ((0, 3), (0, 4), (0, 5))
    scores = torch.ones(1, 7, 4, 9)
    scores[:, :2], scores[:, :, :, :1] = -1, -1
    Preview(windows.append, np.eye(4), whole, grid.shape, grid)((-2, 0, -1), scores)
    assert (windows[0].start, windows[0].labels.shape) == ((0, 0, 0), (3, 4, 5))
    assert windows[0].array.all()
