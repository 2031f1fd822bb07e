"""Save labels: what runs beside the viewer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_seg.imaging.files import record_path, write_labels
from napari_seg.imaging.measures import count_voxels
from napari_seg.imaging.scan import LabelMap, Notice, Scan
from napari_seg.viewer.file_stamp import Stamp
from napari_seg.viewer.keeping import label_records as records
from napari_seg.viewer.keeping.backgrounds import Background, is_of
from napari_seg.viewer.keeping.free_names import add_labels
from napari_seg.viewer.keeping.origins import NetworkRun, Origins, find_origins
from napari_seg.viewer.keeping.run_file import RunFile, keep_run, take_back
from napari_seg.viewer.keeping.saving_places import Choice, OwnFile, ScanPlace, choose_place
from napari_seg.viewer.kept_labels import KeptLabels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_seg.imaging.progress import OnProgress
    from napari_seg.viewer.display_order import DisplayOrder
    from napari_seg.viewer.segmenting.standing import Standing


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
    standing
        What a network wrote last in this layer, or in its file, and is not undone; None where none
        did.
    """

    name: str
    shown: NDArray[Any]
    order: DisplayOrder
    labels: LabelMap
    scan: Scan | None
    place: ScanPlace
    background: Background
    standing: Standing | None


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


@dataclass(frozen=True)
class _Written:
    """A file just written, as nobody else has written it since, and what is to be told of it."""

    own: OwnFile
    notices: tuple[Notice, ...]


class _WrittenMeanwhileError(Exception):
    """Somebody else wrote to the file while the labels were packed."""


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
    standing = request.standing
    # Not that of the file: its run may have been undone since.
    run = None if standing is None else NetworkRun(standing.labels, standing.record)
    origins = find_origins(
        shown,
        network=None if run is None else run.labels,
        opened=background.opened,
        voxel_ml=request.labels.geometry.voxel_volume_ml,
    )
    by_hand = origins.changed_ml > 0
    choice = choose_place(background.own, request.place, by_hand=by_hand, name=request.name)
    array = request.order.restore(shown)
    table = request.labels.table.completed(count_voxels(array))
    labels = replace(request.labels, array=array, table=table)
    run_file = None
    if by_hand and run is not None:
        edited, order = choice.path, request.order
        run_file = keep_run(run, labels, edited, background=background, order=order)
    try:
        while (saved := _save_to(choice, request, labels, run, origins, run_file)) is None:
            # Somebody else was faster.
            choice = choose_place(background.own, request.place, by_hand=by_hand, name=request.name)
    except BaseException:
        # Nothing on disk was changed, says the error.
        if run_file is not None:
            take_back(run_file, choice.path.parent)
        raise
    return saved


def _save_to(
    choice: Choice,
    request: Request,
    labels: LabelMap,
    run: NetworkRun | None,
    origins: Origins,
    run_file: RunFile | None,
) -> Saved | None:
    """Save labels to a file; None where somebody else wrote it since it was chosen."""
    path = choice.path
    record = _record(request, labels, run, choice, origins, run_file)
    written = _write(replace(labels, record=record), choice)
    if written is None:
        return None
    name = None if run is None else path.name if run_file is None else run_file.name
    after = replace(
        request.background,
        saved=KeptLabels.of(request.shown),
        own=written.own,
        run=run,
        run_file=name,
    )
    said = [choice.notice] if choice.notice else []
    if run_file is not None and run_file.is_new:
        said.append(f"what the network wrote lies beside it as {run_file.name}")
    said += [notice.message for notice in written.notices]
    if record is None:
        said.append(f"'{record_path(path).name}' is no record and was left as it is")
    return Saved(path, after, "; ".join([f"Saved {path.name}", *said]))


def _write(labels: LabelMap, choice: Choice) -> _Written | None:
    """Write labels to a file; None where somebody else wrote it since it was chosen."""
    stamp: Stamp | None = None

    def look(hidden: Path) -> None:
        nonlocal stamp
        if Stamp.of(choice.path) != choice.stamp:
            raise _WrittenMeanwhileError
        # Once it has its name, somebody else may write it at any moment.
        stamp = Stamp.of(hidden)

    try:
        if choice.is_new:
            notices = add_labels(labels, choice.path, before_adding=look)
        else:
            notices = write_labels(labels, choice.path, before_replacing=look)
    except _WrittenMeanwhileError:
        return None
    return None if notices is None else _Written(OwnFile(choice.path, stamp), notices)


def _record(
    request: Request,
    labels: LabelMap,
    run: NetworkRun | None,
    choice: Choice,
    origins: Origins,
    run_file: RunFile | None,
) -> dict[str, Any] | None:
    path = choice.path
    there = {} if choice.is_new else records.read_record(path)
    if there is None:
        return None
    if there:
        before = request.order.restore(request.background.saved.restore())
        # Of which labels it speaks otherwise is not known; it is not of the new ones.
        there = records.without_run(there) if is_of(there, before, path) else {}
    begun: dict[str, Any] = (
        records.plain_record(request.scan, labels.table) if run is None else dict(run.record)
    )
    # What another program keeps in a file of that name stays.
    record = {**there, **begun, **records.origins_record(origins, labels.table)}
    record.pop("network_labels", None)
    if run is not None and run_file is not None:
        array = request.order.restore(run.labels.restore())
        record |= records.naming_network_file(run_file.name, array)
    return record
