import numpy as np
import pytest
from numpy.typing import NDArray

from napari_seg.imaging.label_edits import apart
from napari_seg.imaging.label_edits.apart import boxes_apart
from napari_seg.imaging.label_edits.boxes import box_of
from napari_seg.imaging.label_edits.margins import grow, hollow, shrink
from napari_seg.imaging.label_edits.smoothing import (
    smooth_gaussian,
    smooth_median,
    smooth_together,
)

SPACING = (2.0, 1.0, 1.0)


def scattered(seed: int) -> NDArray[np.uint8]:
    """Labels 1 and 2: lumps of random size at random places, some of which touch."""
    generator = np.random.default_rng(seed)
    labels = np.zeros((20, 40, 44), np.uint8)
    for label in (1, 2, 1, 2, 1, 1):
        start = [int(generator.integers(0, count - 2)) for count in labels.shape]
        size = generator.integers(2, 9, 3).tolist()
        labels[tuple(slice(s, s + n) for s, n in zip(start, size, strict=True))] = label
    return labels


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("reach", [(0, 0, 0), (1, 3, 2), (4, 6, 6)])
def test_boxes_hold_all_and_lie_apart(seed: int, reach: tuple[int, ...]) -> None:
    labels = scattered(seed)
    covered = np.zeros(labels.shape, int)
    spread = np.zeros([count + 20 for count in labels.shape], int)
    for box in boxes_apart(labels, 1, reach):
        covered[box] += 1
        spread[
            tuple(slice(p.start + 10 - r, p.stop + 10 + r) for p, r in zip(box, reach, strict=True))
        ] += 1
    assert (covered[labels == 1] == 1).all()
    assert spread.max() == 1


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "tool",
    [
        lambda labels: grow(labels, 1, SPACING, 2.5),
        lambda labels: shrink(labels, 1, SPACING, 1.0),
        lambda labels: hollow(labels, 1, SPACING, 2.0, side="both"),
        lambda labels: smooth_median(labels, 1, SPACING, 2.0),
        lambda labels: smooth_gaussian(labels, 1, SPACING, 1.0),
        lambda labels: smooth_together(labels, SPACING, 1.0),
    ],
    ids=["grow", "shrink", "hollow", "median", "gaussian", "together"],
)
def test_a_tool_does_the_same_in_boxes_apart_as_in_one(
    tool, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = scattered(seed)
    apart_from_each_other = tool(labels).applied(labels)
    monkeypatch.setattr(apart, "_MOST_PIECES", 1)
    assert np.array_equal(tool(labels).applied(labels), apart_from_each_other)


def test_many_pieces_share_one_box(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_MOST_PIECES", 2)
    labels = scattered(0)
    assert boxes_apart(labels, 1, (0, 0, 0)) == [box_of(labels, 1)]


def test_nothing_has_no_boxes() -> None:
    with pytest.raises(ValueError, match="no voxel is labelled"):
        boxes_apart(np.zeros((3, 4, 5), np.uint8), None, (1, 1, 1))
    with pytest.raises(ValueError, match="no voxel is labelled 3"):
        boxes_apart(scattered(0), 3, (1, 1, 1))
