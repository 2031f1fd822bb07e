"""The order in which voxels are shown: flips and transposes only, never a rotation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_seg.imaging.geometry import Geometry, Region

# Along z, y and x the display runs to the patient's inferior, posterior and left. With napari's
# camera that shows axial slices with anterior up and the patient's left on the right.
_SHOWN = (("S", "I"), ("A", "P"), ("R", "L"))


@dataclass(frozen=True)
class DisplayOrder:
    """How voxels ``(i, j, k)`` are laid out as ``(z, y, x)``.

    Attributes
    ----------
    axes
        The voxel axis that is shown along z, y and x.
    flipped
        Whether it is shown from its end to its start.
    dropped
        The display axis that a picture does without (0 is z); None where all three show.
    """

    axes: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]
    dropped: int | None = None

    @classmethod
    def of(cls, geometry: Geometry, *, flat: bool = True) -> DisplayOrder:
        """Find the flips and transposes that bring a grid closest to the display's axes.

        Parameters
        ----------
        geometry
            The grid.
        flat
            Whether a single slice is shown as a picture of two axes, in whatever plane it lies;
            else it keeps all three, and with them its place among other scans.
        """
        codes = geometry.axis_codes
        axes = [next(n for n, code in enumerate(codes) if code in pair) for pair in _SHOWN]
        flipped = [codes[n] == pair[0] for n, pair in zip(axes, _SHOWN, strict=True)]
        single = [shown for shown, n in enumerate(axes) if geometry.shape[n] == 1]
        return cls(
            (axes[0], axes[1], axes[2]),
            (flipped[0], flipped[1], flipped[2]),
            dropped=single[0] if flat and single else None,
        )

    @property
    def kept(self) -> tuple[int, ...]:
        """The display axes that a layer has: all of 0, 1, 2 but the dropped one."""
        return tuple(axis for axis in range(3) if axis != self.dropped)

    def show(self, array: NDArray[Any]) -> NDArray[Any]:
        """Bring an array ``(i, j, k, …)`` into display order, as a view."""
        rest = range(3, array.ndim)
        shown = array.transpose(*self.axes, *rest)
        shown = shown[tuple(slice(None, None, -1 if flip else None) for flip in self.flipped)]
        if self.dropped is None:
            return shown
        return shown[tuple(0 if axis == self.dropped else slice(None) for axis in range(3))]

    def restore(self, shown: NDArray[Any]) -> NDArray[Any]:
        """Bring an array from display order back to ``(i, j, k, …)``, as a view."""
        if self.dropped is not None:
            shown = np.expand_dims(shown, self.dropped)
        flipped = shown[tuple(slice(None, None, -1 if flip else None) for flip in self.flipped)]
        back = [self.axes.index(axis) for axis in range(3)]
        return flipped.transpose(*back, *range(3, shown.ndim))

    def show_shape(self, shape: tuple[int, int, int]) -> tuple[int, ...]:
        """Turn a shape ``(i, j, k)`` into that of the layer."""
        return tuple(shape[self.axes[axis]] for axis in self.kept)

    def show_region(self, region: Region, shape: tuple[int, int, int]) -> tuple[slice, ...]:
        """Turn ranges of voxels into slices of a layer.

        Parameters
        ----------
        region
            Half-open ranges along ``(i, j, k)``.
        shape
            Of the scan, ``(i, j, k)``.
        """
        return tuple(
            slice(*self._mirrored(region[self.axes[axis]], shape, axis)) for axis in self.kept
        )

    def restore_region(self, shown: tuple[slice, ...], shape: tuple[int, int, int]) -> Region:
        """Turn slices of a layer into ranges of voxels ``(i, j, k)``."""
        ranges = [(0, 1)] * 3
        for axis, part in zip(self.kept, shown, strict=True):
            ranges[self.axes[axis]] = self._mirrored((part.start, part.stop), shape, axis)
        return ranges[0], ranges[1], ranges[2]

    def scale(self, geometry: Geometry) -> tuple[float, ...]:
        """Return the spacing along the layer's axes, in mm."""
        return tuple(geometry.spacing[self.axes[axis]] for axis in self.kept)

    def translate(self, geometry: Geometry) -> tuple[float, ...]:
        """Return where the layer's first voxel lies along each of its axes, in mm.

        Grids with equal axes and one frame of reference so overlay at their true place.
        """
        directions = self.directions(geometry)
        corner = [0, 0, 0]
        for voxel_axis, flip in zip(self.axes, self.flipped, strict=True):
            corner[voxel_axis] = geometry.shape[voxel_axis] - 1 if flip else 0
        place = directions @ geometry.affine[:3, :3] @ corner + directions @ geometry.affine[:3, 3]
        return tuple(float(place[axis]) for axis in self.kept)

    def directions(self, geometry: Geometry) -> NDArray[np.float64]:
        """Return what times RAS+ mm gives the mm along z, y and x, one axis a row.

        Unit vectors, but for a sheared grid.
        """
        columns = geometry.affine[:3, list(self.axes)] * np.where(self.flipped, -1.0, 1.0)
        return np.linalg.inv(columns / np.linalg.norm(columns, axis=0)).astype(np.float64)

    def _mirrored(
        self, span: tuple[int, int], shape: tuple[int, int, int], axis: int
    ) -> tuple[int, int]:
        if not self.flipped[axis]:
            return span
        length = shape[self.axes[axis]]
        return length - span[1], length - span[0]
