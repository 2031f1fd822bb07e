"""Where the voxels of a layer that another reader opened lie, and what is assumed of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pint

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Notice
from napari_seg.viewer.display_order import DisplayOrder

if TYPE_CHECKING:
    from napari.layers import Layer
    from numpy.typing import NDArray

HOW_TO_SPLIT = "Split its times or channels into layers first (right click on it, Split Stack)"
"""The way out for layers of more than three dimensions."""

# What other readers show is taken as we show it: left, posterior and inferior along x, y and z.
_SHOWN_TO_RAS = np.diag([-1.0, -1.0, -1.0])


def foreign_grid(layer: Layer) -> tuple[Geometry, DisplayOrder]:
    """Tell where the voxels lie, and in which order they are shown.

    Raises
    ------
    ValueError
        If the layer has more than three dimensions.
    """
    if layer.ndim not in (2, 3):
        raise ValueError(
            f"'{layer.name}' has {layer.ndim} dimensions; a scan has 2 or 3. {HOW_TO_SPLIT}"
        )
    shape = (layer.data[0] if layer.multiscale else layer.data).shape[: layer.ndim]
    order = DisplayOrder((2, 1, 0), (False, False, False), dropped=0 if layer.ndim == 2 else None)
    sizes = (1,) * (3 - layer.ndim) + tuple(shape)
    return Geometry((sizes[2], sizes[1], sizes[0]), _affine_of(layer)), order


def what_is_assumed(layer: Layer) -> tuple[Notice, ...]:
    """Say what is assumed of the layer's sides, of its unit, and of where a single slice lies."""
    shown = "taken as shown, with anterior up"
    if layer.ndim == 2:
        shown += " and the patient's left on the right, as one axial slice of 1 mm at 0 mm"
    else:
        shown += ", the patient's left on the right and the first slice superior"
    sides = Notice("sides-assumed", f"the layer does not say which side is which: {shown}")
    if all(_length_mm(unit) is not None for unit in layer.units):
        return (sides,)
    return sides, Notice(
        "unit-assumed", "the layer has no unit of length: its scale is taken as mm"
    )


def _affine_of(layer: Layer) -> NDArray[np.float64]:
    # From the layer's index to its world, axis by axis: rotation and shear are in it.
    ndim = layer.ndim
    start = np.asarray(layer.data_to_world((0.0,) * ndim))
    steps = [np.asarray(layer.data_to_world(row)) - start for row in np.eye(ndim)]
    to_mm = [_length_mm(unit) or 1.0 for unit in layer.units]
    shown = np.eye(4)
    first = 3 - ndim
    shown[first:3, first:3] = (np.array(steps) * to_mm).T
    shown[first:3, 3] = start * to_mm
    reverse = [2, 1, 0]
    affine = np.eye(4)
    affine[:3, :3] = _SHOWN_TO_RAS @ shown[:3, :3][np.ix_(reverse, reverse)]
    affine[:3, 3] = _SHOWN_TO_RAS @ shown[:3, 3][reverse]
    return affine


def _length_mm(unit: pint.Unit) -> float | None:
    try:
        return float((1 * unit).to("mm").magnitude)
    except pint.DimensionalityError:
        return None
