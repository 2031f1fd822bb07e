"""Pictures without a place under the name of a series: set apart, or named."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicom_slices import change, set_tags, write_enhanced, write_series, write_slice
from pydicom.dataset import Dataset
from pydicom.uid import MultiFrameGrayscaleByteSecondaryCaptureImageStorage as GreyCapture
from pydicom.uid import SecondaryCaptureImageStorage

from napari_seg import find_series, read_scan

NO_PLACE = {"ImagePositionPatient": None, "ImageOrientationPatient": None, "PixelSpacing": None}
WHOLE = [-1024, -24, 976, 1976, 2976]


def _capture(path: Path) -> Path:
    return write_slice(path, 9, SOPClassUID=SecondaryCaptureImageStorage, **NO_PLACE)


@pytest.mark.parametrize("name", ["a", "z"], ids=["first", "last"])
@pytest.mark.parametrize("count", [1, 2])
def test_captures_without_a_place_are_series_of_their_own(
    tmp_path: Path, name: str, count: int
) -> None:
    write_series(tmp_path)
    for number in range(count):
        _capture(tmp_path / f"{name}_{number}")
    found = find_series(tmp_path)
    assert [(one.count, one.distinction) for one in found] == [
        (5, ""),
        *[(1, "(without a place)")] * count,
    ]
    scan = read_scan(tmp_path, series=1)
    assert scan.array[0, 0].tolist() == WHOLE
    (notice,) = scan.notices
    assert (notice.code, notice.figures["pictures"]) == ("placeless-apart", count)
    assert "missing" not in notice.message
    assert read_scan(tmp_path, series=2).array.shape == (8, 6, 1)


def test_a_capture_that_only_the_file_names_so_is_set_apart(tmp_path: Path) -> None:
    write_series(tmp_path)
    path = write_slice(tmp_path / "capture", 9, SOPClassUID=None, **NO_PLACE)

    def name_class(dataset: Dataset) -> None:
        dataset.file_meta.MediaStorageSOPClassUID = GreyCapture

    change(path, name_class)
    assert [one.count for one in find_series(tmp_path)] == [5, 1]


def test_captures_do_not_tie_stacks_of_several_directions(tmp_path: Path) -> None:
    _capture(tmp_path / "a")
    write_series(tmp_path / "b")
    for number in range(3):
        place = {"ImagePositionPatient": [2.5 * number, -20, 30]}
        write_slice(
            tmp_path / "c" / str(number),
            number,
            ImageOrientationPatient=[0, 1, 0, 0, 0, -1],
            **place,
        )
    expected = [(5, "axial"), (3, "sagittal"), (1, "")]
    found = [(one.count, one.orientation) for one in find_series(tmp_path)]
    assert found == expected
    # Nor does another picture that is read first.
    write_slice(tmp_path / "a", 9, **NO_PLACE)
    found = [(one.count, one.orientation) for one in find_series(tmp_path)]
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize("number", [0, 4], ids=["first", "last"])
def test_a_lone_picture_without_a_place_is_set_apart_where_the_rest_is_good(
    tmp_path: Path, number: int
) -> None:
    write_series(tmp_path)
    set_tags(tmp_path / f"slice_{90 - number}", ImagePositionPatient=None)
    assert [one.count for one in find_series(tmp_path)] == [4, 1]
    (notice,) = read_scan(tmp_path, series=1).notices
    assert notice.code == "placeless-apart"
    assert notice.message.endswith("as a series of its own: a slice may be missing at its ends")


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        pytest.param([2], r"in 1 of its 5 slices \('slice_88'\), .*, or take it out$", id="inner"),
        pytest.param([0, 4], r"in 2 of its 5 slices \(such as 'slice_86'\)", id="several"),
        pytest.param(range(5), r"in 5 of its 5 slices, .* with these tags$", id="all"),
    ],
)
def test_pictures_without_a_place_that_may_be_of_the_stack_are_named(
    tmp_path: Path, lost: list[int], words: str
) -> None:
    write_series(tmp_path)
    for number in lost:
        set_tags(tmp_path / f"slice_{90 - number}", ImagePositionPatient=None)
    with pytest.raises(ValueError, match=words):
        read_scan(tmp_path)


def test_captures_with_places_are_a_series(tmp_path: Path) -> None:
    write_series(tmp_path / "placed", SOPClassUID=SecondaryCaptureImageStorage)
    assert read_scan(tmp_path / "placed").notices == ()


def test_a_frame_without_a_place_is_named(tmp_path: Path) -> None:
    path = write_enhanced(tmp_path / "a.dcm", range(5))

    def lose_place(dataset: Dataset) -> None:
        del dataset.PerFrameFunctionalGroupsSequence[2].PlanePositionSequence

    change(path, lose_place)
    with pytest.raises(ValueError, match=r"\(frame 3 of 'a\.dcm'\), so .* with these tags$"):
        read_scan(path)


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        pytest.param({"PixelSpacing": [0.75, 0.6]}, "different pixel spacing", id="spacing"),
        pytest.param(
            {"ImageOrientationPatient": [1, 0, 0, 0, 0.99996, 0.00873]}, "not parallel", id="turned"
        ),
    ],
)
def test_an_odd_slice_is_named_with_its_folder(
    tmp_path: Path, tags: dict[str, Any], words: str
) -> None:
    for number in range(6):
        path = tmp_path / "ab"[number % 2] / f"{number // 2}"
        shown = np.zeros((300, 400), np.uint16)
        write_slice(path, number, pixels=shown, **(tags if number == 4 else {}))
    with pytest.raises(ValueError, match=f"{words}, such as '2' in the folder 'a'; take the odd"):
        read_scan(tmp_path)
