"""Slow tools tell how far they are, and end when that is answered by an error."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_seg.imaging.label_edits import Edit, seeds
from napari_seg.imaging.label_edits import grow_all as grow_all_module
from napari_seg.imaging.label_edits.each import edit_each
from napari_seg.imaging.label_edits.grow_all import grow_all
from napari_seg.imaging.label_edits.holes import fill_holes
from napari_seg.imaging.label_edits.interpolation import interpolate, interpolate_between
from napari_seg.imaging.label_edits.islands import keep_largest_island, remove_small_islands
from napari_seg.imaging.label_edits.margins import grow, hollow, margin, shrink
from napari_seg.imaging.label_edits.picked_island import (
    delete_island,
    give_island,
    keep_only_island,
)
from napari_seg.imaging.label_edits.seeds import grow_from_seeds
from napari_seg.imaging.label_edits.smoothing import (
    smooth_gaussian,
    smooth_median,
    smooth_together,
)
from napari_seg.imaging.progress import OnProgress, paced

SPACING = (2.0, 1.0, 0.5)
VOXEL = (4, 8, 10)
SCAN = np.random.default_rng(1).normal(size=(16, 24, 30)).astype(np.float32)


def cubes() -> NDArray[np.uint8]:
    """Three labels; the first in two pieces and with a slice left out."""
    labels = np.zeros(SCAN.shape, np.uint8)
    labels[3:12, 4:14, 5:15] = 1
    labels[7] = 0
    labels[14, 20, 28] = 1
    labels[3:12, 14:20, 5:15] = 2
    labels[5:9, 4:14, 18:25] = 3
    return labels


def of_each(labels: NDArray[Any], *, on_progress: OnProgress | None = None) -> Edit:
    def filled(label: int, report: OnProgress) -> Edit:
        return fill_holes(labels, label, on_progress=report)

    return edit_each(labels, filled, on_progress=on_progress)


TOOLS: dict[str, Callable[..., Edit]] = {
    "grow": partial(grow, label=1, spacing=SPACING, mm=3.0),
    "shrink": partial(shrink, label=1, spacing=SPACING, mm=2.0),
    "margin": partial(margin, label=1, spacing=SPACING, mm=3.0, into=4),
    "margin around all": partial(margin, label=None, spacing=SPACING, mm=3.0, into=4),
    "hollow": partial(hollow, label=1, spacing=SPACING, mm=2.0, side="both"),
    "grow all": partial(grow_all, spacing=SPACING, mm=3.0),
    "fill each": of_each,
    "keep largest": partial(keep_largest_island, label=1),
    "keep largest of all": keep_largest_island,
    "remove small": partial(remove_small_islands, min_ml=0.05, voxel_volume_ml=0.001),
    "delete island": partial(delete_island, voxel=VOXEL),
    "keep island": partial(keep_only_island, voxel=VOXEL),
    "give island": partial(give_island, voxel=VOXEL, to=2),
    "median": partial(smooth_median, label=1, spacing=SPACING, radius_mm=2.0),
    "Gaussian": partial(smooth_gaussian, label=1, spacing=SPACING, sigma_mm=1.0),
    "together": partial(smooth_together, spacing=SPACING, sigma_mm=1.0),
    "interpolate": partial(interpolate, axis=0, spacing=SPACING),
    "interpolate between": partial(
        interpolate_between, slices_kept=[3, 6, 11], axis=0, spacing=SPACING
    ),
    "seeds": partial(grow_from_seeds, scan=SCAN, spacing=SPACING),
    "seeds, coarse first": partial(grow_from_seeds, scan=SCAN, spacing=SPACING),
    "seeds, preview": partial(grow_from_seeds, scan=SCAN, spacing=SPACING, preview=True),
}


class Stopped(Exception):
    """Raised by whoever has heard enough."""


@pytest.fixture(params=[*TOOLS])
def tool(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Edit]:
    if request.param == "grow all":
        monkeypatch.setattr(grow_all_module, "_AT_ONCE", 5000)
    if "," in request.param:
        monkeypatch.setattr(seeds, "_EXACT_VOXELS", 1500)
        monkeypatch.setattr(seeds, "_PREVIEW_VOXELS", 1500)
    return TOOLS[request.param]


def test_fractions_rise_from_0_to_1_and_nothing_else_changes(tool: Callable[..., Edit]) -> None:
    labels, fractions = cubes(), []
    told = tool(labels, on_progress=fractions.append)
    assert len(fractions) >= 3
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < 0.4 < fractions[-1] <= 1
    untold = tool(labels)
    assert np.array_equal(told.applied(labels), untold.applied(labels))
    assert np.array_equal(labels, cubes())


def test_an_error_ends_the_work_at_once_wherever_it_is(tool: Callable[..., Edit]) -> None:
    labels, fractions = cubes(), []
    tool(labels, on_progress=fractions.append)
    for last in {1, 2, len(fractions) // 2, len(fractions)}:
        heard = []

        def stop(fraction: float, heard: list[float] = heard, last: int = last) -> None:
            heard.append(fraction)
            if len(heard) == last:
                raise Stopped

        with pytest.raises(Stopped):
            tool(labels, on_progress=stop)
        assert len(heard) == last
    assert np.array_equal(labels, cubes())


def test_news_come_no_faster_than_wanted() -> None:
    fractions: list[float] = []
    report = paced(fractions.append, 60.0)
    for step in range(5):
        report(step / 5)
    assert fractions == [0.0]
    report = paced(fractions.append, 0.0)
    report(1.0)
    assert fractions == [0.0, 1.0]
