"""Grids that share their voxels: in whatever order of axes, and of whatever extent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from nibabel.orientations import inv_ornt_aff, io_orientation
from numpy.typing import NDArray

from napari_seg.imaging.geometry import Geometry

SAME_PLACE_MM = 1e-3
"""So far apart two programs may state one place."""

# Scanners round the places of slices to 0.1 mm, so that programs come to grids a little apart.
_ROUNDED_PLACES_MM, _ROUNDED_PLACES_STEPS = 0.1, 0.1


@dataclass(frozen=True, eq=False)
class Placement:
    """How a grid lies on the voxels of another.

    Attributes
    ----------
    turn
        The flips and transposes that bring its axes closest to the other's, as
        ``nibabel.orientations`` has them.
    shape
        Its shape then.
    start
        The voxel of the other, ``(3,)``, at which it starts then; outside it, too.
    shift_mm
        How far a voxel of it lies from one of the other's lattice, at worst.
    """

    turn: NDArray[Any]
    shape: tuple[int, int, int]
    start: NDArray[np.int_]
    shift_mm: float


def placement_on(geometry: Geometry, onto: Geometry) -> Placement:
    """Find how a grid lies on the voxels of another."""
    turn = io_orientation(np.linalg.inv(onto.affine) @ geometry.affine)
    back = inv_ornt_aff(turn, geometry.shape)
    i, j, k = (geometry.shape[int(axis)] for axis in np.argsort(turn[:, 0]))
    turned = Geometry((i, j, k), geometry.affine @ back)
    start = np.rint(onto.to_index(turned.affine[:3, 3])).astype(int)
    lattice = onto.affine.copy()
    lattice[:3, 3] = onto.to_mm(start)
    shift_mm = turned.largest_shift_mm(Geometry(turned.shape, lattice))
    return Placement(turn, turned.shape, start, shift_mm)


def rounding_mm(geometry: Geometry) -> float:
    """Return how far apart programs that round places may put the voxels of one grid."""
    steps = _ROUNDED_PLACES_STEPS * min(geometry.spacing)
    return max(SAME_PLACE_MM, min(_ROUNDED_PLACES_MM, steps))


def share_voxels(one: Geometry, other: Geometry) -> bool:
    """Tell whether two grids have voxels at the same places, one a part of the other's lattice.

    Examples
    --------
    >>> grid = Geometry((8, 9, 10), np.diag([1.0, 2.0, 3.0, 1.0]))
    >>> share_voxels(grid, grid.crop(((2, 5), (0, 9), (3, 8))))
    True
    >>> share_voxels(grid, Geometry((8, 9, 10), np.diag([1.0, 2.0, 2.5, 1.0])))
    False
    """
    found = placement_on(one, other)
    ends = found.start + found.shape
    overlap = bool(((found.start < other.shape) & (ends > 0)).all())
    return overlap and found.shift_mm <= rounding_mm(one)
