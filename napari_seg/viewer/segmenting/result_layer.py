"""Where a run's labels go: a new layer, or the last run's; hand work is never replaced unasked."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels

from napari_seg.imaging.geometry import clip_region
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.measures import label_volumes
from napari_seg.viewer.appearance import label_colours, label_features
from napari_seg.viewer.editing.attached import attached
from napari_seg.viewer.editing.locks import LabelLocks
from napari_seg.viewer.kept_labels import KeptLabels
from napari_seg.viewer.layer_removal import remove_layer
from napari_seg.viewer.layers import grid_of, labels_layer, metadata_of, update_metadata
from napari_seg.viewer.segmenting.map_layers import show_maps
from napari_seg.viewer.segmenting.ready_labels import ReadyLabels
from napari_seg.viewer.segmenting.standing import (
    Standing,
    Standings,
    hand_work,
    is_from_file,
    standing_of,
    start_on,
)
from napari_seg.viewer.undo import write_region

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from numpy.typing import NDArray

    from napari_seg.viewer.segmenting.model_run import Result


@dataclass(frozen=True, eq=False)
class Contest:
    """A result that could not go into the layer of the last run without touching hand work.

    Attributes
    ----------
    old
        The layer that holds hand work.
    new
        The layer that the result went into instead.
    at_stake_ml
        Millilitres of hand work in `old` that the result would change.
    from_file
        Whether `old` was opened from a file, so that all labels in it count as such.
    """

    old: Labels
    new: Labels
    result: Result
    at_stake_ml: float
    from_file: bool

    def is_open(self, viewer: ViewerModel) -> bool:
        """Tell whether both layers are still there, and of one shape."""
        both = self.old in viewer.layers and self.new in viewer.layers
        return both and self.old.data.shape == self.new.data.shape

    def settle(self, viewer: ViewerModel, *, keep_hand_work: bool) -> int:
        """Move the result into the old layer, as one step of undo, and remove the new one.

        The new one stays if it was changed by hand meanwhile: a removed layer cannot be undone.

        Parameters
        ----------
        viewer
            That shows both layers.
        keep_hand_work
            Whether voxels changed by hand stay as they are.

        Returns
        -------
        int
            How many voxels of the old layer changed; 0 leaves no step to undo.
        """
        changed = _update(self.old, self.result, keep_hand_work=keep_hand_work)
        if not hand_work(self.new).any():
            remove_layer(viewer, self.new)
        viewer.layers.selection.active = self.old
        return changed


def show_result(
    viewer: ViewerModel, scan_layer: Image, result: Result, *, name: str
) -> tuple[Labels, Contest | None]:
    """Show a result in the layer of the last run, or in a new one, and its maps in theirs.

    Parameters
    ----------
    viewer
        That shows the scan.
    scan_layer
        What was segmented.
    result
        Its labels.
    name
        Of a new layer.

    Returns
    -------
    tuple
        The layer that now shows the result, and what is to be decided: None unless the last run's
        layer was left alone because of hand work in it.
    """
    if result.maps:
        classes = 1 + len(result.bundle.table.names)
        show_maps(viewer, scan_layer, result.maps, classes=classes)
    last = find_last(viewer, scan_layer, result)
    if last is None:
        return _add(viewer, scan_layer, result, name), None
    at_stake = _at_stake(last, result)
    from_file = is_from_file(last)
    if not at_stake.any() and (not from_file or _holds(last, result)):
        # Hand work that agrees with the result goes on being hand work.
        _update(last, result, keep_hand_work=True)
        return last, None
    volume = result.labels.geometry.voxel_volume_ml * int(np.count_nonzero(at_stake))
    new = _add(viewer, scan_layer, result, name)
    return new, Contest(last, new, result, volume, from_file)


def locked_ml(layer: Labels, result: Result) -> float:
    """Measure how much of a result a layer that holds it lacks: locked labels stay as they are."""
    if not _has_locks(layer):
        return 0.0
    box, new = _part(layer, result)
    lacking = int(np.count_nonzero(np.asarray(layer.data[box]) != new))
    return result.labels.geometry.voxel_volume_ml * lacking


def find_last(viewer: ViewerModel, scan_layer: Image, result: Result) -> Labels | None:
    """Find the layer of the last run of the same model on the same scan.

    Where there was none, a label file that was opened counts as one if it lies on the scan's grid
    and all labels of the model are in its table.
    """
    fitting = [
        layer
        for layer in viewer.layers
        if isinstance(layer, Labels) and "table" in metadata_of(layer) and _fits(layer, result)
    ]
    this = scan_layer.unique_id, result.settings.model
    runs = [layer for layer in fitting if _run_of(layer) == this]
    if runs:
        return max(runs, key=_time_of)
    opened = [layer for layer in fitting if _was_opened_for(layer, scan_layer, result)]
    return opened[-1] if opened else None


def record_of(layer: Labels) -> dict[str, Any] | None:
    """Return how a layer's labels came about, and how many ml of them were changed by hand since.

    None where no network wrote them.
    """
    standing = standing_of(layer)
    if standing is None:
        return None
    changed = np.asarray(layer.data) != standing.labels.restore()
    volume = metadata_of(layer)["geometry"].voxel_volume_ml * int(np.count_nonzero(changed))
    return {**standing.record, "changed_by_hand_ml": round(volume, 3)}


def _run_of(layer: Labels) -> tuple[Any, Any]:
    ours = metadata_of(layer)
    return ours.get("scan_id"), ours.get("model")


def _time_of(layer: Labels) -> float:
    return float(metadata_of(layer)["written_at"])


def _was_opened_for(layer: Labels, scan_layer: Image, result: Result) -> bool:
    ours = metadata_of(layer)
    geometry, order = grid_of(scan_layer)
    names = set(result.labels.table.names.items())
    return (
        "path" in ours
        and ours["order"] == order
        and ours["geometry"].matches(geometry)
        and names <= set(ours["table"].names.items())
    )


def _fits(layer: Labels, result: Result) -> bool:
    order = metadata_of(layer)["order"]
    return bool(layer.data.shape == order.show(result.labels.array).shape)


def _add(viewer: ViewerModel, scan_layer: Image, result: Result, name: str) -> Labels:
    _, order = grid_of(scan_layer)
    ready = result.ready
    if ready.order != order:
        ready = ReadyLabels.of(result.labels, order)
    layer = labels_layer(
        result.labels,
        name=name,
        like=scan_layer,
        shown=ready.shown,
        scan_id=scan_layer.unique_id,
        model=result.settings.model,
    )
    start_on(layer, Standing.of_new(ready.kept, result.record))
    _note_written(layer, ready.kept, result.record)
    viewer.add_layer(layer)
    return layer


def _update(layer: Labels, result: Result, *, keep_hand_work: bool) -> int:
    box, new = _part(layer, result)
    hand, standings = hand_work(layer), Standings.of(layer)
    where = ~hand[box] if keep_hand_work else None
    step = f"Segment with {result.bundle.name}"
    changed = write_region(layer, box, new, name=step, by="network", where=where, preserve=False)
    if not keep_hand_work:
        hand[box] = False
    from_file = is_from_file(layer) and (keep_hand_work or bool(hand.any()))
    if _has_locks(layer):
        # Their voxels stay as a person wants them.
        hand[box] |= np.asarray(layer.data[box]) != new
    labels, record = _with_earlier(layer, result)
    kept = KeptLabels.of(hand) if hand.any() else KeptLabels.empty(hand.shape, bool)
    standings.note(Standing(labels, record, kept, from_file))
    _note_written(layer, labels, record)
    _show_table(layer, result.labels.table)
    return changed


def _has_locks(layer: Labels) -> bool:
    locks = attached(layer, LabelLocks)
    return locks is not None and bool(locks.labels)


def _with_earlier(layer: Labels, result: Result) -> tuple[KeptLabels, dict[str, Any]]:
    """Return what networks wrote, and how: what lies outside a box came from the runs before."""
    box, new = _part(layer, result)
    before = standing_of(layer)
    shape = layer.data.shape
    labels = np.zeros(shape, layer.dtype) if before is None else before.labels.restore()
    labels[box] = new
    record = result.record
    if result.settings.box is not None and before is not None:
        record = {**record, "earlier_runs": _with_earlier_runs(before.record)}
    return KeptLabels.of(labels), record


def _note_written(layer: Labels, labels: KeptLabels, record: dict[str, Any]) -> None:
    # Apart from what the layer stands on: undo leaves it.
    update_metadata(layer, written=((labels, record),), written_at=monotonic())


def _show_table(layer: Labels, added: LabelTable) -> None:
    ours = metadata_of(layer)
    table = _joined(ours["table"], added)
    volumes = label_volumes(np.asarray(layer.data), ours["geometry"].voxel_volume_ml)
    layer.colormap = label_colours(table)
    layer.features = label_features(table, volumes)
    update_metadata(layer, table=table)


def _with_earlier_runs(record: dict[str, Any]) -> list[dict[str, Any]]:
    own = {key: value for key, value in record.items() if key != "earlier_runs"}
    return [*record.get("earlier_runs", ()), own]


def _at_stake(layer: Labels, result: Result) -> NDArray[np.bool_]:
    box, new = _part(layer, result)
    hand = hand_work(layer)[box]
    at_stake: NDArray[np.bool_] = hand & (np.asarray(layer.data[box]) != new)
    return at_stake


def _holds(layer: Labels, result: Result) -> bool:
    box, new = _part(layer, result)
    return np.array_equal(layer.data[box], new)


def _part(layer: Labels, result: Result) -> tuple[tuple[slice, ...], NDArray[Any]]:
    order = metadata_of(layer)["order"]
    shape = result.labels.geometry.shape
    new = order.show(result.labels.array)
    if result.settings.box is None:
        box = tuple(slice(0, length) for length in new.shape)
    else:
        box = order.show_region(clip_region(result.settings.box, shape), shape)
    return box, new[box]


def _joined(table: LabelTable, other: LabelTable) -> LabelTable:
    return LabelTable((*table, *(label for label in other if label.value not in table.names)))
