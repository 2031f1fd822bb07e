import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import watershed

from napari_seg.imaging.label_edits import seeds
from napari_seg.imaging.label_edits.seeds import grow_from_seeds

SPACING = (2.0, 1.0, 1.0)


def organs() -> NDArray[np.uint8]:
    """Label 1: a box; label 2: a ball beside it; label 3: all around."""
    truth = np.full((24, 40, 44), 3, np.uint8)
    truth[4:20, 5:18, 6:38] = 1
    grids = np.ogrid[:24, :40, :44]
    distance = (2 * (grids[0] - 12.0)) ** 2 + (grids[1] - 28.0) ** 2 + (grids[2] - 20.0) ** 2
    truth[distance <= 81] = 2
    return truth


def scan_of(truth: NDArray[np.uint8]) -> NDArray[np.float32]:
    levels = np.array([0, 100, 60, 20], np.float32)
    noise = np.random.default_rng(9).normal(0, 3, truth.shape)
    return ndimage.gaussian_filter(levels[truth], 0.5) + noise.astype(np.float32)


def strokes() -> NDArray[np.uint8]:
    labels = np.zeros((24, 40, 44), np.uint8)
    labels[12, 11, 10:30] = 1
    labels[12, 28, 17:23] = 2
    labels[12, 38, 2:42] = labels[12, 2, 2:42] = 3
    return labels


def dice(found: NDArray[np.uint8], truth: NDArray[np.uint8]) -> list[float]:
    return [
        2
        * ((found == label) & (truth == label)).sum()
        / ((found == label).sum() + (truth == label).sum())
        for label in (1, 2, 3)
    ]


def test_seeds_grow_up_to_the_edges_of_the_scan() -> None:
    labels, truth = strokes(), organs()
    grown = grow_from_seeds(labels, scan_of(truth), SPACING, margin_mm=60).applied(labels)
    assert (grown != 0).all()
    assert min(dice(grown, truth)) > 0.97
    assert np.array_equal(grown[labels != 0], labels[labels != 0])
    assert np.array_equal(labels, strokes())


def test_a_flood_is_that_of_scikit_image_on_the_same_steps() -> None:
    labels, scan = strokes(), scan_of(organs())
    steps = seeds._steepness(scan, SPACING)
    expected = watershed(steps, labels, connectivity=1)
    grown = grow_from_seeds(labels, scan, SPACING, margin_mm=60).applied(labels)
    assert (grown != expected).mean() < 1e-3


def test_steps_follow_the_gradient_in_mm() -> None:
    scan = scan_of(organs())
    parts = np.gradient(scan.astype(float), *SPACING)
    expected = np.sqrt(sum(part**2 for part in parts))
    steps = seeds._steepness(scan, SPACING).astype(float)
    scale = 255 / np.percentile(expected, 99.5)
    assert np.abs(steps - np.minimum(expected * scale, 255)).max() < 0.06 * 255
    assert np.corrcoef(steps.ravel(), expected.ravel())[0, 1] > 0.99


def test_the_background_holds_back_and_gains_nothing() -> None:
    labels, truth = strokes(), organs()
    grown = grow_from_seeds(labels, scan_of(truth), SPACING, margin_mm=60, background=3).applied(
        labels
    )
    assert np.array_equal(grown == 3, labels == 3)
    assert dice(np.where(grown == 0, 3, grown), truth)[0] > 0.97


def test_only_a_box_is_flooded() -> None:
    labels, scan = strokes(), scan_of(organs())
    box = (slice(10, 15), slice(2, 40), slice(5, 30))
    grown = grow_from_seeds(labels, scan, SPACING, box=box).applied(labels)
    assert (grown[box] != 0).all()
    outside = np.ones(labels.shape, bool)
    outside[box] = False
    assert np.array_equal(grown[outside], labels[outside])
    margin = grow_from_seeds(labels, scan, SPACING, margin_mm=4)
    assert margin.box == (slice(10, 15), slice(0, 40), slice(0, 44))


@pytest.mark.parametrize("spacing", [SPACING, (5.0, 1.0, 1.0)])
def test_nothing_grows_farther_than_the_margin_from_every_stroke(
    monkeypatch: pytest.MonkeyPatch, spacing: tuple[float, ...]
) -> None:
    labels, scan = strokes(), scan_of(organs())
    distance = ndimage.distance_transform_edt(labels == 0, sampling=spacing)
    grown = grow_from_seeds(labels, scan, spacing, margin_mm=4).applied(labels)
    whole = grow_from_seeds(labels, scan, spacing, margin_mm=60).applied(labels)
    assert np.array_equal(grown != 0, distance <= 4)
    assert (grown != whole)[distance <= 4].mean() < 0.1
    monkeypatch.setattr(seeds, "_PREVIEW_VOXELS", labels.size // 4)
    shown = grow_from_seeds(labels, scan, spacing, margin_mm=4, preview=True).applied(labels)
    # A preview of half the resolution is right to within two voxels.
    assert distance[shown != 0].max() <= 4 + 2 * np.linalg.norm(spacing)
    assert (shown != 0)[distance <= 2].all()


def test_a_large_picture_of_one_thin_slice_is_flooded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeds, "_EXACT_VOXELS", 100)
    monkeypatch.setattr(seeds, "_PREVIEW_VOXELS", 100)
    labels, scan = strokes()[12:13], scan_of(organs())[12:13]
    for preview in (False, True):
        grown = grow_from_seeds(labels, scan, (0.5, 1, 1), margin_mm=60, preview=preview)
        assert grown.applied(labels).all()


@pytest.mark.parametrize("spacing", [SPACING, (5.0, 1.0, 1.0)])
def test_a_large_box_is_flooded_coarsely_first(
    monkeypatch: pytest.MonkeyPatch, spacing: tuple[float, ...]
) -> None:
    labels, truth = strokes(), organs()
    scan = scan_of(truth)
    exact = grow_from_seeds(labels, scan, spacing, margin_mm=60).applied(labels)
    monkeypatch.setattr(seeds, "_EXACT_VOXELS", labels.size // 4)
    monkeypatch.setattr(seeds, "_PREVIEW_VOXELS", labels.size // 4)
    grown = grow_from_seeds(labels, scan, spacing, margin_mm=60).applied(labels)
    assert min(dice(grown, exact)) > 0.97
    shown = grow_from_seeds(labels, scan, spacing, margin_mm=60, preview=True).applied(labels)
    assert min(dice(shown, exact)) > 0.85
    assert np.array_equal(shown[labels != 0], labels[labels != 0])


def test_a_scan_with_holes_in_it_is_flooded() -> None:
    labels, truth = strokes(), organs()
    scan = scan_of(truth)
    scan[0:3] = np.nan
    scan[5, 30, 40] = np.inf
    grown = grow_from_seeds(labels, scan, SPACING, margin_mm=60).applied(labels)
    assert (grown != 0).all()
    assert min(dice(grown[4:], truth[4:])) > 0.95


@pytest.mark.parametrize("dtype", ["uint16", "int32", "uint32", "int64"])
def test_labels_of_any_type_grow(dtype: str) -> None:
    labels, scan = strokes(), scan_of(organs())
    expected = grow_from_seeds(labels, scan, SPACING).applied(labels)
    large = {"uint16": 40_000, "int32": 100_000, "uint32": 2**31, "int64": 2**40}[dtype]
    many = labels.astype(dtype)
    many[labels == 3] = large
    grown = grow_from_seeds(many, scan, SPACING).applied(many)
    assert np.array_equal(grown == large, expected == 3)


def test_bad_use_is_refused() -> None:
    labels, scan = strokes(), scan_of(organs())
    with pytest.raises(ValueError, match="at least two labels, got 1"):
        grow_from_seeds(np.minimum(labels, 1), scan, SPACING)
    with pytest.raises(ValueError, match="at least two labels, got 0"):
        grow_from_seeds(np.zeros_like(labels), scan, SPACING)
    with pytest.raises(ValueError, match="resample one onto the other"):
        grow_from_seeds(labels, scan[1:], SPACING)
    with pytest.raises(ValueError, match="margin_mm must be 0 or more"):
        grow_from_seeds(labels, scan, SPACING, margin_mm=-2)
