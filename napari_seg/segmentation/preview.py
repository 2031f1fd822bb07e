"""Show a finished window on the scan's own grid while the others still run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.imaging.geometry import Region

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monai.data import MetaTensor
    from numpy.typing import NDArray
    from torch import Tensor

    OnWindow = Callable[["LabelWindow"], None]


@dataclass(frozen=True, eq=False)
class LabelWindow:
    """The labels of one finished window, before the windows are blended.

    Attributes
    ----------
    region
        Where they lie in the scan's voxels.
    array
        Labels of that region's shape, uint8; uint16 above 255.
    """

    region: Region
    array: NDArray[Any]


class Preview:
    """Turn a window's scores into labels on the scan's grid, nearest voxel by nearest voxel."""

    def __init__(
        self, on_window: OnWindow, crop: MetaTensor, prepared: MetaTensor, box: Region
    ) -> None:
        self._on_window, self._box = on_window, box
        self._shape = tuple(crop.shape[1:])
        self._to_crop = np.linalg.inv(np.asarray(crop.affine)) @ np.asarray(prepared.affine)

    def __call__(self, start: tuple[int, int, int], scores: Tensor) -> None:
        """Hand on the labels of the window that begins at voxel `start` of the prepared scan."""
        labels = (scores > 0)[0] if len(scores) == 1 else scores.argmax(0)
        patch = labels.to("cpu").numpy().astype(np.uint8 if len(scores) <= 256 else np.uint16)
        to_crop = self._to_crop.copy()
        to_crop[:3, 3] += to_crop[:3, :3] @ np.asarray(start)
        found = place_nearest(patch, to_crop, self._shape)
        if found is not None:
            region, array = found
            offsets = [first for first, _ in self._box]
            (i0, i1), (j0, j1), (k0, k1) = (
                (first + offset, last + offset)
                for (first, last), offset in zip(region, offsets, strict=True)
            )
            self._on_window(LabelWindow(((i0, i1), (j0, j1), (k0, k1)), array))


def place_nearest(
    patch: NDArray[Any], to_grid: NDArray[np.float64], shape: Sequence[int]
) -> tuple[Region, NDArray[Any]] | None:
    """Lay a patch of labels onto another grid, each voxel taking its nearest label.

    Parameters
    ----------
    patch
        Labels ``(i, j, k)``.
    to_grid
        4×4 matrix from the patch's voxel index to the grid's.
    shape
        Of the grid.

    Returns
    -------
    tuple or None
        The part of the grid that the patch reaches and its labels there; None if it reaches none.
    """
    from scipy.ndimage import affine_transform

    ends = np.stack([np.full(3, -0.5), np.asarray(patch.shape) - 0.5])
    corners = np.array([[ends[a, 0], ends[b, 1], ends[c, 2]] for a, b, c in np.ndindex(2, 2, 2)])
    reached = corners @ to_grid[:3, :3].T + to_grid[:3, 3]
    first = np.maximum(np.ceil(reached.min(0) - 1e-6), 0).astype(int)
    last = np.minimum(np.floor(reached.max(0) + 1e-6) + 1, shape).astype(int)
    if (last <= first).any():
        return None
    from_grid = np.linalg.inv(to_grid)
    matrix, offset = from_grid[:3, :3], from_grid[:3, :3] @ first + from_grid[:3, 3]
    size = tuple(int(count) for count in last - first)
    array = _taken(patch, matrix, offset, size)
    if array is None:
        array = affine_transform(patch, matrix, offset, size, order=0, mode="grid-constant")
    (i0, j0, k0), (i1, j1, k1) = first.tolist(), last.tolist()
    return ((i0, i1), (j0, j1), (k0, k1)), array


def _taken(
    patch: NDArray[Any],
    matrix: NDArray[np.floating[Any]],
    offset: NDArray[np.floating[Any]],
    size: Sequence[int],
) -> NDArray[Any] | None:
    """Take labels axis by axis, many times as fast; None where the grids are turned."""
    large = np.abs(matrix) > 1e-6 * np.abs(matrix).max()
    if not ((large.sum(0) == 1).all() and (large.sum(1) == 1).all()):
        return None
    # Along each axis of the patch lies one of the grid.
    axes = large.argmax(1)
    array = patch
    for axis, along in enumerate(axes):
        index = np.floor(matrix[axis, along] * np.arange(size[along]) + offset[axis] + 0.5)
        inside = (index >= 0) & (index < patch.shape[axis])
        array = np.take(array, index.clip(0, patch.shape[axis] - 1).astype(np.intp), axis)
        if not inside.all():
            array[(slice(None),) * axis + (~inside,)] = 0
    return array.transpose(np.argsort(axes))
