"""Write a run's labels into a layer that has some: what changes, what stays, what it stands on."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_seg.imaging.geometry import clip_region
from napari_seg.imaging.measures import label_volumes
from napari_seg.viewer.appearance import label_colours, label_features
from napari_seg.viewer.editing.attached import attached
from napari_seg.viewer.editing.history import EditHistory
from napari_seg.viewer.editing.locks import LabelLocks
from napari_seg.viewer.kept_labels import KeptLabels
from napari_seg.viewer.label_list.deleted_rows import DeletedRows
from napari_seg.viewer.layers import metadata_of, update_metadata
from napari_seg.viewer.segmenting.standing import (
    Standing,
    Standings,
    hand_work,
    is_from_file,
    standing_of,
)
from napari_seg.viewer.undo import write_region

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari.layers import Labels
    from numpy.typing import NDArray

    from napari_seg.imaging.label_table import LabelTable
    from napari_seg.viewer.editing.steps import Step
    from napari_seg.viewer.segmenting.model_run import Result

    Box = tuple[slice, ...]


def would_change(layer: Labels, result: Result) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell what a result would change of a layer; voxels that locks hold stay in any case.

    Returns
    -------
    tuple
        Of the result's box, in display order: which voxels of hand work would change, and which
        voxels at all.
    """
    box, new = _part(layer, result)
    now = np.asarray(layer.data[box])
    changing: NDArray[np.bool_] = now != new
    if locks := _locks_of(layer):
        changing &= locks.unlocked(now, new)
    return hand_work(layer)[box] & changing, changing


def write_result(layer: Labels, result: Result, *, keep_hand_work: bool) -> int:
    """Write a result into a layer as one step of undo, and its names into the table.

    Parameters
    ----------
    layer
        On the grid of the result.
    result
        Of a run on the layer's scan.
    keep_hand_work
        Whether voxels changed by hand stay as they are; those of locked labels always do.

    Returns
    -------
    int
        How many voxels changed; 0 leaves no step to undo.
    """
    box, new = _part(layer, result)
    hand, standings = hand_work(layer), Standings.of(layer)
    where = ~hand[box] if keep_hand_work else None
    step = f"Segment with {result.bundle.name}"
    changed = write_region(layer, box, new, name=step, by="network", where=where, preserve=False)
    if not keep_hand_work:
        hand[box] = False
    from_file = is_from_file(layer) and (keep_hand_work or bool(hand.any()))
    # What locks kept stays as a person wants it: once they are unlocked, it is at stake.
    hand[box] |= _held_by_locks(layer, box, new)
    labels, record = _with_earlier(layer, result)
    kept = KeptLabels.of(hand) if hand.any() else KeptLabels.empty(hand.shape, bool)
    standings.note(Standing(labels, record, kept, from_file))
    note_written(layer, labels, record)
    _show_table(layer, result.labels.table, EditHistory.of(layer).last_done if changed else None)
    return changed


def locked_ml(layer: Labels, result: Result) -> float:
    """Measure how much of a result a layer that holds it lacks because labels are locked."""
    box, new = _part(layer, result)
    lacking = int(np.count_nonzero(_held_by_locks(layer, box, new)))
    return result.labels.geometry.voxel_volume_ml * lacking


def note_written(layer: Labels, labels: KeptLabels, record: Mapping[str, Any]) -> None:
    """Note what a network wrote last, whatever is undone: a brush can bring it back."""
    update_metadata(layer, written=((labels, record),), written_at=monotonic())


def _locks_of(layer: Labels) -> LabelLocks | None:
    locks = attached(layer, LabelLocks)
    return locks if locks is not None and locks.labels else None


def _held_by_locks(
    layer: Labels, box: Box, new: NDArray[Any]
) -> NDArray[np.bool_] | Literal[False]:
    locks, now = _locks_of(layer), np.asarray(layer.data[box])
    return (now != new) & ~locks.unlocked(now, new) if locks else False


def _with_earlier(layer: Labels, result: Result) -> tuple[KeptLabels, Mapping[str, Any]]:
    """Return what networks wrote, and how.

    From the runs before came what lies outside a box, and what they had written where locks or a
    person kept it.
    """
    box, new = _part(layer, result)
    before = standing_of(layer)
    if before is None:
        labels = np.zeros(layer.data.shape, layer.dtype)
        labels[box] = new
        return KeptLabels.of(labels), result.record
    labels = before.labels.restore()
    now = np.asarray(layer.data[box])
    stays = now != new
    stays &= now == labels[box]
    labels[box] = np.where(stays, now, new)
    record = result.record
    if result.settings.box is not None or stays.any():
        record = {**record, "earlier_runs": _with_earlier_runs(before.record)}
    return KeptLabels.of(labels), record


def _with_earlier_runs(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    own = {key: value for key, value in record.items() if key != "earlier_runs"}
    return [*record.get("earlier_runs", ()), own]


def _show_table(layer: Labels, added: LabelTable, step: Step | None) -> None:
    ours = metadata_of(layer)
    table = DeletedRows.of(layer).bring(ours["table"], added, step)
    volumes = label_volumes(np.asarray(layer.data), ours["geometry"].voxel_volume_ml)
    layer.colormap = label_colours(table)
    layer.features = label_features(table, volumes)
    update_metadata(layer, table=table)


def _part(layer: Labels, result: Result) -> tuple[Box, NDArray[Any]]:
    order = metadata_of(layer)["order"]
    shape = result.labels.geometry.shape
    new = order.show(result.labels.array)
    if result.settings.box is None:
        box = tuple(slice(0, length) for length in new.shape)
    else:
        box = order.show_region(clip_region(result.settings.box, shape), shape)
    return box, new[box]
