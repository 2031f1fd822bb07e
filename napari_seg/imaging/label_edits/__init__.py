"""Labels in, changes out: what a person does to labels, and what cleans up after a network."""

from napari_seg.imaging.label_edits.edits import (
    Edit,
    count_changes,
    only_in_range,
    only_over,
    respecting,
)
from napari_seg.imaging.label_edits.islands import keep_largest, remove_islands

__all__ = [
    "Edit",
    "count_changes",
    "keep_largest",
    "only_in_range",
    "only_over",
    "remove_islands",
    "respecting",
]
