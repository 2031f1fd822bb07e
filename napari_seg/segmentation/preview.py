"""Show a finished window while the others still run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.imaging.geometry import Geometry, Region
from napari_seg.segmentation.slabs.best_class import best_class

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    OnWindow = Callable[["LabelWindow"], None]

_NOWHERE: Region = ((0, 0), (0, 0), (0, 0))


@dataclass(frozen=True, eq=False)
class LabelWindow:
    """The labels of one finished window, before the windows are blended.

    They lie on the grid that the scan was prepared on; on the scan's own grid they are brought
    when they are asked for there, which costs far more where its voxels are smaller.

    Attributes
    ----------
    labels
        Of the window's voxels ``(i, j, k)``, uint8; uint16 above 255.
    start
        Its first voxel on the prepared grid.
    prepared
        That grid, in the scan's RAS+ millimetres.
    scan
        The scan's own grid.
    """

    labels: NDArray[Any]
    start: tuple[int, int, int]
    prepared: Geometry
    scan: Geometry

    @property
    def region(self) -> Region:
        """The scan's voxels that the window reaches."""
        return self._placed[0]

    @property
    def array(self) -> NDArray[Any]:
        """Labels of that region's shape, each voxel with its nearest label."""
        return self._placed[1]

    @property
    def to_scan(self) -> NDArray[np.float64]:
        """4×4 matrix from a voxel of the prepared grid to one of the scan's."""
        matrix: NDArray[np.float64] = np.linalg.inv(self.scan.affine) @ self.prepared.affine
        return matrix

    @cached_property
    def _placed(self) -> tuple[Region, NDArray[Any]]:
        to_scan = self.to_scan
        to_scan[:3, 3] += to_scan[:3, :3] @ np.asarray(self.start)
        found = place_nearest(self.labels, to_scan, self.scan.shape)
        return found or (_NOWHERE, np.zeros((0, 0, 0), self.labels.dtype))


class Preview:
    """Turn a window's scores into labels.

    Parameters
    ----------
    on_window
        Told the labels.
    to_crop
        4×4 matrix from the prepared scan's voxel index to that of the box that the network gets.
    box
        That box, in the scan's voxels.
    shape
        Of the prepared scan.
    scan
        The grid of the whole scan.
    """

    def __init__(
        self,
        on_window: OnWindow,
        to_crop: NDArray[np.float64],
        box: Region,
        shape: tuple[int, int, int],
        scan: Geometry,
    ) -> None:
        self._on_window, self._scan = on_window, scan
        # A 2D network is told of other axes than the scan's, so the way is by voxels.
        self._prepared = Geometry(shape, scan.crop(box).affine @ to_crop)

    def __call__(self, start: tuple[int, int, int], scores: Tensor) -> None:
        """Hand on the labels of the window that begins at voxel `start` of the prepared scan."""
        # A window may reach beyond a scan that is smaller than it.
        first = [max(at, 0) for at in start]
        spans = zip(start, first, scores.shape[1:], self._prepared.shape, strict=True)
        inside = [slice(one - at, min(at + n, have) - at) for at, one, n, have in spans]
        labels = _labels_of(scores[(slice(None), *inside)])
        i, j, k = first
        self._on_window(LabelWindow(labels, (i, j, k), self._prepared, self._scan))


def _labels_of(scores: Tensor) -> NDArray[Any]:
    kind = np.uint8 if len(scores) <= 256 else np.uint16
    found: NDArray[Any]
    if scores.device.type != "cpu":
        labels = (scores > 0)[0] if len(scores) == 1 else best_class(scores)
        found = labels.to("cpu").numpy().astype(kind)
        return found
    # Beside a network that takes all cores, one thread is faster than to share each step.
    values = scores.numpy()
    if len(values) == 1:
        found = (values[0] > 0).astype(kind)
        return found
    found, best = np.zeros(values.shape[1:], kind), values[0].copy()
    for number, one in enumerate(values[1:], start=1):
        higher = one > best
        np.copyto(found, kind(number), where=higher)
        np.copyto(best, one, where=higher)
    return found


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
