"""What the volumes of a NIfTI file are: by its header, by BIDS, by a Decathlon data set."""

import json

import nibabel as nib
import numpy as np
import pytest

from napari_seg.imaging.channels import axis_name
from napari_seg.imaging.files import read_scan, write_scan
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Scan

VOXELS = np.arange(6 * 5 * 4 * 3, dtype=np.int16).reshape(6, 5, 4, 3)
TIMES = ("time 1", "time 2", "time 3")
CHANNELS = ("channel 1", "channel 2", "channel 3")
VOLUMES = ("volume 1", "volume 2", "volume 3")
MODALITIES = {"0": "FLAIR", "1": "T1w", "2": "t1gd"}


def save(path, *, voxels=VOXELS, time_unit="unknown", step=0.0, **fields):
    image = nib.Nifti1Image(voxels, np.diag([1.0, 2.0, 3.0, 1.0]))
    image.header.set_xyzt_units("mm", time_unit)
    image.header["pixdim"][4] = step
    for name, value in fields.items():
        image.header[name] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(image, path)
    return path


def codes(scan):
    return [notice.code for notice in scan.notices]


@pytest.mark.parametrize(
    ("stated", "names"),
    [
        ({"time_unit": "sec", "step": 2.0}, TIMES),
        ({"time_unit": "msec", "step": 720.0}, TIMES),
        ({"time_unit": "sec", "step": 1.0, "slice_code": 1}, TIMES),
        ({"time_unit": "sec", "step": 1.0, "slice_duration": 0.05}, TIMES),
        ({"time_unit": "sec", "step": 1.0, "toffset": 4.0}, TIMES),
        ({"intent_code": 2001}, TIMES),
        ({"time_unit": "ppm", "step": 0.1}, CHANNELS),
        ({"time_unit": "hz", "step": 5.0}, CHANNELS),
        ({"intent_code": 1001, "time_unit": "sec", "step": 2.0}, CHANNELS),
        ({"intent_code": 3}, CHANNELS),
    ],
    ids=str,
)
def test_the_header_decides_where_it_says_so(tmp_path, stated, names):
    scan = read_scan(save(tmp_path / "x.nii.gz", **stated))
    assert scan.channel_names == names
    assert codes(scan) == []
    assert np.array_equal(scan.array, VOXELS)


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [
        ({"time_unit": "sec", "step": 2.0}, 2.0),
        ({"time_unit": "msec", "step": 720.0}, 0.72),
        ({"time_unit": "sec", "step": 1.0, "toffset": 4.0}, 1.0),
        ({"intent_code": 2001}, 0.0),
    ],
    ids=str,
)
def test_times_are_times_again_once_saved(tmp_path, stated, seconds):
    scan = read_scan(save(tmp_path / "x.nii.gz", **stated))
    assert scan.source.time_step == pytest.approx(seconds)
    write_scan(scan, tmp_path / "again.nii.gz")
    again = read_scan(tmp_path / "again.nii.gz")
    assert again.channel_names == TIMES
    assert codes(again) == []
    assert again.source.time_step == pytest.approx(seconds)
    zooms = nib.load(tmp_path / "again.nii.gz").header.get_zooms()
    assert zooms[3] == pytest.approx(seconds or 1.0)


def test_volumes_of_another_format_are_times_once_saved(tmp_path):
    geometry = Geometry(VOXELS.shape[:3], np.eye(4))
    write_scan(Scan(VOXELS, geometry, channel_names=TIMES), tmp_path / "x.nii.gz")
    assert read_scan(tmp_path / "x.nii.gz").channel_names == TIMES


@pytest.mark.parametrize(
    "stated",
    [
        {},
        # ITK and FSL write so whatever the volumes are.
        {"time_unit": "sec", "step": 1.0},
        {"time_unit": "sec", "step": 0.0},
        {"step": 2.0},
        {"time_unit": "sec", "step": np.nan},
        {"time_unit": "sec", "step": -2.0},
    ],
    ids=str,
)
def test_what_nobody_says_is_taken_for_channels_with_a_notice(tmp_path, stated):
    scan = read_scan(save(tmp_path / "x.nii.gz", **stated))
    assert scan.channel_names == VOLUMES
    assert axis_name(scan.channel_names) == "channel"
    assert codes(scan) == ["axis-unsure"]
    [notice] = scan.notices
    assert notice.figures == {"volumes": 3}
    assert "taken as channels" in notice.message


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("sub-01_task-rest_bold.nii.gz", TIMES),
        ("sub-01_asl.nii", TIMES),
        ("sub-01_trc-FDG_pet.nii.gz", TIMES),
        ("sub-01_dwi.nii.gz", CHANNELS),
        ("sub-01_MEGRE.nii.gz", CHANNELS),
    ],
)
def test_the_name_decides_where_it_is_one_of_bids(tmp_path, name, names):
    scan = read_scan(save(tmp_path / name, time_unit="sec", step=1.0))
    assert scan.channel_names == names
    assert codes(scan) == []


@pytest.mark.parametrize("folder", ["imagesTr", "."])
def test_the_modalities_of_a_decathlon_data_set_are_named(tmp_path, folder):
    (tmp_path / "dataset.json").write_text(json.dumps({"modality": MODALITIES}))
    scan = read_scan(save(tmp_path / folder / "BRATS_001.nii.gz", time_unit="sec", step=1.0))
    assert scan.channel_names == ("FLAIR", "T1w", "t1gd")
    assert axis_name(scan.channel_names) == "channel"
    assert codes(scan) == []


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"modality": {"0": "MRI"}}),
        json.dumps({"modality": ["FLAIR", "T1w", "t1gd"]}),
        json.dumps({"modality": {"1": "FLAIR", "2": "T1w", "3": "t1gd"}}),
        json.dumps({"modality": {"0": "FLAIR", "1": 7, "2": "a\nb"}}),
        json.dumps([1, 2]),
        "{",
    ],
    ids=["another count", "a list", "from one", "no names", "another thing", "broken"],
)
def test_another_description_beside_it_says_nothing(tmp_path, text):
    (tmp_path / "dataset.json").write_text(text)
    scan = read_scan(save(tmp_path / "imagesTr" / "x.nii.gz"))
    assert scan.channel_names == VOLUMES


def test_the_real_data_set_of_one_modality_is_read_as_before(shared_data):
    path = next((shared_data / "hippocampus" / "imagesTr").glob("*.nii.gz"))
    scan = read_scan(path)
    assert scan.channel_names == ()
    assert "axis-unsure" not in codes(scan)


def test_vectors_are_channels_and_one_volume_is_none(tmp_path):
    vector = read_scan(save(tmp_path / "v.nii.gz", voxels=VOXELS[:, :, :, np.newaxis]))
    assert vector.channel_names == CHANNELS
    one = read_scan(save(tmp_path / "one.nii.gz", voxels=VOXELS[..., :1]))
    assert one.channel_names == ()
    assert codes(one) == ["one-volume"]
