"""Volumes whose slices lie between each other, and single ones whose tags differ."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicom_slices import STEP_MM, pixels, write_enhanced, write_slice

from napari_seg import SeveralSeriesError, find_series, read_scan

AXIAL, PROJECTED = ["ORIGINAL", "PRIMARY", "AXIAL"], ["DERIVED", "PRIMARY", "AXIAL", "MIP"]


def write_two(
    folder: Path,
    shift: float,
    tags: Sequence[dict[str, Any]],
    *,
    numbers: Sequence[Sequence[int]] = (range(5), range(5)),
    **both: Any,
) -> Path:
    """Write two volumes, the second so many steps higher and 20000 brighter."""
    for volume in (0, 1):
        for number in numbers[volume]:
            write_slice(
                folder / f"{volume}_{number}",
                number,
                pixels=pixels(number) + 20000 * volume,
                ImagePositionPatient=[-10, -20, 30 + STEP_MM * (number + shift * volume)],
                **{**both, **tags[volume]},
            )
    return folder


def write_one(folder: Path, tags_of: Callable[[int], dict[str, Any]], **all_: Any) -> Path:
    """Write one good volume of 12 slices, each with tags of its own."""
    for number in range(12):
        write_slice(folder / f"{number}", number, **{**all_, **tags_of(number)})
    return folder


def codes(folder: Path) -> list[str]:
    scan = read_scan(folder)
    assert scan.geometry.shape[2] in (10, 12)
    assert scan.geometry.spacing[2] in (STEP_MM, STEP_MM / 2)
    return [notice.code for notice in scan.notices]


@pytest.mark.parametrize("shift", [0.5, 0.4, 0.25], ids=lambda shift: f"{shift} steps")
@pytest.mark.parametrize(
    ("tag", "values"),
    [
        ("TemporalPositionIdentifier", (1, 2)),
        ("AcquisitionNumber", (1, 2)),
        ("EchoTime", (10, 80)),
        ("ContentTime", ("100000", "100500")),
        ("ConvolutionKernel", ("B30", "B70")),
        ("ImageType", (AXIAL, PROJECTED)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_volumes_that_lie_between_each_other_are_two_series(
    tmp_path: Path, tag: str, values: Sequence[Any], shift: float
) -> None:
    tags = [{tag: value} for value in values]
    write_two(tmp_path, shift, tags, SpacingBetweenSlices=STEP_MM)
    found = find_series(tmp_path)
    assert [series.count for series in found] == [5, 5]
    assert all(series.problems == () and series.distinction for series in found)
    heights = set()
    for number in (1, 2):
        scan = read_scan(tmp_path, series=number)
        assert scan.geometry.spacing == pytest.approx((0.5, 0.75, STEP_MM))
        assert np.ptp(np.diff(scan.array[0, 0].astype(int))) == 0
        assert scan.notices == ()
        heights.add(float(scan.geometry.to_mm((0, 0, 0))[2]))
    assert heights == {30, 30 + STEP_MM * shift}


@pytest.mark.parametrize("tag", ["EchoTime", "TemporalPositionIdentifier"])
def test_a_step_that_is_not_stated_is_no_hindrance(tmp_path: Path, tag: str) -> None:
    with pytest.raises(SeveralSeriesError, match="holds 2 series"):
        read_scan(write_two(tmp_path, 0.5, [{tag: 1}, {tag: 2}]))


def test_a_volume_that_misses_a_slice_is_told_apart(tmp_path: Path) -> None:
    numbers = (range(7), (0, 1, 2, 4, 5, 6))
    write_two(tmp_path, 0.5, [{"EchoTime": 10}, {"EchoTime": 80}], numbers=numbers)
    whole, short = find_series(tmp_path)
    assert whole.problems == ()
    assert "misses 1 slice" in short.problems[0]


def test_frames_of_two_times_that_lie_between_each_other_are_told_apart(tmp_path: Path) -> None:
    frames = [
        {
            "PlanePositionSequence": {"ImagePositionPatient": [-10, -20, 30 + 2.5 * n + 1.25 * t]},
            "FrameContentSequence": {"TemporalPositionIndex": t + 1},
        }
        for t in (0, 1)
        for n in range(4)
    ]
    path = write_enhanced(tmp_path / "x.dcm", range(8), frame_tags=frames)
    assert [series.count for series in find_series(path)] == [4, 4]
    assert read_scan(path, series=2).array[0, 0].tolist() == [2976, 3976, 4976, 5976]


@pytest.mark.parametrize(
    ("tags_of", "stated"),
    [
        pytest.param(lambda n: {"AcquisitionNumber": n + 1}, None, id="an acquisition a slice"),
        pytest.param(lambda n: {"AcquisitionNumber": n // 3}, None, id="slab by slab"),
        pytest.param(lambda n: {"AcquisitionNumber": n % 2}, STEP_MM, id="each second slice first"),
        pytest.param(lambda n: {"AcquisitionTime": f"10000{n % 3}"}, STEP_MM, id="in three turns"),
        pytest.param(lambda n: {"ContentTime": f"1000{n:02}"}, STEP_MM, id="a clock"),
        pytest.param(lambda n: {"ContentTime": f"10000{n // 4}"}, None, id="stored in 3 seconds"),
        pytest.param(lambda n: {"TriggerTime": 17.5 * n}, STEP_MM, id="a trigger time a slice"),
        pytest.param(lambda n: {"EchoTime": 4.6 + 0.01 * (n % 2)}, None, id="a measured echo"),
        pytest.param(lambda n: {"ImageType": [*AXIAL, f"W{n}"]}, None, id="a type a slice"),
        pytest.param(lambda n: {"TemporalPositionIdentifier": n + 1}, None, id="times as numbers"),
    ],
)
def test_tags_that_count_within_one_volume_are_no_matter(
    tmp_path: Path, tags_of: Callable[[int], dict[str, Any]], stated: float | None
) -> None:
    assert codes(write_one(tmp_path, tags_of, SpacingBetweenSlices=stated)) == []


@pytest.mark.parametrize(
    "tags_of",
    [
        pytest.param(lambda n: {"AcquisitionNumber": 1 + n // 6}, id="goes on in a second one"),
        pytest.param(lambda n: {"TemporalPositionIdentifier": 1 + n // 6}, id="goes on later"),
        pytest.param(lambda n: {"AcquisitionNumber": 1 + (3 < n < 8)}, id="a middle taken again"),
        pytest.param(lambda n: {"EchoTime": 90 if n == 4 else 10}, id="one other slice"),
        pytest.param(lambda n: {"AcquisitionNumber": n % 2}, id="in turns, no step stated"),
        pytest.param(lambda n: {"ContentTime": f"10000{n % 2}"}, id="two times in turns"),
    ],
)
def test_what_may_be_several_volumes_is_read_as_one_and_said(
    tmp_path: Path, tags_of: Callable[[int], dict[str, Any]]
) -> None:
    assert codes(write_one(tmp_path, tags_of)) == ["mixed-tags"]


def test_a_stated_step_between_all_slices_keeps_them_together(tmp_path: Path) -> None:
    tags = [{"ConvolutionKernel": "B30"}, {"ConvolutionKernel": "B70"}]
    folder = write_two(tmp_path, 0.5, tags, SpacingBetweenSlices=STEP_MM / 2)
    assert codes(folder) == ["mixed-tags"]


def test_slices_closer_than_stated_are_read_with_a_notice(tmp_path: Path) -> None:
    folder = write_two(tmp_path, 0.5, [{}, {}], SpacingBetweenSlices=STEP_MM)
    assert codes(folder) == ["narrow-steps"]


@pytest.mark.parametrize("tag", ["EchoTime", "AcquisitionNumber"])
def test_a_stated_step_may_have_the_sign_of_its_direction(tmp_path: Path, tag: str) -> None:
    folder = write_two(tmp_path, 0.5, [{tag: 1}, {tag: 2}], SpacingBetweenSlices=-STEP_MM)
    assert [series.count for series in find_series(folder)] == [5, 5]


def test_turns_of_one_volume_are_known_by_a_step_of_either_sign(tmp_path: Path) -> None:
    folder = write_one(
        tmp_path, lambda n: {"AcquisitionNumber": n % 2}, SpacingBetweenSlices=-STEP_MM
    )
    assert codes(folder) == []


def test_two_slices_of_each_value_are_no_volumes(tmp_path: Path) -> None:
    tags = [{"EchoTime": 10}, {"EchoTime": 80}]
    folder = write_two(tmp_path, 0.5, tags, numbers=(range(2), range(2)))
    assert [series.count for series in find_series(folder)] == [4]


def test_slices_that_are_uneven_by_themselves_are_no_volume(tmp_path: Path) -> None:
    for number, height in enumerate([0, 1.25, 2.5, 3.1, 5, 6.25, 7.5, 8.75]):
        write_slice(
            tmp_path / f"{number}",
            number,
            ImagePositionPatient=[-10, -20, 30 + height],
            EchoTime=80 if number % 2 else 10,
        )
    assert [series.count for series in find_series(tmp_path)] == [8]
