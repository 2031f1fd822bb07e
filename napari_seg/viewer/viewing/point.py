"""What lies at a point of the view: its place in the patient, its intensity, its label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.viewer.layers import metadata_of, sides_are_known
from napari_seg.viewer.viewing.layer_at_hand import image_at_hand, labels_at_hand, located_layer
from napari_seg.viewer.viewing.patient import place_in_patient, side_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from napari.layers import Image, Labels


@dataclass(frozen=True)
class Point:
    """What is known of a point.

    Parameters
    ----------
    mm
        RAS+ millimetres.
    is_sure
        Whether the scan says which side is which.
    intensity
        Of the image at hand, at the nearest voxel; None outside it and for colours.
    label
        The name of the label there, of the first labels that have one; empty for none.
    """

    mm: tuple[float, float, float]
    is_sure: bool
    intensity: float | None
    label: str

    def text(self, unit: str) -> str:
        """Write it in one line; `unit` is that of the intensity, empty for none.

        Examples
        --------
        >>> Point((-12.25, 4.0, 0.0), True, 41.0, "liver").text("HU")
        'L 12.2  A 4.0  S 0.0 mm · 41 HU · liver'
        """
        doubt = "" if self.is_sure else "?"
        places = "  ".join(side_text(axis, part, doubt) for axis, part in enumerate(self.mm))
        parts = [f"{places} mm"]
        if self.intensity is not None:
            parts.append(f"{self.intensity:.5g} {unit}".rstrip())
        if self.label:
            parts.append(self.label)
        return " · ".join(parts)


def point_at(viewer: ViewerModel, position: Sequence[float]) -> Point | None:
    """Look at a point of the viewer's world; None outside of all scans and labels.

    Parameters
    ----------
    viewer
        Whose layers are looked at.
    position
        One place for each axis of the world.
    """
    image, labels = image_at_hand(viewer), labels_at_hand(viewer)
    located = [layer for layer in (located_layer(viewer), image, *labels) if layer is not None]
    inside = next((layer for layer in located if _index(layer, position) is not None), None)
    if inside is None:
        return None
    try:
        right, anterior, superior = place_in_patient(inside, position)
    except ValueError:
        # Another reader's layer with times or channels does not tell which axes are in space.
        return None
    value = None if image is None else _value(image, position)
    return Point(
        (float(right), float(anterior), float(superior)),
        sides_are_known(inside),
        None if value is None else float(value),
        _label(labels, position),
    )


def _index(layer: Image | Labels, position: Sequence[float]) -> tuple[int, ...] | None:
    data = layer.data[0] if layer.multiscale else layer.data
    index = np.rint(layer.world_to_data(position)).astype(int)
    inside = np.all(index >= 0) and np.all(index < data.shape[: len(index)])
    return tuple(int(part) for part in index) if inside else None


def _value(layer: Image | Labels, position: Sequence[float]) -> Any:
    index = _index(layer, position)
    # Voxels that are not in memory are not fetched for this.
    if index is None or layer.multiscale or not isinstance(layer.data, np.ndarray):
        return None
    return layer.data[index]


def _label(labels: Sequence[Labels], position: Sequence[float]) -> str:
    for layer in labels:
        value = _value(layer, position)
        if value:
            table = metadata_of(layer).get("table")
            names = {} if table is None else table.names
            return str(names.get(int(value), f"label {value}"))
    return ""
