"""The scan below labels, voxel by voxel, as a brush looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.viewer.opening.scan_below import lies_voxel_by_voxel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image, Labels
    from numpy.typing import NDArray


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
    if not lies_voxel_by_voxel(scan, labels):
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
