"""Labels in, labels out: clean up what a network left over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

# Voxels that touch by a face, an edge or a corner are one piece.
_TOUCHING = np.ones((3, 3, 3), dtype=bool)
_LARGEST_RANK = 65535


def keep_largest(labels: NDArray[Any]) -> NDArray[Any]:
    """Keep the largest connected piece of each label.

    Parameters
    ----------
    labels
        Whole numbers ``(i, j, k)``; 0 is background. Left untouched.

    Returns
    -------
    NDArray
        New labels; every other piece became background. Of pieces of equal size the first one
        stays.
    """

    def largest(sizes: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(np.arange(sizes.size) == sizes.argmax())

    return _keep_pieces(labels, largest)


def remove_islands(labels: NDArray[Any], *, min_ml: float, voxel_volume_ml: float) -> NDArray[Any]:
    """Remove the connected pieces of each label that are smaller than a volume.

    Parameters
    ----------
    labels
        Whole numbers ``(i, j, k)``; 0 is background. Left untouched.
    min_ml
        Pieces of less than this many ml go.
    voxel_volume_ml
        Volume of one voxel in ml.

    Returns
    -------
    NDArray
        New labels; the removed pieces became background.

    Raises
    ------
    ValueError
        If `min_ml` is negative.
    """
    if min_ml < 0:
        raise ValueError(f"min_ml must be 0 or more, got {min_ml}")
    # A piece of exactly min_ml stays, whatever the rounding of the product.
    min_voxels = min_ml / voxel_volume_ml - 1e-6

    def large_enough(sizes: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(sizes >= min_voxels)

    return _keep_pieces(labels, large_enough)


def _keep_pieces(
    labels: NDArray[Any], choose: Callable[[NDArray[Any]], NDArray[Any]]
) -> NDArray[Any]:
    kept = labels.copy()
    for value, box in _boxes(labels):
        pieces, count = ndimage.label(labels[box] == value, structure=_TOUCHING)
        sizes = np.bincount(pieces.ravel(), minlength=count + 1)[1:]
        stays = np.concatenate([[True], choose(sizes)])  # piece 0 is all that is not this label
        kept[box][~stays[pieces]] = 0
    return kept


def _boxes(labels: NDArray[Any]) -> list[tuple[int, tuple[slice, ...]]]:
    values = np.arange(1, int(labels.max()) + 1) if labels.max() <= _LARGEST_RANK else None
    if values is None:
        # Positions 1, 2, … in place of values too large to be listed one by one.
        values = np.unique(labels[labels != 0])
        labels = np.where(labels == 0, 0, np.searchsorted(values, labels) + 1)
    boxes = ndimage.find_objects(labels, max_label=values.size)
    found = zip(values.tolist(), boxes, strict=True)
    return [(value, box) for value, box in found if box is not None]
