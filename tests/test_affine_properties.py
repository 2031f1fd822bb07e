"""What must hold for every affine, tried on those that hypothesis thinks up."""

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nibabel.affines import apply_affine
from numpy.typing import NDArray

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.nifti import read_nifti, write_nifti
from napari_seg.imaging.scan import Source
from napari_seg.viewer.display_order import DisplayOrder

SPACINGS = st.floats(0.05, 20)
PLACES = st.floats(-2000, 2000)
COUNTS = st.integers(1, 9)
# The same examples on every run and machine.
QUICK = settings(max_examples=150, deadline=None, derandomize=True)
IN_FILES = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
# Half a unit in the last place of a float32 below 2048, and what adds up over a product.
FLOAT32_MM = 3e-4


@st.composite
def rotations(draw: Any) -> NDArray[np.float64]:
    """Any rotation or reflection, as the axes of a quaternion and a sign."""
    parts = np.array(draw(st.tuples(*[st.floats(-1, 1)] * 4)))
    length = np.linalg.norm(parts)
    w, x, y, z = parts / length if length > 1e-3 else (1.0, 0.0, 0.0, 0.0)
    turn = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    mirror = np.diag([draw(st.sampled_from((1.0, -1.0))), 1, 1])
    turned: NDArray[np.float64] = turn @ mirror
    return turned


@st.composite
def geometries(draw: Any, *, shear: float = 0.3) -> Geometry:
    """Any grid: turned, mirrored, of unequal spacing, sheared by up to so many voxels a step."""
    affine = np.eye(4)
    leaning = np.eye(3)
    leaning[0, 1], leaning[0, 2], leaning[1, 2] = draw(st.tuples(*[st.floats(-shear, shear)] * 3))
    spacing = draw(st.tuples(SPACINGS, SPACINGS, SPACINGS))
    affine[:3, :3] = draw(rotations()) @ leaning * spacing
    affine[:3, 3] = draw(st.tuples(PLACES, PLACES, PLACES))
    return Geometry(draw(st.tuples(COUNTS, COUNTS, COUNTS)), affine)


@QUICK
@given(geometries(), st.lists(st.tuples(*[st.floats(-50, 50)] * 3), min_size=1, max_size=5))
def test_index_and_mm_are_inverse(geometry: Geometry, indices: list[tuple[float, ...]]) -> None:
    mm = geometry.to_mm(indices)
    assert np.allclose(mm, apply_affine(geometry.affine, indices))
    assert np.allclose(geometry.to_index(mm), indices, atol=1e-6)


@QUICK
@given(geometries(), st.data())
def test_a_crop_keeps_every_mm(geometry: Geometry, data: st.DataObject) -> None:
    starts = [data.draw(st.integers(0, count - 1)) for count in geometry.shape]
    stops = [
        data.draw(st.integers(start + 1, count))
        for start, count in zip(starts, geometry.shape, strict=True)
    ]
    i, j, k = zip(starts, stops, strict=True)
    cropped = geometry.crop((i, j, k))
    assert cropped.shape == tuple(np.subtract(stops, starts))
    inside = np.array(list(np.ndindex(cropped.shape)))
    assert np.allclose(cropped.to_mm(inside), geometry.to_mm(inside + starts), atol=1e-9)
    assert cropped.voxel_volume_ml == pytest.approx(geometry.voxel_volume_ml)


@QUICK
@given(geometries(), st.floats(0.01, 5), rotations())
def test_matches_is_a_tolerance_in_mm(
    geometry: Geometry, distance: float, turn: NDArray[np.float64]
) -> None:
    moved = geometry.affine.copy()
    moved[:3, 3] += turn[:, 0] * distance
    other = Geometry(geometry.shape, moved)
    assert geometry.matches(geometry)
    assert geometry.largest_shift_mm(other) == pytest.approx(distance, rel=1e-6)
    assert geometry.matches(other, tolerance_mm=distance * 1.01)
    assert other.matches(geometry, tolerance_mm=distance * 1.01)
    assert not geometry.matches(other, tolerance_mm=distance * 0.99)


@QUICK
@given(geometries(shear=0))
def test_a_grid_of_right_angles_has_no_shear(geometry: Geometry) -> None:
    degrees, drift_mm = geometry.shear()
    assert degrees < 1e-4
    assert drift_mm < 1e-6


@QUICK
@given(rotations(), st.floats(0.5, 30))
def test_shear_is_the_lack_of_a_right_angle(turn: NDArray[np.float64], degrees: float) -> None:
    affine = np.eye(4)
    leaning = np.eye(3)
    leaning[:, 1] = np.sin(np.radians(degrees)), np.cos(np.radians(degrees)), 0
    affine[:3, :3] = turn @ leaning
    assert Geometry((5, 5, 5), affine).shear()[0] == pytest.approx(degrees)


@QUICK
@given(geometries())
def test_display_order_goes_there_and_back(geometry: Geometry) -> None:
    array = np.arange(np.prod(geometry.shape)).reshape(geometry.shape)
    order = DisplayOrder.of(geometry)
    shown = order.show(array)
    assert shown.shape == order.show_shape(geometry.shape)
    assert np.array_equal(order.restore(shown), array)
    assert sorted(order.axes) == [0, 1, 2]
    # Each axis of the display takes one axis of the grid, whose codes nibabel names.
    codes = nib.aff2axcodes(geometry.affine)
    for axis, flip, (against, along) in zip(
        order.axes, order.flipped, (("S", "I"), ("A", "P"), ("R", "L")), strict=True
    ):
        assert codes[axis] == (against if flip else along)


@IN_FILES
@given(
    geometry=geometries(),
    codes=st.sampled_from([(None, None), (1, 1), (0, 2), (2, 0), (1, 4), (3, 3)]),
    units=st.sampled_from([None, "mm", "meter", "micron", "unknown"]),
)
def test_nifti_keeps_every_affine_within_float32(
    tmp_path: Path,
    geometry: Geometry,
    codes: tuple[int | None, int | None],
    units: str | None,
) -> None:
    path = tmp_path / "labels.nii"
    source = Source("NIfTI", qform_code=codes[0], sform_code=codes[1], units=units)
    write_nifti(np.zeros(geometry.shape, np.uint8), geometry, path, source)
    back = read_nifti(path)
    assert back.geometry.shape == geometry.shape
    assert back.geometry.largest_shift_mm(geometry) < FLOAT32_MM
    if units not in ("meter", "micron"):
        corner = np.subtract(geometry.shape, 1)
        assert np.allclose(
            apply_affine(nib.load(path).affine, corner), geometry.to_mm(corner), atol=FLOAT32_MM
        )
