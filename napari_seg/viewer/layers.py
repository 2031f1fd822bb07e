"""Scans and label maps as napari layers, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels

from napari_seg.imaging.channels import RGB_NAMES, axis_name
from napari_seg.imaging.contrast import contrast_limits, holds_hounsfield_units, value_range
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.measures import count_voxels
from napari_seg.imaging.scan import LabelMap, Scan, Source
from napari_seg.viewer.appearance import label_colours, label_features
from napari_seg.viewer.display_order import DisplayOrder
from napari_seg.viewer.foreign_grid import foreign_grid, what_is_assumed
from napari_seg.viewer.shown_labels import ShownLabels

if TYPE_CHECKING:
    from napari.layers import Layer

    from napari_seg.imaging.geometry import Geometry
    from napari_seg.imaging.scan import Notice

KEY = "napari_seg"
"""Where a layer's metadata keeps what is ours."""

SIDES_KNOWN = "sides_known"
"""In that metadata: whether the scan that a layer was made for says which side is which."""

_PREVIEW = "is_preview"
_AXES = ("z", "y", "x")
# The notices of a scan whose file does not say where right and left are.
_SIDES_ASSUMED = frozenset({"sides-assumed", "no-orientation"})


def image_layer(
    scan: Scan, *, name: str, order: DisplayOrder | None = None, **metadata: Any
) -> Image:
    """Show a scan.

    Parameters
    ----------
    scan
        Voxels ``(i, j, k)`` become ``(z, y, x)``, channels come before them, and a colour picture
        stays one.
    name
        Of the layer.
    order
        In which its voxels are shown; that of its grid unless it is given.
    **metadata
        Kept beside the geometry in ``layer.metadata["napari_seg"]``.

    Returns
    -------
    napari.layers.Image
        A view of the scan's voxels, in mm.
    """
    order = DisplayOrder.of(scan.geometry) if order is None else order
    shown = order.show(scan.array)
    rgb = _is_colour_picture(scan)
    channels = scan.array.ndim == 4 and not rgb
    if channels:
        shown = np.moveaxis(shown, -1, 0)
    layer = Image(
        shown,
        name=name,
        rgb=rgb,
        contrast_limits=None if rgb else contrast_limits(scan),
        metadata={KEY: _origin(scan, order) | {"channel_names": scan.channel_names} | metadata},
        **_place(order, scan.geometry, before=axis_name(scan.channel_names) if channels else None),
    )
    if not rgb:
        low, high = value_range(scan)
        shown_low, shown_high = layer.contrast_limits
        layer.contrast_limits_range = (min(low, shown_low), max(high, shown_high))
    return layer


def labels_layer(
    labels: LabelMap,
    *,
    name: str,
    like: Image | None = None,
    shown: ShownLabels | None = None,
    **metadata: Any,
) -> Labels:
    """Show a label map, in its own copy of the voxels.

    Parameters
    ----------
    labels
        Of unsigned type if possible: napari draws those faster.
    name
        Of the layer.
    like
        The layer of the scan they belong to: place, units and axis labels are copied from it, and
        they know the sides of the patient as it does.
    shown
        Their voxels and volumes, where these were made ready beside the window.
    **metadata
        Kept beside the geometry in ``layer.metadata["napari_seg"]``.
    """
    geometry, order = (labels.geometry, None) if like is None else grid_of(like)
    shown = ShownLabels.of(labels, order) if shown is None else shown
    order = shown.order
    table = labels.table.completed(shown.volumes)
    ours: dict[str, Any] = {"geometry": geometry, "order": order, "source": labels.source}
    if like is not None:
        ours[SIDES_KNOWN] = sides_are_known(like)
    return Labels(
        shown.voxels,
        name=name,
        colormap=label_colours(table),
        features=label_features(table, shown.volumes),
        metadata={KEY: ours | {"notices": labels.notices, "table": table} | metadata},
        **(_place(order, geometry) if like is None else place_like(like, len(order.kept))),
    )


def scan_of(layer: Image) -> Scan:
    """Take the scan out of an Image layer, also of one that another reader opened.

    A layer of ours gives back its scan exactly. Of any other the spacing is its ``scale``, in its
    ``units``; its sides are taken as they would be shown by us, which a notice says.

    Raises
    ------
    ValueError
        If the layer of another reader has more than three dimensions: times or channels.
    """
    geometry, order = grid_of(layer)
    ours = _ours(layer)
    array = np.asarray(layer.data[0] if layer.multiscale else layer.data)
    if ours is None:
        return Scan(order.restore(array), geometry, notices=notices_of(layer))
    if layer.ndim > len(order.kept):
        array = np.moveaxis(array, 0, -1)
    # napari copies our metadata when it splits channels or turns labels into an image.
    names = ours.get("channel_names", ())
    return Scan(
        order.restore(array),
        geometry,
        channel_names=names if array.shape[len(order.kept) :] == (len(names),) else (),
        notices=ours["notices"],
        source=ours["source"],
    )


def label_map_of(layer: Labels) -> LabelMap:
    """Take the label map out of a Labels layer; values without a name get one like "label 7"."""
    geometry, order = grid_of(layer)
    ours = _ours(layer) or {}
    array = order.restore(np.asarray(layer.data[0] if layer.multiscale else layer.data))
    table = ours.get("table", LabelTable()).completed(count_voxels(array))
    return LabelMap(array, geometry, table, notices_of(layer), ours.get("source", Source()))


def grid_of(layer: Layer) -> tuple[Geometry, DisplayOrder]:
    """Tell where a layer's voxels lie, and in which order it shows them.

    Raises
    ------
    ValueError
        If the layer of another reader has more than three dimensions.
    """
    ours = _ours(layer)
    if ours is not None:
        return ours["geometry"], ours["order"]
    return foreign_grid(layer)


def knows_its_grid(layer: Layer) -> bool:
    """Tell whether a layer is of ours, and still has the voxels that its metadata speaks of."""
    return _ours(layer) is not None


def place_like(layer: Image, ndim: int) -> dict[str, Any]:
    """Return what places a layer of `ndim` dimensions where the last ones of an image lie."""
    place = {
        "scale": layer.scale[-ndim:],
        "translate": layer.translate[-ndim:],
        "units": layer.units[-ndim:],
        "axis_labels": layer.axis_labels[-ndim:],
    }
    if layer.ndim != ndim:
        return place
    return place | {"rotate": layer.rotate, "shear": layer.shear, "affine": layer.affine}


def notices_of(layer: Layer) -> tuple[Notice, ...]:
    """Return what was noticed while the layer's voxels were read, or is assumed of them."""
    ours = _ours(layer)
    if ours is not None:
        return tuple(ours["notices"])
    return what_is_assumed(layer)


def sides_are_known(layer: Layer) -> bool:
    """Tell whether a layer, or the scan that it was made for, says which side is which."""
    known = (_ours(layer) or {}).get(SIDES_KNOWN)
    if known is not None:
        return bool(known)
    return not _SIDES_ASSUMED & {notice.code for notice in notices_of(layer)}


def modality_of(layer: Image) -> str | None:
    """Return the modality, such as ``"CT"``, by the file or by the values; None if unknown."""
    ours = _ours(layer)
    if ours is not None and ours["source"].modality is not None:
        return str(ours["source"].modality)
    # Voxels that are not in memory are not fetched for this.
    in_memory = not layer.multiscale and not layer.rgb and isinstance(layer.data, np.ndarray)
    return "CT" if in_memory and holds_hounsfield_units(layer.data) else None


def metadata_of(layer: Layer) -> dict[str, Any]:
    """Return what is ours of a layer's metadata; empty for a layer that is not ours."""
    found = layer.metadata.get(KEY)
    return dict(found) if isinstance(found, dict) else {}


def update_metadata(layer: Layer, **values: Any) -> None:
    """Set values of ours in a layer's metadata."""
    layer.metadata = {**layer.metadata, KEY: {**metadata_of(layer), **values}}


def mark_as_preview() -> dict[str, Any]:
    """Return the metadata of a layer that shows what might be and is nobody's work."""
    return {KEY: {_PREVIEW: True}}


def is_preview(layer: Layer) -> bool:
    """Tell whether a layer shows what might be: it is neither edited, read out nor saved."""
    return bool(metadata_of(layer).get(_PREVIEW))


def _ours(layer: Layer) -> dict[str, Any] | None:
    # Another plugin may have copied our metadata onto other voxels: then the shape tells.
    ours = metadata_of(layer)
    if "geometry" not in ours:
        return None
    order: DisplayOrder = ours["order"]
    shape = order.show_shape(ours["geometry"].shape)
    found = (layer.data[0] if layer.multiscale else layer.data).shape[: layer.ndim]
    return ours if tuple(found[-len(shape) :]) == shape else None


def _origin(scan: Scan, order: DisplayOrder) -> dict[str, Any]:
    return {
        "geometry": scan.geometry,
        "order": order,
        "source": scan.source,
        "notices": scan.notices,
    }


def _place(order: DisplayOrder, geometry: Geometry, *, before: str | None = None) -> dict[str, Any]:
    # One axis may come before those in space.
    count = int(before is not None)
    first = () if before is None else (before,)
    return {
        "scale": (1.0,) * count + order.scale(geometry),
        "translate": (0.0,) * count + order.translate(geometry),
        "units": ("pixel",) * count + ("mm",) * len(order.kept),
        "axis_labels": first + tuple(_AXES[axis] for axis in order.kept),
    }


def _is_colour_picture(scan: Scan) -> bool:
    # napari takes numbers of other kinds for parts of 1.
    return (
        1 in scan.geometry.shape
        and scan.channel_names == RGB_NAMES
        and scan.array.dtype == np.uint8
    )
