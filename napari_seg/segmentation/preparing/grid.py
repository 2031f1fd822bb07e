"""The grid that a bundle's orientation and spacing bring a scan onto, before a voxel is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.segmentation.preparing.steps import NotByParts
from napari_seg.segmentation.slabs import axis_maps
from napari_seg.segmentation.slabs.way_back import Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_seg.segmentation.preparing.steps import Steps
    from napari_seg.segmentation.slabs.axis_maps import Taps

    Triple = tuple[int, int, int]

# So far from an axis a resampled voxel may lie at the end of it.
_FAR = 1e-4
# Beyond it MONAI takes two affines for different.
_SAME_AFFINE = 1e-3


@dataclass(frozen=True, eq=False)
class PreparedGrid:
    """Where the voxels of a prepared scan come from.

    Attributes
    ----------
    axes
        For each prepared axis the axis of the scan along it.
    is_reversed
        Whether it runs the other way.
    taps
        For each prepared axis the voxels of the scan, counted along that axis, which each of its
        own lies between; None where they are the same.
    trace
        For the way back.
    """

    axes: Triple
    is_reversed: tuple[bool, bool, bool]
    taps: tuple[Taps | None, Taps | None, Taps | None]
    trace: Trace

    @property
    def shape(self) -> Triple:
        """Of the prepared scan."""
        i, j, k = self.trace.shape
        return i, j, k


def find_grid(shape: Triple, affine: NDArray[np.float64], steps: Steps) -> PreparedGrid:
    """Find where a bundle's steps bring a scan of this shape and affine.

    Raises
    ------
    NotByParts
        If resampling would turn the axes.
    """
    traces: list[dict[str, Any]] = []
    axes, is_reversed = (0, 1, 2), (False, False, False)
    if steps.orientation is not None:
        axes, is_reversed, turned = _turned(shape, affine, steps.orientation)
        extra: dict[str, Any] = {
            "original_affine": affine,
            "axes": axes,
            "is_reversed": is_reversed,
        }
        traces.append({"class": "Orientation", "orig_size": shape, "extra_info": extra})
        shape, affine = (shape[axes[0]], shape[axes[1]], shape[axes[2]]), turned
    taps: tuple[Taps | None, Taps | None, Taps | None] = None, None, None
    if steps.spacing is not None:
        extra = {"src_affine": affine, "mode": "bilinear", "padding_mode": "border"}
        traces.append({"class": "SpatialResample", "orig_size": shape, "extra_info": extra})
        shape, affine, taps = _respaced(shape, affine, steps.spacing)
    return PreparedGrid(axes, is_reversed, taps, Trace(shape, affine, tuple(traces)))


def _turned(
    shape: Triple, affine: NDArray[np.float64], orientation: Any
) -> tuple[Triple, tuple[bool, bool, bool], NDArray[np.float64]]:
    from nibabel.orientations import axcodes2ornt, inv_ornt_aff, io_orientation, ornt_transform

    turn = io_orientation(affine)
    if not orientation.as_closest_canonical:
        try:
            wanted = axcodes2ornt(orientation.axcodes, labels=orientation.labels)
        except ValueError as error:
            raise NotByParts("Orientationd names unknown axes") from error
        if wanted.shape != (3, 2) or np.isnan(wanted).any():
            raise NotByParts("Orientationd names other than three axes")
        turn = ornt_transform(turn, wanted)
    first, second, third = (int(axis) for axis in np.argsort(turn[:, 0]))
    flips = [bool(turn[axis, 1] == -1) for axis in (first, second, third)]
    turned = affine @ inv_ornt_aff(turn, shape)
    return (first, second, third), (flips[0], flips[1], flips[2]), turned


def _respaced(
    shape: Triple, affine: NDArray[np.float64], spacing: Any
) -> tuple[Triple, NDArray[np.float64], tuple[Taps | None, Taps | None, Taps | None]]:
    """Work out as MONAI's ``Spacing`` does what it resamples a scan to."""
    zoomed = _zoomed(affine, spacing)
    (i, j, k), zoomed[:3, 3] = _extent(shape, affine, zoomed)
    to_source = np.asarray(np.linalg.solve(affine, zoomed), np.float64)
    if (i, j, k) == shape and (_are_close(affine, zoomed) or _are_close(to_source, np.eye(4))):
        return shape, affine, (None, None, None)
    scales = np.diag(to_source)[:3]
    if (np.abs(to_source[:3, :3] - np.diag(scales)) @ (i, j, k) > _FAR).any():
        raise NotByParts("Spacingd turns the axes of the scan")
    first, second, third = _places(to_source, (i, j, k), shape)
    taps = (_between(first, shape[0]), _between(second, shape[1]), _between(third, shape[2]))
    return (i, j, k), affine @ to_source, taps


def _zoomed(affine: NDArray[np.float64], spacing: Any) -> NDArray[np.float64]:
    """Give an affine the wanted spacing, without shear and without a place."""
    have = np.sqrt((affine[:3, :3] ** 2).sum(0))
    wanted = _wanted_spacing(affine, spacing)
    wanted = np.where(wanted > 0, wanted, have)
    zoomed = np.eye(4)
    if spacing.diagonal:
        zoomed[:3, :3] = np.diag(wanted)
        return zoomed
    axes = affine[:3, :3]
    stretch = np.linalg.cholesky(axes.T @ axes).T
    zoomed[:3, :3] = axes @ np.linalg.inv(stretch) @ np.diag(np.sign(np.diag(stretch)) * wanted)
    return zoomed


def _extent(
    shape: Triple, affine: NDArray[np.float64], zoomed: NDArray[np.float64]
) -> tuple[Triple, NDArray[np.float64]]:
    """Return how many voxels of another affine a scan fills, and where the first one lies."""
    ends = [(0.0, count - 1.0) for count in shape]
    corners = np.ones((4, 8))
    corners[:3] = np.stack(np.meshgrid(*ends, indexing="ij")).reshape(3, 8)
    reached = (np.linalg.solve(zoomed, affine) @ corners)[:3]
    i, j, k = (int(count) for count in np.round(np.ptp(reached, axis=1) + 1))
    # The corner from which all others lie ahead; none where the axes turn.
    least = (reached[:, None, :] - reached[:, :, None]).min(axis=2)
    first = np.flatnonzero((np.abs(least) <= 1e-8).all(axis=0))
    if len(first):
        return (i, j, k), (affine @ corners)[:3, first[0]]
    middle = affine[:3, :3] @ (np.array(shape) / 2) + affine[:3, 3]
    return (i, j, k), middle - zoomed[:3, :3] @ (np.array((i, j, k)) / 2)


def _are_close(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    return bool((np.abs(one - other) <= _SAME_AFFINE + 1e-5 * np.abs(other)).all())


def _wanted_spacing(affine: NDArray[np.float64], spacing: Any) -> NDArray[np.float64]:
    have = np.sqrt((affine[:3, :3] ** 2).sum(0))
    wanted = spacing.pixdim[:3]
    wanted = np.append(wanted, [wanted[-1]] * (3 - len(wanted)))
    for axis, target in enumerate(wanted.copy()):
        low, high = (
            _limit(limits, axis, target) for limits in (spacing.min_pixdim, spacing.max_pixdim)
        )
        low, high = min(low, target), max(high, target)
        if low - _SAME_AFFINE <= have[axis] <= high + _SAME_AFFINE:
            wanted[axis] = have[axis]
    return wanted


def _limit(limits: NDArray[np.float64], axis: int, target: float) -> float:
    stated = float(limits[axis]) if axis < len(limits) else np.nan
    return target if np.isnan(stated) else stated


def _places(
    to_source: NDArray[np.float64], size: Triple, have: Triple
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return where along each axis of a scan the voxels of the resampled one lie.

    Rounded as MONAI and torch do it, to the last bit: whether a voxel takes a trace of its
    neighbour decides whether it is 0, which counts where only other voxels do.
    """
    import torch
    from monai.networks.utils import to_norm_affine

    to_ends = to_norm_affine(torch.from_numpy(to_source)[None], have, size)[0].numpy()
    places = []
    for axis, (count, source) in enumerate(zip(size, have, strict=True)):
        ends = torch.linspace(-1, 1, count, dtype=torch.float64).numpy() * (count - 1) / count
        at = ends * to_ends[axis, axis] + to_ends[axis, 3]
        places.append(((at + 1) * source - 1) / 2)
    return places[0], places[1], places[2]


def _between(places: NDArray[np.float64], have: int) -> Taps | None:
    same = len(places) == have and bool((places == np.arange(have)).all())
    return None if same else axis_maps.linear(places, have, border=True)
