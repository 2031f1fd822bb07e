"""How many millilitres of each label came from a network, and how many from a person's hand.

A voxel came from the network where it has the label that the network gave it, whoever painted it
last: what counts is the result. All else that is labelled came by hand; but voxels that were in a
file when it was opened, without a word on how they came there, are of unknown origin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.viewer.editing.steps import count_labels
from napari_seg.viewer.kept_labels import KeptLabels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Record = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class NetworkRun:
    """What a network wrote.

    Attributes
    ----------
    labels
        As it left them, in display order.
    record
        How it made them.
    """

    labels: KeptLabels
    record: Record


@dataclass(frozen=True)
class Origin:
    """Where the voxels of one label came from, in ml.

    Attributes
    ----------
    network_ml, by_hand_ml, unknown_ml
        Of the voxels that have the label now.
    removed_ml
        Of those that had it in the network's result, or in the file that was opened, and have it
        no more.
    """

    network_ml: float
    by_hand_ml: float
    unknown_ml: float
    removed_ml: float


@dataclass(frozen=True)
class Origins:
    """Where all voxels came from.

    Attributes
    ----------
    by_label
        For each label that is there, or was, by rising label.
    changed_ml
        Of the voxels changed by hand, those made background included.
    """

    by_label: Mapping[int, Origin]
    changed_ml: float


def find_origins(
    labels: NDArray[Any],
    *,
    network: KeptLabels | None,
    opened: KeptLabels | None,
    voxel_ml: float,
) -> Origins:
    """Tell of each label where it came from.

    Parameters
    ----------
    labels
        As they are now.
    network
        As the network left them; None where none did.
    opened
        As they were found when they were opened, of unknown origin; it counts only without
        `network`. None where they began empty, or are known to be all drawn by hand.
    voxel_ml
        The volume of one voxel.
    """
    reference = network or opened
    before = np.zeros_like(labels) if reference is None else reference.restore()
    same = before == labels
    kept, other, removed = (
        count_labels(part) for part in (labels[same], labels[~same], before[~same])
    )
    found = {}
    for label in sorted({*kept, *other, *removed} - {0}):
        as_before, by_hand_ml, removed_ml = (
            _ml(count[label], voxel_ml) for count in (kept, other, removed)
        )
        network_ml, unknown_ml = (as_before, 0.0) if network else (0.0, as_before)
        found[label] = Origin(network_ml, by_hand_ml, unknown_ml, removed_ml)
    return Origins(found, _ml(labels.size - int(np.count_nonzero(same)), voxel_ml))


def _ml(count: int, voxel_ml: float) -> float:
    # To a millionth of a ml: voxels of microscopes are small.
    return round(count * voxel_ml, 6)
