"""Labels into one file, with what belongs beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypedDict

import numpy as np

from napari_seg.imaging.file_formats import DICOM_SUFFIXES, suffix_of
from napari_seg.imaging.label_files.beside import (
    has_table,
    require_names_stay,
    require_places_beside,
    shared_with_others,
    texts_beside,
)
from napari_seg.imaging.label_files.tables import hash_of_voxels
from napari_seg.imaging.label_files.voxel_checks import smallest
from napari_seg.imaging.measures import count_voxels
from napari_seg.imaging.scan import LabelMap, Notice, Scan
from napari_seg.imaging.voxel_files import write_voxels

# What writing labels holds of them: they, the same in the order of the file, and what is read
# back to be sure.
COPIES_WRITTEN = 3


class _Together(TypedDict):
    """What every writer does with what lies beside the file, before that takes its name."""

    before_replacing: Callable[[Path], None] | None
    beside: Mapping[Path, str]


def write_labels(
    labels: LabelMap,
    path: str | Path,
    *,
    source: Scan | None = None,
    before_replacing: Callable[[Path], None] | None = None,
    new_uids: bool = False,
    overwrite: bool = False,
    moved_to: str | Path | None = None,
) -> tuple[Notice, ...]:
    """Write labels with their names and colours.

    Where a network drew them, its record lies beside them too: ``labels.json`` for
    ``labels.nii.gz``.

    Parameters
    ----------
    labels
        Stored in the smallest unsigned type that holds the values.
    path
        Its end chooses the format: ``.seg.nrrd`` and ``.dcm`` (DICOM segmentation) hold names
        and colours themselves; ``.nii.gz``, ``.nii``, ``.nrrd``, ``.mha``, and ``.png`` and
        ``.tif`` for pictures, get a table beside them (``.tsv``), which takes its name first
        and says of which voxels it is.
    source
        The scan that the labels belong to: they must be on its grid, and what its file states of
        its geometry (qform and sform codes, units) is kept. ``None`` takes the labels' own
        source. A DICOM segmentation needs the DICOM series, here or as the labels' own source.
    before_replacing
        Called with the hidden file that holds the labels, when they lie safely on the disk and
        before any of the files takes its name; nothing is changed if it raises.
    new_uids
        Whether a DICOM segmentation of a series without identifiers gets new ones, with a
        notice, instead of being refused.
    overwrite
        Whether a file of another program that lies in the place of the table or the record, or a
        table whose names were left out, is replaced as well, instead of being refused; the
        sidecar of another image never is.
    moved_to
        Where the files will be moved afterwards, if they are: what lies there counts then.

    Returns
    -------
    tuple of Notice
        What was assumed while writing; and that a table or record was another label file's.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    FileExistsError
        If the table or the record would take the place of another program's file, or of names
        that were left out when the labels were read, and `overwrite` is not given; or of the
        sidecar of another image of this name. Nothing is changed then.
    ValueError
        If the labels are not on the scan's grid, or the format cannot hold them.
    OSError
        If the disk is full or the folder may not be written to. Nothing is changed then.
    """
    path = Path(path)
    if source is not None:
        labels.require_grid(source.geometry)
    if labels.array.min() < 0:
        raise ValueError(f"'{path.name}' cannot be saved: labels below 0 have no meaning")
    place = path if moved_to is None else Path(moved_to)
    require_places_beside(place, labels.record, overwrite=overwrite)
    if not overwrite:
        require_names_stay(place, labels)
    table = labels.table.completed(count_voxels(labels.array))
    array = smallest(labels.array)
    voxels = hash_of_voxels(array)
    beside = (table if has_table(path) else None, labels.record, voxels)
    notices = shared_with_others(place, *beside)
    together: _Together = {
        "before_replacing": before_replacing,
        "beside": texts_beside(path, *beside),
    }
    if suffix_of(path) in DICOM_SUFFIXES:
        made = _write_dicom(labels, path, source, new_uids, together)
        return (*made, *notices)
    if not has_table(path):
        from napari_seg.imaging.label_files.segmentation_nrrd import write_segmentation_nrrd

        grid = labels.geometry if source is None else source.geometry
        write_segmentation_nrrd(array, grid, table, path, **together)
    else:
        write_voxels(
            path,
            array,
            labels.geometry if source is None else source.geometry,
            labels.source if source is None else source.source,
            **together,
        )
    return notices


def _write_dicom(
    labels: LabelMap, path: Path, source: Scan | None, new_uids: bool, together: _Together
) -> tuple[Notice, ...]:
    from napari_seg.imaging.dicom.segmentation.writing import write_segmentation

    if source is None:
        source = _grid_of_series(labels, path)
    return write_segmentation(labels, path, source=source, new_uids=new_uids, **together)


def _grid_of_series(labels: LabelMap, path: Path) -> Scan:
    """Return the scan that labels were drawn on, as far as they know it: all but its voxels."""
    if not labels.source.dicom_files:
        raise ValueError(
            f"'{path.name}' cannot be saved: a DICOM segmentation names the slices it was drawn "
            "on; give the DICOM series as the scan, or save the labels as .nii.gz or .seg.nrrd"
        )
    none = np.broadcast_to(np.uint8(0), labels.geometry.shape)
    return Scan(none, labels.geometry, source=labels.source)
