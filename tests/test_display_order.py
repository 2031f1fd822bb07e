from itertools import permutations, product

import numpy as np
import pytest

from napari_seg.imaging.geometry import Geometry
from napari_seg.viewer.display_order import DisplayOrder

SHAPE = (5, 6, 7)
ORIENTATIONS = list(product(permutations(range(3)), product((1, -1), repeat=3)))


def turned(degrees):
    cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])


def grid(axes=(0, 1, 2), signs=(1, 1, 1), degrees=0.0, shape=SHAPE, origin=(10, -20, 30)):
    """Voxel axis n runs along patient axis ``axes[n]`` in steps of 1, 2 and 3 mm."""
    affine = np.eye(4)
    affine[:3, :3] = 0
    for n, (axis, sign) in enumerate(zip(axes, signs, strict=True)):
        affine[axis, n] = sign * (n + 1.0)
    affine[:3, :3] = turned(degrees) @ affine[:3, :3]
    affine[:3, 3] = origin
    return Geometry(shape, affine)


every_grid = pytest.mark.parametrize(
    "geometry",
    [grid(axes, signs, degrees) for axes, signs in ORIENTATIONS for degrees in (0, 17)],
)


@every_grid
def test_voxels_come_back_exactly(geometry):
    order = DisplayOrder.of(geometry)
    voxels = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    assert np.array_equal(order.restore(order.show(voxels)), voxels)


@every_grid
def test_the_display_runs_to_inferior_posterior_and_left(geometry):
    order = DisplayOrder.of(geometry)
    lpi = order.directions(geometry)[::-1]
    assert np.allclose(lpi, -np.eye(3), atol=0.31)
    assert np.linalg.det(lpi) < 0


@every_grid
def test_a_shown_voxel_lies_at_its_place_in_mm(geometry):
    order = DisplayOrder.of(geometry)
    index = (1, 4, 2)
    voxels = np.zeros(SHAPE)
    voxels[index] = 1
    shown = np.argwhere(order.show(voxels))[0]
    place = shown * order.scale(geometry) + order.translate(geometry)
    assert np.allclose(place, order.directions(geometry) @ geometry.to_mm(index))


@every_grid
def test_a_region_shows_where_its_voxels_show(geometry):
    order = DisplayOrder.of(geometry)
    region = ((1, 3), (0, 4), (5, 7))
    voxels = np.zeros(SHAPE)
    voxels[1:3, 0:4, 5:7] = 1
    shown = order.show(voxels)
    box = order.show_region(region, SHAPE)
    assert shown[box].all()
    assert shown.sum() == shown[box].size
    assert order.restore_region(box, SHAPE) == region


def test_one_slice_shows_in_two_dimensions():
    sagittal = grid(shape=(1, 6, 7))
    order = DisplayOrder.of(sagittal)
    voxels = np.arange(42).reshape(1, 6, 7)
    assert order.show(voxels).shape == (7, 6)
    assert order.scale(sagittal) == (3, 2)
    assert np.array_equal(order.restore(order.show(voxels)), voxels)


def test_showing_copies_no_voxel():
    voxels = np.zeros((4, 5, 1))
    order = DisplayOrder.of(grid(shape=(4, 5, 1)))
    assert np.shares_memory(order.show(voxels), voxels)


def test_a_part_of_a_sheared_grid_shows_where_the_whole_does():
    shear = np.eye(4)
    shear[1, 2] = 0.4
    whole = Geometry(SHAPE, grid(degrees=10).affine @ shear)
    part = whole.crop(((1, 4), (2, 5), (3, 7)))
    order = DisplayOrder.of(whole)
    shown = order.restore_region(tuple(slice(0, 1) for _ in range(3)), part.shape)
    first = [start + begin for (start, _), begin in zip(shown, (1, 2, 3), strict=True)]
    inside = [span.start for span in order.show_region(tuple((n, n + 1) for n in first), SHAPE)]
    place = np.array(order.translate(whole)) + np.array(order.scale(whole)) * inside
    assert order.translate(part) == pytest.approx(place)
