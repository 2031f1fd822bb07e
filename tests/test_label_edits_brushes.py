from itertools import pairwise
from time import perf_counter

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_seg.imaging.label_edits import only_over
from napari_seg.imaging.label_edits.boxes import Patch
from napari_seg.imaging.label_edits.brushes import brush, paint, restore, within_range

SHAPE = (12, 26, 30)
SPACING = (3.0, 1.0, 0.8)


def touched(patch: Patch) -> NDArray[np.bool_]:
    whole = np.zeros(SHAPE, bool)
    whole[patch.box] = patch.mask
    return whole


def by_distance(
    path: list[tuple[float, ...]], diameter_mm: float, axis: int | None
) -> NDArray[np.bool_]:
    """All voxels whose centre lies within the radius of the path, one by one."""
    kept = [place for place in range(3) if place != axis]
    size = np.array(SPACING)[kept]
    voxels = np.argwhere(np.ones(SHAPE, bool))
    places = voxels[:, kept] * size
    points = np.array(path, float)[:, kept] * size
    nearest = np.full(len(places), np.inf)
    for start, stop in pairwise([points[0], *points]):
        way = stop - start
        length = way @ way
        share = np.clip((places - start) @ way / length, 0, 1) if length else np.zeros(len(places))
        foot = start + share[:, np.newaxis] * way
        nearest = np.minimum(nearest, np.linalg.norm(places - foot, axis=1))
    inside = (nearest <= diameter_mm / 2).reshape(SHAPE)
    if axis is not None:
        plane = np.zeros(SHAPE, bool)
        np.moveaxis(plane, axis, 0)[round(path[0][axis])] = True
        inside &= plane
    for place in path:
        voxel = [round(part) for part in place]
        if axis is not None:
            voxel[axis] = round(path[0][axis])
        if all(0 <= index < count for index, count in zip(voxel, SHAPE, strict=True)):
            inside[tuple(voxel)] = True
    return inside


PATHS = {
    "a place": [(6.0, 12.0, 15.0)],
    "between voxels": [(5.4, 12.3, 14.6)],
    "a corner": [(0.0, 0.0, 29.0)],
    "along the last axis": [(6, 12, 5), (6, 12, 25)],
    "along the first axis": [(2, 12, 15), (9, 12, 15)],
    "a slant": [(3.2, 4.0, 6.0), (8.7, 20.1, 24.9)],
    "a corner turned": [(6, 5, 5), (6, 5, 20), (4, 20, 22)],
    "the same place twice": [(6, 5, 5), (6, 5, 5)],
    "out of the scan": [(6, 20, 20), (6, 40, 50)],
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
@pytest.mark.parametrize("diameter_mm", [0.3, 2.05, 7.3, 13.1])
@pytest.mark.parametrize("axis", [None, 0, 1, 2])
def test_a_brush_touches_what_lies_within_its_radius_in_mm(
    path: list[tuple[float, ...]], diameter_mm: float, axis: int | None
) -> None:
    patch = brush(SHAPE, SPACING, path, diameter_mm=diameter_mm, axis=axis)
    assert np.array_equal(touched(patch), by_distance(path, diameter_mm, axis))


def test_a_sphere_is_flat_in_thick_slices() -> None:
    patch = brush(SHAPE, SPACING, [(6, 12, 15)], diameter_mm=8)
    assert patch.box == (slice(5, 8), slice(8, 17), slice(10, 21))


@pytest.mark.parametrize("axis", [None, 0])
def test_a_brush_outside_of_the_scan_touches_nothing(axis: int | None) -> None:
    patch = brush(SHAPE, SPACING, [(-9, 12, 15)], diameter_mm=4, axis=axis)
    labels = np.zeros(SHAPE, np.uint8)
    assert not touched(patch).any()
    assert not paint(labels, patch, 1)


def test_a_brush_paints_in_two_dimensions() -> None:
    patch = brush((9, 9), (1.0, 2.0), [(4, 4)], diameter_mm=4)
    assert patch.box == (slice(2, 7), slice(3, 6))
    assert patch.mask.sum() == 5 + 2


def test_painting_erasing_and_sparing_others() -> None:
    labels = np.zeros(SHAPE, np.uint8)
    labels[:, :, 15:] = 2
    patch = brush(SHAPE, SPACING, [(6, 12, 15)], diameter_mm=8)
    inside = touched(patch)
    assert np.array_equal(paint(labels, patch, 1).applied(labels) == 1, inside)
    spared = only_over(paint(labels, patch, 1), labels, {0}).applied(labels)
    assert np.array_equal(spared == 1, inside & (labels == 0))
    assert np.array_equal(spared == 2, labels == 2)
    erased = paint(labels, patch, 0).applied(labels)
    assert np.array_equal(erased == 2, (labels == 2) & ~inside)


def test_restoring_brings_back_what_was() -> None:
    generator = np.random.default_rng(0)
    labels, before = (generator.integers(0, 3, SHAPE).astype(np.uint8) for _ in range(2))
    patch = brush(SHAPE, SPACING, [(6, 12, 15)], diameter_mm=12)
    inside = touched(patch)
    assert np.array_equal(
        restore(labels, patch, before).applied(labels), np.where(inside, before, labels)
    )
    concerned = inside & ((labels == 2) | (before == 2))
    assert np.array_equal(
        restore(labels, patch, before, label=2).applied(labels), np.where(concerned, before, labels)
    )


def test_the_threshold_brush_touches_a_range_of_intensities() -> None:
    scan = np.random.default_rng(0).normal(0, 10, SHAPE)
    patch = brush(SHAPE, SPACING, [(6, 12, 15)], diameter_mm=12)
    narrow = within_range(patch, scan, -5, 5)
    assert np.array_equal(touched(narrow), touched(patch) & (np.abs(scan) <= 5))
    assert within_range(patch, scan, 1000, 2000).mask.size == 0


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"diameter_mm": 0}, "above 0, got 0"),
        ({"diameter_mm": -1}, "above 0, got -1"),
        ({"diameter_mm": np.nan}, "above 0, got nan"),
        ({"spacing": (1, 1)}, "spacing must be 3"),
        ({"path": []}, "path must be places"),
        ({"path": [(1, 2)]}, r"path must be places of shape \(n, 3\), got \(1, 2\)"),
        ({"axis": 3}, "axis must be from 0 to 2"),
    ],
)
def test_bad_use_is_refused(options: dict, match: str) -> None:
    options = {"shape": SHAPE, "spacing": SPACING, "path": [(1, 1, 1)], "diameter_mm": 5} | options
    with pytest.raises(ValueError, match=match):
        brush(**options)


def test_painting_with_no_label_or_another_shape_is_refused() -> None:
    labels = np.zeros(SHAPE, np.uint8)
    patch = brush(SHAPE, SPACING, [(6, 12, 15)], diameter_mm=12)
    with pytest.raises(ValueError, match="from 1 to 255"):
        paint(labels, patch, 300)
    with pytest.raises(ValueError, match="shape of the labels"):
        restore(labels, patch, labels[1:])


def test_a_stroke_takes_as_long_in_a_large_scan() -> None:
    # Nothing of the scan but the patch is looked at: the pages of the rest are never touched.
    labels = np.zeros((512, 512, 300), np.uint8)
    spacing = (0.8, 0.8, 1.0)
    seconds = []
    for step in range(20):
        path = [(250, 200 + step, 150), (252, 204 + step, 151)]
        start = perf_counter()
        paint(labels, brush(labels.shape, spacing, path, diameter_mm=20), 1)
        seconds.append(perf_counter() - start)
    assert np.median(seconds) < 0.01
