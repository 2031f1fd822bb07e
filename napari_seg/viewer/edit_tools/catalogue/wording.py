"""What the tools' sentences share."""

from __future__ import annotations

from napari_seg.viewer.edit_tools.subject import Range, Subject


def on_labels(subject: Subject, all_labels: bool) -> str:
    """Name what a tool works on."""
    return "all labels" if all_labels else subject.name


def plural(count: int, noun: str) -> str:
    """Count something.

    Examples
    --------
    >>> plural(1, "slice"), plural(2, "slice")
    ('1 slice', '2 slices')
    """
    return f"{count} {noun}{'s' * (count != 1)}"


def in_range_text(subject: Subject, within: Range | None) -> str:
    """Say a limit on intensities; empty for none."""
    if within is None:
        return ""
    unit = f" {subject.unit}" if subject.unit else ""
    return f" where {within.low:g} to {within.high:g}{unit}"


def reason_without_polygon(subject: Subject) -> str:
    """Ask for a polygon; empty where there is one."""
    if subject.labels.ndim < 3:
        return "These labels are a single slice: a polygon is drawn in one of several"
    if subject.drawn is None:
        return "Draw a polygon on the canvas: click its corners, double-click to close it"
    return ""
