"""Objects of ours that belong to one Labels layer and go when it goes."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Self, TypeVar

from qtpy.QtCore import QObject

if TYPE_CHECKING:
    from collections.abc import Callable

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


class LayerPart(QObject):
    """An object of ours that belongs to one Labels layer, which owns it. Get it with `of`.

    Parameters
    ----------
    layer
        Whose it is.

    Raises
    ------
    ValueError
        If the layer has one of that kind.
    """

    def __init__(self, layer: Labels) -> None:
        super().__init__()
        self._layer: Callable[[], Any] = weakref.ref(layer)
        attach(layer, self)

    @classmethod
    def of(cls, layer: Labels) -> Self:
        """Return the one of a layer, made if it has none."""
        return attached(layer, cls) or cls(layer)

    def leave(self) -> None:
        """Let the layer do without."""
        layer = self._layer()
        if layer is not None:
            detach(layer, self)
