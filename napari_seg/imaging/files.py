"""The one door for scans and labels on disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.file_formats import (
    DICOM_SUFFIXES,
    PICTURE_SUFFIXES,
    SCAN_SUFFIXES,
    case_name,
    is_label_name,
    suffix_of,
)
from napari_seg.imaging.file_kinds import file_kind
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_alignment import align_labels
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.measures import count_voxels
from napari_seg.imaging.saving import write_text
from napari_seg.imaging.scan import LabelMap, Notice, Scan
from napari_seg.imaging.voxel_files import read_voxels, write_voxels

__all__ = [
    "SCAN_SUFFIXES",
    "case_name",
    "is_label_name",
    "read_labels",
    "read_scan",
    "record_path",
    "sample_data_folder",
    "write_labels",
    "write_scan",
]

OnProgress = Callable[[float], None]

_ROUNDING = 1e-2


def read_scan(
    path: str | Path,
    *,
    series: str | int | None = None,
    repair: bool = False,
    on_progress: OnProgress | None = None,
) -> Scan:
    """Read a scan from a file, or from a folder of DICOM slices.

    Parameters
    ----------
    path
        NIfTI, NRRD, MetaImage, PNG, JPEG or TIFF by its name, a DICOM file, or a folder with
        DICOM files at any depth.
    series
        Which DICOM series to read where a folder holds several: its SeriesInstanceUID, or its
        number in the list that the error shows, from 1.
    repair
        Whether to resample a DICOM series with missing slices, uneven spacing or a tilted gantry
        to an upright grid of even spacing, with a notice, instead of refusing it.
    on_progress
        Called with the fraction that was read; what it raises stops the reading.

    Returns
    -------
    Scan
        What was assumed or repaired stands in its notices.

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    ValueError
        If it is no scan, is damaged, or does not say rightly where its voxels lie. The message
        names the file, the cause and the way out.
    """
    path = Path(path)
    _require(path)
    if path.is_dir() or _is_dicom(path):
        from napari_seg.imaging.dicom.reading import read_dicom

        scan = read_dicom(path, series=series, repair=repair, on_progress=on_progress)
    elif series is not None:
        raise ValueError(f"'{path.name}' is no DICOM, so it has no series to choose from")
    else:
        scan = read_voxels(path, on_progress=on_progress)
    return replace(scan, notices=(*scan.notices, *_not_finite(scan.array)))


def read_labels(
    path: str | Path, *, onto: Scan | Geometry | None = None, resample: bool = False
) -> LabelMap:
    """Read a label file, and its names and colours from the table of that name beside it.

    Parameters
    ----------
    path
        Any file that `read_scan` reads. ``labels.nii.gz`` has the table ``labels.tsv``.
    onto
        The scan, or its grid, that the labels belong to. Labels that hold the same voxels in
        another order are turned exactly.
    resample
        Whether labels on another grid are resampled (nearest neighbour) rather than refused.

    Returns
    -------
    LabelMap
        In the smallest unsigned type that holds the values. A value without a row in the table
        gets a name such as "label 7".

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no label file, or lies on another grid than `onto`.
    """
    path = Path(path)
    _require(path)
    is_picture = suffix_of(path) in PICTURE_SUFFIXES
    scan = read_voxels(path, palette_as_values=True) if is_picture else read_scan(path)
    array = _whole_numbers(scan.array, path.name)
    table, table_notices = _table_beside(path)
    labels = LabelMap(
        array,
        scan.geometry,
        table.completed(count_voxels(array)),
        notices=(*scan.notices, *table_notices),
        source=scan.source,
    )
    if onto is None:
        return labels
    geometry = onto if isinstance(onto, Geometry) else onto.geometry
    try:
        return align_labels(labels, geometry, resample=resample)
    except ValueError as error:
        raise ValueError(f"'{path.name}': {error}") from error


def write_labels(labels: LabelMap, path: str | Path, *, source: Scan | None = None) -> None:
    """Write labels, with a table of their names and colours beside them.

    Where a network drew them, its record lies beside them too: ``labels.json`` for
    ``labels.nii.gz``.

    Parameters
    ----------
    labels
        Stored in the smallest unsigned type that holds the values.
    path
        Its end chooses the format: ``.nii.gz``, ``.nii``, ``.nrrd``, ``.mha``, or ``.png`` and
        ``.tif`` for pictures. The table is ``.tsv``, and is written first.
    source
        The scan that the labels belong to: they must be on its grid, and what its file states of
        its geometry (qform and sform codes, units) is kept. ``None`` takes the labels' own
        source.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    ValueError
        If the labels are not on the scan's grid, or the format cannot hold them.
    OSError
        If the disk is full or the folder may not be written to. Nothing is changed then but,
        at most, the table.
    """
    path = Path(path)
    if source is not None:
        labels.require_grid(source.geometry)
    if labels.array.min() < 0:
        raise ValueError(f"'{path.name}' cannot be saved: labels below 0 have no meaning")
    table = labels.table.completed(count_voxels(labels.array))
    write_voxels(
        path,
        _smallest(labels.array),
        labels.geometry if source is None else source.geometry,
        labels.source if source is None else source.source,
        before_replacing=lambda: _write_beside(path, table, labels.record),
    )


def record_path(path: str | Path) -> Path:
    """Name the record of a label file: ``x_dseg.json`` for ``x_dseg.nii.gz``."""
    path = Path(path)
    return path.with_name(f"{case_name(path)}.json")


def write_scan(scan: Scan, path: str | Path) -> None:
    """Write a scan, on its own grid; formats and errors as in `write_labels`.

    Kinds of number that few programs read become others: ``bool`` uint8, ``float16`` float32,
    ``int64`` int32 where that holds the values.
    """
    write_voxels(Path(path), scan.array, scan.geometry, scan.source)


def sample_data_folder() -> Path:
    """Return the folder of the sample scans: of the repository, else of the installed package."""
    package = Path(__file__).parents[1]
    # First the repository: an editable install may leave a stale copy in the package.
    in_repository = package.parent / "sample_data"
    return in_repository if (in_repository / "SHA256SUMS").is_file() else package / "sample_data"


def _require(path: Path) -> None:
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder '{path.name}'; check the path")


def _is_dicom(path: Path) -> bool:
    suffix = suffix_of(path)
    return suffix in DICOM_SUFFIXES or (suffix == "" and file_kind(path) == "a DICOM file")


def _write_beside(path: Path, table: LabelTable, record: Mapping[str, Any] | None) -> None:
    table.write_tsv(_table_path(path))
    if record is not None:
        text = json.dumps(record, indent=2, ensure_ascii=False)
        write_text(record_path(path), f"{text}\n")


def _table_path(path: Path) -> Path:
    return path.with_name(f"{case_name(path)}.tsv")


def _table_beside(path: Path) -> tuple[LabelTable, tuple[Notice, ...]]:
    table_path = _table_path(path)
    if not table_path.is_file():
        return LabelTable(), ()
    try:
        return LabelTable.read_tsv(table_path), ()
    except ValueError as error:
        return LabelTable(), (Notice("table-unread", f"names were not read: {error}"),)


def _not_finite(array: NDArray[Any]) -> tuple[Notice, ...]:
    if array.dtype.kind != "f":
        return ()
    count = array.size - sum(int(np.isfinite(part).sum()) for part in np.moveaxis(array, 2, 0))
    if count == 0:
        return ()
    message = f"{count} voxels are not a finite number (NaN or infinite)"
    return (Notice("not-finite", message, {"voxels": count}),)


def _whole_numbers(array: NDArray[Any], name: str) -> NDArray[Any]:
    if array.ndim != 3:
        raise ValueError(
            f"'{name}' holds {array.shape[3]} channels, but labels need one whole number a voxel; "
            "save one volume as a file of its own"
        )
    if array.dtype.kind == "f":
        rounded = np.rint(array)
        # Written so that NaN fails too.
        if not (np.abs(array - rounded) <= _ROUNDING).all():
            raise ValueError(
                f"'{name}' holds no labels: its voxels are not whole numbers; "
                "open it as a scan instead"
            )
        array = rounded
    if array.min() < 0:
        raise ValueError(
            f"'{name}' holds no labels: its smallest voxel is {array.min():g}, "
            "and labels start at 0; open it as a scan instead"
        )
    return _smallest(array)


def _smallest(array: NDArray[Any]) -> NDArray[Any]:
    return array.astype(np.min_scalar_type(int(array.max())), copy=False)
