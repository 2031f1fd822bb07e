"""The columns of a layer's features that are ours, kept beside those of others."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING, Any

from napari_seg.viewer.appearance import label_features

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari.layers import Labels

    from napari_seg.imaging.label_table import LabelTable


def set_features(layer: Labels, table: LabelTable, volumes: Mapping[int, float]) -> None:
    """Write index, name and volume of each label; nothing happens where they stand there already.

    Parameters
    ----------
    layer
        Whose features they are. Columns of others keep what they say of each label.
    table
        The labels.
    volumes
        Millilitres by value.
    """
    ours = label_features(table, volumes)
    before = layer.features
    if all(name in before and list(before[name]) == ours[name] for name in ours):
        return
    layer.features = ours | _others(before, set(ours), ours["index"])


def _others(before: Any, ours: set[str], values: list[int]) -> dict[str, list[Any]]:
    if "index" not in before:
        return {}
    rows = [int(value) for value in before["index"]]
    others = {}
    for name in before.columns:
        if name not in ours:
            said = dict(zip(rows, before[name], strict=True))
            others[str(name)] = [said.get(value, nan) for value in values]
    return others
