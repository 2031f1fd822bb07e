"""Grids that share their voxels, and how far off they may lie."""

import numpy as np
import pytest

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.lattice import rounding_mm, share_voxels


def grid(step_mm: float, *, at_mm: float = 0.0) -> Geometry:
    """Return 4 x 3 x 2 voxels that start so far along the first axis."""
    affine = np.diag([step_mm, step_mm, step_mm, 1.0])
    affine[0, 3] = at_mm
    return Geometry((4, 3, 2), affine)


@pytest.mark.parametrize(
    ("at_mm", "shared"), [(15, True), (20, False), (-15, True), (-20, False), (500, False)]
)
def test_only_grids_that_overlap_share_voxels(at_mm: float, shared: bool) -> None:
    assert share_voxels(grid(5, at_mm=at_mm), grid(5)) == shared


@pytest.mark.parametrize(("step_mm", "allowed_mm"), [(5, 0.1), (0.5, 0.05), (0.002, 0.001)])
def test_a_tenth_of_a_voxel_is_rounding_but_no_more_than_a_tenth_of_a_mm(
    step_mm: float, allowed_mm: float
) -> None:
    assert rounding_mm(grid(step_mm)) == pytest.approx(allowed_mm)


@pytest.mark.parametrize(("shift_mm", "shared"), [(0.09, True), (0.11, False), (0.4, False)])
def test_thick_voxels_may_not_lie_farther_off(shift_mm: float, shared: bool) -> None:
    assert share_voxels(grid(5, at_mm=shift_mm), grid(5)) == shared
