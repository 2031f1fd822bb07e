"""Settings of tools as plain values that can be stored, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from napari_seg.viewer.edit_tools.controls import (
    Choice,
    Control,
    Intensities,
    Length,
    Scope,
    Volume,
    controls_of,
)
from napari_seg.viewer.edit_tools.subject import Range

S = TypeVar("S")


def as_plain(settings: Any) -> dict[str, Any]:
    """Return what is worth remembering of a tool's settings, as values that JSON holds.

    Examples
    --------
    >>> from napari_seg.viewer.edit_tools.catalogue.margins import Grow
    >>> as_plain(Grow(mm=3.0, within=Range(30, 60)))
    {'mm': 3.0, 'over': 'empty', 'within': [30, 60], 'all_labels': False}
    """
    plain = {}
    for name, control in controls_of(type(settings)).items():
        if control.is_remembered:
            value = getattr(settings, name)
            plain[name] = list(value) if isinstance(value, Range) else value
    return plain


def from_plain(settings: S, values: Mapping[str, Any]) -> S:
    """Return settings with the values that were stored; what makes no sense is passed over.

    Examples
    --------
    >>> from napari_seg.viewer.edit_tools.catalogue.margins import Grow
    >>> from_plain(Grow(), {"mm": 3.0, "over": "anything", "no": 1})
    Grow(mm=3.0, over='empty', within=None, all_labels=False)
    """
    found = {}
    for name, control in controls_of(type(settings)).items():
        if control.is_remembered and name in values and _makes_sense(control, values[name]):
            value = values[name]
            is_range = isinstance(control, Intensities) and value is not None
            found[name] = Range(*value) if is_range else value
    return replace(settings, **found)  # type: ignore[type-var] # a dataclass, as all settings are


def _makes_sense(control: Control, value: Any) -> bool:
    if isinstance(control, Length | Volume):
        return _is_number(value) and control.least <= value <= control.most
    if isinstance(control, Choice):
        return any(value == option.value for option in control.options)
    if isinstance(control, Scope):
        return isinstance(value, bool)
    if isinstance(control, Intensities):
        return value is None or (
            isinstance(value, Sequence)
            and len(value) == 2
            and all(map(_is_number, value))
            and value[0] <= value[1]
        )
    return False


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
