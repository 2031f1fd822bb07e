"""What was read becomes a layer, beside the layers that are there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image
from napari.utils.notifications import show_warning

from napari_seg.imaging.files import case_name
from napari_seg.imaging.scan import LabelMap
from napari_seg.viewer.layers import grid_of, image_layer, labels_layer, metadata_of
from napari_seg.viewer.opening.reading import Grid
from napari_seg.viewer.viewing.patient import side_text
from napari_seg.viewer.viewing.planes import PLANES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari.layers import Layer

    from napari_seg.imaging.scan import Scan
    from napari_seg.viewer.display_order import DisplayOrder
    from napari_seg.viewer.file_stamp import Stamp
    from napari_seg.viewer.shown_labels import ShownLabels


def layer_of(
    read: Scan | LabelMap,
    path: str | Path,
    *,
    series: int | None = None,
    like: Image | None = None,
    shown: ShownLabels | None = None,
    order: DisplayOrder | None = None,
    stamp: Stamp | None = None,
) -> Layer:
    """Show what was read from `path`, named after it, and tell what was assumed on the way.

    Parameters
    ----------
    read
        The scan or the labels.
    path
        Where they came from.
    series
        The number of the DICOM series, where there were several.
    like
        The layer of the scan on whose grid the labels lie.
    shown
        What was made ready of labels beside the window.
    order
        In which a scan is shown; that of its grid unless it is given.
    stamp
        Of the file before it was read: labels are not saved over what was written since.
    """
    path = Path(path)
    # Not the description of the series, which may name the patient: layers are saved by name.
    name = path.name if path.is_dir() else case_name(path)
    name = name if series is None else f"{name} – series {series}"
    show_notice(name, [*(notice.message for notice in read.notices), *_where_to_look(read, order)])
    file: dict[str, Any] = {"path": path} | ({} if stamp is None else {"stamp": stamp})
    if isinstance(read, LabelMap):
        more = {} if like is None else {"scan_id": like.unique_id}
        return labels_layer(read, name=name, like=like, shown=shown, **file, **more)
    return image_layer(read, name=name, order=order, **file)


def _where_to_look(read: Scan | LabelMap, order: DisplayOrder | None) -> tuple[str, ...]:
    # Among other scans a single slice is seen in one plane, at one place.
    if order is None or order.dropped is not None or 1 not in read.geometry.shape:
        return ()
    axis = order.show_shape(read.geometry.shape).index(1)
    # As the line on the point under the mouse says it: z, y and x run along S, A and R.
    along = 2 - axis
    middle_mm = read.geometry.to_mm((np.array(read.geometry.shape) - 1) / 2)
    where = f"in the {PLANES[axis]} plane at {side_text(along, float(middle_mm[along]))} mm"
    return (f"a single slice, shown at its place among the open scans: {where}",)


def open_scans(layers: Iterable[Layer], first: Image | None = None) -> tuple[Image, ...]:
    """List the scans of ours among layers: `first`, then the topmost."""
    scans = [
        layer
        for layer in reversed(list(layers))
        if isinstance(layer, Image) and "geometry" in metadata_of(layer)
    ]
    return tuple(sorted(scans, key=lambda layer: layer is not first))


def grids_of(scans: Sequence[Image]) -> list[Grid]:
    """Tell where the voxels of scans of ours lie."""
    return [
        Grid(geometry, frame_of(scan), order)
        for scan in scans
        for geometry, order in [grid_of(scan)]
    ]


def frame_of(layer: Layer) -> str | None:
    """Return the frame of reference that a layer's file names; None where it names none."""
    source: Any = metadata_of(layer).get("source")
    return None if source is None else source.frame


def show_notice(name: str, messages: Sequence[str]) -> None:
    """Tell in one notification what there is to know of a layer."""
    if messages:
        show_warning(f"{name}: " + "; ".join(messages))
