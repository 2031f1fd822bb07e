"""Our own functions in the place of methods of one layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Labels


class Hook:
    """A method of one layer that another function stands in for, until `remove`.

    It holds neither the layer nor the other function, so that a layer is freed when the viewer
    lets it go.

    Parameters
    ----------
    layer
        Whose method it is.
    name
        Of the method.
    function
        Called instead.
    """

    def __init__(self, layer: Labels, name: str, function: Callable[..., Any]) -> None:
        self._name = name
        # Another plugin may have put its own there.
        self._before = vars(layer).get(name)
        vars(layer)[name] = function

    def call(self, layer: Labels, *arguments: Any, **options: Any) -> Any:
        """Call what the function stands in for."""
        if self._before is not None:
            return self._before(*arguments, **options)
        return getattr(type(layer), self._name)(layer, *arguments, **options)

    def remove(self, layer: Labels, function: Callable[..., Any]) -> None:
        """Put back what was there, unless another has put its own on top meanwhile."""
        if vars(layer).get(self._name) != function:
            return
        if self._before is None:
            del vars(layer)[self._name]
        else:
            vars(layer)[self._name] = self._before
