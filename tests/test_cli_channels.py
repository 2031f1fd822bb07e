"""Models of several channels, from several files."""

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from dicom_slices import write_slice
from test_cli import SAMPLE, error_line, run, voxels
from two_channel_bundle import write_two_channel_bundle

from napari_seg import load_bundle, read_scan, segment


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scan on the grid of the sample that holds nothing but noise."""
    sample = nibabel.load(SAMPLE)
    path = tmp_path_factory.mktemp("noise") / "noise.nii.gz"
    values = np.random.default_rng(0).normal(100, 10, sample.shape).astype(np.float32)
    nibabel.save(nibabel.Nifti1Image(values, sample.affine, sample.header), path)
    return path


@pytest.fixture(scope="module")
def expected() -> np.ndarray:
    return segment(read_scan(SAMPLE), load_bundle(), device="cpu").array


@pytest.mark.parametrize("looks_at", [0, 1], ids=["first", "second"])
def test_channels_go_to_the_network_in_the_order_given(
    tmp_path: Path, noise: Path, expected: np.ndarray, looks_at: int
) -> None:
    bundle = write_two_channel_bundle(tmp_path / "bundle", looks_at=looks_at)
    scan, channel = (SAMPLE, noise) if looks_at == 0 else (noise, SAMPLE)
    labels = tmp_path / "labels.nii.gz"
    result = run(
        *("segment", scan, "--channel", channel, "-o", labels),
        *("--model", bundle, "--device", "cpu"),
    )
    assert result.exit_code == 0, result.output
    np.testing.assert_array_equal(voxels(labels), expected)
    record = json.loads((tmp_path / "labels.json").read_text())
    assert "--channel CHANNEL_2" in record["command"]
    assert record["scan"]["shape"][3] == 2


def test_a_channel_on_another_grid_is_refused(tmp_path: Path) -> None:
    bundle = write_two_channel_bundle(tmp_path / "bundle", looks_at=0)
    other = SAMPLE.with_name("hippocampus_right.nii.gz")
    result = run("segment", SAMPLE, "--channel", other, "-o", tmp_path, "--model", bundle)
    assert "the channels must lie on one grid: FLAIR has" in error_line(result)


def test_a_missing_channel_is_named_with_the_way_out(tmp_path: Path) -> None:
    bundle = write_two_channel_bundle(tmp_path / "bundle", looks_at=0)
    result = run("segment", SAMPLE, "-o", tmp_path, "--model", bundle)
    assert "expects 2 channels (T1, FLAIR), the scan has 1" in error_line(result)
    assert "--channel" in error_line(result)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--channel", "a.nii"), "takes 1 channel (T1-weighted MR), got 2"),
        (("b.nii", "--channel", "a.nii"), "belongs to one scan, got 2"),
    ],
    ids=["too many", "two scans"],
)
def test_channels_that_do_not_fit_are_a_usage_error(
    tmp_path: Path, words: tuple[str, ...], reason: str
) -> None:
    result = run("segment", SAMPLE, *words, "-o", tmp_path)
    assert result.exit_code == 2
    assert reason in " ".join(result.stderr.replace("│", " ").split())


def test_a_channel_is_never_written_over(tmp_path: Path) -> None:
    bundle = write_two_channel_bundle(tmp_path / "bundle", looks_at=0)
    channel = tmp_path / "flair.nii.gz"
    channel.write_bytes(SAMPLE.read_bytes())
    before = channel.read_bytes()
    result = run(
        *("segment", SAMPLE, "--channel", channel, "-o", channel),
        *("--model", bundle, "--overwrite"),
    )
    assert "is read itself" in error_line(result)
    assert channel.read_bytes() == before


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A folder with the sample, the first of two series, and noise, the second."""
    sample = nibabel.load(SAMPLE)
    values = np.asarray(sample.dataobj).astype(np.uint16)
    noise = np.random.default_rng(0).normal(100, 10, values.shape).astype(np.uint16)
    for number, scan in ((1, values), (2, noise)):
        for k in range(scan.shape[2]):
            write_slice(
                tmp_path / "study" / f"{number}_{k}",
                k,
                pixels=scan[..., k].T.copy(),
                SeriesInstanceUID=f"1.2.{number}",
                SeriesNumber=number,
                Modality="MR",
                RescaleSlope=None,
                RescaleIntercept=None,
                PixelSpacing=[1, 1],
                ImagePositionPatient=[0, 0, k],
            )
    return tmp_path / "study"


def test_each_channel_has_a_series_of_its_own(tmp_path: Path, study: Path) -> None:
    bundle = write_two_channel_bundle(tmp_path / "bundle", looks_at=1)
    labels = tmp_path / "labels.nii.gz"
    result = run(
        *("segment", study, "--series", "2", "--channel", study, "--series", "1"),
        *("-o", labels, "--model", bundle, "--device", "cpu"),
    )
    assert result.exit_code == 0, result.output
    alone = segment(read_scan(study, series=1), load_bundle(), device="cpu")
    assert np.any(alone.array)
    np.testing.assert_array_equal(voxels(labels), alone.array)
    record = json.loads((tmp_path / "labels.json").read_text())
    assert "--series 2 --series 1" in record["command"]
    assert record["options"]["series"] == [2, 1]


def test_a_channel_of_several_series_says_how_to_choose(tmp_path: Path, study: Path) -> None:
    bundle = write_two_channel_bundle(tmp_path / "bundle", looks_at=0)
    words = ("segment", study, "--series", "1", "--channel", study, "-o", tmp_path)
    result = run(*words, "--model", bundle)
    assert result.exit_code == 1
    assert "holds 2 series" in result.stderr
    assert "then for each channel" in result.stderr
    assert "2: MR 'thorax'" in result.stderr


def test_more_series_than_channels_are_a_usage_error(tmp_path: Path, study: Path) -> None:
    result = run("segment", study, "--series", "1", "--series", "2", "-o", tmp_path)
    assert result.exit_code == 2
    assert "--series" in result.stderr


@pytest.fixture(scope="module")
def times(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scan in time whose second volume is the sample."""
    sample = nibabel.load(SAMPLE)
    voxels = np.asanyarray(sample.dataobj)
    path = tmp_path_factory.mktemp("times") / "bold.nii.gz"
    header = sample.header.copy()
    header.set_xyzt_units("mm", "sec")
    series = np.stack([np.zeros_like(voxels), voxels, voxels[::-1]], axis=3)
    nibabel.save(nibabel.Nifti1Image(series, sample.affine, header), path)
    return path


def test_one_volume_of_a_scan_is_segmented_as_if_alone(
    tmp_path: Path, times: Path, expected: np.ndarray
) -> None:
    labels = tmp_path / "labels.nii.gz"
    result = run("segment", times, "--volume", "2", "-o", labels, "--device", "cpu")
    assert result.exit_code == 0, result.output
    np.testing.assert_array_equal(voxels(labels), expected)
    record = json.loads((tmp_path / "labels.json").read_text())
    assert "--volume 2" in record["command"]
    assert record["options"]["volume"] == 2
    assert len(record["scan"]["shape"]) == 3


def test_a_volume_that_is_not_there_is_refused_with_those_that_are(
    tmp_path: Path, times: Path
) -> None:
    line = error_line(run("segment", times, "--volume", "4", "-o", tmp_path / "out"))
    assert "holds 3 volumes, got volume 4; choose one from 1 to 3" in line
    line = error_line(run("segment", SAMPLE, "--volume", "2", "-o", tmp_path / "out"))
    assert "holds 1 volume, got volume 2" in line


def test_a_scan_of_too_many_channels_is_told_what_helps(tmp_path: Path, times: Path) -> None:
    line = error_line(run("segment", times, "-o", tmp_path / "out"))
    assert "expects 1 channel (T1-weighted MR), the scan has 3; take_volume (--volume N" in line
    picture = tmp_path / "photo.png"
    sitk.WriteImage(sitk.Image([64, 48], sitk.sitkVectorUInt8, 3), str(picture))
    words = ("segment", picture, "-o", tmp_path / "out", "--variant", "two_d")
    assert "the scan has 3; it is a colour picture: turn it grey" in run(*words).stderr
