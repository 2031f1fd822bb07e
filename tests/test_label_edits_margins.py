import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from napari_seg.imaging.label_edits import only_over, respecting
from napari_seg.imaging.label_edits.dilation import dilated
from napari_seg.imaging.label_edits.margins import grow, hollow, margin, shrink

SPACING = (1.0, 2.0, 0.5)


def organ() -> NDArray[np.uint8]:
    """Label 1: a box of 5 × 4 × 8 voxels, 5 × 8 × 4 mm; label 2: a plane behind it."""
    labels = np.zeros((12, 10, 20), np.uint8)
    labels[3:8, 3:7, 6:14] = 1
    labels[9] = 2
    return labels


def blobs(shape: tuple[int, ...] = (13, 12, 21)) -> NDArray[np.uint8]:
    chance = np.random.default_rng(5).random(shape)
    labels = (chance < 0.01).astype(np.uint8)
    labels[chance > 0.995] = 2
    return labels


def distance_mm(mask: NDArray[np.bool_], spacing: tuple[float, ...]) -> NDArray[np.float32]:
    """SimpleITK's distance from the nearest voxel of a mask, negative or zero inside."""
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing(spacing[::-1])
    found = sitk.SignedMaurerDistanceMap(image, squaredDistance=False, useImageSpacing=True)
    return sitk.GetArrayFromImage(found)


@pytest.mark.parametrize("spacing", [SPACING, (3.0, 0.8, 0.8), (1.0, 1.0, 1.0)])
@pytest.mark.parametrize("reach_mm", [0.4, 1.0, 2.05, 3.7, 9.3, 40.0])
def test_growth_is_that_of_a_distance_map(spacing: tuple[float, ...], reach_mm: float) -> None:
    mask = blobs() == 1
    expected = distance_mm(mask, spacing) <= reach_mm + 1e-4
    assert np.array_equal(dilated(mask, reach_mm, spacing), expected)


@pytest.mark.parametrize("reach_mm", [1.0, 2.6])
def test_growth_in_two_dimensions_is_that_of_a_distance_map(reach_mm: float) -> None:
    mask = blobs((30, 33)) == 1
    expected = distance_mm(mask, (1.0, 0.7)) <= reach_mm + 1e-4
    assert np.array_equal(dilated(mask, reach_mm, (1.0, 0.7)), expected)


@pytest.mark.parametrize("mm", [0.0, 1.0, 2.3])
def test_grow_and_shrink_go_by_distance(mm: float) -> None:
    labels = organ()
    grown = grow(labels, 1, SPACING, mm).applied(labels)
    assert np.array_equal(grown == 1, distance_mm(labels == 1, SPACING) <= mm)
    shrunk = shrink(labels, 1, SPACING, mm).applied(labels)
    inside = (labels == 1) & (distance_mm(labels != 1, SPACING) > mm)
    assert np.array_equal(shrunk == 1, inside)
    assert np.array_equal(labels, organ())


def test_a_margin_of_one_mm_is_one_voxel_where_that_is_one_mm() -> None:
    labels = organ()
    grown = grow(labels, 1, SPACING, 1.0).applied(labels)
    assert grown[:, 5, 10].tolist() == [0, 0, 1, 1, 1, 1, 1, 1, 1, 2, 0, 0]
    assert grown[5, :, 10].tolist() == [0, 0, 0, 1, 1, 1, 1, 0, 0, 0]
    assert np.flatnonzero(grown[5, 5] == 1).tolist() == list(range(4, 16))


def test_growth_spares_what_the_caller_spares() -> None:
    labels = organ()
    edit = grow(labels, 1, SPACING, 3.0)
    assert (edit.applied(labels) == 2).sum() < (labels == 2).sum()
    for spared in (only_over(edit, labels, {0}), respecting(edit, labels, [2])):
        assert np.array_equal(spared.applied(labels) == 2, labels == 2)


def test_a_label_is_not_shrunk_from_the_end_of_the_scan() -> None:
    labels = np.zeros((6, 6, 6), np.uint8)
    labels[:4] = 1
    shrunk = shrink(labels, 1, (1.0, 1.0, 1.0), 1.0).applied(labels)
    assert np.array_equal(np.flatnonzero(shrunk[:, 0, 0]), [0, 1, 2])


def test_shrinking_a_small_label_leaves_nothing() -> None:
    labels = organ()
    assert not (shrink(labels, 1, SPACING, 10).applied(labels) == 1).any()


def test_a_margin_is_a_shell_of_another_label() -> None:
    labels = organ()
    result = margin(labels, 1, SPACING, 1.0, into=7).applied(labels)
    grown = grow(labels, 1, SPACING, 1.0).applied(labels)
    assert np.array_equal(result == 1, labels == 1)
    assert np.array_equal(result == 7, (grown == 1) & (labels != 1))


@pytest.mark.parametrize("side", ["inside", "outside", "both"])
def test_hollow_leaves_a_shell(side: str) -> None:
    labels = organ()
    result = hollow(labels, 1, SPACING, 2.0, side=side).applied(labels)
    outside, inside = distance_mm(labels == 1, SPACING), distance_mm(labels != 1, SPACING)
    own = labels == 1
    expected = {
        "inside": own & (inside <= 2),
        "outside": ~own & (outside <= 2),
        "both": (own & (inside <= 1)) | (~own & (outside <= 1)),
    }[side]
    assert np.array_equal(result == 1, expected)
    assert not result[own & ~expected].any()


@pytest.mark.parametrize("tool", [grow, shrink, hollow])
@pytest.mark.parametrize(
    ("label", "spacing", "mm", "match"),
    [
        (3, SPACING, 1.0, "no voxel is labelled 3"),
        (1, SPACING, -1.0, "0 or more, got -1"),
        (1, SPACING, float("nan"), "0 or more, got nan"),
        (1, (1.0, 1.0), 1.0, "spacing must be 3 positive lengths"),
        (1, (1.0, 1.0, 0.0), 1.0, "spacing must be 3 positive lengths"),
    ],
)
def test_bad_use_is_refused(
    tool, label: int, spacing: tuple[float, ...], mm: float, match: str
) -> None:
    with pytest.raises(ValueError, match=match):
        tool(organ(), label, spacing, mm)


def test_a_margin_into_itself_and_a_shell_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="into another label"):
        margin(organ(), 1, SPACING, 1.0, into=1)
    with pytest.raises(ValueError, match="mm thick at least"):
        hollow(organ(), 1, SPACING, 0.0)
