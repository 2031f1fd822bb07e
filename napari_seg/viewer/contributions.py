"""What napari asks of the plugin: open a file, save a layer, open a sample; and a whole case."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari
import numpy as np
from napari.layers import Image, Labels

from napari_seg.imaging.dicom.presence import holds_dicom
from napari_seg.imaging.file_formats import PAIR_SUFFIXES, PICTURE_SUFFIXES, suffix_of
from napari_seg.imaging.file_kinds import kind_inside
from napari_seg.imaging.files import (
    case_name,
    read_labels,
    read_scan,
    record_path,
    sample_data_folder,
)
from napari_seg.imaging.label_edits.centres import middle_of
from napari_seg.imaging.label_files.beside import has_table
from napari_seg.imaging.label_files.mask_folder import mask_files
from napari_seg.imaging.label_files.tables import table_path
from napari_seg.imaging.scan_files import is_dicom_file
from napari_seg.viewer.file_stamp import Stamp
from napari_seg.viewer.keeping.kept_layer import KeptLayer
from napari_seg.viewer.label_forms import labels_with_scan
from napari_seg.viewer.layers import (
    image_layer,
    is_preview,
    knows_its_grid,
    labels_layer,
    scan_of,
)
from napari_seg.viewer.opening.asking import read_and_ask, write_and_ask, write_scan_beside
from napari_seg.viewer.opening.opened_layers import layer_of, open_scans, show_notice
from napari_seg.viewer.opening.scans_together import tell_mismatches
from napari_seg.viewer.viewing.into_view import bring_into_view, when_added

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from napari.components import ViewerModel
    from napari.layers import Layer

    LayerData = tuple[Any, ...]


def get_reader(path: str | Sequence[str]) -> Callable[[Any], list[LayerData]] | None:
    """Return the reader of a path, or None where it is none of ours; reads next to nothing.

    Pictures are left to napari's own reader: the panel opens them as scans.
    """
    first = Path(path if isinstance(path, str) else path[0])
    return _read_paths if _is_ours(first) else None


def save_labels(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Save a Labels layer on its scan's own grid, with its table and, from a network, its record.

    Labels drawn in a layer of napari's own are on the grid of the scan that they lie over; where
    there is none, what is assumed of their sides is told. A ``.seg.nrrd`` and a DICOM segmentation
    hold the names themselves.

    Raises
    ------
    OSError
        Where `write_labels` raises an error.
    """
    layer, place = Labels(data, **meta), Path(path)
    if is_preview(layer):
        # napari's "Save all layers" hands it over, too.
        return []
    viewer = napari.current_viewer()
    labels, scan = labels_with_scan(layer, () if viewer is None else viewer.layers)
    # What changes while it is written is not in the file.
    kept = _kept_with(data, () if viewer is None else viewer.layers)
    states = [one.state_now() for one in kept]
    try:
        notices = write_and_ask(labels, scan, place)
    except ValueError as error:
        raise OSError(str(error)) from error  # napari takes a ValueError for "no such writer"
    for one, state in zip(kept, states, strict=True):
        one.note_saved(place, state)
    if not knows_its_grid(layer):
        notices = (*labels.notices, *notices)
    show_notice(place.name, [notice.message for notice in notices])
    table = [str(table_path(place))] if has_table(place) else []
    return [path, *table, *([] if labels.record is None else [str(record_path(place))])]


def save_image(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Save an Image layer on its own grid; what is assumed of a layer of napari's own is told.

    Raises
    ------
    OSError
        Where `write_scan` raises an error.
    """
    layer, place = Image(data, **meta), Path(path)
    try:
        scan = scan_of(layer)
        write_scan_beside(scan, place)
    except ValueError as error:
        raise OSError(str(error)) from error  # napari takes a ValueError for "no such writer"
    if not knows_its_grid(layer):
        show_notice(place.name, [notice.message for notice in scan.notices])
    return [path]


def sample_brain() -> list[LayerData]:
    """Open the whole brain of the sample data."""
    return _sample("brain.nii.gz")


def sample_left_hippocampus() -> list[LayerData]:
    """Open the crop around the left hippocampus."""
    return _sample("hippocampus_left.nii.gz")


def sample_right_hippocampus() -> list[LayerData]:
    """Open the crop around the right hippocampus."""
    return _sample("hippocampus_right.nii.gz")


def open_case(scan_path: Path, labels_path: Path) -> None:
    """Open napari with a scan, its labels and the panel, and stay until it is closed.

    The slice shown is the one in the middle of what is labelled.
    """
    scan, name = read_scan(scan_path), case_name(scan_path)
    stamp = Stamp.of(labels_path)
    labels = read_labels(labels_path, onto=scan)
    viewer = napari.Viewer()
    image = image_layer(scan, name=name, path=scan_path)
    viewer.add_layer(image)
    name = f"{name} \u2013 labels"
    layer = labels_layer(labels, name=name, like=image, path=labels_path, stamp=stamp)
    viewer.add_layer(layer)
    viewer.window.add_plugin_dock_widget("napari-seg", "napari-seg")
    middle = middle_of((layer.data != 0).view(np.uint8), 1)
    if middle is not None:
        viewer.dims.set_point(range(layer.ndim), layer.data_to_world(middle))
    napari.run()


def _kept_with(data: Any, layers: Iterable[Layer]) -> list[KeptLayer]:
    found = [
        KeptLayer.of(layer) for layer in layers if isinstance(layer, Labels) and layer.data is data
    ]
    return [kept for kept in found if kept is not None]


def _read_paths(path: str | Sequence[str]) -> list[LayerData]:
    read = [layer for one in ([path] if isinstance(path, str) else path) for layer in _read(one)]
    # What napari expects where nothing is to be shown.
    return read or [(None,)]


def _read(path: str) -> list[LayerData]:
    viewer = napari.current_viewer()
    scans = () if viewer is None else open_scans(viewer.layers)
    settled = read_and_ask(path, scans)
    if settled is None:
        return []
    opened = settled.opened
    like = None if opened.place is None else scans[opened.place]
    if viewer is not None and like not in viewer.layers:
        # It was closed meanwhile; the labels know their grid without it.
        like = None
    layer = layer_of(
        opened.read,
        path,
        series=settled.series,
        like=like,
        shown=opened.shown,
        order=opened.order,
        stamp=opened.stamp,
    )
    tell_mismatches(layer, () if viewer is None else viewer.layers)
    if viewer is not None and isinstance(layer, Image):
        _finish_when_added(viewer, layer)
    return [layer.as_layer_data_tuple()]


def _finish_when_added(viewer: ViewerModel, read: Image) -> None:
    # What napari makes a layer of has no room for it, and its slider would end at the window.
    full = None if read.rgb else read.contrast_limits_range

    def finish(layer: Layer) -> None:
        bring_into_view(viewer, layer)
        if full is not None:
            layer.contrast_limits_range = full

    when_added(viewer, read.data, finish)


def _sample(file_name: str) -> list[LayerData]:
    return _read_paths(str(sample_data_folder() / file_name))


def _is_ours(path: Path) -> bool:
    if path.is_dir():
        return bool(mask_files(path)) or holds_dicom(path)
    suffix = suffix_of(path)
    if suffix in PAIR_SUFFIXES:
        return _is_pair(path)
    if suffix == "":
        # Scanners call slices by numbers; napari itself asks only for names that end in .dcm.
        return path.is_file() and is_dicom_file(path)
    return suffix not in PICTURE_SUFFIXES


def _is_pair(path: Path) -> bool:
    # Other programs call other things so, and napari asks all plugins.
    names = {path.name, path.name.replace(".img", ".hdr"), path.name.replace(".IMG", ".HDR")}
    found = [path.with_name(name) for name in names if path.with_name(name).is_file()]
    return any(kind_inside(one) == "a plain NIfTI file" for one in found)
