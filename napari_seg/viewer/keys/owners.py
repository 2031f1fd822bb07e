"""To whom a key belongs before it is ours: the person, napari, another plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

# The person's own map has no other name in napari 0.9.
from napari.utils.key_bindings import USER_KEYMAP

from napari_seg.viewer.keys.key_text import napari_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from napari.components import ViewerModel
    from napari.layers import Layer

    Keymap = Mapping[Any, Any]

# With an image selected O turns the plane through a volume. It does nothing where slices are seen.
_FOR_3D = "orient_plane_normal_along_"


def owner_of(key: str, viewer: ViewerModel, layer: Layer | type[Layer] | None) -> str:
    """Say what a key does for somebody else; empty where it is free.

    Parameters
    ----------
    key
        As `read_key` writes it.
    viewer
        On whose canvas it is pressed.
    layer
        The layer that is selected, or its kind.

    Examples
    --------
    >>> from napari.components import ViewerModel
    >>> viewer = ViewerModel()
    >>> _ = viewer.bind_key("K", print)
    >>> owner_of("K", viewer, None)
    'print'
    """
    binding = napari_key(key)
    if binding is None:
        return ""
    for keymap in _keymaps(viewer, layer):
        if binding in keymap:
            # A blocker: somebody wants that the key does nothing.
            function = keymap[binding]
            if not _does_nothing(function, viewer):
                return "nothing" if function is ... else _describe(function)
        elif ... in keymap:
            return "whatever all keys do now"
    return ""


def _keymaps(viewer: ViewerModel, layer: Layer | type[Layer] | None) -> Iterator[Keymap]:
    yield USER_KEYMAP
    for provider in (layer, viewer):
        if provider is None:
            continue
        kind = provider if isinstance(provider, type) else type(provider)
        if provider is not kind:
            yield provider.keymap
        for each in kind.__mro__:
            yield vars(each).get("class_keymap", {})


def _does_nothing(function: Any, viewer: ViewerModel) -> bool:
    return viewer.dims.ndisplay == 2 and getattr(function, "__name__", "").startswith(_FOR_3D)


def _describe(function: Callable[..., Any]) -> str:
    name = getattr(function, "__name__", type(function).__name__).strip("_").replace("_", " ")
    whose = str(getattr(function, "__module__", "") or "").split(".")[0]
    return name if whose in ("", "builtins", "__main__") else f"{whose}: {name}"
