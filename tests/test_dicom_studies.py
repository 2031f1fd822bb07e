"""Studies that share the UID of a series: told apart, or told of."""

from pathlib import Path

import pytest
from dicom_slices import set_tags, write_enhanced, write_series, write_slice

from napari_seg import SeveralSeriesError, find_series, read_scan

# The slices of the first study and of the second.
HALF_A_STEP = (range(5), (0.5, 1.5, 2.5, 3.5))
ABOVE = (range(5), range(5, 9))
SAME = (range(5), range(4))


@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param(HALF_A_STEP, id="between each other"),
        pytest.param(ABOVE, id="one above the other"),
        pytest.param(SAME, id="in the same places"),
    ],
)
def test_two_studies_under_one_series_uid_are_two_series(tmp_path: Path, numbers: object) -> None:
    first, second = numbers  # type: ignore[misc]
    # The later study lies in the folder that comes first.
    for number in first:
        write_slice(
            tmp_path / "b" / f"{number}", number, StudyInstanceUID="1.4", StudyDate="20201208"
        )
    for number in second:
        place = [-10.0, -20.0, 30.0 + 2.5 * number]
        tags = {"ImagePositionPatient": place, "FrameOfReferenceUID": "1.5"}
        path = tmp_path / "a" / f"{number}"
        write_slice(path, 9, StudyInstanceUID="1.3", StudyDate="20221208", **tags)
    for path in (tmp_path / "b").iterdir():
        set_tags(path, FrameOfReferenceUID="1.5")
    found = find_series(tmp_path)
    assert [(one.distinction, one.count) for one in found] == [
        ("(study 1 of 2)", 5),
        ("(study 2 of 2)", 4),
    ]
    assert all(one.problems == () for one in found)
    with pytest.raises(SeveralSeriesError, match="holds 2 series") as caught:
        read_scan(tmp_path)
    assert "2020" not in str(caught.value)
    assert read_scan(tmp_path, series=1).array[0, 0].tolist() == [-1024, -24, 976, 1976, 2976]
    scan = read_scan(tmp_path, series=2)
    assert (scan.array.shape, scan.geometry.spacing[2]) == ((8, 6, 4), pytest.approx(2.5))
    assert scan.notices == ()


def test_studies_without_dates_are_in_the_order_of_their_files(tmp_path: Path) -> None:
    write_series(tmp_path / "a", StudyInstanceUID="1.9")
    write_series(tmp_path / "b", range(5, 8), StudyInstanceUID="1.2")
    assert [one.count for one in find_series(tmp_path)] == [5, 3]


@pytest.mark.parametrize(
    ("lone", "studies"), [(range(5), 5), ([0], 2), ([2], 2), ([0, 4], 3)], ids=str
)
def test_a_lone_slice_of_another_study_stays_and_is_told(
    tmp_path: Path, lone: list[int], studies: int
) -> None:
    write_series(tmp_path, StudyInstanceUID="1.3")
    for number in lone:
        set_tags(tmp_path / f"slice_{90 - number}", StudyInstanceUID=f"1.4.{number}")
    (series,) = find_series(tmp_path)
    assert (series.count, series.distinction, series.problems) == (5, "", ())
    (notice,) = read_scan(tmp_path).notices
    assert (notice.code, notice.figures["studies"]) == ("mixed-studies", studies)
    assert "1.4" not in notice.message


def test_phases_of_two_studies_are_named_by_both(tmp_path: Path) -> None:
    for study in (1, 2):
        for echo in (4.6, 30.1):
            folder = tmp_path / f"{study}_{echo}"
            write_series(folder, range(3), StudyInstanceUID=f"1.{study}", EchoTime=echo)
    assert [one.distinction for one in find_series(tmp_path)] == [
        "(study 1 of 2) (EchoTime 4.6)",
        "(study 1 of 2) (EchoTime 30.1)",
        "(study 2 of 2) (EchoTime 4.6)",
        "(study 2 of 2) (EchoTime 30.1)",
    ]


def test_a_slice_without_a_frame_takes_none_of_another_study(tmp_path: Path) -> None:
    write_series(tmp_path, StudyInstanceUID="1.3", FrameOfReferenceUID="1.9")
    for number in range(5, 8):
        write_slice(tmp_path / f"upper_{number}", number, StudyInstanceUID="1.4")
    first, second = (read_scan(tmp_path, series=number) for number in (1, 2))
    assert (first.array.shape[2], second.array.shape[2]) == (5, 3)
    assert first.source is not None
    assert second.source is not None
    assert second.source.frame is None


def test_enhanced_files_of_two_studies_are_two_series(tmp_path: Path) -> None:
    write_enhanced(tmp_path / "a.dcm", range(5), StudyInstanceUID="1.3")
    write_enhanced(tmp_path / "b.dcm", range(5), StudyInstanceUID="1.4")
    assert [one.count for one in find_series(tmp_path)] == [5, 5]
