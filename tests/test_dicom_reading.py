import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from dicom_slices import pixels, write_series, write_slice
from pydicom.data import get_testdata_file

from napari_seg import SeveralSeriesError, read_scan
from napari_seg.imaging.dicom.reading import read_dicom


def test_reads_slices_in_the_order_of_their_places(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "thorax")
    scan = read_dicom(folder)
    assert scan.array.dtype == np.int16
    for k in range(5):
        assert np.array_equal(scan.array[..., k].T, pixels(k).astype(int) - 1024)
    assert np.allclose(scan.geometry.affine[:3, 3], (10, 20, 30))
    assert np.allclose(scan.geometry.spacing, (0.5, 0.75, 2.5))
    assert scan.geometry.axis_codes == ("L", "P", "S")
    assert scan.source.modality == "CT"
    assert [path.name for path in scan.source.dicom_files] == [f"slice_{90 - k}" for k in range(5)]
    assert scan.notices == ()


def test_each_slice_has_its_own_rescaling(tmp_path: Path) -> None:
    for number in range(3):
        write_slice(
            tmp_path / f"{number}.dcm", number, RescaleSlope=number + 0.5, RescaleIntercept=1
        )
    array = read_dicom(tmp_path).array
    assert array.dtype == np.float32
    for k in range(3):
        assert np.allclose(array[..., k].T, pixels(k) * (k + 0.5) + 1)


def test_a_single_file_is_one_slice(tmp_path: Path) -> None:
    write_series(tmp_path)
    scan = read_dicom(tmp_path / "slice_88")
    assert scan.geometry.shape == (8, 6, 1)
    assert np.allclose(scan.geometry.to_mm((0, 0, 0)), (10, 20, 35))
    assert scan.geometry.spacing == (0.5, 0.75, 5)


def test_other_files_beside_the_slices_are_passed_over(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "deep" / "er")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "chance.bin").write_bytes(b"\x08\x00" + bytes(range(256)) * 4)
    (folder / ".hidden").write_bytes(b"x")
    assert read_dicom(tmp_path).geometry.shape == (8, 6, 5)


def test_a_folder_without_slices_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no DICOM image"):
        read_dicom(tmp_path)


def test_several_series_are_listed_and_one_is_chosen(tmp_path: Path) -> None:
    write_series(tmp_path / "a", SeriesInstanceUID="1.2.4", SeriesNumber=4)
    write_series(tmp_path / "b", range(3), SeriesDescription="head", SeriesNumber=7)
    with pytest.raises(ValueError, match=r"holds 2 series(.|\n)*2: CT 'head', 3 slices of 8 x 6"):
        read_dicom(tmp_path)
    for chosen in (2, "2", "1.2.3"):
        assert read_dicom(tmp_path, series=chosen).geometry.shape == (8, 6, 3)
    with pytest.raises(ValueError, match="no series '9'"):
        read_dicom(tmp_path, series=9)


def test_series_without_uids_are_told_apart(tmp_path: Path) -> None:
    write_series(tmp_path / "a", SeriesInstanceUID="")
    write_series(tmp_path / "b", SeriesInstanceUID="", SeriesDescription="head")
    with pytest.raises(ValueError, match="holds 2 series"):
        read_dicom(tmp_path)


def test_a_localizer_and_phases_become_series_of_their_own(tmp_path: Path) -> None:
    for phase in (1, 2):
        write_series(tmp_path / str(phase), TemporalPositionIdentifier=phase)
    write_slice(tmp_path / "scout", 0, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    with pytest.raises(ValueError, match=r"holds 3 series(.|\n)*TemporalPositionIdentifier 2"):
        read_dicom(tmp_path)
    assert read_dicom(tmp_path, series=1).geometry.shape == (8, 6, 5)


def test_a_missing_slice_is_refused_or_filled(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "thorax", (0, 1, 3, 4, 5))
    with pytest.raises(ValueError, match=r"'thorax': .* misses 1 slice: there is a gap of 5.00 mm"):
        read_dicom(folder)
    scan = read_dicom(folder, repair=True)
    assert np.array_equal(scan.array[..., 2].T, pixels(2).astype(int) - 1024)
    assert np.array_equal(scan.array[..., 5].T, pixels(5).astype(int) - 1024)
    assert scan.geometry.shape == (8, 6, 6)
    assert np.allclose(scan.geometry.spacing, (0.5, 0.75, 2.5))
    assert [notice.code for notice in scan.notices] == ["resampled"]


def test_slices_filled_in_a_leaning_stack_are_told_of(tmp_path: Path) -> None:
    for number in (0, 1, 3, 4):
        place = [-10, -20 + 0.75 * number, 30 + 2.5 * number]
        write_slice(tmp_path / f"{number}", number, ImagePositionPatient=place)
    (notice,) = read_dicom(tmp_path, repair=True).notices
    assert "lean by 16.7 degrees; it also misses 1 slice" in notice.message
    assert notice.figures["tilt_degrees"] == pytest.approx(16.7, abs=0.01)
    assert (notice.figures["missing"], notice.figures["gap_mm"]) == (1, 5)


def test_damaged_slices_are_named(tmp_path: Path) -> None:
    path = write_series(tmp_path) / "slice_88"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    with pytest.raises(ValueError, match="the pixels of 'slice_88' cannot be read"):
        read_dicom(tmp_path)
    path.write_bytes(whole[:400])
    with pytest.raises(ValueError, match="'slice_88' is a damaged DICOM file"):
        read_dicom(tmp_path)


def test_an_x_ray_without_a_place_is_read_with_notices(tmp_path: Path) -> None:
    path = write_slice(
        tmp_path / "x.dcm",
        0,
        Modality="DX",
        ImagePositionPatient=None,
        ImageOrientationPatient=None,
        PixelSpacing=None,
        ImagerPixelSpacing=[0.2, 0.1],
        SliceThickness=None,
        PhotometricInterpretation="MONOCHROME1",
    )
    scan = read_dicom(path)
    assert scan.geometry.spacing == pytest.approx((0.1, 0.2, 1))
    assert [notice.code for notice in scan.notices] == [
        "detector-spacing",
        "no-orientation",
        "no-thickness",
        "inverted",
    ]


def test_a_colour_picture_has_three_channels(tmp_path: Path) -> None:
    colours = np.zeros((6, 8, 3), np.uint8)
    colours[..., 1] = 200
    path = write_slice(
        tmp_path / "x.dcm",
        0,
        pixels=colours,
        SamplesPerPixel=3,
        PlanarConfiguration=0,
        PhotometricInterpretation="RGB",
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
    )
    scan = read_dicom(path)
    assert scan.array.shape == (8, 6, 1, 3)
    assert scan.array[0, 0, 0].tolist() == [0, 200, 0]


@pytest.mark.parametrize(
    ("compressor", "syntax"),
    [("JPEG", "1.2.840.10008.1.2.4.70"), ("JPEG2000", "1.2.840.10008.1.2.4.90")],
)
def test_compressed_slices_are_read(tmp_path: Path, compressor: str, syntax: str) -> None:
    for number in range(3):
        path = write_slice(
            tmp_path / "plain" / f"{number}.dcm",
            number,
            pixels=np.tile(pixels(number), (8, 8)),
            RescaleSlope=None,
            RescaleIntercept=None,
        )
        image = sitk.ReadImage(str(path))
        writer = sitk.ImageFileWriter()
        writer.SetFileName(str(tmp_path / f"{number}.dcm"))
        writer.KeepOriginalImageUIDOn()
        writer.UseCompressionOn()
        writer.SetCompressor(compressor)
        writer.Execute(image)
    plain = read_dicom(tmp_path / "plain")
    shutil.rmtree(tmp_path / "plain")
    assert pydicom.dcmread(tmp_path / "0.dcm").file_meta.TransferSyntaxUID == syntax
    assert np.array_equal(read_dicom(tmp_path).array, plain.array)


def test_an_exception_from_progress_stops_the_reading(tmp_path: Path) -> None:
    write_series(tmp_path)
    seen: list[float] = []
    read_dicom(tmp_path, on_progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1

    def stop(_: float) -> None:
        raise InterruptedError("stopped")

    with pytest.raises(InterruptedError, match="stopped"):
        read_dicom(tmp_path, on_progress=stop)


def test_a_real_series_with_emptied_uids_is_read(shared_data: Path) -> None:
    scan = read_dicom(shared_data / "ct_dicom")
    image = sitk.ReadImage([str(path) for path in scan.source.dicom_files])
    assert np.array_equal(scan.array, sitk.GetArrayFromImage(image).transpose(2, 1, 0))
    assert scan.geometry.spacing == image.GetSpacing()
    assert np.allclose(scan.geometry.to_mm((0, 0, 0)), np.array(image.GetOrigin()) * (-1, -1, 1))
    assert scan.notices == ()


def test_a_number_that_is_no_digit_is_no_choice(tmp_path: Path) -> None:
    write_series(tmp_path)
    with pytest.raises(SeveralSeriesError, match="holds no series '²'"):
        read_scan(tmp_path, series="²")


def test_a_slice_opened_by_itself_is_told_to_be_one_of_a_series(tmp_path):
    series = write_series(tmp_path / "series", range(3))
    one = sorted(series.iterdir())[1]
    (series / "notes.txt").write_text("no slice")
    scan = read_scan(one)
    assert scan.array.shape[2] == 1
    assert [notice.code for notice in scan.notices] == ["one-slice"]
    assert "open the folder" in scan.notices[0].message
    assert read_scan(series).notices == ()


def test_a_slice_that_is_alone_or_among_others_is_not(tmp_path):
    alone = write_slice(tmp_path / "alone" / "one.dcm", 0)
    assert read_scan(alone).notices == ()
    other = write_slice(tmp_path / "two" / "other.dcm", 1, SeriesInstanceUID="1.9")
    one = write_slice(tmp_path / "two" / "one.dcm", 0)
    assert other.is_file()
    assert read_scan(one).notices == ()


def test_jpeg_of_12_bits_is_read(tmp_path: Path) -> None:
    # A file that pydicom brings with it; its picture is lossy, so SimpleITK says what it holds.
    path = Path(str(get_testdata_file("JPGExtended.dcm", download=False)))
    shutil.copy(path, tmp_path / "spect.dcm")
    scan = read_scan(tmp_path / "spect.dcm")
    expected = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))[0]
    assert expected.max() == 264
    assert np.array_equal(scan.array[..., 0].T, expected)


def test_a_picture_that_no_decoder_takes_is_said_in_plain_words(tmp_path: Path) -> None:
    name = "JPEG2000-embedded-sequence-delimiter.dcm"
    shutil.copy(str(get_testdata_file(name, download=False)), tmp_path / "x.dcm")
    with pytest.raises(ValueError, match="no decoder takes them: they are damaged, or packed"):
        read_scan(tmp_path / "x.dcm")


@pytest.mark.parametrize(
    ("tags", "cause"),
    [
        pytest.param(
            {"PhotometricInterpretation": None}, "PhotometricInterpretation", id="no kind"
        ),
        pytest.param({"HighBit": None, "BitsStored": 12}, "HighBit", id="no high bit"),
        pytest.param({"BitsStored": 20}, "BitsStored that fits them", id="too many bits"),
    ],
)
def test_a_slice_that_does_not_say_what_its_pixels_are_is_said_in_plain_words(
    tmp_path: Path, tags: dict[str, object], cause: str
) -> None:
    # A tag is always called by its keyword.
    write_slice(tmp_path / "x.dcm", 0, **tags)
    with pytest.raises(ValueError, match=rf"\(its header states no {cause}\)"):
        read_scan(tmp_path / "x.dcm")


def test_slices_beyond_the_memory_left_are_refused_with_the_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_series(tmp_path)
    monkeypatch.setattr("napari_seg.imaging.free_memory.free_bytes", lambda: 100)
    with pytest.raises(MemoryError, match=r"GB of memory to read, and 0\.0 GB are free; close"):
        read_dicom(tmp_path)
