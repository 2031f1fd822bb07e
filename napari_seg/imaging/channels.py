"""Channels of a scan: their names, and one scan made of several on one grid."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.scan import Notice, Scan

RGB_NAMES = ("red", "green", "blue")
"""The channels of a colour picture."""

_IN_TIME = re.compile(r"time \d+$")


def stack_channels(scans: Sequence[Scan], names: Sequence[str] | None = None) -> Scan:
    """Put scans of one grid into one scan with a channel for each.

    Parameters
    ----------
    scans
        In the order of the channels. A scan that has channels already gives all of them.
    names
        One for each scan, for messages and channels; without them "channel 1", "channel 2", ….

    Returns
    -------
    Scan
        ``(i, j, k, c)`` on the grid of the first scan, with the notices of all and the source of
        the first. One scan alone comes back as it is.

    Raises
    ------
    ValueError
        If there is no scan, the names do not fit, or a scan lies on another grid than the first.

    Examples
    --------
    >>> from napari_seg.imaging.geometry import Geometry
    >>> t1 = Scan(np.zeros((4, 3, 2)), Geometry((4, 3, 2), np.eye(4)))
    >>> stack_channels([t1, t1], ["T1", "FLAIR"]).channel_names
    ('T1', 'FLAIR')
    """
    if not scans:
        raise ValueError("expected at least one scan to make channels of, got none")
    titles = (
        [f"channel {number}" for number in range(1, len(scans) + 1)] if names is None else names
    )
    if len(titles) != len(scans):
        raise ValueError(f"expected one name for each of {len(scans)} scans, got {len(titles)}")
    first = scans[0]
    if len(scans) == 1:
        return first
    for scan, title in zip(scans[1:], titles[1:], strict=True):
        if not scan.geometry.matches(first.geometry):
            raise ValueError(
                f"the channels must lie on one grid: {title} has {scan.geometry}, "
                f"{titles[0]} has {first.geometry}; resample it to {titles[0]} first"
            )
    array = np.concatenate([_with_axis(scan) for scan in scans], axis=3)
    channel_names = [
        name for scan, title in zip(scans, titles, strict=True) for name in _names(scan, title)
    ]
    return replace(
        first,
        array=array,
        channel_names=tuple(channel_names),
        notices=_notices(scans, titles),
    )


def take_volume(scan: Scan, number: int) -> Scan:
    """Return one volume or channel of a scan as a scan of its own, on the same grid.

    Parameters
    ----------
    scan
        With or without an axis of channels or times.
    number
        From 1, as in the names "time 1", "channel 2".

    Raises
    ------
    ValueError
        If there is none of this number.

    Examples
    --------
    >>> from napari_seg.imaging.geometry import Geometry
    >>> times = Scan(np.arange(4.0).reshape(1, 1, 1, 4), Geometry((1, 1, 1), np.eye(4)))
    >>> float(take_volume(times, 2).array[0, 0, 0])
    1.0
    """
    count = _with_axis(scan).shape[3]
    if not 1 <= number <= count:
        raise ValueError(
            f"the scan holds {count} volume{'s' * (count != 1)}, got volume {number}; choose one "
            f"from 1 to {count}"
        )
    return replace(
        scan,
        array=_with_axis(scan)[..., number - 1],
        channel_names=(),
        source=replace(scan.source, time_step=None),
    )


def axis_name(channel_names: Sequence[str]) -> str:
    """Name the axis of a scan's channels: ``"time"`` or ``"channel"``.

    Examples
    --------
    >>> axis_name(("time 1", "time 2")), axis_name(("T1", "FLAIR"))
    ('time', 'channel')
    """
    is_time = bool(channel_names) and all(_IN_TIME.match(name) for name in channel_names)
    return "time" if is_time else "channel"


def volume_names(count: int, word: str) -> tuple[str, ...]:
    """Give each volume of a file a word and its number; ``"volume"`` where nothing is known.

    Examples
    --------
    >>> volume_names(2, "time")
    ('time 1', 'time 2')
    """
    return tuple(f"{word} {number + 1}" for number in range(count))


def unsure_axis(count: int) -> Notice:
    """Say that nobody says what the volumes of a file are to each other."""
    return Notice(
        "axis-unsure",
        f"the file does not say whether its {count} volumes follow each other in time: "
        "taken as channels",
        {"volumes": count},
    )


def _with_axis(scan: Scan) -> NDArray[Any]:
    return scan.array if scan.array.ndim == 4 else scan.array[..., np.newaxis]


def _names(scan: Scan, title: str) -> list[str]:
    if scan.array.ndim == 3:
        return [title]
    known = scan.channel_names or [str(number + 1) for number in range(scan.array.shape[3])]
    return [f"{title}, {name}" for name in known]


def _notices(scans: Sequence[Scan], titles: Sequence[str]) -> tuple[Notice, ...]:
    return tuple(
        replace(notice, message=f"{title}: {notice.message}")
        for scan, title in zip(scans, titles, strict=True)
        for notice in scan.notices
    )
