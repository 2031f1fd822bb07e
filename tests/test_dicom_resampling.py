"""A repair keeps the slices that are there, and interpolates only what is missing."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from test_dicom_stack import UPRIGHT, slices

from napari_seg.imaging.dicom.resampling import resample_slices
from napari_seg.imaging.dicom.slice_header import SliceHeader
from napari_seg.imaging.dicom.stack import stack_slices

ACROSS, DOWN = np.array([3, -6, 2]) / 7, np.array([6, 2, -3]) / 7
START = np.array([5.33, -60.27, 7.41])


def _oblique(heights: Any, digits: int, lean: float = 0.0) -> list[SliceHeader]:
    """Return slices along (2, 3, 6) / 7 that lean by some mm for each mm of height."""
    way = np.cross(ACROSS, DOWN) + lean * DOWN
    return [
        replace(
            UPRIGHT,
            orientation=(*ACROSS, *DOWN),
            position=tuple(float(part) for part in np.round(START + height * way, digits)),
        )
        for height in heights
    ]


def _random(count: int) -> list[Any]:
    generator = np.random.default_rng(0)
    return [generator.integers(0, 1000, (80, 60)).astype(np.int16) for _ in range(count)]


@pytest.mark.parametrize("digits", [1, 2, 9])
def test_oblique_slices_stay_as_they_are_where_one_is_missing(digits: int) -> None:
    kept = [number for number in range(30) if number != 12]
    stack = stack_slices(_oblique(kept, digits))
    assert stack.defect.startswith("misses 1 slice")
    seen = _random(len(kept))
    array = resample_slices(seen, stack)
    assert array.shape == (80, 60, 30)
    for number, one in zip(kept, seen, strict=True):
        assert (array[..., number] == one).all()
    assert (array[..., 12] == np.rint((seen[11].astype(float) + seen[12]) / 2)).all()
    # The grid is that of the whole series: RAS+ mm of two corners by hand.
    normal = np.cross(ACROSS, DOWN)
    far = START + 79 * 0.5 * ACROSS + 59 * 0.75 * DOWN + 29 * normal
    for index, place in (((0, 0, 0), START), ((79, 59, 29), far)):
        apart = np.subtract(stack.geometry.to_mm(index), place * (-1, -1, 1))
        assert np.linalg.norm(apart) < 0.5 * np.sqrt(3) * 10.0**-digits + 1e-6


@pytest.mark.parametrize("missing", [(20,), (7, 8, 30)])
def test_thin_slices_stay_as_they_are_where_some_are_missing(missing: tuple[int, ...]) -> None:
    kept = [number for number in range(40) if number not in missing]
    stack = stack_slices(slices(np.round(np.array(kept) / 3, 1)))
    assert stack.places[:, 2].tolist() == kept
    assert stack.geometry.spacing[2] == pytest.approx(1 / 3, abs=0.1 / 39)
    seen = _random(len(kept))
    array = resample_slices(seen, stack)
    assert all((array[..., k] == one).all() for k, one in zip(kept, seen, strict=True))


def test_slices_of_which_none_may_be_missing_stay_as_they_are() -> None:
    stack = stack_slices(slices((0, 0.1, 0.3, 0.4, 0.6, 0.7, 0.9)))
    assert "cannot be told" in stack.defect
    seen = _random(7)
    assert (resample_slices(seen, stack) == np.stack(seen, axis=-1)).all()


def test_a_part_in_wider_steps_is_filled_between_its_slices() -> None:
    heights = (0, 5, 10, 15, 17.5, 20, 22.5, 25)
    stack = stack_slices(slices(heights))
    assert stack.places[:, 2].tolist() == [0, 2, 4, 6, 7, 8, 9, 10]


def test_an_odd_place_among_them_is_interpolated() -> None:
    # 0.3 mm off is more than a good series has.
    stack = stack_slices(slices((0, 2, 4.3, 6, 8, 12, 14)))
    assert stack.places[2, 2] == pytest.approx(4.3 / 14 * (stack.geometry.shape[2] - 1))


def test_leaning_oblique_slices_are_moved_along_their_lean_alone() -> None:
    # One row of 0.75 mm for each mm; rounding moves them across by less than a tenth.
    stack = stack_slices(_oblique(range(8), 1, lean=0.75))
    assert "tilted gantry" in stack.defect
    assert stack.geometry.shape[0] == 80
    assert stack.places[:, 2].tolist() == list(range(8))
    assert not stack.places[:, 0].any()


def test_what_is_not_finite_stays_in_its_slice() -> None:
    stack = stack_slices(slices((0, 2, 4, 8)))
    seen = [np.full((80, 60), k, np.float32) for k in range(4)]
    seen[2][5, 5] = np.nan
    array = resample_slices(seen, stack)
    assert np.isnan(array[5, 5]).tolist() == [False, False, True, True, False]
