"""Segmentations of 3D Slicer (``.seg.nrrd``) in and out: voxels, names, colours and codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.itk_files import read_itk_file, write_itk_file
from napari_seg.imaging.label_colours import Colour, colour_of
from napari_seg.imaging.label_files.terminology import (
    code_in_tags,
    status_in_tags,
    tags_of,
)
from napari_seg.imaging.label_files.voxel_checks import smallest
from napari_seg.imaging.label_table import Label, LabelTable
from napari_seg.imaging.measures import count_voxels
from napari_seg.imaging.progress import OnProgress
from napari_seg.imaging.saving import replace_file
from napari_seg.imaging.scan import LabelMap, Notice, Source

_BINARY = "Binary labelmap"
_KEY = re.compile(r"Segment(\d+)_(\w+)")
_LINE = re.compile(rb"^([^\n:=]+):=(.*?)\r?$", re.MULTILINE)
_ESCAPED = re.compile(r"\\([n\\])")
# Some hundred segments with all that may be said of each.
_LONGEST_HEADER = 1 << 24


@dataclass(frozen=True)
class _Segment:
    """One segment as the file states it."""

    name: str
    colour: Colour | None
    code: str | None
    value: int
    layer: int
    status: str


def is_segmentation_nrrd(path: Path) -> bool:
    """Tell by its name, or by the keys of its header, whether an NRRD file is a segmentation."""
    name = path.name.lower()
    if name.endswith(".seg.nrrd"):
        return True
    return name.endswith((".nrrd", ".nhdr")) and path.is_file() and b"\nSegment0_" in _header(path)


def read_segmentation_nrrd(path: Path, *, on_progress: OnProgress | None = None) -> LabelMap:
    """Read a segmentation of 3D Slicer.

    Parameters
    ----------
    path
        The file.
    on_progress
        Called with the fraction that was read.

    Returns
    -------
    LabelMap
        Segments keep their values; where several layers use one value for different segments,
        they are numbered from 1, with a notice. Where segments overlap, the later one holds the
        voxel, with a notice.

    Raises
    ------
    ValueError
        If it is no such file, is damaged, or holds fractions or no voxels.
    """
    said = _said(path)
    scan = read_itk_file(path, on_progress=on_progress)
    kind = said.get("Segmentation_SourceRepresentation") or said.get(
        "Segmentation_MasterRepresentation", _BINARY
    )
    if kind != _BINARY or scan.array.dtype.kind not in "iu":
        raise ValueError(
            f"'{path.name}' holds fractions of voxels, not labels; "
            "export it from 3D Slicer as a binary labelmap"
        )
    if scan.array.min() < 0:
        raise ValueError(
            f"'{path.name}' holds no labels: its smallest voxel is {scan.array.min()}; "
            "open it as a scan instead"
        )
    if scan.geometry.shape == (1, 1, 1):
        raise ValueError(
            f"'{path.name}' holds the names of segments, but no voxels; "
            "save it again once something is drawn"
        )
    layers = scan.array if scan.array.ndim == 4 else scan.array[..., np.newaxis]
    segments = _segments(said, layers.shape[3], path.name)
    array, table, notices = _merged(layers, segments)
    return LabelMap(
        array,
        scan.geometry,
        table.completed(count_voxels(array)),
        notices=(*scan.notices, *notices),
        source=scan.source,
    )


def write_segmentation_nrrd(
    array: NDArray[Any],
    geometry: Geometry,
    table: LabelTable,
    path: Path,
    *,
    before_replacing: Callable[[Path], None] | None = None,
    beside: Mapping[Path, str] | None = None,
) -> None:
    """Write labels with their names, colours and codes, as 3D Slicer does; whole or not at all.

    Parameters
    ----------
    array
        Whole numbers ``(i, j, k)`` from 0.
    geometry
        The grid; shear is kept.
    table
        Every value of `array`.
    path
        Ends in ``.seg.nrrd``.
    before_replacing
        Called with the hidden file that holds the labels, when they lie safely on the disk and
        before it takes its name.
    beside
        Texts of files that take their names together with it, as in `saving.replace_file`.

    Raises
    ------
    OSError
        If it cannot be written; see `saving.replace_file`.
    """
    # Slicer reads no wider kinds, and one voxel would mean that there is none.
    if array.size == 1 or int(array.max()) > np.iinfo(np.int32).max:
        raise ValueError(f"'{path.name}' cannot be saved: 3D Slicer would not read it; use .nii.gz")
    stored = smallest(array)
    stored = stored.astype(np.int32) if stored.dtype == np.uint32 else stored

    def write(partial: Path) -> None:
        write_itk_file(stored, geometry, partial, Source(), metadata=_metadata(table, array.shape))

    def check(partial: Path) -> None:
        back = read_segmentation_nrrd(partial)
        same = np.array_equal(back.array, array) and back.table.keep(table.names) == table
        if not (same and back.geometry.matches(geometry)):
            raise OSError("what was read back is not what was written")
        if before_replacing is not None:
            before_replacing(partial)

    replace_file(path, write, check=check, beside=beside)


def _header(path: Path) -> bytes:
    with path.open("rb") as file:
        head = file.read(1 << 16)
        if not head.startswith(b"NRRD"):
            return b""
        while not (end := re.search(rb"\r?\n\r?\n", head)) and len(head) < _LONGEST_HEADER:
            more = file.read(1 << 16)
            if not more:
                return head
            head += more
    return head[: end.start()] if end else head


def _said(path: Path) -> dict[str, str]:
    """Read the free fields of the header; those of a name in another code page, too."""
    said = {}
    for key, value in _LINE.findall(_header(path)):
        try:
            text = value.decode()
        except UnicodeDecodeError:
            text = value.decode("latin-1")
        said[key.decode(errors="replace").strip()] = _ESCAPED.sub(_unescaped, text)
    return said


def _unescaped(match: re.Match[str]) -> str:
    return "\n" if match[1] == "n" else "\\"


def _segments(said: dict[str, str], layers: int, name: str) -> list[_Segment]:
    numbers = sorted({int(match[1]) for key in said if (match := _KEY.fullmatch(key))})
    segments = []
    for place, number in enumerate(numbers):
        fields = {
            match[2]: text
            for key, text in said.items()
            if (match := _KEY.fullmatch(key)) and int(match[1]) == number
        }
        # Slicer before 4.11 named no layer and no value: each segment had a layer, and was 1.
        old_layer = place if layers > 1 else 0
        try:
            value = int(fields.get("LabelValue", 1))
            layer = int(fields.get("Layer", old_layer))
        except ValueError as error:
            raise ValueError(
                f"'{name}' is damaged: segment {number} has no whole number for its value or "
                "layer; save it again in 3D Slicer"
            ) from error
        if layer not in range(layers) or value < 1:
            raise ValueError(
                f"'{name}' is damaged: segment {number} has the value {value} in layer {layer} "
                f"of {layers}; save it again in 3D Slicer"
            )
        called = fields.get("Name") or fields.get("ID") or f"Segment {number + 1}"
        colour, tags = _colour(fields.get("Color", "")), fields.get("Tags", "")
        code, status = code_in_tags(tags), status_in_tags(tags)
        segments.append(_Segment(called, colour, code, value, layer, status))
    return segments


def _colour(text: str) -> Colour | None:
    try:
        red, green, blue = (round(255 * min(max(float(part), 0), 1)) for part in text.split())
    except ValueError:
        return None
    return red, green, blue


def _merged(
    layers: NDArray[Any], segments: list[_Segment]
) -> tuple[NDArray[Any], LabelTable, list[Notice]]:
    """Bring all layers into one array of labels."""
    values = [segment.value for segment in segments]
    notices = []
    if len(set(values)) < len(values):
        values = list(range(1, len(segments) + 1))
        message = "segments that share a value in different layers were numbered from 1"
        notices.append(Notice("renumbered", message, {"segments": len(segments)}))
    table = LabelTable(
        tuple(
            Label(
                value,
                segment.name,
                segment.colour or colour_of(value),
                segment.code,
                segment.status,
            )
            for value, segment in zip(values, segments, strict=True)
        )
    )
    if layers.shape[3] == 1 and not notices:
        return smallest(layers[..., 0]), table, notices
    array = np.zeros(layers.shape[:3], np.min_scalar_type(max(values, default=0)), order="F")
    overlapping = np.zeros(layers.shape[:3], bool, order="F")
    for value, segment in zip(values, segments, strict=True):
        inside = layers[..., segment.layer] == segment.value
        overlapping |= inside & (array != 0)
        array[inside] = value
    if count := int(np.count_nonzero(overlapping)):
        message = f"segments overlap in {count} voxels, where the later one was kept"
        notices.append(Notice("overlap", message, {"voxels": count}))
    if count := int(np.count_nonzero(layers.any(axis=3) & (array == 0))):
        message = f"{count} voxels belong to no segment and were taken for background"
        notices.append(Notice("no-segment", message, {"voxels": count}))
    return smallest(array), table, notices


def _metadata(table: LabelTable, shape: tuple[int, ...]) -> dict[str, str]:
    extent = " ".join(f"0 {count - 1}" for count in shape)
    said = {
        "Segmentation_ContainedRepresentationNames": f"{_BINARY}|",
        "Segmentation_ConversionParameters": "",
        # The first name is that of Slicer before 5.4.
        "Segmentation_MasterRepresentation": _BINARY,
        "Segmentation_SourceRepresentation": _BINARY,
        "Segmentation_ReferenceImageExtentOffset": "0 0 0",
    }
    for number, label in enumerate(table):
        fields = {
            "Color": " ".join(f"{part / 255:.6g}" for part in label.colour),
            "ColorAutoGenerated": "0",
            "Extent": extent,
            "ID": f"Segment_{label.value}",
            "LabelValue": str(label.value),
            "Layer": "0",
            "Name": label.name,
            "NameAutoGenerated": "0",
            "Tags": tags_of(label),
        }
        said |= {f"Segment{number}_{field}": text for field, text in fields.items()}
    return said
