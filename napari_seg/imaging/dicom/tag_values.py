"""Values of DICOM tags as plain numbers and texts, whatever a program wrote there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

Numbers = tuple[float, ...]


def whole_number(get: Callable[[str], Any], name: str) -> int:
    """Return a number that only orders and names: 0 where it is absent or none."""
    try:
        return int(get(name) or 0)
    except (ValueError, TypeError, OverflowError):
        return 0


def texts(value: Any) -> list[str]:
    """Return one text or several as a list; empty where it is absent."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else [str(one) for one in value]


def one_line(value: Any) -> str:
    """Return a text of a person on one line, without what a terminal would obey; empty for none.

    A backslash parts values in DICOM, but people write it, too.
    """
    shown = "\\".join(texts(value))
    return " ".join("".join(one if one.isprintable() else " " for one in shown).split())


def number(value: Any) -> float | None:
    """Return a finite number, None where it is absent.

    Raises
    ------
    TypeError, ValueError
        If it is something else.
    """
    if value is None or value == "":
        return None
    stated = float(value)
    return stated if np.isfinite(stated) else None


def remark(value: Any) -> float | None:
    """Return a number that the grid does not hang on: None where it is absent, 0 or none."""
    try:
        return number(value) or None
    except (ValueError, TypeError):
        return None


def ratio(get: Callable[[str], Any], name: str) -> Numbers | None:
    """Return two numbers above 0, None where they are absent or none."""
    try:
        stated = numbers(get(name), 2)
    except (ValueError, TypeError, OverflowError):
        return None
    return stated if stated is not None and min(stated) > 0 else None


def numbers(value: Iterable[float] | float | None, count: int) -> Numbers | None:
    """Return so many finite numbers, None where it is anything else; errors as in `number`."""
    if value is None or not isinstance(value, Iterable):
        return None
    stated = tuple(float(one) for one in value)
    return stated if len(stated) == count and bool(np.isfinite(stated).all()) else None
