"""The parameters of a tool, as a person sets them: described here, drawn by `widgets`.

A tool's settings are a frozen dataclass whose fields say by `typing.Annotated` how they are set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, get_type_hints


class Option(NamedTuple):
    """One of the things to choose from: what is kept, what is read, and what it means."""

    value: str
    text: str
    tip: str = ""


@dataclass(frozen=True)
class Control:
    """How one parameter is set.

    Attributes
    ----------
    title
        Beside the control.
    tip
        What it does.
    shown_if
        Name of another parameter and the value at which this one matters; None for always.
    """

    title: str
    tip: str
    shown_if: tuple[str, str | bool] | None = None

    is_remembered = True
    """Whether it means the same in another layer."""


@dataclass(frozen=True)
class Length(Control):
    """A number of mm."""

    least: float = 0.1
    most: float = 100.0
    step: float = 0.5


@dataclass(frozen=True)
class Volume(Control):
    """A number of ml."""

    least: float = 0.0
    most: float = 10_000.0
    step: float = 0.05


@dataclass(frozen=True)
class Choice(Control):
    """One of a few options; its value is that of the option."""

    options: tuple[Option, ...] = ()


@dataclass(frozen=True)
class Scope(Control):
    """The selected label, or all that are not locked: then it is true."""

    title: str = "On"
    tip: str = "The selected label alone, or all labels that are not locked"


@dataclass(frozen=True)
class Intensities(Control):
    """A range of the scan's intensities.

    Attributes
    ----------
    is_optional
        Whether it can be switched off; its value is None then.
    """

    is_optional: bool = True


@dataclass(frozen=True)
class OneLabel(Control):
    """Another label of the layer; 0 for none.

    Attributes
    ----------
    none
        What stands for no label; empty where one has to be chosen.
    """

    none: str = ""

    is_remembered = False


@dataclass(frozen=True)
class AnyLabel(Control):
    """Another label, of this layer or of another one on its grid: a `LabelOf`, None before."""

    is_remembered = False


def controls_of(settings: type[Any]) -> dict[str, Control]:
    """Return the control of each field of a settings class, in their order.

    Examples
    --------
    >>> from napari_seg.viewer.edit_tools.catalogue.margins import Shrink
    >>> [control.title for control in controls_of(Shrink).values()]
    ['By', 'Where', 'On']
    """
    hints = get_type_hints(settings, include_extras=True)
    return {
        name: control
        for name, hint in hints.items()
        for control in getattr(hint, "__metadata__", ())
        if isinstance(control, Control)
    }
