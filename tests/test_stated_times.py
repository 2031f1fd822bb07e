"""Series of times in NRRD and MetaImage, in and out."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from odd_files.itk_cases import FIRST, FOUR, NO_SPACE, SEQUENCE, TIMED, TWO_FIRST, TWO_LAST, nrrd

from napari_seg.imaging.files import read_scan, write_scan
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Scan, Source
from napari_seg.imaging.stated_times import seconds_of, step_between

TIMES = ("time 1", "time 2", "time 3")


def series(step: float | None, names: tuple[str, ...] = TIMES) -> Scan:
    array = np.arange(360, dtype=np.int16).reshape(6, 5, 4, 3)
    geometry = Geometry((6, 5, 4), np.diag([1.0, 2.0, 3.0, 1.0]))
    return Scan(array, geometry, names, source=Source(time_step=step))


@pytest.mark.parametrize("step", [2.5, 1 / 3, 0.0])
@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_times_and_their_step_come_back(tmp_path: Path, suffix: str, step: float) -> None:
    path = tmp_path / f"series{suffix}"
    write_scan(series(step), path)
    back = read_scan(path)
    assert back.channel_names == TIMES
    assert back.source.time_step == pytest.approx(step)
    assert back.notices == ()


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
def test_other_programs_read_the_voxels_of_a_series(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"series{suffix}"
    write_scan(series(2.5), path)
    image = sitk.ReadImage(str(path))
    assert image.GetSpacing() == (1, 2, 3)
    assert np.array_equal(sitk.GetArrayFromImage(image).transpose(2, 1, 0, 3), series(2.5).array)


@pytest.mark.parametrize("step", [None, 2.5])
@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
def test_channels_are_no_times(tmp_path: Path, suffix: str, step: float | None) -> None:
    path = tmp_path / f"channels{suffix}"
    write_scan(series(step, ("T1", "T2", "FLAIR")), path)
    back = read_scan(path)
    assert back.channel_names == ("channel 1", "channel 2", "channel 3")
    assert back.source.time_step is None


@pytest.mark.parametrize(
    ("content", "step"),
    [
        (nrrd(TWO_LAST, **TIMED, space_units='"mm" "mm" "mm" "ms"'), 0.005),
        (nrrd(TWO_LAST, **TIMED), 0.0),
        (
            nrrd(
                TWO_LAST,
                **FOUR | NO_SPACE,
                kinds="domain domain domain time",
                spacings="1 2 3 2.5",
                units='"mm" "mm" "mm" "s"',
            ),
            2.5,
        ),
        (nrrd(TWO_FIRST, **FIRST | SEQUENCE, units='"s" "" "" ""'), 1.5),
    ],
    ids=["a space in time", "no unit", "an axis of time", "a sequence of 3D Slicer"],
)
def test_the_step_of_an_nrrd_series_is_read(tmp_path: Path, content: bytes, step: float) -> None:
    (tmp_path / "series.nrrd").write_bytes(content)
    scan = read_scan(tmp_path / "series.nrrd")
    assert scan.channel_names == ("time 1", "time 2")
    assert scan.source.time_step == pytest.approx(step)


@pytest.mark.parametrize("stated", ["soon", "-1", "nan", "1 2"])
def test_a_step_that_makes_no_sense_is_passed_over(tmp_path: Path, stated: str) -> None:
    content = nrrd(TWO_FIRST, **FIRST, endian=f"little\nTimeStepSeconds:={stated}")
    (tmp_path / "scan.nrrd").write_bytes(content)
    assert read_scan(tmp_path / "scan.nrrd").channel_names == ("channel 1", "channel 2")


@pytest.mark.parametrize("values", ["3 1.5 0", "0 0 0", "0 nan 3", "2"])
def test_times_that_do_not_go_on_have_no_step(values: str) -> None:
    assert step_between(values) == 0


@pytest.mark.parametrize(
    ("unit", "seconds"), [("s", 1), (" Sec ", 1), ("ms", 1e-3), ("us", 1e-6), ("min", 60)]
)
def test_units_of_time_are_seconds(unit: str, seconds: float) -> None:
    assert seconds_of(unit) == seconds


@pytest.mark.parametrize("unit", ["", "mm", "m"])
def test_other_units_are_none_of_time(unit: str) -> None:
    assert seconds_of(unit) is None
