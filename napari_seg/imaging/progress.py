"""How long work tells how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter

OnProgress = Callable[[float], None]
"""Called with fractions from 0 to 1; what it raises stops the work."""


def ignore_progress(_fraction: float) -> None:
    """Go on, for work whose progress nobody wants."""


def share_of(on_progress: OnProgress | None, first: float, last: float) -> OnProgress:
    """Make the report of one part of the work out of that of the whole.

    Parameters
    ----------
    on_progress
        Told of the whole; None if nobody wants to know.
    first, last
        The fractions of the whole at which the part begins and ends.

    Examples
    --------
    >>> share_of(print, 0.5, 0.9)(0.5)
    0.7
    """
    if on_progress is None:
        return ignore_progress

    def report(fraction: float) -> None:
        on_progress(first + (last - first) * fraction)

    return report


def paced(on_progress: OnProgress, seconds: float) -> OnProgress:
    """Pass on no more news than one in so many seconds: telling takes time, too."""
    last = -seconds

    def report(fraction: float) -> None:
        nonlocal last
        if (now := perf_counter()) - last >= seconds:
            last = now
            on_progress(fraction)

    return report


def shares_of(on_progress: OnProgress | None, sizes: Sequence[float]) -> Iterator[OnProgress]:
    """Make the report of each part of the work, in their order.

    Parameters
    ----------
    on_progress
        Told of the whole; None if nobody wants to know.
    sizes
        How long each part takes, in any unit.

    Examples
    --------
    >>> for report in shares_of(print, [1, 3]):
    ...     report(1.0)
    0.25
    1.0
    """
    whole, done = sum(sizes) or 1, 0.0
    for size in sizes:
        yield share_of(on_progress, done / whole, (done + size) / whole)
        done += size
