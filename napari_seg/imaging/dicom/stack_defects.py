"""What keeps the slices of a series from filling an even upright grid."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Defect = tuple[str, dict[str, float | str]]
"""What ends the sentence "the series …", and its numbers."""

_TOLERANCE_MM = 0.1
_TOLERANCE_STEPS = 0.1
# Many programs write the places of slices so.
_ROUNDED_TO_MM = 0.1
# Beyond this part of a step, rounding looks like a slice that is missing.
_ROUNDED_STEPS = 0.25
# Of fewer slices a gap can look like rounding.
_ENOUGH_TO_TELL = 6
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
    # Both the first place and another are off by half a tenth in three directions.
    tolerance_mm = np.sqrt(3) * _ROUNDED_TO_MM if _is_rounded(positions) else _TOLERANCE_MM
    tilt = _tilt(sideways, from_first @ normal, pixel_mm, tolerance_mm)
    unevenness = None if _is_rounded_line(positions, normal) else _unevenness(positions, normal)
    if tilt is None or unevenness is None:
        return tilt or unevenness
    return f"{tilt[0]}; it also {unevenness[0]}", {**tilt[1], **unevenness[1]}


def even_line(positions: NDArray[Any], normal: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the place of the first slice and the way from one to the next, in mm.

    Along the normal where places were rounded, for then nothing else is known of how they lean.
    """
    even = (positions[-1] - positions[0]) / (len(positions) - 1)
    lean = even - (even @ normal) * normal
    if not _is_rounded(positions) or np.linalg.norm(lean) * (len(positions) - 1) < _DECIMALS:
        return positions[0], even
    numbers = np.arange(len(positions))
    even = float(np.polyfit(numbers, positions @ normal, 1)[0]) * normal
    return positions.mean(axis=0) - even * numbers.mean(), even


def count_on_even_grid(along: NDArray[Any]) -> int:
    """Return how many slices an even grid needs, from their heights above the first.

    Raises
    ------
    ValueError
        If far more than there are; the message ends the sentence "the series …".
    """
    steps = np.diff(along)
    count = round(float(along[-1] / _common_step(steps))) + 1
    if count > _LARGEST_GROWTH * len(along):
        raise ValueError(
            f"has a gap of {steps.max():.2f} mm: of {count} slices on an even grid it holds "
            f"{len(along)}; fetch it again whole, or keep its parts in folders of their own"
        )
    return count


def _common_step(steps: NDArray[Any]) -> float:
    # The mean of those near the median: rounded steps of 1/3 mm are 0.3 or 0.4 mm.
    near = np.abs(steps - np.median(steps)) <= _ROUNDED_TO_MM + _DECIMALS
    return float(steps[near].mean()) if near.any() else float(np.median(steps))


def _is_rounded(positions: NDArray[Any]) -> bool:
    tenths = positions / _ROUNDED_TO_MM
    return bool(np.abs(tenths - np.rint(tenths)).max() * _ROUNDED_TO_MM < _DECIMALS)


def _is_rounded_line(positions: NDArray[Any], normal: NDArray[Any]) -> bool:
    """Tell whether places are those of even slices, rounded."""
    if len(positions) < _ENOUGH_TO_TELL or not _is_rounded(positions):
        return False
    # A coordinate of even slices rises by one of two neighbouring tenths.
    if np.ptp(np.diff(positions, axis=0), axis=0).max() > _ROUNDED_TO_MM + _DECIMALS:
        return False
    heights, numbers = positions @ normal, np.arange(len(positions))
    slope = float(np.polyfit(numbers, heights, 1)[0])
    rounding = _rounding(normal)
    if rounding > _ROUNDED_STEPS * slope + _DECIMALS:
        return False
    # The line that all come closest to: how far they spread beside it has one least value.
    low, high = slope - _ROUNDED_TO_MM, slope + _ROUNDED_TO_MM
    while (high - low) * len(numbers) > _DECIMALS:
        third = (high - low) / 3
        spreads = [np.ptp(heights - step * numbers) for step in (low + third, high - third)]
        low, high = (low, high - third) if spreads[0] < spreads[1] else (low + third, high)
    off = float(np.ptp(heights - low * numbers)) / 2
    return off <= rounding + _DECIMALS


def _rounding(normal: NDArray[Any]) -> float:
    """Return how far rounding moves a place along the normal at most, in mm."""
    return _ROUNDED_TO_MM / 2 * float(np.abs(normal).sum())


def _tilt(
    sideways: NDArray[Any], along: NDArray[Any], pixel_mm: float, tolerance_mm: float
) -> Defect | None:
    shift = float(np.linalg.norm(sideways, axis=1).max())
    if shift <= tolerance_mm:
        return None
    slope = sideways[-1] / along[-1]
    if np.abs(sideways - np.outer(along, slope)).max() > tolerance_mm:
        words = f"holds slices that are shifted sideways by up to {shift:.2f} mm"
        return words, {"shift_mm": round(shift, 3)}
    if shift <= min(pixel_mm / 2, _LEAN_OF_ROUNDING * float(along[-1])):
        return None
    angle = float(np.degrees(np.arctan(np.linalg.norm(slope))))
    digits = 1 if angle >= _TENTH_OF_A_DEGREE else 2
    words = f"was taken with a tilted gantry: its slices lean by {angle:.{digits}f} degrees"
    return words, {"tilt_degrees": round(angle, 2), "shift_mm": round(shift, 3)}


def _unevenness(positions: NDArray[Any], normal: NDArray[Any]) -> Defect | None:
    heights = positions @ normal
    # A line through all of them: each place is rounded on its own.
    numbers = np.arange(heights.size)
    slope, start = np.polyfit(numbers, heights, 1)
    even = start + slope * numbers
    steps = np.diff(heights)
    tolerance = min(_TOLERANCE_MM, _TOLERANCE_STEPS * float(slope))
    if np.abs(heights - even).max() <= tolerance:
        return None
    step = _common_step(steps)
    if _is_rounded(positions):
        # Of both ends of a gap, and of the step.
        tolerance = max(tolerance, min(3 * _rounding(normal), _NEARER_STEPS * step))
    multiples = np.rint(steps / step)
    if (np.abs(steps - multiples * step) > tolerance).any() or _changes_once(multiples):
        least_mm, most_mm = round(float(steps.min()), 3), round(float(steps.max()), 3)
        words = f"has uneven spacing, from {least_mm:.2f} to {most_mm:.2f} mm"
        return words, {"least_mm": least_mm, "most_mm": most_mm}
    missing = int(multiples.sum()) - steps.size
    if missing == 0:
        return _drift(float(np.abs(heights - even).max()), steps)
    widest = int(np.argmax(steps))
    words = (
        f"misses {missing} slice{'s' if missing > 1 else ''}: there is a gap of "
        f"{steps[widest]:.2f} mm between {heights[widest]:.1f} and {heights[widest + 1]:.1f} mm, "
        f"where the others lie {step:.2f} mm apart"
    )
    gap_mm = round(float(steps[widest]), 3)
    return words, {"missing": missing, "gap_mm": gap_mm, "step_mm": round(step, 3)}


def _drift(off_mm: float, steps: NDArray[Any]) -> Defect:
    """Name steps that are alike, but whose small differences add up."""
    least_mm, most_mm = round(float(steps.min()), 4), round(float(steps.max()), 4)
    words = (
        f"has spacing that drifts, from {least_mm:.4f} to {most_mm:.4f} mm: its slices lie up to "
        f"{off_mm:.2f} mm off even places"
    )
    return words, {"least_mm": least_mm, "most_mm": most_mm, "off_mm": round(off_mm, 3)}


def _changes_once(multiples: NDArray[Any]) -> bool:
    """Tell whether a part was taken in wider steps of its own, rather than that slices are lost."""
    wide = np.flatnonzero(multiples > 1)
    if wide.size < _STEPS_OF_A_PART:
        return False
    return bool(np.ptp(wide) == wide.size - 1 and np.ptp(multiples[wide]) == 0)
