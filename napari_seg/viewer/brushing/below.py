"""The scan below labels, voxel by voxel, as a brush looks at it."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image, Labels
    from numpy.typing import NDArray

# Places may differ by this share of a voxel.
_TOLERANCE = 0.01


def reason_not_to_look(scan: Image | None, labels: Labels) -> str:
    """Say why a brush cannot look at a scan; empty if it can.

    Parameters
    ----------
    scan
        The scan that is worked on, if any. Times or channels may come before its axes in space.
    labels
        What is drawn on.
    """
    if scan is None:
        return "This brush looks at a scan; open the one below the labels"
    if scan.rgb:
        return f"'{scan.name}' is a colour picture, which has no intensities to go by"
    if scan.multiscale or not isinstance(scan.data, np.ndarray):
        return f"'{scan.name}' is not in memory; open it as one array"
    if not _lies_below(scan, labels):
        return f"'{scan.name}' has another grid than the labels; resample one onto the other first"
    return ""


def intensities(scan: Image, labels: Labels, point: Sequence[float]) -> NDArray[Any]:
    """Return the intensities below labels, of their shape.

    Parameters
    ----------
    scan
        That `reason_not_to_look` found nothing against.
    labels
        What is drawn on.
    point
        Of the viewer: the time or channel that is shown.
    """
    before = scan.ndim - labels.ndim
    place = np.rint(scan.world_to_data(point))[:before].astype(int)
    place = np.clip(place, 0, np.array(scan.data.shape[:before], dtype=int) - 1)
    return np.asarray(scan.data[tuple(place)])


def _lies_below(scan: Image, labels: Labels) -> bool:
    before = scan.ndim - labels.ndim
    if before < 0 or scan.data.shape[before:] != labels.data.shape:
        return False
    for corner in product(*((0, count - 1) for count in labels.data.shape)):
        world = scan.data_to_world((*((0,) * before), *corner))[before:]
        if np.abs(np.asarray(labels.world_to_data(world)) - corner).max() > _TOLERANCE:
            return False
    return True
