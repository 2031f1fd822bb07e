from pathlib import Path

import numpy as np
import pytest
from dicom_slices import change, transcode, write_enhanced, write_series, write_slice
from pydicom.dataset import Dataset
from pydicom.uid import JPEGLosslessSV1, JPEGLSLossless

from napari_seg import read_scan


def test_steps_wider_than_stated_are_told(tmp_path: Path) -> None:
    # Each second slice was lost: what is left is even, and nothing else shows it.
    lost = write_series(tmp_path / "lost", range(0, 10, 2), SpacingBetweenSlices=2.5)
    (notice,) = read_scan(lost).notices
    assert (notice.code, dict(notice.figures)) == ("wide-steps", {"step_mm": 5, "stated_mm": 2.5})
    # The sign says which way slices run in nuclear medicine.
    whole = write_series(tmp_path / "whole", SpacingBetweenSlices=-2.5)
    assert read_scan(whole).notices == ()


def test_slices_of_two_thicknesses_between_each_other_are_told(tmp_path: Path) -> None:
    write_series(tmp_path, range(0, 6, 2), SliceThickness=5.0)
    write_series(tmp_path, range(1, 6, 2), SliceThickness=1.0)
    (notice,) = read_scan(tmp_path).notices
    assert notice.code == "mixed-thickness"
    assert "1 to 5 mm" in notice.message


def test_two_slices_of_a_survey_are_told(tmp_path: Path) -> None:
    assert [one.code for one in read_scan(write_series(tmp_path, (0, 100))).notices] == ["odd-size"]


def test_what_some_slices_say_of_their_values_is_counted(tmp_path: Path) -> None:
    for number in range(5):
        lacks = number > 2
        write_slice(
            tmp_path / str(number), number, Modality="PT", RescaleSlope=None if lacks else 2.5
        )
    (notice,) = read_scan(tmp_path).notices
    assert (notice.code, notice.figures["slices"]) == ("no-rescaling", 2)
    assert notice.message.startswith("in 2 of 5 slices no rescaling is stated")


def test_a_damaged_file_is_counted_among_those_of_all_folders(tmp_path: Path) -> None:
    for number in range(10):
        write_slice(tmp_path / "AB"[number // 5] / f"s{number % 5}", number)
    damaged = tmp_path / "B" / "s2"
    damaged.write_bytes(damaged.read_bytes()[:-50])
    notice = read_scan(tmp_path, repair=True).notices[0]
    assert "left out: 1 of 10 files, folder by folder, in the order" in notice.message
    assert dict(notice.figures) == {"files": 1, "numbers": "8"}
    # A header that is damaged counts the same.
    damaged.write_bytes(damaged.read_bytes()[:400])
    assert read_scan(tmp_path, repair=True).notices[0] == notice


def test_a_damaged_file_of_many_pictures_is_one_file(tmp_path: Path) -> None:
    write_enhanced(tmp_path / "a.dcm", range(3))
    cut = write_enhanced(tmp_path / "b.dcm", range(3, 7))
    cut.write_bytes(cut.read_bytes()[:-100])
    scan = read_scan(tmp_path, repair=True)
    (notice,) = scan.notices
    assert scan.array.shape == (8, 6, 3)
    assert "left out: 1 of 2 files, in the order of their names number 2" in notice.message
    assert dict(notice.figures) == {"files": 1, "numbers": "2"}


def test_a_damaged_picture_of_a_file_is_told_as_such(tmp_path: Path) -> None:
    write_enhanced(tmp_path / "a.dcm", range(3))
    path = transcode(write_enhanced(tmp_path / "b.dcm", range(3, 7)), JPEGLSLossless)
    # The last picture ends too early.
    data = bytearray(path.read_bytes())
    end = data.rindex(b"\xff\xd9")
    data[end : end + 2] = b"\0\0"
    path.write_bytes(data)
    scan = read_scan(tmp_path, repair=True)
    (notice,) = scan.notices
    assert scan.array.shape == (8, 6, 6)
    assert "left out: 1 slice in 1 of 2 files, in the order of their names" in notice.message
    assert dict(notice.figures) == {"files": 1, "numbers": "2", "slices": 1}


def map_values(dataset: Dataset) -> None:
    table = Dataset()
    table.LUTDescriptor = [4, 0, 16]
    table.ModalityLUTType = "HU"
    table.add_new("LUTData", "US", [5, 50, 500, 5000])
    dataset.ModalityLUTSequence = [table]


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("slope", [None, 2])
def test_a_table_of_values_stands_for_the_rescaling(
    tmp_path: Path, is_packed: bool, slope: int | None
) -> None:
    stored = np.array([[0, 1, 2], [3, 3, 0]], np.uint16)
    for number in range(3):
        path = write_slice(
            tmp_path / f"{number}", number, pixels=stored, RescaleSlope=slope, RescaleIntercept=None
        )
        change(path, map_values)
        if is_packed:
            transcode(path, JPEGLosslessSV1)
    scan = read_scan(tmp_path)
    assert scan.array[..., 0].T.tolist() == [[5, 50, 500], [5000, 5000, 5]]
    assert [notice.code for notice in scan.notices] == []


def test_a_slice_without_the_table_of_the_others_is_told(tmp_path: Path) -> None:
    for number in range(3):
        path = write_slice(
            tmp_path / f"{number}",
            number,
            pixels=np.array([[0, 1, 2, 3]], np.uint16),
            RescaleSlope=None,
            RescaleIntercept=None,
        )
        if number != 1:
            change(path, map_values)
    [notice] = read_scan(tmp_path).notices
    assert (notice.code, notice.figures["slices"]) == ("no-rescaling", 1)


@pytest.mark.parametrize(
    ("aspect", "spacing_mm"),
    [([2, 1], (1, 2, 5)), ([3, 4], (1, 0.75, 5)), ([1, 1], (1, 1, 5)), ([0, 1], (1, 1, 5))],
)
def test_the_aspect_of_pixels_of_unknown_size_is_kept(
    tmp_path: Path, aspect: list[int], spacing_mm: tuple[float, ...]
) -> None:
    path = write_slice(tmp_path / "x.dcm", 0, PixelSpacing=None, PixelAspectRatio=aspect)
    scan = read_scan(path)
    assert scan.geometry.spacing == pytest.approx(spacing_mm)
    (notice,) = [one for one in scan.notices if one.code == "no-spacing"]
    assert ("mm down by the pixels' aspect" in notice.message) is (spacing_mm[1] != 1)


def test_a_stated_spacing_counts_more_than_the_aspect(tmp_path: Path) -> None:
    scan = read_scan(write_slice(tmp_path / "x.dcm", 0, PixelAspectRatio=[2, 1]))
    assert scan.geometry.spacing == pytest.approx((0.5, 0.75, 5))
