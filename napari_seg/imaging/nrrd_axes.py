"""What the header of an NRRD file states of each axis by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan

SPACE_KINDS = ("domain", "space", "time", "none", "???")
"""Kinds under which SimpleITK takes an axis for one of space."""

# By their names, with the older ones.
_FIELDS = {
    "sizes": "",
    "kinds": "",
    "spacings": "",
    "axis mins": "axismins",
    "axis maxs": "axismaxs",
    "centerings": "centers",
    "units": "",
}
_PLAIN = ("kinds", "spacings", "axis mins", "axis maxs", "centerings")
_QUOTED = re.compile(r'"([^"]*)"')


@dataclass(frozen=True)
class NrrdAxis:
    """One axis.

    Parameters
    ----------
    kind
        In small letters; ``"???"`` where none is stated.
    spacing
        From one sample to the next, in `unit`; nan where it is not stated.
    reach
        The same as the ends of the axis give it; nan where they are not stated.
    unit
        As it stands there; empty where none is stated.
    """

    kind: str
    spacing: float
    reach: float
    unit: str

    @property
    def step(self) -> float:
        """From one sample to the next, in `unit`; nan where nothing says so."""
        return self.spacing if isfinite(self.spacing) else self.reach

    @property
    def is_of_space(self) -> bool:
        """Whether SimpleITK takes it for an axis of space."""
        return self.kind in SPACE_KINDS


def stated_axes(fields: Mapping[str, str]) -> tuple[NrrdAxis, ...]:
    """Read the axes in their order from the fields of a header.

    The ends of an axis are those of its first and last sample where it is centred on nodes; else,
    and where nothing is said of that, those of its cells, as the programs of the format take it.

    Examples
    --------
    >>> fields = {"sizes": "6", "axis mins": "0", "axis maxs": "12"}
    >>> stated_axes(fields)[0].step, stated_axes(fields | {"centerings": "node"})[0].step
    (2.0, 2.4)
    """
    words = {name: fields.get(name, fields.get(older, "")) for name, older in _FIELDS.items()}
    split = {name: stated.split() for name, stated in words.items()}
    units = _QUOTED.findall(words["units"])
    axes = []
    for axis, size in enumerate(split["sizes"]):
        kind, spacing, low, high, centring = (_at(split[name], axis) for name in _PLAIN)
        reach = _reach(_number(size), _number(low), _number(high), centring.lower())
        kind = kind.lower() or "???"
        axes.append(NrrdAxis(kind, _number(spacing), reach, _at(units, axis)))
    return tuple(axes)


def _reach(size: float, low: float, high: float, centring: str) -> float:
    steps = size - 1 if centring == "node" else size
    reach = (high - low) / steps if steps > 0 else nan
    return reach if reach and isfinite(reach) else nan


def _at(words: Sequence[str], axis: int) -> str:
    return words[axis] if axis < len(words) else ""


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return nan
