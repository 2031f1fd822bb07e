import numpy as np
import pytest

from napari_seg.imaging.geometry import Geometry, clip_region

SHAPE = (12, 10, 8)


def oblique() -> Geometry:
    turn = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
    affine = np.eye(4)
    affine[:3, :3] = turn * (1.0, 2.0, 3.0)
    affine[:3, 3] = (-20.0, 5.0, 30.0)
    return Geometry(SHAPE, affine)


def test_spacing_and_volume_come_from_the_affine() -> None:
    assert np.allclose(oblique().spacing, (1, 2, 3))
    assert oblique().voxel_volume_ml == pytest.approx(0.006)


def test_volume_counts_shear() -> None:
    sheared = np.diag([1.0, 2.0, 3.0, 1.0])
    sheared[0, 1] = 1.0
    assert Geometry(SHAPE, sheared).voxel_volume_ml == pytest.approx(0.006)


def test_index_and_mm_are_inverse() -> None:
    geometry = oblique()
    index = np.array([[0, 0, 0], [11, 9, 7]])
    assert np.allclose(geometry.to_mm(index[0]), (-20, 5, 30))
    assert np.allclose(geometry.to_index(geometry.to_mm(index)), index)


def test_axis_codes_name_the_side_each_axis_runs_to() -> None:
    assert Geometry(SHAPE, np.diag([-1.0, 2.0, -3.0, 1.0])).axis_codes == ("L", "A", "I")


def test_crop_keeps_voxels_in_place() -> None:
    cropped = oblique().crop(((2, 7), (1, 4), (5, 8)))
    assert cropped.shape == (5, 3, 3)
    assert np.allclose(cropped.to_mm((0, 0, 0)), oblique().to_mm((2, 1, 5)))


def test_matches_looks_at_the_farthest_corner() -> None:
    stretched = np.diag([1.001, 2.0, 3.0, 1.0])
    one, other = Geometry(SHAPE, np.diag([1.0, 2.0, 3.0, 1.0])), Geometry(SHAPE, stretched)
    assert one.matches(other, tolerance_mm=0.012)
    assert not one.matches(other, tolerance_mm=0.01)
    assert not one.matches(Geometry((12, 10, 7), one.affine))


def test_affine_cannot_be_changed_from_outside() -> None:
    affine = np.eye(4)
    geometry = Geometry(SHAPE, affine)
    affine[0, 0] = 5
    assert geometry.spacing[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        geometry.affine[0, 0] = 5


@pytest.mark.parametrize(
    ("shape", "affine", "message"),
    [
        pytest.param((0, 2, 2), np.eye(4), "three positive counts", id="empty"),
        pytest.param((2, 2), np.eye(4), "three positive counts", id="two axes"),
        pytest.param(SHAPE, np.diag([1, np.nan, 1, 1]), "finite", id="not finite"),
        pytest.param(SHAPE, np.diag([1.0, 0.0, 1.0, 1.0]), "singular", id="no size"),
        pytest.param(SHAPE, np.ones((4, 4)), "last row", id="not affine"),
        pytest.param(SHAPE, np.eye(3), r"\(4, 4\)", id="three by three"),
    ],
)
def test_impossible_grids_are_refused(shape, affine, message) -> None:
    with pytest.raises(ValueError, match=message):
        Geometry(shape, affine)


def test_small_voxels_are_not_singular() -> None:
    assert Geometry(SHAPE, np.diag([1e-4, 1e-4, 1e-4, 1])).spacing[0] == pytest.approx(1e-4)


def test_clip_region_refuses_one_beside_the_scan() -> None:
    with pytest.raises(ValueError, match="holds no voxel of the scan"):
        clip_region(((12, 15), (0, 3), (0, 3)), SHAPE)
