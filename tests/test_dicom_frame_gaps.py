"""Slices that alone state no frame of reference, put with those that they were taken with."""

import time
from dataclasses import replace

import numpy as np
import pytest
from test_dicom_stack import UPRIGHT, slices

from napari_seg.imaging.dicom.frame_gaps import with_frames
from napari_seg.imaging.dicom.slice_header import SliceHeader

ACROSS = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)


def _every_second(headers: list[SliceHeader]) -> list[SliceHeader]:
    return [
        replace(one, frame_of_reference="torso" if number % 2 else None)
        for number, one in enumerate(headers)
    ]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        pytest.param({}, "torso", id="one frame"),
        pytest.param({"frame_of_reference": "head"}, None, id="two frames"),
        pytest.param({"frame_of_reference": "head", "orientation": ACROSS}, "torso", id="planes"),
        pytest.param({"frame_of_reference": "head", "orientation": None}, None, id="no direction"),
        pytest.param({"position": (-10.0, -20.0, 30.05)}, None, id="same place"),
        pytest.param({"position": None}, "torso", id="no place"),
    ],
)
def test_a_slice_takes_the_frame_that_all_its_likes_share(
    other: dict[str, object], expected: str | None
) -> None:
    likes = [replace(one, frame_of_reference="torso") for one in slices((2, 4, 6))]
    likes.append(replace(likes[0], **{"position": (-10.0, -20.0, 38.0), **other}))  # type: ignore[arg-type]
    assert with_frames([UPRIGHT, *likes])[0].frame_of_reference == expected


def test_thousands_of_slices_without_a_frame_take_no_time() -> None:
    headers = _every_second(slices(np.arange(3000) * 1.0))
    start = time.perf_counter()
    completed = with_frames(headers)
    # Comparing each pair by itself took some 25 s.
    assert time.perf_counter() - start < 8
    assert {one.frame_of_reference for one in completed} == {"torso"}
