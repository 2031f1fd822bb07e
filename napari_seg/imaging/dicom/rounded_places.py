"""What can be said of the steps between slices whose places are written in tenths of a mm."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

ROUNDED_TO_MM = 0.1
"""Many programs write the places of slices so."""

# More digits than places have.
_DECIMALS_MM = 1e-4
# Slopes that are tried for a line; between two of them it moves by less than this part of a tenth.
_SLOPES = 64
# A lost slice may show only some slices later.
_LATE = 5


def are_rounded(positions: NDArray[Any]) -> bool:
    """Tell whether all coordinates ``(slices, 3)`` that change are written in tenths of a mm."""
    tenths = positions[:, np.ptp(positions, axis=0) > 0] / ROUNDED_TO_MM
    off = np.abs(tenths - np.rint(tenths)) * ROUNDED_TO_MM
    return bool(off.max(initial=0) < _DECIMALS_MM)


def fit_evenly(positions: NDArray[Any], numbers: NDArray[Any] | None = None) -> bool:
    """Tell whether even places, rounded to a tenth, could be these.

    Parameters
    ----------
    positions
        ``(slices, 3)`` in mm, in their order.
    numbers
        The number of each slice among the even ones, rising; else they follow one another.
    """
    numbers = np.arange(len(positions)) if numbers is None else numbers
    return all(
        _least_spread(coordinate, numbers) <= ROUNDED_TO_MM + _DECIMALS_MM
        for coordinate in positions.T
    )


def could_miss_one(positions: NDArray[Any]) -> bool:
    """Tell whether these could be even places, rounded to a tenth, of which one is left out."""
    # For each place between two slices, whether the line can jump there by a step.
    possible = np.ones(len(positions) - 1, dtype=bool)
    for coordinate in positions.T:
        possible &= _jumps(coordinate) <= ROUNDED_TO_MM * (1 + 1 / _SLOPES) + _DECIMALS_MM
    return bool(possible.any())


def numbers_of_even(positions: NDArray[Any], normal: NDArray[Any]) -> NDArray[Any] | None:
    """Give slices their numbers among even ones, of which some are missing; None where none fit.

    The first is 0, and the step is that of the longest part that misses none.
    """
    start, stop = _longest_even_part(positions)
    heights = positions @ normal
    trimmed = min(_LATE, (stop - start) // 4)
    start, stop = start + trimmed, stop - trimmed
    numbers = np.zeros(len(heights))
    numbers[start:stop] = np.arange(stop - start)
    for index in (*range(stop, len(heights)), *range(start - 1, -1, -1)):
        slope, first = np.polyfit(numbers[start:stop], heights[start:stop], 1)
        numbers[index] = np.rint((heights[index] - first) / slope)
        start, stop = min(start, index), max(stop, index + 1)
    numbers -= numbers[0]
    if (np.diff(numbers) < 1).any() or not fit_evenly(positions, numbers):
        return None
    return numbers


def _longest_even_part(positions: NDArray[Any]) -> tuple[int, int]:
    longest, start = (0, 2), 0
    while start < len(positions):
        low, high = start + 1, len(positions)
        # Slices of an even part are even, so the first that does not fit can be halved to.
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if fit_evenly(positions[start:middle]) else (low, middle - 1)
        if low - start > longest[1] - longest[0]:
            longest = start, low
        start = low
    return longest


def _least_spread(values: NDArray[Any], numbers: NDArray[Any]) -> float:
    """Return how far values spread beside the line that they come closest to.

    Right where that is a tenth at most; else it is any larger number.
    """
    length = float(numbers[-1] - numbers[0])
    if length == 0:
        return 0.0
    # The spread has one least value.
    low = float(values[-1] - values[0] - ROUNDED_TO_MM) / length
    high = float(values[-1] - values[0] + ROUNDED_TO_MM) / length
    while (high - low) * length > _DECIMALS_MM / 2:
        third = (high - low) / 3
        spreads = [np.ptp(values - slope * numbers) for slope in (low + third, high - third)]
        low, high = (low, high - third) if spreads[0] < spreads[1] else (low + third, high)
    return float(np.ptp(values - (low + high) / 2 * numbers))


def _jumps(values: NDArray[Any]) -> NDArray[Any]:
    """Return how far values spread beside a line that jumps by a step, for each place of the jump."""
    count = len(values)
    off = np.linspace(-ROUNDED_TO_MM, ROUNDED_TO_MM, 2 * _SLOPES + 1)
    slopes = ((values[-1] - values[0] + off) / count)[:, np.newaxis]
    rest = values - slopes * np.arange(count)
    before, after = rest[:, :-1], rest[:, :0:-1] - slopes
    highest = np.maximum(
        np.maximum.accumulate(before, axis=1), np.maximum.accumulate(after, axis=1)[:, ::-1]
    )
    lowest = np.minimum(
        np.minimum.accumulate(before, axis=1), np.minimum.accumulate(after, axis=1)[:, ::-1]
    )
    least: NDArray[Any] = (highest - lowest).min(axis=0)
    return least
