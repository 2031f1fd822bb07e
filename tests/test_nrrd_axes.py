"""What an NRRD header states of each axis."""

from math import isnan

import pytest

from napari_seg.imaging.nrrd_axes import stated_axes

ENDS = {"sizes": "6", "axis mins": "0", "axis maxs": "12"}


def step(fields: dict[str, str]) -> float:
    (axis,) = stated_axes(fields)
    return axis.step


def test_a_spacing_counts_before_the_ends() -> None:
    assert step(ENDS | {"spacings": "1.5"}) == 1.5
    assert step(ENDS | {"spacings": "nan"}) == 2
    assert step({"sizes": "6", "spacings": "1.5"}) == 1.5


@pytest.mark.parametrize("ends", [("3", "3"), ("0", "nan"), ("-inf", "0"), ("x", "12")])
def test_ends_without_a_length_between_them_say_nothing(ends: tuple[str, str]) -> None:
    assert isnan(step(ENDS | {"axis mins": ends[0], "axis maxs": ends[1]}))


def test_one_sample_at_its_node_has_no_step() -> None:
    assert isnan(step(ENDS | {"sizes": "1", "centerings": "node"}))


def test_the_older_names_of_fields_say_the_same() -> None:
    older = {"sizes": "6", "axismins": "0", "axismaxs": "12"}
    assert step(older) == 2
    assert step(older | {"centers": "node"}) == pytest.approx(2.4)
    assert step(ENDS | {"centers": "node"}) == pytest.approx(2.4)
