"""Notices of several models, or of several boxes: what all say is said once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_seg.imaging.scan import Notice

if TYPE_CHECKING:
    from collections.abc import Sequence


def merge_notices(said: Sequence[tuple[str, Sequence[Notice]]], what: str) -> tuple[Notice, ...]:
    """Merge the notices of several, and name those that say what others do not.

    Parameters
    ----------
    said
        The name of each, and its notices.
    what
        They are, such as ``"box"``.

    Examples
    --------
    >>> one, other = Notice("flat-scan", "it is flat"), Notice("fine-voxels", "they are small")
    >>> for notice in merge_notices([("left", [one, other]), ("right", [one])], "box"):
    ...     print(notice.message)
    it is flat
    box left: they are small
    """
    names: dict[tuple[str, str], list[str]] = {}
    notices: dict[tuple[str, str], Notice] = {}
    for name, own in said:
        for key, notice in {(one.code, one.message): one for one in own}.items():
            notices.setdefault(key, notice)
            names.setdefault(key, []).append(name)
    return tuple(
        notice if len(names[key]) == len(said) else _named(notice, what, names[key])
        for key, notice in notices.items()
    )


def _named(notice: Notice, what: str, names: Sequence[str]) -> Notice:
    joined = " and ".join(names)
    return Notice(
        notice.code, f"{what} {joined}: {notice.message}", {**notice.figures, what: joined}
    )
