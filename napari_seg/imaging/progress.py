"""How long work tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

OnProgress = Callable[[float], None]
"""Called with fractions from 0 to 1; what it raises stops the work."""


def ignore_progress(_fraction: float) -> None:
    """Go on, for work whose progress nobody wants."""
