"""Whether the slices of a DICOM series fill one even upright grid, and which; what is wrong else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_seg.imaging.dicom.series import SliceHeader
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Notice

# Real scanners round positions to 0.1 mm and repeat directions to 1e-7.
_TOLERANCE_MM = 0.1
_TOLERANCE_STEPS = 0.1
_UNIT_TOLERANCE = 1e-3
_NO_PIXEL_SIZE = "states pixels without a size; export it again"
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class Stack:
    """Slices in order, and the grid they fill or, where there is a defect, could be brought to.

    Parameters
    ----------
    slices
        In the order of k.
    geometry
        An even grid with k at right angles to the slices (within the tolerance of the gate).
    places
        ``(slices, 3)``: where each slice's first pixel lies, in voxels ``(i, j, k)`` of the grid.
    notices
        What was assumed.
    defect
        Why the slices do not fill the grid; empty for a good series.
    """

    slices: tuple[SliceHeader, ...]
    geometry: Geometry
    places: NDArray[np.float64]
    notices: tuple[Notice, ...] = ()
    defect: str = ""


def stack_slices(slices: Sequence[SliceHeader]) -> Stack:
    """Order slices and find their grid.

    Raises
    ------
    ValueError
        If they have no grid that resampling could bring them to; the message ends the sentence
        "the series …".
    """
    _refuse_multiframe(slices)
    if len(slices) == 1:
        return _single(slices[0])
    _refuse_incomplete(slices)
    rows, columns = slices[0].shape
    spacing = np.mean([one.spacing for one in slices if one.spacing], axis=0)
    across, down, normal = _axes(slices, float(max(rows * spacing[0], columns * spacing[1])))
    positions = np.array([one.position for one in slices])
    order = np.argsort(positions @ normal, kind="stable")
    ordered = tuple(slices[index] for index in order)
    positions = positions[order]
    along = (positions - positions[0]) @ normal
    step = _step(along)
    sideways = (positions - positions[0]) @ np.stack([across, down], axis=1)
    defect = _tilt(sideways, along) or _unevenness(positions @ normal)
    if not defect:
        even = (positions[-1] - positions[0]) / (len(slices) - 1)
        affine = _affine(across * spacing[1], down * spacing[0], even, positions[0])
        places = np.zeros((len(slices), 3))
        places[:, 2] = np.arange(len(slices))
        return Stack(ordered, Geometry((columns, rows, len(slices)), affine), places)
    count = round(along[-1] / step) + 1
    step = along[-1] / (count - 1)
    shifts = sideways / spacing[::-1]
    start, stop = np.floor(shifts.min(axis=0) + 1e-6), np.ceil(shifts.max(axis=0) - 1e-6)
    width, height = (int(grown) for grown in stop - start)
    affine = _affine(across * spacing[1], down * spacing[0], normal * step, positions[0])
    affine[:, 3] = affine @ (*start, 0, 1)
    places = np.column_stack([shifts - start, along / step])
    shape = (columns + width, rows + height, count)
    return Stack(ordered, Geometry(shape, affine), places, (), defect)


def resample_slices(slices: Sequence[NDArray[Any]], stack: Stack) -> NDArray[Any]:
    """Bring slices ``(i, j)`` to the even upright grid of a stack with a defect.

    Voxels between slices are interpolated linearly; those that no slice covers get the lowest
    value of all slices.
    """
    lowest = min(one.min() for one in slices)
    whole = np.issubdtype(slices[0].dtype, np.integer)
    array = np.empty(stack.geometry.shape, dtype=slices[0].dtype, order="F")
    heights = stack.places[:, 2]
    held: dict[int, NDArray[Any]] = {}
    for k in range(array.shape[2]):
        below = min(max(int(np.searchsorted(heights, k + 1e-6)) - 1, 0), len(slices) - 2)
        for index in (below, below + 1):
            if index not in held:
                held[index] = _placed(slices[index], stack, index, float(lowest))
        held = {index: held[index] for index in (below, below + 1)}
        share = np.clip((k - heights[below]) / (heights[below + 1] - heights[below]), 0, 1)
        blend = (1 - share) * held[below] + share * held[below + 1]
        array[..., k] = np.rint(blend) if whole else blend
    return array


def _refuse_multiframe(slices: Sequence[SliceHeader]) -> None:
    if any(one.frames > 1 for one in slices):
        raise ValueError(
            "holds several frames in one file (enhanced or multi-frame), which is not read; "
            "export it as single slices"
        )
    if len(slices) > 1 and any(one.samples > 1 for one in slices):
        raise ValueError("holds colour pictures, which are read one at a time")


def _single(one: SliceHeader) -> Stack:
    rows, columns = one.shape
    notices = []
    if one.spacing is None:
        notices.append(Notice("no-spacing", "the slice states no spacing: 1 mm was assumed"))
    elif one.is_detector_spacing:
        measured = "the spacing was measured at the detector: lengths in the patient are shorter"
        notices.append(Notice("detector-spacing", measured))
    down_mm, across_mm = one.spacing or (1.0, 1.0)
    if min(down_mm, across_mm) <= 0:
        raise ValueError(_NO_PIXEL_SIZE)
    across, down, position = np.eye(3)[0], np.eye(3)[1], np.zeros(3)
    if one.orientation is None or one.position is None:
        missing = "the slice states no place: left and right, front and back are assumed"
        notices.append(Notice("no-orientation", missing))
    else:
        across, down, _ = _axes([one], 0)
        position = np.array(one.position)
    if one.thickness is None:
        notices.append(Notice("no-thickness", "the slice states no thickness: 1 mm was assumed"))
    normal = np.cross(across, down) * (one.thickness or 1.0)
    affine = _affine(across * across_mm, down * down_mm, normal, position)
    return Stack((one,), Geometry((columns, rows, 1), affine), np.zeros((1, 3)), tuple(notices))


def _refuse_incomplete(slices: Sequence[SliceHeader]) -> None:
    for absent, what in (
        (sum(one.position is None for one in slices), "position (ImagePositionPatient)"),
        (sum(one.orientation is None for one in slices), "direction (ImageOrientationPatient)"),
        (sum(one.spacing is None for one in slices), "spacing (PixelSpacing)"),
    ):
        if absent:
            raise ValueError(
                f"states no {what} in {absent} of its {len(slices)} slices, so their places are "
                "unknown; export it again with these tags"
            )
    shapes = sorted({one.shape for one in slices})
    if len(shapes) > 1:
        sizes = " and ".join(
            f"{sum(one.shape == shape for one in slices)} of {shape[1]} x {shape[0]}"
            for shape in shapes
        )
        raise ValueError(f"mixes slices of different sizes, {sizes}; take the odd ones out")
    spacings = np.array([one.spacing for one in slices])
    if (spacings <= 0).any():
        raise ValueError(_NO_PIXEL_SIZE)
    if (np.ptp(spacings, axis=0) * shapes[0]).max() > _TOLERANCE_MM:
        raise ValueError("mixes slices of different pixel spacing; take the odd ones out")


def _axes(
    slices: Sequence[SliceHeader], extent_mm: float
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    directions = np.array([one.orientation for one in slices])
    if (np.ptp(directions, axis=0) * extent_mm).max() > _TOLERANCE_MM:
        raise ValueError("holds slices that are not parallel; take the odd ones out")
    across, down = directions.mean(axis=0).reshape(2, 3)
    lengths = np.array([np.linalg.norm(across), np.linalg.norm(down)])
    if (np.abs(lengths - 1) > _UNIT_TOLERANCE).any() or abs(across @ down) > _UNIT_TOLERANCE:
        raise ValueError("states directions that are not at right angles; export it again")
    across, down = across / lengths[0], down / lengths[1]
    normal = np.cross(across, down)
    return across, down, normal / np.linalg.norm(normal)


def _step(along: NDArray[Any]) -> float:
    steps = np.diff(along)
    step = float(np.median(steps))
    repeated = int((steps <= _TOLERANCE_STEPS * step).sum()) if step > 0 else steps.size
    if repeated:
        place = along[int(np.argmin(steps))]
        raise ValueError(
            f"repeats slices: {repeated} lie where another lies already "
            f"(the first {place:.1f} mm along the stack), and no tag tells volumes apart; "
            "take the repeated ones out"
        )
    return step


def _tilt(sideways: NDArray[Any], along: NDArray[Any]) -> str:
    shift = float(np.linalg.norm(sideways, axis=1).max())
    if shift <= _TOLERANCE_MM:
        return ""
    slope = sideways[-1] / along[-1]
    if np.abs(sideways - np.outer(along, slope)).max() > _TOLERANCE_MM:
        return f"holds slices that are shifted sideways by up to {shift:.2f} mm"
    angle = np.degrees(np.arctan(np.linalg.norm(slope)))
    return f"was taken with a tilted gantry: its slices lean by {angle:.1f} degrees"


def _unevenness(heights: NDArray[Any]) -> str:
    # A line through all of them: each place is rounded on its own.
    numbers = np.arange(heights.size)
    slope, start = np.polyfit(numbers, heights, 1)
    even = start + slope * numbers
    steps = np.diff(heights)
    tolerance = min(_TOLERANCE_MM, _TOLERANCE_STEPS * float(slope))
    if np.abs(heights - even).max() <= tolerance:
        return ""
    step = float(np.median(steps))
    multiples = np.rint(steps / step)
    if (np.abs(steps - multiples * step) > tolerance).any():
        return f"has uneven spacing, from {steps.min():.2f} to {steps.max():.2f} mm"
    missing = int(multiples.sum()) - steps.size
    widest = int(np.argmax(steps))
    return (
        f"misses {missing} slice{'s' if missing > 1 else ''}: there is a gap of "
        f"{steps[widest]:.2f} mm between {heights[widest]:.1f} and {heights[widest + 1]:.1f} mm, "
        f"where the others lie {step:.2f} mm apart"
    )


def _affine(
    across: NDArray[Any], down: NDArray[Any], step: NDArray[Any], start: NDArray[Any]
) -> NDArray[Any]:
    affine = np.eye(4)
    affine[:3] = np.column_stack([across, down, step, start])
    turned: NDArray[Any] = _LPS_TO_RAS @ affine
    return turned


def _placed(one: NDArray[Any], stack: Stack, index: int, lowest: float) -> NDArray[Any]:
    placed = np.full(stack.geometry.shape[:2], lowest)
    placed[: one.shape[0], : one.shape[1]] = one
    shift = stack.places[index, :2]
    if np.abs(shift).max() < 1e-6:
        return placed
    shifted: NDArray[Any] = ndimage.shift(placed, shift, order=1, cval=lowest)
    return shifted
