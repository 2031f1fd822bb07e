import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_seg.imaging.dicom.resampling import resample_slices
from napari_seg.imaging.dicom.slice_header import SliceHeader
from napari_seg.imaging.dicom.stack import stack_slices

UPRIGHT = SliceHeader(
    path=Path("slice"),
    group=("1.2.3",),
    study="",
    study_date="",
    uid="1.2.3",
    modality="CT",
    description="",
    series_number=0,
    instance_number=0,
    shape=(60, 80),
    index=0,
    frames=1,
    samples=1,
    is_capture=False,
    is_localizer=False,
    is_mosaic=False,
    is_inverted=False,
    orientation=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    position=(-10.0, -20.0, 30.0),
    spacing=(0.75, 0.5),
    is_detector_spacing=False,
    aspect=None,
    thickness=2.0,
    step=None,
    slope=1.0,
    intercept=-1024.0,
    has_other_unit=False,
    has_other_values=False,
    frame_of_reference=None,
    stack="",
    phases=(),
)


def slices(heights: Any, *, lean: float = 0.0) -> list[SliceHeader]:
    return [
        replace(UPRIGHT, position=(-10.0, -20.0 + lean * float(height), 30.0 + float(height)))
        for height in heights
    ]


def test_rounded_places_and_directions_are_a_good_series() -> None:
    generator = np.random.default_rng(0)
    good = [
        replace(
            one,
            orientation=tuple(np.add(one.orientation or (), generator.normal(0, 1e-7, 6))),
        )
        for one in slices(np.arange(40) * 6.5 + generator.uniform(-1e-3, 1e-3, 40))
    ]
    stack = stack_slices(good)
    assert stack.defect == ""
    assert stack.geometry.spacing == pytest.approx((0.5, 0.75, 6.5), abs=1e-3)


def test_places_rounded_to_a_tenth_of_a_mm_are_a_good_series() -> None:
    stack = stack_slices(slices(np.round(np.arange(200) * 0.625, 1)))
    assert stack.defect == ""
    assert stack.geometry.spacing[2] == pytest.approx(0.625, abs=1e-3)


@pytest.mark.parametrize("step", [0.2, 0.25, 1 / 3, 0.4, 0.45, 0.7])
def test_thin_slices_rounded_to_a_tenth_of_a_mm_are_a_good_series(step: float) -> None:
    stack = stack_slices(slices(np.round(np.arange(40) * step, 1)))
    assert stack.defect == ""
    assert stack.geometry.spacing[2] == pytest.approx(step, abs=0.1 / 39)


def _oblique(numbers: Any, step: float, digits: int) -> list[SliceHeader]:
    """Return slices along (2, 3, 6) / 7, which the rows and columns are at right angles to."""
    across, down = np.array([3, -6, 2]) / 7, np.array([6, 2, -3]) / 7
    normal = np.cross(across, down)
    start = np.array([5.3, -60.2, 7.4])
    return [
        replace(
            UPRIGHT,
            orientation=(*across, *down),
            position=tuple(np.round(start + step * number * normal, digits)),
        )
        for number in numbers
    ]


def test_oblique_places_rounded_to_a_tenth_of_a_mm_are_a_good_series() -> None:
    stack = stack_slices(_oblique(range(60), 0.5, digits=1))
    exact = stack_slices(_oblique(range(60), 0.5, digits=9))
    assert stack.defect == ""
    # The grid is at right angles, though each place is off by half a tenth in three directions.
    assert stack.geometry.shear()[0] < 1e-4
    for index in ((0, 0, 0), (79, 59, 59)):
        apart = np.subtract(stack.geometry.to_mm(index), exact.geometry.to_mm(index))
        assert np.linalg.norm(apart) < 0.087


@pytest.mark.parametrize("number", [1, 5, 17, 38])
def test_a_slice_that_is_missing_is_told_from_rounding(number: int) -> None:
    rest = [one for one in range(40) if one != number]
    for step in (0.25, 1 / 3):
        stack = stack_slices(slices(np.round(np.array(rest) * step, 1)))
        assert stack.defect.startswith("misses 1 slice: ")
        # A repair brings them to the step that they were taken with.
        assert stack.geometry.shape[2] == 40
        assert stack.geometry.spacing[2] == pytest.approx(step, abs=0.1 / 39)
    assert stack_slices(_oblique(rest, 0.5, digits=1)).defect.startswith("misses 1 slice: ")


# Directions drawn at random, in which the rounded places look like those of even slices.
@pytest.mark.parametrize(
    ("seed", "numbers"), [(4, (0, 1, 3)), (11, (0, 2, 3)), (12, (0, 1, 3)), (12, (0, 1, 2, 4))]
)
def test_a_gap_in_few_oblique_slices_is_not_taken_for_rounding(
    seed: int, numbers: tuple[int, ...]
) -> None:
    generator = np.random.default_rng(seed)
    across, down, _ = np.linalg.qr(generator.normal(size=(3, 3)))[0].T
    normal, start = np.cross(across, down), generator.uniform(-60, 60, 3)
    orientation = (*across, *down)
    few = [
        replace(UPRIGHT, orientation=orientation, position=tuple(place))
        for place in np.round([start + 0.25 * number * normal for number in numbers], 1)
    ]
    assert stack_slices(few).defect


@pytest.mark.parametrize(
    ("heights", "defect"),
    [
        # As rounded from an even series, but in an order that is none.
        pytest.param(
            (0, 0.2, 0.4, 0.6, 0.8, 1.1, 1.4, 1.7, 2.0), "spacing that drifts", id="parts"
        ),
        pytest.param((0, 0.25, 0.45, 0.75, 0.95, 1.25), "uneven spacing", id="not rounded"),
        pytest.param((0, 0.1, 0.3, 0.4, 0.6, 0.7, 0.9), "cannot be told", id="too thin to tell"),
        pytest.param((0, 0.3, 0.6, 1.1, 1.4, 1.7), "uneven|misses", id="one wider step"),
    ],
)
def test_uneven_thin_slices_are_not_taken_for_rounded(heights: Any, defect: str) -> None:
    assert re.search(defect, stack_slices(slices(heights)).defect)


def test_directions_of_three_digits_are_no_tilt() -> None:
    # Over 400 mm they are off by 0.16 mm.
    stack = stack_slices(slices(np.arange(401) * 1.0, lean=0.0004))
    assert stack.defect == ""
    affine = stack.geometry.affine
    assert np.allclose(affine @ (0, 0, 400, 1), (10, 20 - 0.16, 430, 1))
    # Half a pixel, and a lean of a real gantry, are refused.
    assert "lean by 0.05 degrees" in stack_slices(slices(np.arange(401), lean=0.0008)).defect
    assert "lean by 0.3 degrees" in stack_slices(slices(np.arange(41), lean=0.005)).defect


def test_oblique_slices_lie_along_their_normal() -> None:
    across, down = np.array([0.6, 0.8, 0.0]), np.array([0.0, 0.0, -1.0])
    normal = np.cross(across, down)
    oblique = [
        replace(
            UPRIGHT,
            orientation=(*across, *down),
            position=tuple(np.array([5.0, 6.0, 7.0]) + 3.0 * number * normal),
        )
        for number in (2, 0, 1)
    ]
    stack = stack_slices(oblique)
    assert stack.defect == ""
    assert [one.position for one in stack.slices] == [oblique[i].position for i in (1, 2, 0)]
    to_ras = np.array([-1, -1, 1])
    assert np.allclose(stack.geometry.to_mm((0, 0, 0)), np.array([5, 6, 7]) * to_ras)
    assert np.allclose(
        stack.geometry.to_mm((10, 4, 2)),
        (np.array([5, 6, 7]) + 10 * 0.5 * across + 4 * 0.75 * down + 6 * normal) * to_ras,
    )


@pytest.mark.parametrize(
    ("heights", "lean", "defect"),
    [
        pytest.param((0, 2, 4, 8, 10), 0, "misses 1 slice: .* 4.00 mm between 34.0", id="gap"),
        pytest.param((0, 2, 4, 8, 10, 16), 0, "misses 3 slices: .* 6.00 mm", id="two gaps"),
        pytest.param((0, 2, 4, 6.5, 9), 0, "uneven spacing, from 2.00 to 2.50 mm", id="uneven"),
        pytest.param(
            (0, 5, 10, 15, 17.5, 20, 22.5, 25),
            0,
            "uneven spacing, from 2.50 to 5.00",
            id="two parts",
        ),
        pytest.param((0, 4, 8, 10, 12, 14), 0, "misses 2 slices", id="two gaps in a row"),
        pytest.param((0, 2, 4, 6, 8), 0.2, "lean by 11.3 degrees$", id="tilt"),
        pytest.param(
            (0, 2, 4, 8, 10),
            0.2,
            "lean by 11.3 degrees; it also misses 1 slice: .* 4.00 mm between 34.0",
            id="tilt and gap",
        ),
        pytest.param(
            (0, 2, 4, 6.5, 9), 0.2, "lean by .*; it also has uneven spacing", id="tilt, uneven"
        ),
        # The best line through a parabola that rises by 0.81 mm is a sixth of that off its ends.
        pytest.param(
            np.arange(200) + np.linspace(0, 0.9, 200) ** 2,
            0,
            r"drifts, from 1\.0000 to 1\.0081 mm: its slices lie up to 0\.13 mm off even places$",
            id="drift",
        ),
    ],
)
def test_defects_are_named(heights: Any, lean: float, defect: str) -> None:
    assert re.search(defect, stack_slices(slices(heights, lean=lean)).defect)


@pytest.mark.parametrize(
    ("odd", "message"),
    [
        pytest.param({"position": None}, "no position .* in 1 of its 4", id="no position"),
        pytest.param({"orientation": None}, "no direction", id="no direction"),
        pytest.param({"spacing": None}, "no spacing", id="no spacing"),
        pytest.param({"spacing": (0.75, 0.6)}, "different pixel spacing", id="spacing"),
        pytest.param({"spacing": (0.75, 0.0)}, "without a size", id="no size"),
        pytest.param({"shape": (30, 80)}, "1 of 80 x 30 and 3 of 80 x 60", id="size"),
        pytest.param({"position": (-10.0, 20.0, 32.0)}, "side by side", id="side by side"),
        pytest.param({"position": (-10.0, -20.0, 99.0)}, "gap of 65.00 mm", id="far away"),
        pytest.param(
            {"orientation": (1.0, 0.0, 0.0, 0.0, 0.99996, 0.00873)}, "not parallel", id="turned"
        ),
        pytest.param({"frames": 3}, "holds 3 pictures in one file", id="film"),
        pytest.param({"samples": 3}, "colour pictures", id="colour"),
    ],
)
def test_what_has_no_grid_is_refused(odd: dict[str, Any], message: str) -> None:
    series = slices((0, 2, 4, 6))
    series[3] = replace(series[3], **odd)
    with pytest.raises(ValueError, match=message):
        stack_slices(series)


def test_directions_at_no_right_angle_are_refused() -> None:
    leaning = [
        replace(one, orientation=(1.0, 0.0, 0.0, 0.1, 0.995, 0.0)) for one in slices((0, 2, 4))
    ]
    with pytest.raises(ValueError, match="not at right angles"):
        stack_slices(leaning)


def test_a_leaning_stack_is_set_upright_in_place() -> None:
    # A bar along the true vertical, as each shifted slice sees it.
    heights, step_rows = np.arange(5) * 1.5, 1
    stack = stack_slices(slices(heights, lean=0.75 / 1.5 * step_rows))
    seen = []
    for number in range(5):
        one = np.zeros((80, 60), np.int16)
        one[40, 20 - number] = 100
        seen.append(one)
    array = resample_slices(seen, stack)
    assert array.shape == (80, 64, 5)
    bars = np.argwhere(array == 100)
    assert {tuple(bar[:2]) for bar in bars} == {(40, 20)}
    assert np.allclose(stack.geometry.to_mm((0, 0, 0)), (10, 20, 30))


@pytest.mark.parametrize("off_mm", [0, 1e-5, -1e-5], ids=["exact", "beyond", "short"])
@pytest.mark.parametrize("down", [1, -1], ids=["forth", "back"])
def test_a_leaning_stack_keeps_its_edge_rows_where_places_are_rounded(
    off_mm: float, down: int
) -> None:
    # Each slice lies one row of 0.75 mm further along, but for the last digit of its place.
    series = slices(np.arange(5) * 1.5, lean=down * 0.5)
    series = [series[0]] + [
        replace(one, position=tuple(np.add(one.position or (), (0, off_mm, 0))))
        for one in series[1:]
    ]
    stack = stack_slices(series)
    rows = np.arange(60, dtype=np.int16) + 10
    array = resample_slices([np.tile(rows, (80, 1)) + 100 * k for k in range(5)], stack)
    assert array.shape == (80, 64, 5)
    for k in range(5):
        first = k if down > 0 else 4 - k
        assert (array[:, first : first + 60, k] == rows + 100 * k).all()
        assert (array[:, :first, k] == 10).all()
        assert (array[:, first + 60 :, k] == 10).all()


def test_half_a_row_is_blended_within_the_slice_alone() -> None:
    stack = stack_slices(slices((0, 1.5, 3.0), lean=0.25))
    rows = np.arange(60, dtype=np.float32) + 10
    array = resample_slices([np.tile(rows, (80, 1)) for _ in range(3)], stack)
    # The second slice lies half a row of 0.75 mm further along.
    assert array.shape == (80, 61, 3)
    assert np.allclose(array[0, 1:60, 1], rows[:59] + 0.5)
    assert (array[0, [0, 60], 1] == 10).all()


def test_uneven_slices_are_blended_by_distance() -> None:
    stack = stack_slices(slices((0, 2, 4, 6.5, 9)))
    values = [np.full((80, 60), 30 + height, np.float32) for height in (0, 2, 4, 6.5, 9)]
    array = resample_slices(values, stack)
    step = stack.geometry.spacing[2]
    assert np.allclose(array[5, 5], 30 + step * np.arange(array.shape[2]), atol=1e-4)
