"""How NRRD and MetaImage files say that their volumes follow each other in time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isclose, isfinite

STEP_KEY = "TimeStepSeconds"
"""Written by this program: the seconds from one volume to the next, 0 where they are not known."""

_SECONDS = {
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "seconds": 1.0,
    "ms": 1e-3,
    "msec": 1e-3,
    "millisecond": 1e-3,
    "milliseconds": 1e-3,
    "us": 1e-6,
    "min": 60.0,
}


def seconds_of(unit: str) -> float | None:
    """Return how many seconds a unit is; None where it is none of time."""
    return _SECONDS.get(unit.strip().lower())


def stated_step(stated: str | None) -> float | None:
    """Read the value of `STEP_KEY`; None where it is missing or makes no sense."""
    numbers = _numbers("" if stated is None else stated)
    return numbers[0] if len(numbers) == 1 and numbers[0] >= 0 else None


def step_between(values: str) -> float:
    """Return the step of times that are listed; 0 where it is not the same throughout.

    Examples
    --------
    >>> step_between("0 1.5 3"), step_between("0 1 3"), step_between("first second")
    (1.5, 0.0, 0.0)
    """
    times = _numbers(values)
    steps = [after - before for before, after in pairwise(times)]
    is_even = bool(steps) and all(isclose(step, steps[0], rel_tol=1e-3) for step in steps)
    return steps[0] if is_even and steps[0] > 0 else 0.0


def _numbers(words: str) -> Sequence[float]:
    try:
        numbers = [float(word) for word in words.split()]
    except ValueError:
        return []
    return numbers if all(map(isfinite, numbers)) else []
