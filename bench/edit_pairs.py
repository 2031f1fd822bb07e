"""What bench/edit.py times: each tool, beside what does the same on the whole array."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import SimpleITK as sitk
from edit_stage import BODY, LIVER, ORGANS, Labels, Stage
from skimage.draw import ellipsoid, polygon2mask
from skimage.morphology import remove_small_objects
from skimage.segmentation import flood

from napari_seg.imaging.label_edits.adaptive import adapted
from napari_seg.imaging.label_edits.brushes import brush, paint
from napari_seg.imaging.label_edits.cutting import cut
from napari_seg.imaging.label_edits.holes import fill_holes
from napari_seg.imaging.label_edits.interpolation import interpolate, interpolate_between
from napari_seg.imaging.label_edits.islands import keep_largest_island, remove_small_islands
from napari_seg.imaging.label_edits.logic import unite
from napari_seg.imaging.label_edits.margins import grow, hollow, shrink
from napari_seg.imaging.label_edits.picked_island import delete_island
from napari_seg.imaging.label_edits.seeds import grow_from_seeds
from napari_seg.imaging.label_edits.slices import copy_slice
from napari_seg.imaging.label_edits.smoothing import (
    smooth_gaussian,
    smooth_median,
    smooth_together,
)
from napari_seg.imaging.label_edits.threshold import threshold


@dataclass(frozen=True)
class Pair:
    """One tool of ours, and what does the same on the whole array."""

    name: str
    ours: Callable[[], Any]
    against: str
    theirs: Callable[[], Any]


def pairs(stage: Stage) -> Iterator[Pair]:
    """Give each tool and what it is timed against."""
    labels, scan, spacing = stage.labels, stage.scan, stage.spacing
    ml = float(np.prod(spacing)) / 1000
    image = sitk.GetImageFromArray(labels)
    image.SetSpacing(spacing[::-1])
    liver = image == LIVER
    yield Pair(
        "fill holes, 3D", lambda: fill_holes(labels, LIVER),
        "SimpleITK BinaryFillhole", lambda: _array(sitk.BinaryFillhole(image == LIVER)),
    )  # fmt: skip
    yield Pair(
        "fill holes, each slice", lambda: fill_holes(labels, LIVER, axis=0),
        "SimpleITK BinaryFillhole, slice by slice", lambda: _fill_slices(labels),
    )  # fmt: skip
    yield Pair(
        "keep largest", lambda: keep_largest_island(labels, LIVER),
        "SimpleITK ConnectedComponent, RelabelComponent",
        lambda: _array(sitk.RelabelComponent(sitk.ConnectedComponent(image == LIVER, True)) == 1),
    )  # fmt: skip
    yield Pair(
        "remove islands", lambda: remove_small_islands(labels, LIVER, min_ml=1, voxel_volume_ml=ml),
        "scikit-image remove_small_objects",
        lambda: remove_small_objects(labels == LIVER, max_size=int(1 / ml), connectivity=3),
    )  # fmt: skip
    yield Pair(
        "delete the island under a voxel", lambda: delete_island(labels, stage.place),
        "scikit-image flood", lambda: ~flood(labels, stage.place, connectivity=3) & (labels == LIVER),
    )  # fmt: skip
    yield from _margins(stage, liver)
    yield from _smoothing(stage, image)
    yield from _seeds(stage)
    yield Pair(
        "unite two labels", lambda: unite(labels, LIVER, labels, 2),
        "SimpleITK ChangeLabel", lambda: _array(sitk.ChangeLabel(image, {2: LIVER})),
    )  # fmt: skip
    scan_image = sitk.GetImageFromArray(scan)
    scan_image.CopyInformation(image)
    yield Pair(
        "threshold", lambda: threshold(labels, 7, scan, 90, 300),
        "SimpleITK BinaryThreshold, Mask",
        lambda: _array(sitk.Mask(sitk.BinaryThreshold(scan_image, 90, 300, 7), image == 0)),
    )  # fmt: skip
    yield from _between_slices(stage)
    yield Pair(
        "cut by a polygon", lambda: cut(labels, stage.polygon, 0, stage.place[0], spacing, label=LIVER),
        "scikit-image polygon2mask, SimpleITK ConnectedComponent", lambda: _cut(stage, image),
    )  # fmt: skip
    yield from _strokes_of_a_brush(stage, scan_image)


def _margins(stage: Stage, liver: sitk.Image) -> Iterator[Pair]:
    labels, spacing = stage.labels, stage.spacing
    for mm in (3, 10):
        yield Pair(
            f"grow by {mm} mm", lambda mm=mm: grow(labels, LIVER, spacing, mm),
            "SimpleITK SignedMaurerDistanceMap", lambda mm=mm: _distance(liver) <= mm + 1e-4,
        )  # fmt: skip
    yield Pair(
        "shrink by 3 mm", lambda: shrink(labels, LIVER, spacing, 3),
        "SimpleITK SignedMaurerDistanceMap", lambda: _distance(liver == 0) > 3 + 1e-4,
    )  # fmt: skip
    yield Pair(
        "hollow, 3 mm", lambda: hollow(labels, LIVER, spacing, 3),
        "SimpleITK SignedMaurerDistanceMap",
        lambda: (_distance(liver == 0) <= 3 + 1e-4) & (labels == LIVER),
    )  # fmt: skip


def _smoothing(stage: Stage, image: sitk.Image) -> Iterator[Pair]:
    labels, spacing = stage.labels, stage.spacing
    radius = [int(2 / size + 1e-6) for size in spacing]
    yield Pair(
        "median, 2 mm", lambda: smooth_median(labels, LIVER, spacing, 2),
        "SimpleITK BinaryMedian", lambda: _array(sitk.BinaryMedian(image == LIVER, radius[::-1], 1, 0)),
    )  # fmt: skip
    yield Pair(
        "Gaussian, 2 mm", lambda: smooth_gaussian(labels, LIVER, spacing, 2),
        "SimpleITK SmoothingRecursiveGaussian", lambda: _share(image, LIVER) > 0.5,
    )  # fmt: skip

    def together() -> Labels:
        shares = [_share(image, label) for label in (0, *ORGANS)]
        return np.argmax(shares, axis=0)

    yield Pair(
        "all labels together, 2 mm", lambda: smooth_together(labels, spacing, 2),
        "SimpleITK SmoothingRecursiveGaussian of each label, argmax", together,
    )  # fmt: skip


def _seeds(stage: Stage) -> Iterator[Pair]:
    def whole() -> Labels:
        parts = np.gradient(stage.scan.astype(np.float32), *stage.spacing)
        steepness = np.sqrt(sum(part * part for part in parts))
        steps = np.minimum(steepness * (255 / np.percentile(steepness[::4, ::4, ::4], 99.5)), 255)
        return _array(
            sitk.MorphologicalWatershedFromMarkers(
                sitk.GetImageFromArray(steps.astype(np.uint8)),
                sitk.GetImageFromArray(stage.strokes),
                markWatershedLine=False,
            )
        )

    near = tuple(
        slice(max(at - 48, 0), min(at + 48, count))
        for at, count in zip(stage.place, stage.labels.shape, strict=True)
    )
    options: dict[str, dict[str, Any]] = {
        "grow from seeds": {},
        "grow from seeds, preview": {"preview": True},
        "grow from seeds, preview of 96 voxels around": {"preview": True, "box": near},
    }
    strokes = stage.strokes.copy()
    strokes[near][0, :, :2] = BODY
    for name, option in options.items():
        yield Pair(
            name,
            lambda option=option: grow_from_seeds(strokes, stage.scan, stage.spacing, **option),
            "SimpleITK MorphologicalWatershedFromMarkers of 8 bits",
            whole,
        )


def _between_slices(stage: Stage) -> Iterator[Pair]:
    # Without stray islands: a person paints none.
    thinned, labels, spacing = stage.every_eighth, stage.organs, stage.spacing
    kept = range(0, labels.shape[0], 8)
    yield Pair(
        "interpolate one label", lambda: interpolate(thinned, 0, spacing, label=LIVER),
        "SimpleITK SignedMaurerDistanceMap of whole slices", lambda: _interpolated(stage, [LIVER]),
    )  # fmt: skip
    yield Pair(
        "interpolate all labels", lambda: interpolate(thinned, 0, spacing),
        "SimpleITK SignedMaurerDistanceMap of whole slices", lambda: _interpolated(stage, ORGANS),
    )  # fmt: skip
    yield Pair(
        "replace between slices", lambda: interpolate_between(labels, kept, 0, spacing),
        "SimpleITK SignedMaurerDistanceMap of whole slices", lambda: _interpolated(stage, ORGANS),
    )  # fmt: skip
    yield Pair(
        "copy a slice", lambda: copy_slice(labels, 2, labels.shape[2] // 2, labels.shape[2] // 2 + 1),
        "numpy copy of the whole", labels.copy,
    )  # fmt: skip


def _strokes_of_a_brush(stage: Stage, scan_image: sitk.Image) -> Iterator[Pair]:
    labels, spacing = stage.labels, stage.spacing
    path = [stage.place, tuple(at + step for at, step in zip(stage.place, (1, 4, 6), strict=True))]

    def stamp() -> Labels:
        result = labels.copy()
        ball = ellipsoid(15, 15, 15, spacing=spacing)
        corner = [at - count // 2 for at, count in zip(stage.place, ball.shape, strict=True)]
        box = tuple(slice(at, at + count) for at, count in zip(corner, ball.shape, strict=True))
        result[box][ball] = 7
        return result

    for name, axis in (("round", 0), ("spherical", None)):
        yield Pair(
            f"{name} brush of 30 mm, one event",
            lambda axis=axis: paint(
                labels, brush(labels.shape, spacing, path, diameter_mm=30, axis=axis), 7
            ),
            "scikit-image ellipsoid, a copy", stamp,
        )  # fmt: skip
        yield Pair(
            f"{name} adaptive brush of 30 mm, one event",
            lambda axis=axis: _adaptive(stage, axis),
            "SimpleITK ConfidenceConnected",
            lambda: _array(sitk.ConfidenceConnected(scan_image, [stage.place[::-1]], 2, 2.5, 2, 1)),
        )


def _adaptive(stage: Stage, axis: int | None) -> Any:
    patch = brush(stage.labels.shape, stage.spacing, [stage.place], diameter_mm=30, axis=axis)
    return paint(stage.labels, adapted(patch, stage.scan, stage.place, stage.spacing), 7)


def _array(image: sitk.Image) -> Labels:
    return sitk.GetArrayFromImage(image)


def _distance(mask: sitk.Image) -> Labels:
    return _array(sitk.SignedMaurerDistanceMap(mask, squaredDistance=False, useImageSpacing=True))


def _share(image: sitk.Image, label: int) -> Labels:
    return _array(sitk.SmoothingRecursiveGaussian(sitk.Cast(image == label, sitk.sitkFloat32), 2.0))


def _fill_slices(labels: Labels) -> list[Labels]:
    planes = (sitk.GetImageFromArray((plane == LIVER).astype(np.uint8)) for plane in labels)
    return [_array(sitk.BinaryFillhole(plane)) for plane in planes]


def _interpolated(stage: Stage, chosen: Iterable[int]) -> Labels:
    result = stage.every_eighth.copy()
    for label in chosen:
        kept = range(0, len(result), 8)
        distances = {}
        for index in kept:
            plane = sitk.GetImageFromArray((result[index] == label).astype(np.uint8))
            plane.SetSpacing(stage.spacing[:0:-1])
            distances[index] = _distance(plane) if (result[index] == label).any() else None
        for before, after in pairwise(kept):
            if distances[before] is None or distances[after] is None:
                continue
            for index in range(before + 1, after):
                share = (index - before) / 8
                between = (1 - share) * distances[before] + share * distances[after]
                result[index][between <= 0] = label
    return result


def _cut(stage: Stage, image: sitk.Image) -> Labels:
    mask = polygon2mask(stage.labels.shape[1:], stage.polygon)
    pieces = _array(sitk.ConnectedComponent(image == LIVER, True))
    met = np.unique(pieces[stage.place[0]][mask])
    return np.where(np.isin(pieces, met[met > 0]) & mask, 0, stage.labels)
