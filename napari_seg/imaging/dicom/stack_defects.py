"""What keeps the slices of a series from filling an even upright grid."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.dicom.rounded_places import (
    ROUNDED_TO_MM,
    are_rounded,
    could_miss_one,
    fit_evenly,
    numbers_of_even,
)


class Defect(NamedTuple):
    """What is wrong with the places of slices.

    Attributes
    ----------
    words
        They end the sentence "the series …".
    figures
        Its numbers.
    even_count
        How many slices an even grid of the same step needs; `None` where there is no such step.
    numbers
        The number of each slice among the even ones, where it lies there as closely as those of
        a good series do; `None` where some do not.
    is_sideways
        Whether slices lie beside each other's places by more than those of a good series.
    """

    words: str
    figures: dict[str, float | str]
    even_count: int | None
    numbers: NDArray[Any] | None = None
    is_sideways: bool = False


_TOLERANCE_MM = 0.1
_TOLERANCE_STEPS = 0.1
_DECIMALS = 1e-4
# So far off, a gap is still nearer to one number of steps than to the next.
_NEARER_STEPS = 0.45
# Directions of three digits let the slices lean by as much.
_LEAN_OF_ROUNDING = 1e-3
_TENTH_OF_A_DEGREE = 0.1
# So many wide gaps in a row are a part taken in wider steps; fewer may be lost slices.
_STEPS_OF_A_PART = 3
# A grid of more slices than this for each that is there would be made up.
_LARGEST_GROWTH = 2


def find_defect(
    positions: NDArray[Any],
    axes: tuple[NDArray[Any], NDArray[Any], NDArray[Any]],
    pixel_mm: float,
) -> Defect | None:
    """Tell why slices do not fill an even upright grid; None where they do.

    Parameters
    ----------
    positions
        ``(slices, 3)`` in mm, in their order along the normal.
    axes
        Unit vectors across, down and along the normal.
    pixel_mm
        The smaller side of a pixel.
    """
    across, down, normal = axes
    from_first = positions - positions[0]
    sideways = from_first @ np.stack([across, down], axis=1)
    tilt = _tilt(sideways, from_first @ normal, pixel_mm, sideways_tolerance_mm(positions))
    unevenness = _unevenness(positions, normal)
    if tilt is None or unevenness is None:
        return tilt or unevenness
    return tilt._replace(
        words=f"{tilt.words}; it also {unevenness.words}",
        figures={**tilt.figures, **unevenness.figures},
        even_count=unevenness.even_count,
        numbers=unevenness.numbers,
    )


def sideways_tolerance_mm(positions: NDArray[Any]) -> float:
    """Return how far slices of a good series may lie beside the place of the first."""
    # Both the first place and another are off by half a tenth in three directions.
    return float(np.sqrt(3)) * ROUNDED_TO_MM if are_rounded(positions) else _TOLERANCE_MM


def even_line(
    positions: NDArray[Any], normal: NDArray[Any], numbers: NDArray[Any] | None = None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the place of the first slice and the way from one to the next, in mm.

    Along the normal where places were rounded, for then nothing else is known of how they lean.

    Parameters
    ----------
    positions
        ``(slices, 3)`` in mm, in their order along the normal.
    normal
        A unit vector.
    numbers
        The number of each slice among the even ones, from 0; else they follow one another.
    """
    numbers = np.arange(len(positions)) if numbers is None else numbers
    even = (positions[-1] - positions[0]) / numbers[-1]
    lean = even - (even @ normal) * normal
    if not are_rounded(positions) or np.linalg.norm(lean) * numbers[-1] < _DECIMALS:
        return positions[0], even
    even = float(np.polyfit(numbers, positions @ normal, 1)[0]) * normal
    return positions.mean(axis=0) - even * numbers.mean(), even


def count_on_even_grid(along: NDArray[Any], defect: Defect) -> int:
    """Return how many slices an even grid needs, from their heights above the first.

    Raises
    ------
    ValueError
        If far more than there are; the message ends the sentence "the series …".
    """
    steps = np.diff(along)
    count = defect.even_count or round(float(along[-1] / _common_step(steps))) + 1
    if count > _LARGEST_GROWTH * len(along):
        raise ValueError(
            f"has a gap of {steps.max():.2f} mm: of {count} slices on an even grid it holds "
            f"{len(along)}; fetch it again whole, or keep its parts in folders of their own"
        )
    return count


def _common_step(steps: NDArray[Any]) -> float:
    # The mean of those near the median: rounded steps of 1/3 mm are 0.3 or 0.4 mm.
    near = np.abs(steps - np.median(steps)) <= ROUNDED_TO_MM + _DECIMALS
    return float(steps[near].mean()) if near.any() else float(np.median(steps))


def _rounding(normal: NDArray[Any]) -> float:
    """Return how far rounding moves a place along the normal at most, in mm."""
    return ROUNDED_TO_MM / 2 * float(np.abs(normal).sum())


def _tilt(
    sideways: NDArray[Any], along: NDArray[Any], pixel_mm: float, tolerance_mm: float
) -> Defect | None:
    shift = float(np.linalg.norm(sideways, axis=1).max())
    if shift <= tolerance_mm:
        return None
    slope = sideways[-1] / along[-1]
    if np.abs(sideways - np.outer(along, slope)).max() > tolerance_mm:
        words = f"holds slices that are shifted sideways by up to {shift:.2f} mm"
        return _sideways(words, {"shift_mm": round(shift, 3)}, len(along))
    if shift <= min(pixel_mm / 2, _LEAN_OF_ROUNDING * float(along[-1])):
        return None
    angle = float(np.degrees(np.arctan(np.linalg.norm(slope))))
    digits = 1 if angle >= _TENTH_OF_A_DEGREE else 2
    words = f"was taken with a tilted gantry: its slices lean by {angle:.{digits}f} degrees"
    figures: dict[str, float | str] = {
        "tilt_degrees": round(angle, 2),
        "shift_mm": round(shift, 3),
    }
    return _sideways(words, figures, len(along))


def _sideways(words: str, figures: dict[str, float | str], count: int) -> Defect:
    return Defect(words, figures, count, np.arange(count), is_sideways=True)


def _unevenness(positions: NDArray[Any], normal: NDArray[Any]) -> Defect | None:
    heights = positions @ normal
    # A line through all of them: each place is rounded on its own.
    slope, off_mm = _line(heights, np.arange(heights.size))
    if off_mm <= _DECIMALS:
        return None
    rounded = are_rounded(positions)
    if rounded and fit_evenly(positions):
        return _uncertain(slope, heights.size) if could_miss_one(positions) else None
    if off_mm <= min(_TOLERANCE_MM, _TOLERANCE_STEPS * slope):
        return None
    steps = np.diff(heights)
    known = numbers_of_even(positions, normal) if rounded else None
    multiples = _multiples(steps, slope, normal if rounded else None)
    if known is not None:
        multiples = np.diff(known)
    if multiples is None:
        return _uneven(steps)
    if multiples.max() == 1:
        return _drift(off_mm, steps)
    defect = _uneven(steps) if _changes_once(multiples) else _missing(heights, multiples)
    numbers = np.concatenate([[0], np.cumsum(multiples)])
    slope, off_mm = _line(heights, numbers)
    if known is None and off_mm > min(_TOLERANCE_MM, _TOLERANCE_STEPS * slope):
        return defect
    return defect._replace(even_count=int(numbers[-1]) + 1, numbers=numbers)


def _line(heights: NDArray[Any], numbers: NDArray[Any]) -> tuple[float, float]:
    """Return the slope of a line through all heights, and how far they lie off it at most."""
    slope, start = np.polyfit(numbers, heights, 1)
    return float(slope), float(np.abs(heights - start - slope * numbers).max())


def _multiples(
    steps: NDArray[Any], slope: float, rounded_along: NDArray[Any] | None
) -> NDArray[Any] | None:
    """Return how many even steps each step is; None where they are none."""
    step = _common_step(steps)
    tolerance = min(_TOLERANCE_MM, _TOLERANCE_STEPS * slope)
    if rounded_along is not None:
        # Of both ends of a gap, and of the step.
        tolerance = max(tolerance, min(3 * _rounding(rounded_along), _NEARER_STEPS * step))
    multiples = np.rint(steps / step)
    off = np.abs(steps - multiples * step)
    return None if (off > tolerance).any() or (multiples < 1).any() else multiples


def _uncertain(step: float, count: int) -> Defect:
    words = (
        f"may miss slices or not, which cannot be told: places are rounded to {ROUNDED_TO_MM} mm, "
        f"and its {count} slices lie {step:.2f} mm apart"
    )
    return Defect(words, {"step_mm": round(step, 3)}, count, np.arange(count))


def _uneven(steps: NDArray[Any]) -> Defect:
    least_mm, most_mm = round(float(steps.min()), 3), round(float(steps.max()), 3)
    words = f"has uneven spacing, from {least_mm:.2f} to {most_mm:.2f} mm"
    return Defect(words, {"least_mm": least_mm, "most_mm": most_mm}, None)


def _missing(heights: NDArray[Any], multiples: NDArray[Any]) -> Defect:
    numbers = np.concatenate([[0], np.cumsum(multiples)])
    step = float(np.polyfit(numbers, heights, 1)[0])
    widest = int(np.argmax(multiples))
    count = int(numbers[-1]) + 1
    missing = count - heights.size
    gap_mm = float(heights[widest + 1] - heights[widest])
    words = (
        f"misses {missing} slice{'s' if missing > 1 else ''}: there is a gap of "
        f"{gap_mm:.2f} mm between {heights[widest]:.1f} and {heights[widest + 1]:.1f} mm, "
        f"where the others lie {step:.2f} mm apart"
    )
    figures: dict[str, float | str] = {
        "missing": missing,
        "gap_mm": round(gap_mm, 3),
        "step_mm": round(step, 3),
    }
    return Defect(words, figures, count)


def _drift(off_mm: float, steps: NDArray[Any]) -> Defect:
    """Name steps that are alike, but whose small differences add up."""
    least_mm, most_mm = round(float(steps.min()), 4), round(float(steps.max()), 4)
    words = (
        f"has spacing that drifts, from {least_mm:.4f} to {most_mm:.4f} mm: its slices lie up to "
        f"{off_mm:.2f} mm off even places"
    )
    figures: dict[str, float | str] = {
        "least_mm": least_mm,
        "most_mm": most_mm,
        "off_mm": round(off_mm, 3),
    }
    return Defect(words, figures, steps.size + 1)


def _changes_once(multiples: NDArray[Any]) -> bool:
    """Tell whether a part was taken in wider steps of its own, rather than that slices are lost."""
    wide = np.flatnonzero(multiples > 1)
    if wide.size < _STEPS_OF_A_PART:
        return False
    return bool(np.ptp(wide) == wide.size - 1 and np.ptp(multiples[wide]) == 0)
