import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from napari_seg.imaging.label_edits.adaptive import adapted
from napari_seg.imaging.label_edits.brushes import brush

SHAPE = (8, 60, 60)
SPACING = (2.5, 1.0, 1.0)


def stage(noise: float, seed: int = 0) -> NDArray[np.float32]:
    """An organ of 100 in columns 0-29, a darker one of 40 in 30-44, bone of 600 beyond."""
    scan = np.full(SHAPE, 100, np.float32)
    scan[:, :, 30:45] = 40
    scan[:, :, 45:] = 600
    return scan + np.random.default_rng(seed).normal(0, noise, SHAPE).astype(np.float32)


def painted(
    scan: NDArray[np.float32], centre: tuple[int, ...], diameter_mm: float, axis: int | None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    patch = brush(SHAPE, SPACING, [centre], diameter_mm=diameter_mm, axis=axis)
    whole, found = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    whole[patch.box] = patch.mask
    narrow = adapted(patch, scan, centre, SPACING)
    found[narrow.box] = narrow.mask
    assert not found[~whole].any()
    return found, whole


@pytest.mark.parametrize("axis", [None, 0], ids=["sphere", "round"])
@pytest.mark.parametrize("noise", [0.0, 5.0, 10.0])
@pytest.mark.parametrize(
    ("column", "first", "last"),
    [(26, 0, 30), (33, 30, 45), (37, 30, 45), (42, 30, 45), (50, 45, 60)],
)
def test_the_brush_stops_at_edges(
    column: int, first: int, last: int, noise: float, axis: int | None
) -> None:
    found, whole = painted(stage(noise), (4, 30, column), 20, axis)
    expected = whole.copy()
    expected[:, :, :first] = expected[:, :, last:] = False
    assert expected.sum() < whole.sum()
    assert (found & ~expected).sum() <= 0.02 * expected.sum()
    assert (expected & ~found).sum() <= 0.02 * expected.sum()


@pytest.mark.parametrize("noise", [0.0, 3.0, 30.0])
@pytest.mark.parametrize("axis", [None, 0], ids=["sphere", "round"])
def test_without_an_edge_all_is_painted(noise: float, axis: int | None) -> None:
    scan = np.full(SHAPE, 100, np.float32)
    scan += np.random.default_rng(1).normal(0, noise, SHAPE).astype(np.float32)
    found, whole = painted(scan, (4, 30, 30), 16, axis)
    assert (whole & ~found).sum() <= 0.01 * whole.sum()


def test_beyond_a_wall_nothing_is_painted() -> None:
    scan = np.full(SHAPE, 100, np.float32)
    scan[:, :, 34:36] = 20  # as bright behind the wall as before it
    found, whole = painted(scan, (4, 30, 30), 20, None)
    assert not found[:, :, 34:].any()
    assert np.array_equal(found[:, :, :34], whole[:, :, :34])


def test_whole_numbers_that_differ_by_one_are_one_tissue() -> None:
    scan = np.random.default_rng(1).integers(100, 102, SHAPE).astype(np.int16)
    found, whole = painted(scan, (4, 30, 30), 20, 0)
    assert np.array_equal(found, whole)


def test_a_speck_of_noise_under_the_centre_does_not_stop_the_brush() -> None:
    scan = stage(2.0)
    scan[4, 30, 20] = 3000
    found, whole = painted(scan, (4, 30, 20), 12, 0)
    assert found.sum() >= 0.99 * whole.sum()


def test_what_is_no_number_is_not_painted() -> None:
    scan = stage(2.0)
    scan[:, 30:] = np.nan
    found = painted(scan, (4, 28, 15), 12, 0)[0]
    assert not found[:, 30:].any()
    assert found.any()
    scan[:] = np.nan
    assert not painted(scan, (4, 28, 15), 12, 0)[0].any()


def test_outside_of_the_scan_nothing_is_painted() -> None:
    patch = brush(SHAPE, SPACING, [(-9, 0, 0)], diameter_mm=4)
    assert adapted(patch, stage(0), (-9, 0, 0), SPACING).mask.size == 0


def test_a_scan_of_fewer_axes_is_refused() -> None:
    patch = brush(SHAPE, SPACING, [(4, 4, 4)], diameter_mm=4)
    with pytest.raises(ValueError, match="scan must have 3 axes, got 2"):
        adapted(patch, stage(0)[0], (4, 4, 4), SPACING)


@pytest.mark.parametrize("noise", [0.5, 5.0])
def test_the_edge_of_a_blurred_scan_is_found_to_within_a_voxel(noise: float) -> None:
    scan = ndimage.gaussian_filter(stage(0)[:, :, :40], (0, 0, 1.0))
    scan += np.random.default_rng(2).normal(0, noise, scan.shape).astype(np.float32)
    whole = np.full(SHAPE, 40, np.float32)
    whole[:, :, :40] = scan
    found, touched = painted(whole, (4, 30, 26), 20, 0)
    assert found[:, :, :28].sum() >= 0.98 * touched[:, :, :28].sum()
    assert not found[:, :, 32:].any()
