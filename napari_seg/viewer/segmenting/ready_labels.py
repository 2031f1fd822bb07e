"""What takes time of showing a result, so that it is done beside the window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_seg.viewer.display_order import DisplayOrder
from napari_seg.viewer.kept_labels import KeptLabels
from napari_seg.viewer.shown_labels import ShownLabels

if TYPE_CHECKING:
    from napari_seg.imaging.scan import LabelMap


@dataclass(frozen=True, eq=False)
class ReadyLabels:
    """A result as a layer shows it, and as it is kept to tell later what was changed by hand.

    Attributes
    ----------
    order
        In which the voxels lie.
    shown
        For one layer, which draws on them.
    kept
        The same, compressed.
    """

    order: DisplayOrder
    shown: ShownLabels
    kept: KeptLabels

    @classmethod
    def of(cls, labels: LabelMap, order: DisplayOrder | None = None) -> ReadyLabels:
        """Make labels ready; `order` is that of their grid unless it is given."""
        order = DisplayOrder.of(labels.geometry) if order is None else order
        shown = ShownLabels.of(labels, order)
        return cls(order, shown, KeptLabels.of(shown.voxels))
