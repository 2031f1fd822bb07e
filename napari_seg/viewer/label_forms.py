"""The forms that the labels of a layer are saved in, and what is needed of the scan for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari.layers import Image

from napari_seg.imaging.dicom.segmentation.uids import MissingUidsError
from napari_seg.imaging.file_formats import DICOM_SUFFIXES, suffix_of
from napari_seg.imaging.files import (
    write_label_table,
    write_labels,
    write_masks,
    write_surfaces,
)
from napari_seg.imaging.progress import OnProgress
from napari_seg.imaging.scan import LabelMap, Notice, Scan
from napari_seg.viewer.layers import label_map_of, metadata_of, scan_of
from napari_seg.viewer.opening.scan_below import adopt_scan_below
from napari_seg.viewer.segmenting.result_layer import record_of

if TYPE_CHECKING:
    from napari.layers import Labels, Layer


@dataclass(frozen=True)
class Form:
    """One form of labels on disk.

    Attributes
    ----------
    title
        For people.
    suffix
        What the name ends in; empty for a folder.
    write
        Writes labels with their scan, if it is known, to a path; takes ``new_uids`` last.
    """

    title: str
    suffix: str
    write: Callable[[LabelMap, Scan | None, Path, bool], tuple[Notice, ...]]

    @property
    def filter(self) -> str:
        """How a file dialog of Qt names it."""
        return f"{self.title} (*{self.suffix or ''})"

    def complete(self, path: str | Path) -> Path:
        """Give a name the end that it lacks."""
        path = Path(path)
        named_so = path.name.lower().endswith(self.suffix)
        return path if named_so else path.with_name(path.name + self.suffix)


@dataclass(frozen=True)
class Undone:
    """Nothing was written: the series lacks identifiers, and a person has to allow new ones."""

    reason: str


def labels_with_scan(layer: Labels, layers: Iterable[Layer]) -> tuple[LabelMap, Scan | None]:
    """Take the labels out of a layer, with the record of their run, and the scan they belong to.

    Labels drawn in a layer of napari's own are on the grid of the scan that they lie over.
    """
    layers = list(layers)
    adopt_scan_below(layer, layers)
    labels = replace(label_map_of(layer), record=record_of(layer))
    scans = [one for one in layers if isinstance(one, Image) and "geometry" in metadata_of(one)]
    # The one they were made on, else one of their grid: DICOM slices first, which a name needs.
    own = [one for one in scans if one.unique_id == metadata_of(layer).get("scan_id")]
    grid = labels.geometry
    same = [one for one in scans if metadata_of(one)["geometry"].matches(grid)]
    same.sort(key=lambda one: not metadata_of(one)["source"].dicom_files)
    for found in (*own, *same):
        if metadata_of(found)["geometry"].matches(grid):
            return labels, scan_of(found)
    if labels.source.dicom_files:
        return labels, Scan(labels.array, grid, source=labels.source)
    return labels, None


def write_file(
    labels: LabelMap, scan: Scan | None, path: Path, new_uids: bool = False
) -> tuple[Notice, ...]:
    """Write labels to the file of a name; errors as in `write_labels`."""
    # Other formats keep what the labels' own file stated of its geometry.
    source = scan if suffix_of(path) in DICOM_SUFFIXES else None
    return write_labels(labels, path, source=source, new_uids=new_uids)


def write_form(
    form: Form,
    labels: LabelMap,
    scan: Scan | None,
    path: Path,
    new_uids: bool,
    *,
    on_progress: OnProgress,
) -> tuple[Notice, ...] | Undone:
    """Write labels in a form.

    Returns
    -------
    tuple of Notice or Undone
        What was assumed; or why a person has to be asked first.
    """
    on_progress(0.0)
    try:
        return form.write(labels, scan, path, new_uids)
    except MissingUidsError as error:
        return Undone(str(error))


def _masks(labels: LabelMap, _scan: Scan | None, path: Path, _new_uids: bool) -> tuple[Notice, ...]:
    return write_masks(labels, path)


def _surfaces(
    labels: LabelMap, _scan: Scan | None, path: Path, _new_uids: bool
) -> tuple[Notice, ...]:
    return write_surfaces(labels, path)


def _table(labels: LabelMap, _scan: Scan | None, path: Path, _new_uids: bool) -> tuple[Notice, ...]:
    write_label_table(labels.table, path)
    return ()


FORMS = (
    Form("3D Slicer segmentation", ".seg.nrrd", write_file),
    Form("DICOM segmentation", ".dcm", write_file),
    Form("NIfTI with a table of names", ".nii.gz", write_file),
    Form("Folder with one mask a structure", "", _masks),
    Form("Folder with one surface a structure, STL", "", _surfaces),
    Form("Table of labels, BIDS", ".tsv", _table),
    Form("Table of labels, ITK-SNAP", ".txt", _table),
    Form("Table of labels, 3D Slicer", ".ctbl", _table),
)
"""What "Export labels…" offers."""


def form_of(path: str | Path, chosen: Form) -> Form:
    """Return the form that the end of a name asks for; the chosen one where it asks for none.

    What no labels can be written to, such as a ``.jpg``, is left to `write_labels` to refuse.

    Examples
    --------
    >>> form_of("x.nii.gz", FORMS[0]).title, form_of("x.mha", FORMS[0]).complete("x.mha").name
    ('NIfTI with a table of names', 'x.mha')
    >>> form_of("case 1.5", FORMS[0]).complete("case 1.5").name
    'case 1.5.seg.nrrd'
    """
    name = Path(path).name.lower()
    asked = [form for form in FORMS if form.suffix and name.endswith(form.suffix)]
    if asked:
        return asked[0]
    suffix = suffix_of(path)
    return Form(f"File {suffix}", suffix, write_file) if suffix else chosen
