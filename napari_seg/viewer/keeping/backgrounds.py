"""Where the labels of a layer came from, as their file and its record say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.imaging.files import read_labels
from napari_seg.imaging.label_files.tables import HASH_KEY, hash_of_voxels
from napari_seg.viewer.keeping import label_records as records
from napari_seg.viewer.keeping.origins import NetworkRun
from napari_seg.viewer.keeping.saving_places import OwnFile
from napari_seg.viewer.kept_labels import KeptLabels
from napari_seg.viewer.segmenting.standing import Standing

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
    standing
        What their layer stands on as long as no other run writes into it; None without a `run`.
    """

    saved: KeptLabels
    own: OwnFile | None = None
    opened: KeptLabels | None = None
    run: NetworkRun | None = None
    run_file: str | None = None
    standing: Standing | None = None


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
    if not is_of(record, order.restore(shown), path):
        record = {}
    if records.is_networks_own(record):
        return _of_run(NetworkRun(kept, records.of_run(record)), shown, own, path.name)
    named = records.network_file(record)
    written = None if named is None else _network_labels(path.with_name(named[0]), named[1], order)
    if named is not None and written is not None and written.shape == shown.shape:
        run = NetworkRun(KeptLabels.of(written.astype(shown.dtype)), records.of_run(record))
        return _of_run(run, shown, own, named[0])
    by_hand = records.is_all_by_hand(record) or not shown.any()
    return Background(kept, own, opened=None if by_hand else kept)


def _of_run(run: NetworkRun, shown: NDArray[Any], own: OwnFile, run_file: str) -> Background:
    written = run.labels.restore()
    # Whoever drew it: nobody has let a run replace it yet. What was erased is a person's work, too.
    found = KeptLabels.of((shown != 0) | (written != 0))
    standing = Standing(run.labels, run.record, found, from_file=True)
    return Background(KeptLabels.of(shown), own, run=run, run_file=run_file, standing=standing)


def is_of(record: Mapping[str, Any], array: NDArray[Any], path: Path) -> bool:
    """Tell whether a record is of the voxels beside it; one that does not say is believed.

    Parameters
    ----------
    record
        That lies beside the file.
    array
        The voxels of the file as they are known, ``(i, j, k)``.
    path
        The file.
    """
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
