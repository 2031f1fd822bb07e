"""Places and directions of the view in the patient, exactly as the scan's affine says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.viewer.layers import grid_of

if TYPE_CHECKING:
    from napari.layers import Layer
    from numpy.typing import ArrayLike, NDArray

    from napari_seg.imaging.geometry import Geometry
    from napari_seg.viewer.display_order import DisplayOrder

_TOWARDS = (("R", "L"), ("A", "P"), ("S", "I"))
# A view turned by more than 22.5 degrees looks half towards another side, which is named second.
_NAMED = float(np.sin(np.deg2rad(22.5)))


def place_in_patient(layer: Layer, position: ArrayLike) -> NDArray[np.float64]:
    """Return the place of a point of the viewer's world in RAS+ millimetres.

    Raises
    ------
    ValueError
        If the layer is another reader's and has more than three dimensions.
    """
    geometry, order = grid_of(layer)
    shown = np.asarray(layer.world_to_data(position), dtype=np.float64)
    return geometry.to_mm(_voxel(shown, geometry, order))


def side_text(axis: int, mm: float, doubt: str = "") -> str:
    """Write how far to which side a point lies, along one RAS+ axis.

    Examples
    --------
    >>> side_text(2, -10.94)
    'I 10.9'
    """
    return f"{_TOWARDS[axis][round(mm, 1) < 0]}{doubt} {abs(mm):.1f}"


def direction_in_patient(layer: Layer, axis: int, ndim: int) -> NDArray[np.float64]:
    """Return where an axis of the viewer's world runs in the patient.

    Parameters
    ----------
    layer
        It may be rotated in napari, or be of fewer dimensions than the viewer.
    axis
        Of the world, from 0.
    ndim
        How many axes the world has.

    Returns
    -------
    ndarray
        A unit vector in RAS+, or zeros where the axis does not run in space.
    """
    start = np.zeros(ndim)
    end = start.copy()
    end[axis] = 1
    step: NDArray[np.float64] = place_in_patient(layer, end) - place_in_patient(layer, start)
    length = np.linalg.norm(step)
    return step / length if length else step


def side_of(direction: NDArray[Any]) -> str:
    """Name the side of the patient that a direction points to.

    Examples
    --------
    >>> side_of(np.array([-1.0, 0.0, 0.0]))
    'L'
    >>> side_of(np.array([0.0, 0.8, -0.6]))
    'AI'
    """
    parts = [part for part in np.argsort(-np.abs(direction)) if abs(direction[part]) > _NAMED]
    return "".join(_TOWARDS[part][int(direction[part] < 0)] for part in parts[:2])


def _voxel(shown: NDArray[Any], geometry: Geometry, order: DisplayOrder) -> NDArray[np.float64]:
    # Channels come before the axes in space.
    along = dict(zip(order.kept, shown[-len(order.kept) :], strict=True))
    index = np.zeros(3)
    for axis, (voxel_axis, flipped) in enumerate(zip(order.axes, order.flipped, strict=True)):
        place = along.get(axis, 0.0)
        index[voxel_axis] = geometry.shape[voxel_axis] - 1 - place if flipped else place
    return index
