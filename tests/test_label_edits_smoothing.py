import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from napari_seg.imaging.label_edits import only_over
from napari_seg.imaging.label_edits.blur import blurred
from napari_seg.imaging.label_edits.smoothing import (
    smooth_gaussian,
    smooth_median,
    smooth_together,
)

SPACING = (3.0, 1.0, 1.5)


def ragged(shape: tuple[int, ...] = (12, 20, 18)) -> NDArray[np.uint8]:
    """Label 1 and 2: halves of a noisy ellipsoid, which touch in the middle."""
    grids = np.meshgrid(*(np.linspace(-1, 1, count) for count in shape), indexing="ij")
    noise = np.random.default_rng(4).normal(0, 0.12, shape)
    inside = sum(grid**2 for grid in grids) + noise < 0.55
    labels = inside.astype(np.uint8)
    labels[inside & (grids[1] > 0)] = 2
    return labels


@pytest.mark.parametrize("size", [1, 7, 64, 65, 150])
@pytest.mark.parametrize("sigma", [0.4, 1.0, 3.3])
def test_a_blur_is_that_of_scipy(size: int, sigma: float) -> None:
    values = np.random.default_rng(0).random((5, size, 6)).astype(np.float32)
    widths = (0.0, sigma, sigma / 2)
    for ends, mode in ((True, "nearest"), (False, "constant")):
        expected = ndimage.gaussian_filter(
            values.astype(float),
            widths,
            mode=mode,
            radius=[0, int(np.ceil(4 * sigma)), int(np.ceil(2 * sigma))],
        )
        found = blurred(values, widths, [(ends, ends)] * 3)
        assert np.abs(found - expected).max() < 1e-5


@pytest.mark.parametrize("radius_mm", [1.0, 3.0, 4.6])
def test_median_is_that_of_simple_itk(radius_mm: float) -> None:
    labels = ragged()
    image = sitk.GetImageFromArray((labels == 1).astype(np.uint8))
    radius = [int(radius_mm // size) for size in SPACING]
    expected = sitk.GetArrayFromImage(sitk.Median(image, radius[::-1]))
    smooth = smooth_median(labels, 1, SPACING, radius_mm).applied(labels)
    assert ((labels == 1) != expected).sum() > 0
    assert np.array_equal(smooth == 1, expected)
    assert np.array_equal(labels, ragged())


def test_median_at_the_end_of_the_scan_takes_it_to_go_on() -> None:
    labels = np.zeros((4, 6, 6), np.uint8)
    labels[:2] = 1
    assert not smooth_median(labels, 1, (1, 1, 1), 1.0)
    assert not smooth_gaussian(labels, 1, (1, 1, 1), 1.0)


@pytest.mark.parametrize("sigma_mm", [1.0, 2.5])
def test_gaussian_is_that_of_scipy(sigma_mm: float) -> None:
    labels = ragged()
    sigma = [sigma_mm / size for size in SPACING]
    share = ndimage.gaussian_filter((labels == 2).astype(float), sigma, mode="nearest")
    smooth = smooth_gaussian(labels, 2, SPACING, sigma_mm).applied(labels)
    clear = np.abs(share - 0.5) > 1e-3
    assert np.array_equal((smooth == 2)[clear], (share > 0.5)[clear])


def test_a_smooth_label_lets_others_be_if_asked_to() -> None:
    labels = ragged()
    edit = only_over(smooth_gaussian(labels, 1, SPACING, 3.0), labels, {0, 1})
    assert np.array_equal(edit.applied(labels) == 2, labels == 2)


def test_smoothing_removes_a_spike_and_fills_a_dent() -> None:
    labels = np.zeros((9, 12, 12), np.uint8)
    labels[2:7, 2:10, 2:10] = 4
    labels[4, 5, 10:12] = 4
    labels[4, 5, 2] = 0
    for smooth in (
        smooth_median(labels, 4, (1, 1, 1), 1.0),
        smooth_gaussian(labels, 4, (1, 1, 1), 1.0),
    ):
        result = smooth.applied(labels)
        assert not result[4, 5, 10:12].any()
        assert result[4, 5, 2] == 4


def test_smoothing_together_opens_no_gap() -> None:
    labels = ragged()
    smooth = smooth_together(labels, SPACING, 2.0).applied(labels)
    # All that is labelled is as smooth as one label would be: no groove between the two.
    union = np.minimum(labels, 1)
    expected = smooth_gaussian(union, 1, SPACING, 2.0).applied(union)
    assert np.array_equal(smooth != 0, expected == 1)
    # Each on its own leaves voxels between them to nobody.
    alone = [smooth_gaussian(labels, label, SPACING, 2.0).applied(labels) for label in (1, 2)]
    nobody = (alone[0] != 1) & (alone[1] != 2) & (expected == 1)
    assert nobody.any()
    assert (smooth[nobody] != 0).all()


def test_smoothing_together_gives_the_strongest_its_due() -> None:
    labels = ragged()
    sigma = [2.0 / size for size in SPACING]
    shares = [
        ndimage.gaussian_filter((labels == label).astype(float), sigma, mode="nearest")
        for label in (1, 2)
    ]
    smooth = smooth_together(labels, SPACING, 2.0).applied(labels)
    clear = (np.abs(shares[0] - shares[1]) > 1e-3) & (smooth != 0)
    assert np.array_equal(smooth[clear], 1 + np.argmax(shares, axis=0)[clear])


@pytest.mark.parametrize(
    ("label", "radius_mm", "match"),
    [
        (9, 3.0, "no voxel is labelled 9"),
        (1, -1.0, "radius_mm must be 0 or more"),
        (1, 0.5, "at least one voxel, 1 mm, got 0.5"),
    ],
)
def test_bad_use_of_the_median_is_refused(label: int, radius_mm: float, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        smooth_median(ragged(), label, SPACING, radius_mm)


def test_bad_use_of_the_blurs_is_refused() -> None:
    with pytest.raises(ValueError, match="sigma_mm must be 0 or more"):
        smooth_gaussian(ragged(), 1, SPACING, -1)
    with pytest.raises(ValueError, match="spacing must be 3 positive"):
        smooth_together(ragged(), (1, 1), 1)
    with pytest.raises(ValueError, match="no voxel is labelled"):
        smooth_together(np.zeros((3, 3, 3), np.uint8), SPACING, 1)
