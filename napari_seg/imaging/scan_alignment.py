"""How two scans lie to each other, and one brought onto the grid of the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import SimpleITK as sitk
from nibabel.orientations import io_orientation
from numpy.typing import NDArray

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Notice, Scan, Source

# As many slices are resampled between two reports of progress.
_SLAB = 16
# So many voxels along each axis tell how much of one grid lies inside another.
_SAMPLED = 40
# Origin, spacing and direction that make SimpleITK's millimetres voxel indices.
_INDEX_GRID = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))


@dataclass(frozen=True)
class Relation:
    """How two scans lie to each other where each is shown along its own axes.

    Parameters
    ----------
    frame
        ``"same"`` where both files name one frame of reference, ``"other"`` where theirs are known
        to differ, ``"unknown"`` else: the millimetres are then taken to agree.
    error_mm
        How far apart one point of the first scan shows in the two, at worst: 0 where their axes
        are parallel.
    """

    frame: Literal["same", "other", "unknown"]
    error_mm: float


def relation(scan: Geometry, other: Geometry, frames: tuple[str | None, str | None]) -> Relation:
    """Tell how two scans lie to each other.

    Parameters
    ----------
    scan, other
        Their grids.
    frames
        Their frames of reference, as `Source.frame` has them.

    Examples
    --------
    >>> grid = Geometry((4, 4, 4), np.eye(4))
    >>> relation(grid, grid, ("mni", "scanner"))
    Relation(frame='other', error_mm=0.0)
    """
    error = overlay_error_mm(scan, other)
    if frames_differ(*frames):
        return Relation("other", error)
    is_same = frames[0] is not None and frames[0] == frames[1]
    return Relation("same" if is_same else "unknown", error)


def frames_differ(one: str | None, other: str | None) -> bool:
    """Tell whether two frames of reference, as `Source.frame` has them, are known to differ.

    NIfTI cannot name the scanner's frame as DICOM does, and calls "aligned" what was made to fit
    any other scan, which nibabel writes by default: neither proves a difference.

    Examples
    --------
    >>> frames_differ("scanner", "mni"), frames_differ("dicom:1", "dicom:2")
    (True, True)
    >>> frames_differ("scanner", "dicom:1"), frames_differ("aligned", "mni")
    (False, False)
    """
    if one is None or other is None or one == other or "aligned" in (one, other):
        return False
    is_dicom = one.startswith("dicom:") or other.startswith("dicom:")
    return not (is_dicom and "scanner" in (one, other))


def upright_axes(geometry: Geometry) -> NDArray[np.float64]:
    """Return what lays a grid out along its own axes, each turned to the side it is closest to.

    Returns
    -------
    NDArray
        ``(3, 3)``; times RAS+ mm gives the mm along those axes, in the order R, A, S. For a grid
        at right angles its rows are unit vectors; with shear they hold one axis still while the
        others move. Grids of equal axes are laid out alike, whatever their order and start.
    """
    columns = geometry.affine[:3, :3] / geometry.spacing
    axes = io_orientation(geometry.affine)
    upright = np.empty((3, 3))
    for column, (axis, sign) in zip(columns.T, axes, strict=True):
        upright[:, int(axis)] = sign * column
    return np.linalg.inv(upright).astype(np.float64)


def overlay_error_mm(geometry: Geometry, other: Geometry) -> float:
    """Measure how far apart two grids show one and the same point of the first, at worst.

    Zero where their axes are parallel. Otherwise each is shown along its own axes, and the corners
    of `geometry` land elsewhere than they would along the axes of `other`.
    """
    ends = np.asarray(geometry.shape) - 1
    places = geometry.to_mm(np.array(list(np.ndindex(2, 2, 2))) * ends)
    gaps = places @ (upright_axes(geometry) - upright_axes(other)).T
    return float(np.linalg.norm(gaps, axis=1).max())


def resample_scan(
    scan: Scan, onto: Geometry, *, on_progress: Callable[[float], None] | None = None
) -> Scan:
    """Bring a scan onto another grid by linear interpolation.

    Parameters
    ----------
    scan
        Left untouched; each channel is resampled on its own.
    onto
        The grid to bring it to, in the same frame of reference.
    on_progress
        Called with the fraction done.

    Returns
    -------
    Scan
        Of the same kind of number, whole numbers rounded. Where the scan does not reach stands
        its lowest value. A notice says that it was resampled.

    Raises
    ------
    ValueError
        If the two grids have no place in common.
    """
    channels = scan.array if scan.array.ndim == 4 else scan.array[..., np.newaxis]
    result = np.empty((*onto.shape, channels.shape[3]), scan.array.dtype, order="F")
    inside = _reach(scan.geometry, onto)
    if inside == 0:
        raise ValueError(
            "the two scans have no place in common, so one cannot be resampled to the other; "
            "register them first"
        )
    for number in range(channels.shape[3]):
        slabs = _resample(channels[..., number], scan.geometry, onto)
        for start, slab in slabs:
            result[..., start : start + slab.shape[2], number] = slab
            if on_progress is not None:
                done = (start + slab.shape[2]) / onto.shape[2]
                on_progress((number + done) / channels.shape[3])
    notice = Notice(
        "resampled",
        f"a scan of {scan.geometry} was resampled to {onto}, linearly; "
        f"{100 * (1 - inside):.0f} % of it lies outside the scan and got its lowest value",
        {"outside_percent": round(100 * (1 - inside), 2)},
    )
    return replace(
        scan,
        array=result if scan.array.ndim == 4 else result[..., 0],
        geometry=onto,
        notices=(*scan.notices, notice),
        # No file holds it on this grid.
        source=Source(modality=scan.source.modality, frame=scan.source.frame),
    )


def _resample(
    array: NDArray[Any], geometry: Geometry, onto: Geometry
) -> Iterator[tuple[int, NDArray[Any]]]:
    """Give slabs of slices along k, each with the number of its first."""
    whole = array.dtype.kind in "iub"
    # 24 bits of a float32 hold every value of up to 16 bits.
    wide = np.result_type(array.dtype, np.float32)
    # SimpleITK counts from the last axis; in voxels it holds sheared grids, too.
    image = sitk.GetImageFromArray(np.ascontiguousarray(array.T.astype(wide, copy=False)))
    finite = array if whole else array[np.isfinite(array)]
    lowest = float(finite.min()) if finite.size else 0.0
    to_source = np.linalg.inv(geometry.affine) @ onto.affine
    for start in range(0, onto.shape[2], _SLAB):
        depth = min(_SLAB, onto.shape[2] - start)
        offset = to_source[:3, 3] + to_source[:3, 2] * start
        transform = sitk.AffineTransform(
            to_source[:3, :3].ravel().tolist(), offset.tolist(), (0.0, 0.0, 0.0)
        )
        slab = sitk.Resample(
            image, (*onto.shape[:2], depth), transform, sitk.sitkLinear, *_INDEX_GRID, lowest
        )
        values = sitk.GetArrayFromImage(slab).T
        yield start, np.rint(values) if whole else values


def _reach(geometry: Geometry, onto: Geometry) -> float:
    """Estimate which part of a grid lies inside another, from a lattice of its voxels."""
    steps = [np.unique(np.linspace(0, n - 1, _SAMPLED).round()) for n in onto.shape]
    indices = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1)
    found = geometry.to_index(onto.to_mm(indices))
    inside = ((found >= -0.5) & (found <= np.asarray(geometry.shape) - 0.5)).all(axis=-1)
    return float(inside.mean())
