from itertools import permutations, product

import numpy as np
import pytest
import SimpleITK as sitk

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Scan, Source
from napari_seg.imaging.scan_alignment import (
    overlay_error_mm,
    relation,
    resample_scan,
    upright_axes,
)

GRID = Geometry((7, 6, 5), np.array([[1, 0, 0, -4], [0, 2, 0, 9], [0, 0, 3, 30], [0, 0, 0, 1.0]]))


def turned(degrees, grid=GRID):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    return Geometry(grid.shape, turn @ grid.affine)


def in_order(axes, signs, grid=GRID):
    """Return the grid of the same voxels with their axes in another order."""
    affine = grid.affine.copy()
    affine[:, :3] = affine[:, list(axes)]
    shape = tuple(grid.shape[axis] for axis in axes)
    for axis, sign in enumerate(signs):
        if sign < 0:
            affine[:, 3] += affine[:, axis] * (shape[axis] - 1)
            affine[:, axis] *= -1
    return Geometry(shape, affine)


PART = ((2, 5), (1, 6), (0, 3))


def test_upright_axes_are_those_of_the_patient_for_a_straight_grid_of_any_order():
    for axes, signs in product(permutations(range(3)), product((1, -1), repeat=3)):
        assert np.allclose(upright_axes(in_order(axes, signs)), np.eye(3))


def test_a_tilt_is_measured_at_the_farthest_corner():
    # 10 degrees about S at the corner (2, 19, z): a chord of 2 sin(5 degrees) times its distance.
    corners = np.array([(x, y) for x in (-4, 2) for y in (9, 19)])
    farthest = np.linalg.norm(corners, axis=1).max()
    expected = 2 * np.sin(np.radians(5)) * farthest
    assert overlay_error_mm(GRID, turned(10)) == pytest.approx(expected, rel=1e-6)
    assert overlay_error_mm(GRID, GRID.crop(PART)) == 0
    assert overlay_error_mm(GRID, in_order((2, 0, 1), (-1, 1, -1))) == pytest.approx(0)


def test_grids_of_one_shear_overlay_exactly():
    sheared = GRID.affine @ np.array([[1, 0, 0.3, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    whole = Geometry(GRID.shape, sheared)
    assert overlay_error_mm(whole, whole.crop(PART)) == pytest.approx(0, abs=1e-9)
    assert overlay_error_mm(whole, GRID) > 1


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        (("scanner", "scanner"), "same"),
        (("scanner", "mni"), "other"),
        (("talairach", "mni"), "other"),
        (("dicom:1", "mni"), "other"),
        (("dicom:1", "dicom:2"), "other"),
        (("dicom:1", "scanner"), "unknown"),
        (("dicom:1", "aligned"), "unknown"),
        (("aligned", "scanner"), "unknown"),
        (("aligned", "mni"), "unknown"),
        (("scanner", None), "unknown"),
        ((None, None), "unknown"),
    ],
)
def test_frames_are_compared_where_both_are_known(frames, expected):
    assert relation(GRID, GRID, frames).frame == expected


def test_a_linear_ramp_is_resampled_to_its_own_values_in_mm():
    i, j, k = np.indices((20, 20, 20))
    ramp = (3.0 * i - 2.0 * j + 0.5 * k).astype(np.float32)
    scan = Scan(ramp, Geometry(ramp.shape, np.eye(4)))
    affine = turned(10, Geometry((4, 4, 4), np.diag([1.5, 0.7, 2, 1]))).affine.copy()
    affine[:3, 3] = 8, 5, 4
    onto = Geometry((4, 5, 6), affine)
    x, y, z = np.moveaxis(onto.to_mm(np.stack(np.indices(onto.shape), axis=-1)), -1, 0)
    resampled = resample_scan(scan, onto)
    assert resampled.array.dtype == np.float32
    assert np.allclose(resampled.array, 3 * x - 2 * y + 0.5 * z, atol=1e-4)
    assert resampled.geometry is onto


def test_resampling_agrees_with_simpleitk_on_physical_grids():
    rng = np.random.default_rng(3)
    array = rng.normal(0, 500, (9, 8, 7)).astype(np.float32)
    scan = Scan(array, Geometry(array.shape, np.diag([2.0, 1.5, 3.0, 1.0])))
    onto = Geometry((12, 11, 40), np.diag([1.0, 1.0, 0.5, 1.0]))
    image = sitk.GetImageFromArray(array.T.astype(np.float64))
    image.SetSpacing((2.0, 1.5, 3.0))
    target = sitk.Image((12, 11, 40), sitk.sitkFloat64)
    target.SetSpacing((1.0, 1.0, 0.5))
    there = sitk.Resample(image, target, sitk.Transform(), sitk.sitkLinear, float(array.min()))
    expected = sitk.GetArrayFromImage(there).T
    assert np.allclose(resample_scan(scan, onto).array, expected, atol=1e-2)


def test_outside_stands_the_lowest_value_and_a_notice_says_how_much():
    scan = Scan(np.full((4, 4, 4), 7, np.int16), Geometry((4, 4, 4), np.eye(4)))
    scan.array[0, 0, 0] = -1000
    resampled = resample_scan(scan, Geometry((4, 4, 8), np.eye(4)))
    assert np.array_equal(resampled.array[..., :4], scan.array)
    assert (resampled.array[..., 4:] == -1000).all()
    [notice] = resampled.notices
    assert notice.code == "resampled"
    assert notice.figures == {"outside_percent": 50.0}


def test_channels_are_resampled_one_by_one_and_no_file_is_claimed():
    array = np.stack([np.zeros((4, 4, 4)), np.ones((4, 4, 4))], axis=-1)
    source = Source("NIfTI", 1, 1, modality="MR", frame="scanner")
    scan = Scan(array, Geometry((4, 4, 4), np.eye(4)), ("a", "b"), source=source)
    resampled = resample_scan(scan, Geometry((3, 3, 3), np.eye(4)))
    assert resampled.array[1, 1, 1].tolist() == [0, 1]
    assert resampled.channel_names == ("a", "b")
    assert resampled.source == Source(modality="MR", frame="scanner")


def test_scans_without_a_common_place_are_refused():
    scan = Scan(np.zeros((4, 4, 4)), Geometry((4, 4, 4), np.eye(4)))
    far = np.eye(4)
    far[0, 3] = 500
    with pytest.raises(ValueError, match="no place in common"):
        resample_scan(scan, Geometry((4, 4, 4), far))


def test_resampling_can_be_stopped():
    class Stop(Exception):
        pass

    def stop(_):
        raise Stop

    scan = Scan(np.zeros((4, 4, 40)), Geometry((4, 4, 40), np.eye(4)))
    with pytest.raises(Stop):
        resample_scan(scan, scan.geometry, on_progress=stop)
