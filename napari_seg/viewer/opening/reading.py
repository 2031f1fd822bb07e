"""Read what a person opens: as a scan or as labels, and labels on the grid of their scan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from napari_seg.imaging.dicom.reading import NeedsRepairError, SeveralSeriesError
from napari_seg.imaging.drawn_voxels import look_drawn
from napari_seg.imaging.files import read_labels, read_scan
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_alignment import align_labels
from napari_seg.imaging.label_files.mask_folder import mask_files
from napari_seg.imaging.label_files.recognition import is_label_file
from napari_seg.imaging.progress import OnProgress, share_of
from napari_seg.imaging.scan import LabelMap, Notice, Scan
from napari_seg.imaging.scan_alignment import frames_differ
from napari_seg.viewer.appearance import compile_label_colours
from napari_seg.viewer.display_order import DisplayOrder
from napari_seg.viewer.file_stamp import Stamp
from napari_seg.viewer.shown_labels import ShownLabels

# Atlases have some hundred labels; a scan of whole numbers has thousands of values.
_MOST_LABELS = 1000
# Notices that the place in the patient is made up, wholly or in part.
_PLACE_ASSUMED = frozenset({"no-orientation", "no-origin", "sides-assumed"})
KIND_GUESSED = "kind-guessed"
"""The code of the notice on what may as well be the other: labels or a scan."""


@dataclass(frozen=True)
class Grid:
    """Where the voxels of a scan that is open lie, and in which frame of reference.

    Attributes
    ----------
    geometry
        The grid.
    frame
        As in `Source`.
    order
        In which the scan is shown.
    """

    geometry: Geometry
    frame: str | None
    order: DisplayOrder


@dataclass(frozen=True, eq=False)
class Undecided:
    """What a person has to choose before a file can be read.

    Qt's workers take an error that is returned for one that was raised, so it is wrapped.
    """

    error: SeveralSeriesError | NeedsRepairError


@dataclass(frozen=True, eq=False)
class Opened:
    """What was read.

    Attributes
    ----------
    read
        The scan, or the labels.
    place
        The number of the open scan whose grid labels were brought to; None for a scan, and for
        labels on a grid of their own.
    fits
        False for labels that lie on the grid of none of the open scans.
    shown
        What napari is to show of labels; None for a scan.
    order
        In which to show a scan; None for labels, whose `shown` has its own.
    stamp
        Of the file before it was read.
    """

    read: Scan | LabelMap
    place: int | None = None
    fits: bool = True
    shown: ShownLabels | None = None
    order: DisplayOrder | None = None
    stamp: Stamp | None = None


def open_file(
    path: Path,
    series: int | None,
    repair: bool,
    grids: Sequence[Grid],
    *,
    on_progress: OnProgress,
) -> Opened | Undecided:
    """Read a file or folder, and bring labels to the grid of the open scan they belong to.

    Parameters
    ----------
    path, series, repair
        As in `read_scan`.
    grids
        Of the scans that are open, the likeliest first.
    on_progress
        Told the fraction that was read.

    Returns
    -------
    Opened or Undecided
        The latter where a person has to choose first.
    """
    report = share_of(on_progress, 0.0, 0.95)
    stamp = Stamp.of(path)
    try:
        read = read_either(path, series=series, repair=repair, on_progress=report)
    except (SeveralSeriesError, NeedsRepairError) as error:
        return Undecided(error)
    if isinstance(read, Scan):
        return Opened(read, order=_order_beside(read, grids), stamp=stamp)
    return replace(_ready(_placed(read, grids), grids), stamp=stamp)


def read_either(
    path: str | Path,
    *,
    series: int | None = None,
    repair: bool = False,
    on_progress: OnProgress | None = None,
) -> Scan | LabelMap:
    """Read a file or folder: as labels if its name and voxels say so, else as a scan.

    A notice says where that is a guess.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read_scan` does.
    """
    path = Path(path)
    holds_labels = is_label_file(path) if series is None else False
    if holds_labels is False:
        scan = read_scan(path, series=series, repair=repair, on_progress=on_progress)
        return _with_volumes_beside(scan, path)
    try:
        labels = read_labels(path, on_progress=on_progress)
    except ValueError as error:
        # A scan may be named like a label file; if it is broken, reading it says so again.
        scan = read_scan(path, on_progress=on_progress)
        # A notice goes into records, and the name of a file may be a patient's.
        cause = str(error).partition(";")[0].replace(f"'{path.name}'", "the file")
        return scan if holds_labels is None else _noted(scan, f"{cause}: opened as a scan")
    count = len(labels.table)
    if holds_labels:
        if count <= _MOST_LABELS:
            return labels
        scan = read_scan(path, on_progress=on_progress)
        return _noted(scan, f"opened as a scan: {count} different values are too many for labels")
    if look_drawn(labels.array):
        return _noted(
            labels,
            "nothing says whether these are labels or a scan: opened as labels, because few whole "
            f"numbers ({count} above 0) fill even areas",
            KIND_GUESSED,
        )
    return _noted(
        read_scan(path, on_progress=on_progress),
        "nothing says whether this is a scan or labels: opened as a scan, because its "
        f"{count} whole numbers above 0 change from voxel to voxel",
        KIND_GUESSED,
    )


def place_nearest(
    labels: LabelMap, grid: Grid, stamp: Stamp | None, *, on_progress: OnProgress
) -> Opened:
    """Bring labels onto the grid of the first open scan, each voxel taking its nearest label.

    Parameters
    ----------
    labels
        As they were read.
    grid
        Of the scan.
    stamp
        Of their file before it was read.
    on_progress
        Told that it begins.

    Raises
    ------
    ValueError
        If no label lies within the grid.
    """
    on_progress(0.0)
    resampled = align_labels(labels, grid.geometry, resample=True)
    if np.any(labels.array) and not np.any(resampled.array):
        raise ValueError(
            "none of the labels lies within the scan, so they cannot be resampled to it; "
            "choose the scan they belong to, or register the two first"
        )
    return _ready(Opened(resampled, place=0, stamp=stamp), [grid])


def place_is_known(notices: Iterable[Notice]) -> bool:
    """Tell by its notices whether a file says where in the patient its voxels lie."""
    return not _PLACE_ASSUMED & {notice.code for notice in notices}


def _noted(read: Scan | LabelMap, message: str, code: str = "named-as-labels") -> Scan | LabelMap:
    return replace(read, notices=(*read.notices, Notice(code, message)))


def _with_volumes_beside(scan: Scan, path: Path) -> Scan:
    """Tell what a folder of DICOM slices holds besides: masks most of all."""
    count = len(mask_files(path)) if path.is_dir() else 0
    if not count:
        return scan
    volumes = "a volume of another form" if count == 1 else f"{count} volumes of other forms"
    message = (
        f"beside the DICOM slices the folder holds {volumes} (such as NIfTI), which may be labels: "
        f"open {'it' if count == 1 else 'each'} by its file to see it"
    )
    notice = Notice("volumes-beside", message, {"volumes": count})
    return replace(scan, notices=(*scan.notices, notice))


def _order_beside(read: Scan | LabelMap, grids: Sequence[Grid]) -> DisplayOrder:
    # napari would lay the two axes of a picture over the last two of a volume, whatever they are.
    beside_volume = any(grid.order.dropped is None for grid in grids)
    return DisplayOrder.of(read.geometry, flat=not (beside_volume and place_is_known(read.notices)))


def _ready(opened: Opened, grids: Sequence[Grid]) -> Opened:
    if not isinstance(opened.read, LabelMap):
        return opened
    # It takes a second for the first labels of a session, and none after that.
    compile_label_colours()
    order = _order_beside(opened.read, grids) if opened.place is None else grids[opened.place].order
    return replace(opened, shown=ShownLabels.of(opened.read, order))


def _placed(labels: LabelMap, grids: Sequence[Grid]) -> Opened:
    if not grids:
        return Opened(labels)
    numbers = range(len(grids))
    same = [number for number in numbers if labels.geometry.matches(grids[number].geometry)]
    # A grid of another frame of reference may have its voxels at the same millimetres by chance.
    frame = labels.source.frame
    others = [number for number in numbers if not frames_differ(frame, grids[number].frame)]
    for number in (*same, *others):
        try:
            return Opened(align_labels(labels, grids[number].geometry), number)
        except ValueError:
            continue  # on another grid; the next one may be theirs
    return Opened(labels, fits=False)
