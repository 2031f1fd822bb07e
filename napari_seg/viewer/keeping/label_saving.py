"""Look at a label file when it is opened, and save labels: what runs beside the viewer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.imaging.file_formats import case_name
from napari_seg.imaging.file_stamp import Stamp
from napari_seg.imaging.files import read_labels, record_path, write_labels
from napari_seg.imaging.label_files.tables import HASH_KEY, hash_of_voxels
from napari_seg.imaging.measures import count_voxels
from napari_seg.imaging.scan import LabelMap, Notice, Scan
from napari_seg.viewer.keeping import label_records as records
from napari_seg.viewer.keeping.origins import NetworkRun, Origins, closest_run, find_origins
from napari_seg.viewer.keeping.saving_places import (
    OwnFile,
    ScanPlace,
    choose_place,
)
from napari_seg.viewer.kept_labels import KeptLabels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_seg.imaging.progress import OnProgress
    from napari_seg.viewer.display_order import DisplayOrder


@dataclass(frozen=True, eq=False)
class Background:
    """Where the labels of a layer came from.

    Attributes
    ----------
    saved
        The labels as they are on disk, in display order; all 0 where they never were.
    own
        Their file.
    opened
        The labels as they were found, if their origin is unknown.
    run
        What a network wrote into the file, or into the one that it names.
    run_file
        The name of the file that holds that, beside their own.
    """

    saved: KeptLabels
    own: OwnFile | None = None
    opened: KeptLabels | None = None
    run: NetworkRun | None = None
    run_file: str | None = None


@dataclass(frozen=True, eq=False)
class Request:
    """Labels to be saved, as they were when the key was pressed.

    Attributes
    ----------
    name
        Of the layer.
    shown
        Its voxels, in display order; nobody else writes into them.
    order
        The display order.
    labels
        All but the voxels, which are not those.
    scan
        That they belong to, if it is open.
    place
        Where they go if they have no file.
    background
        Where they came from.
    runs
        Results of a network in this layer, with their records, the newest last.
    """

    name: str
    shown: NDArray[Any]
    order: DisplayOrder
    labels: LabelMap
    scan: Scan | None
    place: ScanPlace
    background: Background
    runs: Sequence[tuple[KeptLabels, Any]]


@dataclass(frozen=True, eq=False)
class Saved:
    """What was saved.

    Attributes
    ----------
    background
        Of the labels from now on.
    news
        A sentence for the person.
    """

    path: Path
    background: Background
    news: str


def look_at(
    shown: NDArray[Any], order: DisplayOrder, own: OwnFile | None, *, on_progress: OnProgress
) -> Background:
    """Find out where labels came from that were just opened.

    Parameters
    ----------
    shown
        The voxels of the layer, which nobody else writes into.
    order
        The display order.
    own
        Their file as it was before it was read; None where they came from none.
    on_progress
        Told the fraction done.
    """
    on_progress(0.0)
    kept = KeptLabels.of(shown)
    if own is None:
        return Background(kept, opened=kept if shown.any() else None)
    path = own.path
    on_progress(0.5)
    record = records.read_record(path) or {}
    if not _is_of(record, order.restore(shown), path):
        record = {}
    if records.is_networks_own(record):
        return Background(kept, own, run=NetworkRun(kept, record), run_file=path.name)
    named = records.network_file(record)
    written = None if named is None else _network_labels(path.with_name(named[0]), named[1], order)
    if named is not None and written is not None and written.shape == shown.shape:
        run = NetworkRun(KeptLabels.of(written.astype(shown.dtype)), record)
        return Background(kept, own, run=run, run_file=named[0])
    by_hand = records.is_all_by_hand(record) or not shown.any()
    return Background(kept, own, opened=None if by_hand else kept)


def save(request: Request, *, on_progress: OnProgress) -> Saved:
    """Save labels to their file, with table and record.

    Raises
    ------
    ValueError, OSError
        As `choose_place` and `write_labels` do.
    """
    # Begun, it goes on to its end: progress that is told would stop it when the panel is closed.
    del on_progress
    shown, background = request.shown, request.background
    run = closest_run(shown, request.runs) or background.run
    origins = find_origins(
        shown,
        network=None if run is None else run.labels,
        opened=background.opened,
        voxel_ml=request.labels.geometry.voxel_volume_ml,
    )
    choice = choose_place(
        background.own, request.place, by_hand=origins.changed_ml > 0, name=request.name
    )
    array = request.order.restore(shown)
    table = request.labels.table.completed(count_voxels(array))
    labels = replace(request.labels, array=array, table=table)
    run_file = _file_of_run(request, labels, run, choice.path, origins)
    record = _record(request, labels, run, choice.path, origins, run_file)
    notices = write_labels(replace(labels, record=record), choice.path)
    after = replace(
        background,
        saved=KeptLabels.of(shown),
        own=OwnFile(choice.path, Stamp.of(choice.path)),
        run=run,
        run_file=run_file,
    )
    return Saved(choice.path, after, _news(choice.path, choice.notice, notices, record is None))


def _file_of_run(
    request: Request, labels: LabelMap, run: NetworkRun | None, path: Path, origins: Origins
) -> str | None:
    """Name the file with what the network wrote; it is written where there is none yet."""
    if run is None:
        return None
    if not origins.changed_ml:
        return path.name
    known, in_file = request.background.run_file, request.background.run
    if known is not None and in_file is not None and in_file.labels == run.labels:
        own = request.background.own
        if own is not None and own.path.with_name(known) == path.with_name(known):
            return known
    place = path.with_name(f"{case_name(path)}_network.nii.gz")
    array = request.order.restore(run.labels.restore())
    write_labels(replace(labels, array=array, record=run.record), place)
    return place.name


def _record(
    request: Request,
    labels: LabelMap,
    run: NetworkRun | None,
    path: Path,
    origins: Origins,
    run_file: str | None,
) -> dict[str, Any] | None:
    there = records.read_record(path)
    if there is None:
        return None
    begun: dict[str, Any] = (
        records.plain_record(request.scan, labels.table) if run is None else dict(run.record)
    )
    # What another program keeps in a file of that name stays.
    record = {**there, **begun, **records.origins_record(origins, labels.table)}
    record.pop("network_labels", None)
    if run is not None and run_file is not None and run_file != path.name:
        array = request.order.restore(run.labels.restore())
        record |= records.naming_network_file(run_file, array)
    return record


def _is_of(record: Mapping[str, Any], array: NDArray[Any], path: Path) -> bool:
    stated = record.get(HASH_KEY)
    if stated is None or stated == hash_of_voxels(array):
        return True
    try:
        # It may be shown on another grid, or in another order of the axes, than it is stored in.
        return bool(stated == hash_of_voxels(read_labels(path).array))
    except (OSError, ValueError):
        return False


def _network_labels(path: Path, sha256: str, order: DisplayOrder) -> NDArray[Any] | None:
    try:
        labels = read_labels(path)
    except (OSError, ValueError):
        return None
    if records.hash_of(labels.array) != sha256:
        return None
    return np.ascontiguousarray(order.show(labels.array))


def _news(path: Path, notice: str, notices: Sequence[Notice], without_record: bool) -> str:
    said = [notice] if notice else []
    said += [one.message for one in notices]
    if without_record:
        said.append(f"'{record_path(path).name}' is no record and was left as it is")
    return f"Saved {path.name}" + "".join(f"; {sentence}" for sentence in said)
