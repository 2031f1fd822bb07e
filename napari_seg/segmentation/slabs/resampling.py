"""Scores between the voxels of a slab: all of a box, or those of single voxels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from torch import Tensor

    from napari_seg.segmentation.slabs.axis_maps import Taps

Range = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Band:
    """A part of a map of one axis as a dense matrix.

    Attributes
    ----------
    source
        The voxels that are summed, half open.
    matrix
        ``(target voxels, source voxels)``.
    """

    source: Range
    matrix: Tensor


def band(taps: Taps, start: int, stop: int, device: torch.device) -> Band:
    """Cut what voxels `start` to `stop` of an axis need out of its map."""
    import torch

    index, weight = taps.index[start:stop], taps.weight[start:stop]
    used = weight > 0
    first = int(index[used].min()) if used.any() else 0
    last = int(index[used].max()) if used.any() else 0
    matrix = np.zeros((stop - start, last - first + 1), np.float32)
    rows = np.broadcast_to(np.arange(stop - start)[:, None], index.shape)
    np.add.at(matrix, (rows[used], index[used] - first), weight[used])
    return Band((first, last + 1), torch.from_numpy(matrix).to(device))


def interpolate_box(scores: Tensor, bands: tuple[Band, Band, Band], offset: list[int]) -> Tensor:
    """Bring the scores of a slab onto a box of the finer grid, one axis after the other.

    Parameters
    ----------
    scores
        ``(class, *slab)``.
    bands
        One for each axis.
    offset
        The slab's first voxel, which the bands count from.

    Returns
    -------
    Tensor
        ``(class, *box)``.
    """
    for axis, one in enumerate(bands, start=1):
        first = one.source[0] - offset[axis - 1]
        scores = scores.narrow(axis, first, one.source[1] - one.source[0])
    # The axes that shrink most, or grow least, come first.
    order = sorted(range(3), key=lambda axis: bands[axis].matrix.shape[0] / scores.shape[axis + 1])
    for axis in order:
        scores = _along(scores, bands[axis].matrix, axis + 1)
    return scores


def interpolate_voxels(
    scores: Tensor, places: list[NDArray[np.int64]], taps: tuple[Taps, Taps, Taps]
) -> Tensor:
    """Interpolate the scores of single voxels from the two nearest along each axis.

    Parameters
    ----------
    scores
        ``(class, *slab)``, contiguous.
    places
        For each axis the voxels' indices, as many as there are voxels.
    taps
        For each axis its map into the slab, of at most two taps.

    Returns
    -------
    Tensor
        ``(class, voxels)``.
    """
    import torch

    device, sizes = scores.device, scores.shape[1:]
    strides = (sizes[1] * sizes[2], sizes[2], 1)
    corners: list[Tensor] = [torch.zeros(len(places[0]), dtype=torch.int64, device=device)]
    parts = []
    for place, one, stride in zip(places, taps, strides, strict=True):
        low = torch.from_numpy(one.index[place, 0] * stride).to(device)
        high = torch.from_numpy(one.index[place, -1] * stride).to(device)
        is_single = one.index.shape[1] == 1
        part = torch.from_numpy(
            np.zeros(len(place), np.float32)
            if is_single
            else one.weight[place, 1].astype(np.float32)
        ).to(device)
        parts.append(part)
        corners = [corner + end for corner in corners for end in (low, high)]
    result = torch.empty((len(scores), len(places[0])), device=device)
    for number, flat in enumerate(scores.view(len(scores), -1)):
        values = [flat.index_select(0, corner) for corner in corners]
        for part in reversed(parts):
            pairs = zip(values[::2], values[1::2], strict=True)
            values = [torch.lerp(low, high, part) for low, high in pairs]
        result[number] = values[0]
    return result


def _along(scores: Tensor, matrix: Tensor, axis: int) -> Tensor:
    import torch

    if axis == scores.ndim - 1:
        return scores @ matrix.T
    if axis == scores.ndim - 2:
        return matrix @ scores
    shape = scores.shape
    flat = scores.reshape(*shape[: axis + 1], -1)
    product = torch.matmul(matrix, flat)
    return product.reshape(*shape[:axis], len(matrix), *shape[axis + 1 :])
