"""How labels look: colours, and the table of their names and volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels, Shapes
from napari.utils.colormaps import DirectLabelColormap
from napari.utils.theme import get_theme

from napari_seg.imaging.label_table import LabelTable

if TYPE_CHECKING:
    from collections.abc import Mapping


def compile_label_colours() -> None:
    """Let napari compile how it colours labels: a second for the first Labels layer of a session.

    Called in another thread it spares the window that second. The layer is seen by no viewer.
    """
    Labels(np.zeros((1, 1, 1), np.uint8), colormap=label_colours(LabelTable()))


def compile_shapes() -> None:
    """Let napari compile how it divides shapes into triangles.

    It takes a second or two for the first Shapes layer of a session, and several for the first on
    a machine: boxes and polygons are drawn in such layers.
    """
    Shapes(ndim=3)


def primary_style(theme: str) -> str:
    """Give the style sheet of the one primary button, in the accent of a theme of napari."""
    return (
        f"QPushButton:enabled {{ background-color: {get_theme(theme).current.as_hex()}; }}"
        "QPushButton { font-weight: bold; padding: 0.4em; }"
    )


def label_colours(table: LabelTable) -> DirectLabelColormap:
    """Give each label its colour; a value without a row shows grey."""
    colours: dict[int | None, Any] = {None: (0.6, 0.6, 0.6, 1.0), 0: (0.0, 0.0, 0.0, 0.0)}
    for label in table:
        colours[label.value] = (*(part / 255 for part in label.colour), 1.0)
    return DirectLabelColormap(color_dict=colours)


def label_features(table: LabelTable, volumes: Mapping[int, float]) -> dict[str, list[Any]]:
    """Make the columns ``index``, ``name`` and ``volume_ml`` of a Labels layer.

    Parameters
    ----------
    table
        One row for each of its labels.
    volumes
        Millilitres by value; a value that is missing has none of its voxels: 0 ml.
    """
    return {
        "index": [label.value for label in table],
        "name": [label.name for label in table],
        "volume_ml": [round(volumes.get(label.value, 0.0), 3) for label in table],
    }
