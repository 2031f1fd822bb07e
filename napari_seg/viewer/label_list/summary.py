"""One line about all labels of a table: how much there is, and what departs from its set."""

from __future__ import annotations

from math import isnan
from textwrap import shorten
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_seg.viewer.label_list.rows import Row

_MOST_NAMED = 2
_LONGEST = 48


def total_text(rows: Sequence[Row], *, short: bool = False) -> str:
    """Count labels and add up their volumes, as far as they are known.

    Parameters
    ----------
    rows
        Of the table.
    short
        Leave out how many they are, if their volume is known.

    Examples
    --------
    >>> from napari_seg.viewer.label_list.rows import Row
    >>> total_text([Row(1, "liver", (0, 0, 0), 1423.4, False, True, "done")])
    '1 label · 1423 ml'
    """
    if not rows:
        return ""
    count = f"{len(rows)} label{'s' if len(rows) != 1 else ''}"
    volumes = [row.volume_ml for row in rows]
    if any(volume is None for volume in volumes):
        return f"{count} · counting"
    total = sum(volume for volume in volumes if volume is not None)
    if isnan(total):
        return count
    volume = f"{total:.{2 if total < 100 else 0}f} ml"
    return volume if short else f"{count} · {volume}"


def flag_text(name: str, found: Sequence[str]) -> str:
    """Say what departs from a set of labels; empty where nothing does.

    Examples
    --------
    >>> flag_text("Organs", ["2 'spleen' is missing", "7 'cyst' is not of the set", "…"])
    "⚑ Departs from 'Organs': 2 'spleen' is missing; 7 'cyst' is not of the set; and 1 more"
    """
    if not found:
        return ""
    more = len(found) - _MOST_NAMED
    rest = f"; and {more} more" if more > 0 else ""
    named = "; ".join(shorten(one, _LONGEST, placeholder="…") for one in found[:_MOST_NAMED])
    return f"⚑ Departs from '{name}': {named}{rest}"
