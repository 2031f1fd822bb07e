"""Even slices whose places are written in tenths of a mm, and what is missing between them."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_seg.imaging.dicom.rounded_places import (
    are_rounded,
    could_miss_one,
    fit_evenly,
    numbers_of_even,
)
from napari_seg.imaging.dicom.stack_defects import count_on_even_grid, even_line, find_defect


def _axes(generator: np.random.Generator) -> tuple[Any, Any, Any]:
    across, down, _ = np.linalg.qr(generator.normal(size=(3, 3)))[0].T
    return across, down, np.cross(across, down)


def _heights(*heights: float) -> NDArray[Any]:
    return np.column_stack([np.full((len(heights), 2), -12.345), heights])


def test_coordinates_that_do_not_change_may_have_any_digits() -> None:
    assert are_rounded(_heights(0, 0.3, 0.7))
    assert not are_rounded(_heights(0, 0.33, 0.67))


def test_places_are_even_where_rounding_explains_them() -> None:
    # 0, 1/3, 2/3, ... rounded; and a fifth that is off by more than half a tenth at both ends.
    assert fit_evenly(_heights(0, 0.3, 0.7, 1.0, 1.3))
    assert not fit_evenly(_heights(0, 0.3, 0.7, 1.0, 1.5))
    assert fit_evenly(_heights(0, 0.3, 0.7, 1.3), np.array([0, 1, 2, 4]))


@pytest.mark.parametrize(
    ("heights", "possible"),
    [
        # 0, 0.14, 0.42, 0.56, 0.7 rounded are 0, 0.1, 0.4, 0.6, 0.7.
        pytest.param((0, 0.1, 0.4, 0.6, 0.7), True, id="thin"),
        pytest.param((0, 0.5, 1.0, 1.4, 1.9), False, id="thicker"),
    ],
)
def test_a_lost_slice_is_possible_where_it_would_not_show(heights: Any, possible: bool) -> None:
    assert could_miss_one(_heights(*heights)) is possible


def test_slices_are_numbered_across_several_gaps() -> None:
    kept = [number for number in range(60) if number not in (7, 30, 31, 52)]
    numbers = numbers_of_even(np.round(_heights(*(0.3 * np.array(kept))), 1), np.eye(3)[2])
    assert numbers is not None
    assert numbers.tolist() == kept


@pytest.mark.parametrize("step", [0.2, 0.25, 0.3, 0.5])
@pytest.mark.parametrize("seed", range(12))
def test_oblique_thin_slices_are_even_and_a_gap_in_them_is_seen(seed: int, step: float) -> None:
    generator = np.random.default_rng(seed)
    axes, start = _axes(generator), generator.uniform(-100, 100, 3)
    true = start + np.outer(np.arange(30) * step, axes[2])
    assert find_defect(np.round(true, 1), axes, step) is None
    first, way = even_line(np.round(true, 1), axes[2])
    # Half a tenth in three directions.
    assert np.linalg.norm(first + np.outer(np.arange(30), way) - true, axis=1).max() < 0.087
    places = np.round(np.delete(true, generator.integers(3, 27), axis=0), 1)
    defect = find_defect(places, axes, step)
    assert defect is not None
    assert defect.words.startswith("misses 1 slice: ")
    assert count_on_even_grid((places - places[0]) @ axes[2], defect) == 30


@pytest.mark.parametrize("seed", range(6))
def test_a_leaning_stack_of_thin_rounded_slices_keeps_its_count(seed: int) -> None:
    generator = np.random.default_rng(seed)
    across, down, normal = _axes(generator)
    lean = normal + 0.3 * down
    places = np.round(np.outer(np.arange(40) * 0.25, lean), 1)
    defect = find_defect(places, (across, down, normal), 0.25)
    assert defect is not None
    assert "lean by 16." in defect.words or "lean by 17." in defect.words
    assert "misses" not in defect.words
    assert count_on_even_grid((places - places[0]) @ normal, defect) == 40


def test_what_rounding_hides_is_told() -> None:
    axes = tuple(np.eye(3))
    defect = find_defect(_heights(0, 0.1, 0.3, 0.4, 0.6, 0.7, 0.9), axes, 0.1)  # type: ignore[arg-type]
    assert defect is not None
    assert defect.words == (
        "may miss slices or not, which cannot be told: places are rounded to 0.1 mm, and its "
        "7 slices lie 0.15 mm apart"
    )
    assert defect.even_count == 7


def test_steps_that_are_none_are_uneven_and_never_fewer_than_none() -> None:
    # Places of no line, between which some steps are below half of the usual.
    defect = find_defect(_heights(0, 0.5, 0.6, 1.1, 1.6, 1.7, 2.2), tuple(np.eye(3)), 0.5)  # type: ignore[arg-type]
    assert defect is not None
    assert defect.words.startswith("has uneven spacing, from 0.10 to 0.50 mm")
