"""Objects of ours that belong to one Labels layer and go when it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from napari.layers import Labels

_KEY = "_napari_seg_attached"
Part = TypeVar("Part")


def attach(layer: Labels, part: object) -> None:
    """Let a layer own an object, which must not hold the layer itself.

    Raises
    ------
    ValueError
        If the layer has one of that kind.
    """
    parts = vars(layer).setdefault(_KEY, {})
    if type(part) in parts:
        raise ValueError(f"'{layer.name}' has its {type(part).__name__} already; use .of(layer)")
    parts[type(part)] = part


def attached(layer: Labels, kind: type[Part]) -> Part | None:
    """Return the layer's object of a kind; None where it has none."""
    found = vars(layer).get(_KEY, {}).get(kind)
    return found if isinstance(found, kind) else None


def detach(layer: Labels, part: object) -> None:
    """Take the object from its layer."""
    vars(layer).get(_KEY, {}).pop(type(part), None)
