"""What holds for every tool: the input stays, the edit is tight, locks keep."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_seg.imaging.label_edits import Edit, count_changes, respecting
from napari_seg.imaging.label_edits.boxes import bounds
from napari_seg.imaging.label_edits.brushes import brush, paint
from napari_seg.imaging.label_edits.cutting import cut
from napari_seg.imaging.label_edits.holes import fill_holes
from napari_seg.imaging.label_edits.interpolation import interpolate, interpolate_between
from napari_seg.imaging.label_edits.islands import keep_largest_island, remove_small_islands
from napari_seg.imaging.label_edits.logic import copy, empty, unite
from napari_seg.imaging.label_edits.margins import grow, hollow, margin, shrink
from napari_seg.imaging.label_edits.picked_island import delete_island, keep_only_island
from napari_seg.imaging.label_edits.seeds import grow_from_seeds
from napari_seg.imaging.label_edits.slices import clear_slice, copy_slice
from napari_seg.imaging.label_edits.smoothing import (
    smooth_gaussian,
    smooth_median,
    smooth_together,
)
from napari_seg.imaging.label_edits.threshold import threshold

SHAPE = (9, 14, 17)
SPACING = (2.5, 1.0, 0.7)
SCAN = np.random.default_rng(11).normal(0, 20, SHAPE).astype(np.float32)
POLYGON = [(2, 2), (2, 14), (11, 14), (11, 2)]
# The voxel that some tools point at is of label 2 in all the labels below.
VOXEL = (4, 7, 8)

Tool = Callable[[NDArray[np.integer]], Edit]
TOOLS: dict[str, Tool] = {
    "fill holes": lambda labels: fill_holes(labels, 2),
    "fill holes in slices": lambda labels: fill_holes(labels, 2, axis=1),
    "keep largest": keep_largest_island,
    "remove small": lambda labels: remove_small_islands(labels, min_ml=3, voxel_volume_ml=1),
    "delete island": lambda labels: delete_island(labels, VOXEL),
    "keep only island": lambda labels: keep_only_island(labels, VOXEL, axis=2),
    "grow": lambda labels: grow(labels, 2, SPACING, 2.5),
    "shrink": lambda labels: shrink(labels, 2, SPACING, 0.7),
    "margin": lambda labels: margin(labels, 2, SPACING, 2.5, into=3),
    "hollow": lambda labels: hollow(labels, 2, SPACING, 1.4, side="both"),
    "median": lambda labels: smooth_median(labels, 2, SPACING, 1.0),
    "gaussian": lambda labels: smooth_gaussian(labels, 2, SPACING, 1.0),
    "together": lambda labels: smooth_together(labels, SPACING, 1.0),
    "unite": lambda labels: unite(labels, 2, labels, 1),
    "copy": lambda labels: copy(labels, 2, labels, 1),
    "empty": lambda labels: empty(labels, 2),
    "seeds": lambda labels: grow_from_seeds(labels, SCAN, SPACING),
    "threshold": lambda labels: threshold(labels, 2, SCAN, 0, 20),
    "interpolate": lambda labels: interpolate(labels, 2, SPACING),
    "interpolate between": lambda labels: interpolate_between(labels, [1, 4, 7], 0, SPACING),
    "copy slice": lambda labels: copy_slice(labels, 1, 7, 8),
    "clear slice": lambda labels: clear_slice(labels, 1, 7, label=2),
    "cut": lambda labels: cut(labels, POLYGON, 0, 4, SPACING),
    "keep": lambda labels: cut(labels, POLYGON, 0, 4, SPACING, keep=True, label=2),
    "paint": lambda labels: paint(labels, brush(SHAPE, SPACING, [VOXEL], diameter_mm=6), 1),
}


def painted(seed: int, dtype: str, order: str) -> NDArray[np.integer]:
    """Labels 1 to 3 in lumps of random size, with slices left out."""
    generator = np.random.default_rng(seed)
    labels = np.zeros(SHAPE, dtype, order=order)
    for label in (3, 1, 2):
        for _ in range(4):
            start = [int(generator.integers(0, count - 3)) for count in SHAPE]
            size = generator.integers(1, 7, 3)
            labels[tuple(slice(s, s + int(n)) for s, n in zip(start, size, strict=True))] = label
    labels[3:6, 6:9, 6:11] = 2
    labels[4, 7, 9] = 0
    labels[4, 6, 6:17] = labels[VOXEL] = 2
    labels[:2] = 0
    labels[0, 0, 8] = 2
    return labels


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
@pytest.mark.parametrize(
    ("seed", "dtype", "order"), [(0, "uint8", "C"), (1, "uint16", "F"), (2, "int32", "C")]
)
def test_a_tool_changes_what_its_edit_says_and_no_more(
    tool: Tool, seed: int, dtype: str, order: str
) -> None:
    labels = painted(seed, dtype, order)
    before = labels.copy()
    labels.flags.writeable = False
    edit = tool(labels)
    after = edit.applied(labels)
    assert edit
    assert np.array_equal(labels, before)
    assert edit.values.dtype == after.dtype == before.dtype
    assert edit.box == bounds(after != before)
    assert np.array_equal(edit.changed, (after != before)[edit.box])
    assert np.array_equal(edit.values, after[edit.box])
    counted = {
        int(value): int((after == value).sum() - (before == value).sum()) for value in (1, 2, 3)
    }
    assert count_changes(edit, labels) == {value: n for value, n in counted.items() if n}
    for locked in (1, 2, 3):
        kept = respecting(edit, labels, [locked]).applied(labels)
        assert np.array_equal(kept == locked, before == locked)
