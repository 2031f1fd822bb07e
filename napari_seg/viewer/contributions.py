"""What napari asks of the plugin: open a file, save a layer, open a sample; and a whole case."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari
from napari.layers import Image, Labels
from napari.utils.notifications import show_warning

from napari_seg.imaging.file_kinds import file_kind
from napari_seg.imaging.files import (
    case_name,
    is_label_name,
    read_labels,
    read_scan,
    record_path,
    sample_data_folder,
    write_labels,
    write_scan,
)
from napari_seg.imaging.scan import LabelMap
from napari_seg.viewer.layers import image_layer, label_map_of, labels_layer, metadata_of, scan_of
from napari_seg.viewer.result_layer import record_of
from napari_seg.viewer.scan_below import adopt_scan_below

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari.layers import Layer

    from napari_seg.imaging.scan import Notice, Scan

    LayerData = tuple[Any, dict[str, Any], str]

_SUFFIXES = (".nii", ".nii.gz", ".nrrd", ".mha", ".mhd", ".dcm")
# So many files of a folder are looked at before it is taken to hold no DICOM.
_LOOKED_AT = 20
# Atlases have some hundred labels; a scan of whole numbers has thousands of values.
_MOST_LABELS = 1000


def get_reader(path: str | Sequence[str]) -> Callable[[Any], list[LayerData]] | None:
    """Return the reader of a path, or None where it is none of ours; reads next to nothing."""
    first = Path(path if isinstance(path, str) else path[0])
    ours = _holds_dicom(first) if first.is_dir() else first.name.lower().endswith(_SUFFIXES)
    return _read_paths if ours else None


def read_either(
    path: str | Path, *, on_progress: Callable[[float], None] | None = None
) -> Scan | LabelMap:
    """Read a file or DICOM folder: as labels if its name and voxels say so, else as a scan.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read_scan` does.
    """
    path = Path(path)
    if is_label_name(path) or path.with_name(f"{case_name(path)}.tsv").is_file():
        try:
            labels = read_labels(path)
        except ValueError:
            # A scan may be named like a label file; if it is broken, reading it says so again.
            pass
        else:
            if len(labels.table) <= _MOST_LABELS:
                return labels
    return read_scan(path, on_progress=on_progress)


def layer_of(read: Scan | LabelMap, path: str | Path) -> Layer:
    """Show what was read from `path`, named after it, and tell what was assumed on the way."""
    path = Path(path)
    name = path.name if path.is_dir() else case_name(path)
    _tell(name, read.notices)
    if isinstance(read, LabelMap):
        return labels_layer(read, name=name, path=path)
    return image_layer(read, name=name, path=path)


def save_labels(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Save a Labels layer on its scan's own grid, with its table and, from a network, its record.

    Labels drawn in a layer of napari's own are on the grid of the scan that they lie over; where
    there is none, what is assumed of their sides is told.

    Raises
    ------
    ValueError, OSError
        As `write_labels` does.
    """
    layer = Labels(data, **meta)
    viewer = napari.current_viewer()
    adopt_scan_below(layer, () if viewer is None else viewer.layers)
    labels = replace(label_map_of(layer), record=record_of(layer))
    write_labels(labels, path)
    if "geometry" not in metadata_of(layer):
        _tell(Path(path).name, labels.notices)
    written = [path, str(Path(path).with_name(f"{case_name(path)}.tsv"))]
    return written if labels.record is None else [*written, str(record_path(path))]


def save_image(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Save an Image layer on its own grid.

    Raises
    ------
    ValueError, OSError
        As `write_scan` does.
    """
    write_scan(scan_of(Image(data, **meta)), path)
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
    """Open napari with a scan, its labels and the panel, and stay until it is closed."""
    scan, name = read_scan(scan_path), case_name(scan_path)
    labels = read_labels(labels_path, onto=scan)
    viewer = napari.Viewer()
    image = image_layer(scan, name=name, path=scan_path)
    viewer.add_layer(image)
    viewer.add_layer(
        labels_layer(labels, name=f"{name} \u2013 labels", like=image, path=labels_path)
    )
    viewer.window.add_plugin_dock_widget("napari-seg", "napari-seg")
    napari.run()


def _read_paths(path: str | Sequence[str]) -> list[LayerData]:
    paths = [path] if isinstance(path, str) else path
    return [layer_of(read_either(one), one).as_layer_data_tuple() for one in paths]


def _tell(name: str, notices: Sequence[Notice]) -> None:
    if notices:
        show_warning(f"{name}: " + "; ".join(notice.message for notice in notices))


def _sample(file_name: str) -> list[LayerData]:
    return _read_paths(str(sample_data_folder() / file_name))


def _holds_dicom(folder: Path) -> bool:
    files = (path for path in folder.rglob("*") if path.is_file())
    return any(file_kind(file) == "a DICOM file" for file in islice(files, _LOOKED_AT))
