"""How long work tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

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
