import hashlib
import shutil
from pathlib import Path

import pytest
from dicom_slices import change, set_tags, write_enhanced, write_series, write_slice
from pydicom.config import disable_value_validation
from pydicom.dataset import Dataset
from pydicom.uid import MRSpectroscopyStorage

from napari_seg import SeveralSeriesError, find_series, read_scan


def test_a_series_says_what_a_person_chooses_by(tmp_path: Path) -> None:
    (series,) = find_series(write_series(tmp_path, SeriesNumber=4))
    assert series.number == 1
    assert series.uid == "1.2.3"
    assert series.description == "thorax"
    assert series.modality == "CT"
    assert series.count == 5
    assert series.shape == (6, 8)
    assert series.spacing == pytest.approx((0.5, 0.75, 2.5))
    assert series.orientation == "axial"
    assert series.problems == ()
    assert not series.can_repair
    assert series.title == "CT 'thorax', 5 slices of 8 x 6, axial"


@pytest.mark.parametrize(
    ("directions", "plane"),
    [
        pytest.param([1, 0, 0, 0, 1, 0], "axial", id="axial"),
        pytest.param([1, 0, 0, 0, 0, -1], "coronal", id="coronal"),
        pytest.param([0, 1, 0, 0, 0, -1], "sagittal", id="sagittal"),
        pytest.param([1, 0, 0, 0, 0.9962, 0.0872], "axial", id="axial, 5 degrees off"),
        pytest.param([1, 0, 0, 0, 0.8, -0.6], "oblique", id="oblique"),
        pytest.param(None, "", id="not stated"),
    ],
)
def test_the_plane_is_named(tmp_path: Path, directions: list[float] | None, plane: str) -> None:
    path = write_slice(tmp_path / "one", 0, ImageOrientationPatient=directions)
    assert find_series(path)[0].orientation == plane


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        pytest.param("tho\\rax", "tho\\rax", id="a backslash"),
        pytest.param("first\nsecond\r\n third", "first second third", id="lines"),
        pytest.param("a\x1b[31mred\ttab", "a [31mred tab", id="what a terminal obeys"),
        pytest.param("Größe 胸部", "Größe 胸部", id="letters of all languages"),
    ],
)
def test_a_description_is_one_line_as_it_was_written(
    tmp_path: Path, stored: str, shown: str
) -> None:
    path = write_slice(
        tmp_path / "one", 0, SpecificCharacterSet="ISO_IR 192", SeriesDescription=stored
    )
    assert find_series(path)[0].description == shown


def test_problems_are_sentences_and_tell_what_repair_mends(tmp_path: Path) -> None:
    write_series(tmp_path / "a", (0, 1, 3, 4), SeriesInstanceUID="1.2.1", SeriesNumber=1)
    write_series(tmp_path / "b", SeriesInstanceUID="1.2.2", SeriesNumber=2, PixelSpacing=None)
    write_series(tmp_path / "c", SeriesInstanceUID="1.2.3", SeriesNumber=3)
    shutil.copyfile(tmp_path / "c" / "slice_88", tmp_path / "c" / "again")
    write_series(tmp_path / "d", SeriesInstanceUID="1.2.4", SeriesNumber=4)
    (tmp_path / "d" / "broken").write_bytes((tmp_path / "d" / "slice_88").read_bytes()[:400])
    gap, unknown, repeated, damaged = find_series(tmp_path)
    assert "gap of 5.00 mm" in gap.problems[0]
    assert (gap.can_repair, gap.spacing) == (True, pytest.approx((0.5, 0.75, 2.5)))
    assert "no spacing (PixelSpacing)" in unknown.problems[0]
    assert (unknown.can_repair, unknown.spacing) == (False, None)
    assert repeated.problems == ("the series repeats 1 slice",)
    assert not repeated.can_repair
    assert damaged.problems == ("'broken' is a damaged DICOM file",)
    assert damaged.can_repair


def test_a_damaged_header_belongs_to_the_series_that_it_names(tmp_path: Path) -> None:
    write_series(tmp_path, SeriesInstanceUID="1.2.1", SeriesNumber=1)
    write_series(tmp_path, (10, 11, 12), SeriesInstanceUID="1.2.2", SeriesNumber=2)
    broken = tmp_path / "slice_79"
    whole = broken.read_bytes()
    # Cut after the UID of the series, before rows and columns.
    broken.write_bytes(whole[: whole.index(b"1.2.2") + 40])
    first, second = find_series(tmp_path)
    assert first.damaged == ()
    assert second.damaged == (broken,)


def test_damaged_files_in_folders_of_their_own_are_told_of_the_nearest_series(
    tmp_path: Path,
) -> None:
    write_series(tmp_path / "p1" / "a", SeriesInstanceUID="1.2.1", SeriesNumber=1)
    write_series(tmp_path / "p2" / "a", SeriesInstanceUID="1.2.2", SeriesNumber=2)
    for path in write_series(tmp_path / "p2" / "b", SeriesInstanceUID="1.2.3").iterdir():
        path.write_bytes(path.read_bytes()[:400])
    first, second = find_series(tmp_path)
    assert (first.problems, first.damaged_elsewhere) == ((), ())
    assert second.damaged_elsewhere == tuple(sorted((tmp_path / "p2" / "b").iterdir()))
    (problem,) = second.problems
    assert problem.startswith("5 DICOM files elsewhere are damaged, such as 'slice_86' in the")
    assert (second.damaged, second.can_repair) == ((), False)
    (notice,) = read_scan(tmp_path, series=2).notices
    assert (notice.code, notice.figures["files"]) == ("damaged-elsewhere", 5)
    assert read_scan(tmp_path, series=1).notices == ()


def _cut_after(path: Path, word: bytes, more: int) -> Path:
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.rindex(word) + more])
    return path


def _cut_before_its_series(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:300])
    return path


@pytest.mark.parametrize("folder", ["other", "ct"])
def test_a_damaged_file_that_names_another_series_concerns_none(
    tmp_path: Path, folder: str
) -> None:
    write_series(tmp_path / "ct", SeriesInstanceUID="1.2.1")
    other = write_slice(tmp_path / folder / "IM0", 1, SeriesInstanceUID="9.9.9.9")
    _cut_after(other, b"9.9.9.9", 40)
    (series,) = find_series(tmp_path)
    assert (series.problems, series.can_repair) == ((), False)
    assert series.damaged_apart == (other,)
    assert read_scan(tmp_path).notices == ()


@pytest.mark.parametrize(
    ("uid", "cut", "good"),
    [
        pytest.param("1.2.840.1", 7, "1.2.840.1", id="it ends within its UID"),
        pytest.param("1.2?3", 40, "1.2.3", id="its UID is damaged"),
        pytest.param("9.9.9.9", 40, "", id="the others have none"),
    ],
)
def test_a_damaged_file_of_uncertain_name_is_of_the_series_beside_it(
    tmp_path: Path, uid: str, cut: int, good: str
) -> None:
    write_series(tmp_path, SeriesInstanceUID=good)
    broken = write_slice(tmp_path / "IM0", 7, SeriesInstanceUID=uid)
    _cut_after(broken, uid.encode(), cut)
    (series,) = find_series(tmp_path)
    assert (series.damaged, series.damaged_apart) == ((broken,), ())


def test_damaged_files_among_several_patients_are_told_of_none(tmp_path: Path) -> None:
    for number in range(3):
        write_series(
            tmp_path / f"pat{number}" / "CT",
            SeriesInstanceUID=f"1.2.{number}",
            StudyInstanceUID=f"1.3.{number}",
        )
    broken = [write_slice(tmp_path / "DOE_JOHN" / f"IM{number}", number) for number in range(2)]
    for path in broken:
        _cut_before_its_series(path)
    found = find_series(tmp_path)
    assert [one.problems for one in found] == [(), (), ()]
    assert [one.damaged_apart for one in found] == [tuple(broken)] * 3
    assert read_scan(tmp_path, series=1).notices == ()


@pytest.mark.parametrize("folder", ["c", "a/sub", "."], ids=["beside", "within", "around"])
def test_damaged_files_next_to_series_of_one_study_are_told(tmp_path: Path, folder: str) -> None:
    for number, name in enumerate("ab"):
        write_series(
            tmp_path / name,
            SeriesInstanceUID=f"1.2.{number}",
            StudyInstanceUID="1.3",
            PatientID="p",
        )
    broken = _cut_before_its_series(write_slice(tmp_path / folder / "IM0", 1))
    first, second = find_series(tmp_path)
    assert first.damaged_elsewhere == (broken,)
    assert second.damaged_elsewhere == (() if folder == "a/sub" else (broken,))


def test_a_damaged_part_of_one_series_is_told_however_deep_it_lies(tmp_path: Path) -> None:
    for number in range(4):
        write_slice(tmp_path / f"D{number}" / "x" / "IM0", number, StudyInstanceUID=f"1.{number}")
    broken = _cut_before_its_series(tmp_path / "D3" / "x" / "IM0")
    (series,) = find_series(tmp_path)
    assert series.damaged_elsewhere == (broken,)


def test_a_folder_of_damaged_headers_alone_is_refused(tmp_path: Path) -> None:
    path = write_slice(tmp_path / "one", 0)
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(ValueError, match="'one' is a damaged DICOM file"):
        find_series(tmp_path)


def test_no_such_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no file or folder 'absent'"):
        find_series(tmp_path / "absent")


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    write_series(tmp_path / "a")
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (series,) = find_series(tmp_path)
    assert series.count == 5


def test_links_in_a_circle_or_to_nothing_are_passed_over(tmp_path: Path) -> None:
    write_series(tmp_path / "a")
    (tmp_path / "a" / "x").symlink_to("x")
    (tmp_path / "a" / "y").symlink_to("nowhere")
    (series,) = find_series(tmp_path / "a")
    assert series.problems == ()
    assert read_scan(tmp_path / "a").notices == ()


def test_links_to_folders_are_named_where_nothing_else_is_found(tmp_path: Path) -> None:
    write_series(tmp_path / "real")
    links = tmp_path / "links"
    links.mkdir()
    (links / "p1").symlink_to(tmp_path / "real", target_is_directory=True)
    with pytest.raises(ValueError, match="the link 'p1' to a folder is not followed: choose that"):
        read_scan(links)
    (links / "p2").symlink_to(tmp_path / "real", target_is_directory=True)
    with pytest.raises(ValueError, match="its 2 links to folders are not followed: choose one"):
        read_scan(links)


def test_the_search_reports_and_can_be_stopped(tmp_path: Path) -> None:
    seen: list[float] = []
    find_series(write_series(tmp_path), on_progress=seen.append)
    assert seen == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])

    def stop(_: float) -> None:
        raise InterruptedError("stopped")

    with pytest.raises(InterruptedError, match="stopped"):
        find_series(tmp_path, on_progress=stop)


def test_headers_are_read_without_pixels(tmp_path: Path) -> None:
    for path in write_series(tmp_path).iterdir():
        whole = path.read_bytes()
        path.write_bytes(whole[:-90])
    assert find_series(tmp_path)[0].count == 5


def test_the_error_carries_the_list_and_both_ways_to_choose(tmp_path: Path) -> None:
    write_series(tmp_path / "a", SeriesInstanceUID="1.2.4", SeriesNumber=4)
    write_series(tmp_path / "b", range(3), SeriesDescription="head", SeriesNumber=7)
    with pytest.raises(SeveralSeriesError, match=r"series=N.*--series N") as caught:
        read_scan(tmp_path)
    assert [series.description for series in caught.value.series] == ["thorax", "head"]
    assert [series.number for series in caught.value.series] == [1, 2]
    assert "2: CT 'head', 3 slices of 8 x 6, axial, 0.5 x 0.75 x 2.5 mm" in str(caught.value)


def test_the_frame_of_reference_is_kept_as_a_hash(tmp_path: Path) -> None:
    path = write_slice(tmp_path / "one.dcm", 0, FrameOfReferenceUID="1.2.840.77")
    expected = hashlib.sha256(b"1.2.840.77").hexdigest()[:16]
    assert read_scan(path).source.frame == f"dicom:{expected}"
    set_tags(path, FrameOfReferenceUID="")
    assert read_scan(path).source.frame is None


def test_a_multi_frame_file_is_one_source_file(tmp_path: Path) -> None:
    path = write_enhanced(tmp_path / "enhanced.dcm", range(5))
    assert read_scan(path).source.dicom_files == (path,)


def test_nothing_of_the_person_is_told(
    tmp_path: Path, recwarn: pytest.WarningsRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    person = {
        "PatientName": "Canary^Name",
        "PatientID": "CANARY-ID",
        "PatientBirthDate": "19700101",
        "SeriesDescription": "canary description",
        "SeriesInstanceUID": "1.2.canary",
        "FrameOfReferenceUID": "1.2.canary.frame",
        "StudyInstanceUID": "1.2.canary.study",
        "AcquisitionTime": "canary time",
    }
    with disable_value_validation():
        write_series(tmp_path, (0, 1, 3, 4), **person)
    (tmp_path / "cut").write_bytes((tmp_path / "slice_89").read_bytes()[:-50])
    assert b"Canary^Name" in (tmp_path / "slice_89").read_bytes()
    told = []
    with pytest.raises(ValueError, match=r"gap of 5\.00 mm") as caught:
        read_scan(tmp_path)
    told.append(str(caught.value))
    scan = read_scan(tmp_path, repair=True)
    told += [f"{notice}" for notice in scan.notices]
    told += [f"{scan.source.frame}", f"{scan.source.modality}"]
    told += [str(warning.message) for warning in recwarn]
    told += [record.getMessage() for record in caplog.records]
    assert scan.notices
    assert not [text for text in told if "canary" in text.lower() or "19700101" in text]


def test_two_patients_under_one_series_uid_are_two_series(tmp_path: Path) -> None:
    # A careless de-identifier gives everybody the same UIDs.
    write_series(tmp_path / "a", range(3), PatientID="A")
    write_series(tmp_path / "b", range(3, 6), PatientID="B")
    assert [series.count for series in find_series(tmp_path)] == [3, 3]
    with pytest.raises(SeveralSeriesError, match="holds 2 series"):
        read_scan(tmp_path)


def test_a_mosaic_is_refused_by_name(tmp_path: Path) -> None:
    # Siemens lays all slices of a moment side by side; the position is that of the whole sheet.
    write_slice(tmp_path / "1", 0, ImageType=["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"])
    (series,) = find_series(tmp_path)
    assert series.spacing is None
    assert not series.can_repair
    with pytest.raises(ValueError, match=r"is a mosaic, .* dcm2niix"):
        read_scan(tmp_path)


def test_a_slice_without_a_frame_of_reference_belongs_to_its_series(tmp_path: Path) -> None:
    write_series(tmp_path, FrameOfReferenceUID="1.2.9")
    set_tags(tmp_path / "slice_88", FrameOfReferenceUID=None)
    (series,) = find_series(tmp_path)
    assert (series.count, series.problems) == (5, ())
    scan = read_scan(tmp_path)
    assert scan.array[7, 5, :].tolist() == [-977, 23, 1023, 2023, 3023]
    assert scan.source.frame == f"dicom:{hashlib.sha256(b'1.2.9').hexdigest()[:16]}"
    # The end slice is the first to be asked.
    set_tags(tmp_path / "slice_90", FrameOfReferenceUID=None)
    assert read_scan(tmp_path).source.frame == scan.source.frame


def test_slices_without_a_frame_stay_apart_where_they_may_be_others(tmp_path: Path) -> None:
    # Two volumes in one place.
    write_series(tmp_path / "twice", FrameOfReferenceUID="1.2.9")
    for number in range(5):
        write_slice(tmp_path / "twice" / f"again_{number}", number)
    assert [series.count for series in find_series(tmp_path / "twice")] == [5, 5]
    # Two frames, either of which it may be.
    for number in range(6):
        write_slice(tmp_path / "two" / f"{number}", number, FrameOfReferenceUID=f"1.2.{number % 2}")
    write_slice(tmp_path / "two" / "6", 6)
    assert sorted(series.count for series in find_series(tmp_path / "two")) == [1, 3, 3]
    # Another folder.
    write_series(tmp_path / "apart" / "a", FrameOfReferenceUID="1.2.9")
    write_slice(tmp_path / "apart" / "b" / "5", 5)
    assert sorted(series.count for series in find_series(tmp_path / "apart")) == [1, 5]


def test_spectroscopy_is_passed_over(tmp_path: Path) -> None:
    write_series(tmp_path, Modality="MR")
    write_slice(tmp_path / "spectrum.dcm", 0, SeriesInstanceUID="1.2.9", Modality="MR")

    def to_spectrum(dataset: Dataset) -> None:
        del dataset.PixelData
        dataset.SOPClassUID = MRSpectroscopyStorage
        dataset.file_meta.MediaStorageSOPClassUID = MRSpectroscopyStorage
        dataset.SpectroscopyData = bytes(64)

    change(tmp_path / "spectrum.dcm", to_spectrum)
    assert [series.count for series in find_series(tmp_path)] == [5]
