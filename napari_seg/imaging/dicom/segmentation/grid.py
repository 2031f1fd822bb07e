"""The smallest grid that holds the frames of a DICOM segmentation, each at its stated place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray

from napari_seg.imaging.dicom.frames import frame_values
from napari_seg.imaging.geometry import LPS_TO_RAS, Geometry
from napari_seg.imaging.scan import Notice

_TOLERANCE_MM = 0.1
_TOLERANCE_STEPS = 0.1
# Two places that were rounded to 0.1 mm in three directions; nearer than to a neighbour.
_ROUNDED_MM = 0.18
_ROUNDED_STEPS = 0.25
# Two frames of one slice may be written with another last digit.
_SAME_SLICE_MM = 1e-2
_MOST_VOXELS = 2**32


class SegmentationError(ValueError):
    """What a segmentation says does not fit together; ends the sentence "the segmentation …"."""


@dataclass(frozen=True, eq=False)
class FrameGrid:
    """A grid, and where each frame lies in it.

    Parameters
    ----------
    geometry
        i along the rows of the frames, j along their columns, k across them.
    starts
        ``(frames, 3)``: the voxel of each frame's first pixel.
    notices
        What was assumed.
    """

    geometry: Geometry
    starts: NDArray[np.int64]
    notices: tuple[Notice, ...] = ()


def frame_grid(dataset: pydicom.Dataset) -> FrameGrid:
    """Find the grid of a segmentation's frames from their places alone.

    Raises
    ------
    SegmentationError
        If frames state no place, or lie on no common grid.
    """
    frames = [_stated(values) for values in frame_values(dataset)]
    if len(frames) != int(dataset.NumberOfFrames) or not frames:
        raise SegmentationError(
            f"describes {len(frames)} frames where it says it holds {dataset.NumberOfFrames}"
        )
    shape = int(dataset.Rows), int(dataset.Columns)
    positions, directions, spacings = (
        np.array([frame[part] for frame in frames]) for part in range(3)
    )
    across, down = _axes(directions, spacings, shape)
    height_mm, width_mm = spacings.mean(axis=0)
    normal = np.cross(across, down)
    heights = positions @ normal
    levels = _levels(heights)
    step, notices = _step(levels, dataset, frames)
    numbers = np.rint((heights - levels[0]) / step).astype(int)
    along = _along(positions, numbers, normal, step)
    sideways = (positions - positions[numbers.argmin()] - np.outer(numbers, along)) @ np.stack(
        [across / width_mm, down / height_mm], axis=1
    )
    shifts = np.rint(sideways).astype(int)
    if (np.abs(sideways - shifts) * (width_mm, height_mm)).max() > _off_at_most(
        min(width_mm, height_mm)
    ):
        raise SegmentationError("holds frames that lie between the pixels of the others")
    starts = np.column_stack([shifts, numbers])
    affine = np.eye(4)
    affine[:3, :3] = np.column_stack([across * width_mm, down * height_mm, along])
    affine[:3, 3] = positions[numbers.argmin()]
    lowest = starts.min(axis=0)
    affine[:3, 3] += affine[:3, :3] @ lowest
    starts = starts - lowest
    rows, columns = shape
    i, j, k = (int(size) for size in starts.max(axis=0) + np.array([columns, rows, 1]))
    if i * j * k > _MOST_VOXELS:
        raise SegmentationError(
            f"holds frames so far apart that their grid has {i} x {j} x {k} voxels"
        )
    return FrameGrid(Geometry((i, j, k), LPS_TO_RAS @ affine), starts, notices)


def _stated(values: dict[str, Any]) -> tuple[list[float], list[float], list[float]]:
    found = []
    for tag, count in (
        ("ImagePositionPatient", 3),
        ("ImageOrientationPatient", 6),
        ("PixelSpacing", 2),
    ):
        numbers = [float(number) for number in values.get(tag) or ()]
        if len(numbers) != count or not np.isfinite(numbers).all():
            raise SegmentationError(
                f"does not say where its frames lie ({tag}); a slide of a microscope or a "
                "projection cannot be placed in a patient"
            )
        found.append(numbers)
    return found[0], found[1], found[2]


def _axes(
    directions: NDArray[Any], spacings: NDArray[Any], shape: tuple[int, int]
) -> tuple[NDArray[Any], NDArray[Any]]:
    extent_mm = float((spacings.max(axis=0) * shape).max())
    if np.ptp(directions, axis=0).max() * extent_mm > _TOLERANCE_MM:
        raise SegmentationError("holds frames that are not parallel")
    if (np.ptp(spacings, axis=0) * shape).max() > _TOLERANCE_MM:
        raise SegmentationError("holds frames of different pixel sizes")
    across, down = directions.mean(axis=0).reshape(2, 3)
    lengths = np.linalg.norm([across, down], axis=1)
    if spacings.min() <= 0 or np.abs(lengths - 1).max() > 1e-3 or abs(across @ down) > 1e-3:
        raise SegmentationError("states directions or pixel sizes that make no grid")
    return across / lengths[0], down / lengths[1]


def _levels(heights: NDArray[Any]) -> NDArray[Any]:
    """Return the height of each slice that has frames, from the lowest."""
    ordered = np.sort(heights)
    first = np.concatenate([[True], np.diff(ordered) > _SAME_SLICE_MM])
    levels: NDArray[Any] = ordered[first]
    return levels


def _step(
    levels: NDArray[Any], dataset: pydicom.Dataset, frames: Sequence[Any]
) -> tuple[float, tuple[Notice, ...]]:
    stated, thickness = (
        _measure(dataset, "SpacingBetweenSlices"),
        _measure(dataset, "SliceThickness"),
    )
    if levels.size == 1:
        if stated or thickness:
            return stated or thickness, ()
        message = "the segmentation lies on one slice and states no thickness: 1 mm was assumed"
        return 1.0, (Notice("no-thickness", message),)
    # Slices without a label are left out, so that the least distance may be a multiple.
    for candidate in (stated, float(np.diff(levels).min()), thickness):
        step = _even_step(levels, candidate) if candidate else None
        if step is not None:
            return step, () if candidate == stated else (_no_step(step),)
    raise SegmentationError(
        "holds frames at uneven distances: its slices lie "
        f"{np.diff(levels).min():.2f} to {np.diff(levels).max():.2f} mm apart"
    )


def _no_step(step: float) -> Notice:
    message = (
        "the segmentation does not say rightly how far its slices lie apart: "
        f"{step:.4g} mm was assumed, from those that are labelled"
    )
    return Notice("no-step", message, {"step_mm": step})


def _even_step(levels: NDArray[Any], candidate: float) -> float | None:
    # Neighbours first: over many slices a rounded step would count one too many.
    numbers = np.concatenate([[0], np.cumsum(np.rint(np.diff(levels) / candidate))])
    if numbers[-1] < 1 or (np.diff(numbers) < 1).any():
        return None
    step = float((levels[-1] - levels[0]) / numbers[-1])
    off_mm = float(np.abs(levels - levels[0] - numbers * step).max())
    # No slice is missed here: each frame is put on the number that its place is nearest to.
    is_even = off_mm <= min(_ROUNDED_MM, _ROUNDED_STEPS * step)
    return step if is_even and abs(step - candidate) <= _TOLERANCE_STEPS * candidate else None


def _off_at_most(side_mm: float) -> float:
    return max(_TOLERANCE_MM, min(_ROUNDED_MM, _ROUNDED_STEPS * side_mm))


def _measure(dataset: pydicom.Dataset, tag: str) -> float:
    shared = dataset.get("SharedFunctionalGroupsSequence") or [pydicom.Dataset()]
    for item in (shared[0], dataset.PerFrameFunctionalGroupsSequence[0]):
        measures = item.get("PixelMeasuresSequence")
        # Some writers give a negative distance where slices run the other way.
        if measures and measures[0].get(tag):
            return abs(float(measures[0].get(tag)))
    return 0.0


def _along(
    positions: NDArray[Any], numbers: NDArray[Any], normal: NDArray[Any], step: float
) -> NDArray[Any]:
    """Return the way from slice to slice: leaning where the slices of a tilted gantry do."""
    count = int(numbers.max())
    if count == 0:
        return normal * step
    way = (positions[numbers.argmax()] - positions[numbers.argmin()]) / count
    off_mm = np.abs(positions - positions[numbers.argmin()] - np.outer(numbers, way)).max()
    return way if off_mm <= _TOLERANCE_MM else normal * step
