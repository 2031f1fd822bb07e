"""Names of several models by their folders, each told from the others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_seg.segmentation.run_settings import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_seg.segmentation.bundle_description import BundleDescription


def model_names(models: Sequence[BundleDescription]) -> tuple[str, ...]:
    """Name models by their folders, where these are called alike with as much as tells them apart.

    Parameters
    ----------
    models
        What they say of themselves.

    Returns
    -------
    tuple of str
        Such as ``"spleen"``, ``"liver/bundle"``, or ``"shipped"``; the same one twice for models of
        one folder.
    """
    places = [_place(model) for model in models]
    return tuple(_shortest(place, places) for place in places)


def _place(model: BundleDescription) -> tuple[str, ...]:
    if model.is_shipped:
        return (SHIPPED,)
    # A folder may be given as ".", which is no name.
    return model.folder.absolute().parts


def _shortest(place: tuple[str, ...], places: Sequence[tuple[str, ...]]) -> str:
    for length in range(1, len(place) + 1):
        end = place[-length:]
        if all(other[-length:] != end for other in places if other != place):
            return Path(*end).as_posix()
    return Path(*place).as_posix()
