"""What a crash left behind: find it, tell of it, and put it back."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.imaging.scan import LabelMap
from napari_seg.viewer.appearance import label_colours
from napari_seg.viewer.editing.steps import count_labels
from napari_seg.viewer.keeping.changed_boxes import whole_box
from napari_seg.viewer.keeping.journal_entries import replay
from napari_seg.viewer.keeping.journal_file import Journal
from napari_seg.viewer.keeping.kept_layer import RESTORED, KeptLayer
from napari_seg.viewer.kept_labels import KeptLabels
from napari_seg.viewer.layers import SIDES_KNOWN, grid_of, labels_layer, update_metadata
from napari_seg.viewer.undo import write_region

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from napari.layers import Image, Labels

    from napari_seg.imaging.label_table import LabelTable
    from napari_seg.imaging.progress import OnProgress
    from napari_seg.viewer.keeping.journal_entries import Base

_MOST_NAMED = 4


@dataclass(frozen=True, eq=False)
class Recoverable:
    """Unsaved labels of a napari that ended without being asked.

    Attributes
    ----------
    journal
        That holds them, taken over by this process.
    base
        The labels before, and where they lie.
    labels
        With the unsaved changes, in display order.
    table
        Their names.
    seconds
        When they were last written, since 1970.
    changed_ml
        By label: the volume that it gained and lost.
    total_ml
        Of all voxels that changed.
    """

    journal: Journal
    base: Base
    labels: KeptLabels
    table: LabelTable
    seconds: float
    changed_ml: Mapping[int, float]
    total_ml: float

    def describe(self) -> str:
        """Say what would be restored."""
        moment = datetime.fromtimestamp(self.seconds)
        names = self.table.names
        parts = [
            f"{names.get(label, f'label {label}')} {_ml(volume)}"
            for label, volume in sorted(self.changed_ml.items(), key=lambda item: -item[1])
        ]
        more = len(parts) - _MOST_NAMED
        listed = ", ".join(parts[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        return (
            f"Labels of {moment:%d.%m.%Y, %H:%M} were not saved before napari ended. Changed: "
            f"{_ml(self.total_ml)}" + (f" ({listed})." if listed else " (names only).")
        )


def find_recoverable(folder: Path, *, on_progress: OnProgress) -> tuple[Recoverable, ...]:
    """Read the journals whose processes have ended; those that hold nothing new are removed.

    Parameters
    ----------
    folder
        Where journals lie.
    on_progress
        Told the fraction read.
    """
    found = []
    journals = Journal.abandoned(folder) if folder.is_dir() else []
    for done, journal in enumerate(journals, start=1):
        one = _read(journal)
        if one is not None:
            found.append(one)
        on_progress(done / len(journals))
    return tuple(found)


def restore_into(layer: Labels, found: Recoverable) -> None:
    """Put unsaved changes back into the labels that they were made in, as one step of undo."""
    write_region(
        layer,
        whole_box(layer.data.shape),
        found.labels.restore(),
        name="Restore unsaved changes",
        preserve=False,
    )
    layer.colormap = label_colours(found.table)
    update_metadata(layer, table=found.table)


def restored_layer(found: Recoverable, scan: Image | None) -> Labels:
    """Show unsaved labels in a layer of their own, on their scan if it is open."""
    array = found.base.order.restore(found.labels.restore())
    labels = LabelMap(array, found.base.geometry, found.table)
    name = "restored labels" if scan is None else f"{scan.name} \u2013 restored labels"
    ours: dict[str, Any] = {RESTORED: True}
    if scan is not None and grid_of(scan)[0].matches(found.base.geometry):
        return labels_layer(labels, name=name, like=scan, scan_id=scan.unique_id, **ours)
    ours[SIDES_KNOWN] = found.base.sides_known
    return labels_layer(labels, name=name, **ours)


def layer_before(found: Recoverable, layers: Iterable[Labels]) -> Labels | None:
    """Find the open labels that the changes were made in, by their voxels and place."""
    for layer in layers:
        kept = KeptLayer.of(layer)
        if kept is None or kept.background is None or kept.is_unsaved:
            continue
        geometry, order = grid_of(layer)
        same_place = geometry.matches(found.base.geometry) and order == found.base.order
        if same_place and kept.background.saved == found.base.labels:
            return layer
    return None


def _read(journal: Journal) -> Recoverable | None:
    try:
        base, patches = journal.read()
    except (OSError, ValueError):
        # Of another version, or broken by the disk: left where it is.
        journal.release()
        return None
    before, after = base.labels.restore(), replay(base, patches)
    other = before != after
    changed = count_labels(before[other]) + count_labels(after[other])
    table = patches[-1].table if patches else base.table
    if not other.any() and table == base.table:
        with suppress(OSError):
            journal.remove()
        return None
    voxel_ml = base.geometry.voxel_volume_ml
    return Recoverable(
        journal,
        base,
        KeptLabels.of(after),
        table,
        patches[-1].seconds,
        {label: count * voxel_ml for label, count in changed.items() if label},
        int(np.count_nonzero(other)) * voxel_ml,
    )


def _ml(volume: float) -> str:
    return f"{volume:.2f} ml" if volume < 100 else f"{volume:.0f} ml"
