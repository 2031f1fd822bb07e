"""Where a run's labels go: a new layer, or the last run's; hand work is never replaced unasked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels

from napari_seg.viewer.layer_removal import remove_layer
from napari_seg.viewer.layers import grid_of, labels_layer, metadata_of
from napari_seg.viewer.segmenting.map_layers import show_maps
from napari_seg.viewer.segmenting.ready_labels import ReadyLabels
from napari_seg.viewer.segmenting.result_writing import note_written, would_change, write_result
from napari_seg.viewer.segmenting.standing import (
    Standing,
    hand_work,
    is_from_file,
    standing_of,
    start_on,
)

if TYPE_CHECKING:
    from napari.components import ViewerModel

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
        changed = write_result(self.old, self.result, keep_hand_work=keep_hand_work)
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
    at_stake, changing = would_change(last, result)
    from_file = is_from_file(last)
    if not at_stake.any() and not (from_file and changing.any()):
        # Hand work that agrees with the result goes on being hand work.
        write_result(last, result, keep_hand_work=True)
        return last, None
    volume = result.labels.geometry.voxel_volume_ml * int(np.count_nonzero(at_stake))
    new = _add(viewer, scan_layer, result, name)
    return new, Contest(last, new, result, volume, from_file)


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
    this = scan_layer.unique_id, result.settings.model, result.time
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


def _run_of(layer: Labels) -> tuple[Any, ...]:
    ours = metadata_of(layer)
    return ours.get("scan_id"), ours.get("model"), ours.get("time")


def _time_of(layer: Labels) -> float:
    return float(metadata_of(layer)["written_at"])


def _was_opened_for(layer: Labels, scan_layer: Image, result: Result) -> bool:
    ours = metadata_of(layer)
    geometry, order = grid_of(scan_layer)
    names = set(result.labels.table.names.items())
    return (
        "path" in ours
        and result.time is None  # it does not say of which time it is
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
        time=result.time,
    )
    start_on(layer, Standing.of_new(ready.kept, result.record))
    note_written(layer, ready.kept, result.record)
    viewer.add_layer(layer)
    return layer
