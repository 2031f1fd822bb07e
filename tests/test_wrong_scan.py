"""A scan unlike those of the training is named as such; one like them is not."""

import json
from dataclasses import replace

import numpy as np
import pytest
from monai.bundle import ConfigParser
from scipy import ndimage
from scipy.spatial.transform import Rotation

from napari_seg.imaging.files import read_scan, sample_data_folder
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Scan, Source
from napari_seg.segmentation.bundle import load_bundle
from napari_seg.segmentation.bundle_description import describe_bundle, shipped_bundle_folder
from napari_seg.segmentation.fingerprint import (
    Fingerprint,
    Spread,
    figures_of,
    fingerprint_of,
    read_fingerprint,
)
from napari_seg.segmentation.inference import segment
from napari_seg.segmentation.wrong_scan import notice_differences, why_too_large

DESCRIPTION = describe_bundle()
HU = Spread((-1020.0, -950, -150, 20, 60, 150, 400), (-1000.0, -800, -50, 60, 120, 300, 1400))
CT = replace(
    DESCRIPTION,
    fingerprint=Fingerprint(
        cases=20,
        modality="CT",
        is_hounsfield=True,
        spacing_mm=Spread((0.7, 0.7, 1.0), (3.0, 3.0, 5.0)),
        field_of_view_mm=Spread((90, 90, 90), (500, 500, 900)),
        tilt_degrees=0,
        intensity=HU,
        standard_intensity=HU,
        contrast=Spread((0.8,), (3.0,)),
    ),
)


@pytest.fixture(scope="module")
def crop():
    return read_scan(sample_data_folder() / "hippocampus_left.nii.gz")


def cases(shared_data, part):
    config = ConfigParser()
    config.read_config(shipped_bundle_folder() / "configs" / "train.json")
    config["dataset_dir"] = str(shared_data / "hippocampus")
    return [case["image"] for case in config.get_parsed_content("split")[part]]


def codes(scan, description=DESCRIPTION):
    return [notice.code for notice in notice_differences(scan, description)]


def on(scan, affine):
    return replace(scan, geometry=Geometry(scan.geometry.shape, affine))


def test_none_of_the_42_validation_cases_raises_a_false_alarm(shared_data):
    scans = [read_scan(path) for path in cases(shared_data, 1)]
    assert len(scans) == 42
    for variant in (None, "two_d"):
        description = describe_bundle(variant=variant)
        assert [codes(scan, description) for scan in scans] == [[]] * 42
        offset = [scan.with_array(scan.array.astype(np.float32) + 1000) for scan in scans]
        assert [codes(scan, description) for scan in offset] == [[]] * 42


def test_the_shipped_fingerprint_is_that_of_the_166_training_cases(shared_data):
    found = fingerprint_of(map(read_scan, cases(shared_data, 0)), modality="MR")
    metadata = json.loads((shipped_bundle_folder() / "configs" / "metadata.json").read_text())
    assert found.cases == 166
    assert metadata["fingerprint"] == found.as_dict()


def test_the_samples_raise_no_alarm(crop):
    assert codes(crop) == []
    assert codes(read_scan(sample_data_folder() / "hippocampus_right.nii.gz")) == []


def test_ct_for_a_model_of_mr_is_named_by_its_header_and_by_its_air(crop, shared_data):
    by_header = replace(crop, source=Source(format="DICOM", modality="CT"))
    (notice,) = notice_differences(by_header, DESCRIPTION)
    assert notice.code == "other-modality"
    assert "the scan is CT, the model was trained on MR" in notice.message
    torso = read_scan(shared_data / "ct" / "torso_ct.nii.gz")
    assert "other-unit" in codes(torso)


def test_mr_for_a_model_of_ct_is_named(crop):
    assert "other-unit" in codes(crop, CT)


def test_ct_for_a_model_of_ct_raises_no_alarm(shared_data):
    known = fingerprint_of([read_scan(shared_data / "ct" / "torso_ct.nii.gz")], modality="CT")
    assert known.is_hounsfield
    scan = read_scan(shared_data / "ct" / "torso_ct_long.nii.gz")
    assert codes(scan, replace(CT, fingerprint=known)) == ["large-field-of-view"]


def test_slices_of_5_mm_are_named_for_a_3d_model_only(crop):
    thick = on(crop, np.diag([1.0, 1.0, 5.0, 1.0]))
    found = notice_differences(thick, DESCRIPTION)
    assert found[0].code == "coarse-voxels"
    assert found[0].figures == {"axis": "bottom to top", "mm": 5.0, "trained_mm": 1.0}
    assert "coarse-voxels" not in codes(thick, describe_bundle(variant="two_d"))


def test_voxels_of_a_fifth_of_a_millimetre_are_named(crop):
    assert "fine-voxels" in codes(on(crop, np.diag([0.2, 0.2, 0.2, 1.0])))


def test_a_huge_and_a_tiny_field_of_view_are_named(crop):
    huge = np.tile(crop.array, (3, 3, 3))
    assert "large-field-of-view" in codes(Scan(huge, Geometry(huge.shape, np.eye(4))))
    assert "small-field-of-view" in codes(crop.crop(((10, 22), (10, 26), (10, 20))))


def test_a_flat_scan_is_named_and_nothing_else_is_said_of_its_intensities(crop):
    flat = np.full(crop.array.shape, 1000, np.float32)
    rounded = flat + np.indices(flat.shape)[0].astype(np.float32) * 6.1e-5
    for array in (np.full(crop.array.shape, 80), flat, rounded):
        assert codes(crop.with_array(array)) == ["flat-scan"]


def test_an_offset_on_all_intensities_raises_no_alarm_where_they_have_no_unit(crop):
    left = crop.array.astype(np.int32)
    for offset in (200, 1000, 30_000):
        assert codes(crop.with_array(left + offset)) == []
    assert "flat-scan" in codes(crop.with_array(left // 20 + 1000), CT)


def test_scans_of_mean_0_raise_no_alarm_though_they_go_below_0(crop):
    left = crop.array.astype(np.float32)
    assert codes(crop.with_array((left - left.mean()) / left.std())) == []
    assert codes(crop.with_array(left / left.max() * 2 - 1)) == []


def test_noise_is_named_and_nothing_else_is_said_of_its_intensities(crop):
    noise = np.random.default_rng(0).normal(100, 20, crop.array.shape)
    assert codes(crop.with_array(noise)) == ["noise"]
    assert codes(crop.with_array(noise.round().astype(np.uint8))) == ["noise"]


def test_a_box_of_soft_tissue_in_ct_is_named_as_stored_and_as_windowed(shared_data):
    array = read_scan(shared_data / "ct" / "torso_ct.nii.gz").array.astype(np.float32)
    shape, third = (36, 52, 40), np.full(3, 1 / 3)
    array = ndimage.affine_transform(array, third, (40, 40, 8), shape, order=1)
    torso = Scan(array, Geometry(shape, np.eye(4)))
    assert array.min() > -600
    (notice,) = notice_differences(torso, DESCRIPTION)
    assert notice.code == "other-unit"
    assert "goes below 0, as CT in Hounsfield units does" in notice.message
    windowed = np.clip(torso.array, -160, 240) + 160
    (notice,) = notice_differences(torso.with_array(windowed), DESCRIPTION)
    assert notice.code == "other-intensities"
    assert "much is dark and little is bright" in notice.message


def test_likeness_is_that_of_the_axis_where_neighbours_are_most_alike():
    rows = np.random.default_rng(0).normal(size=(20, 1, 18)).astype(np.float32)
    array = np.repeat(rows, 15, axis=1)
    array[3, 4, 5] = np.nan
    figures = figures_of(Scan(array, Geometry(array.shape, np.eye(4))))
    assert figures.likeness == pytest.approx(1)
    assert abs(figures_of(Scan(rows, Geometry(rows.shape, np.eye(4)))).likeness) < 0.2


def test_a_few_bright_voxels_among_dark_ones_are_named(crop):
    array = crop.array.astype(np.int32)
    array[:12, :12, :20] = 4000
    (notice,) = notice_differences(crop.with_array(array), DESCRIPTION)
    assert notice.code == "other-intensities"
    assert notice.figures["value"] > notice.figures["trained_most"]


def test_a_tilt_of_40_degrees_is_named(crop):
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("x", 40, degrees=True).as_matrix()
    assert "tilted-scan" in codes(on(crop, affine))


def test_a_picture_is_not_measured_in_mm(crop):
    picture = Scan(crop.array[:, :, 20:21], Geometry((36, 52, 1), np.diag([9.0, 9, 9, 1])))
    picture = replace(picture, source=Source(format="picture"))
    assert codes(picture, describe_bundle(variant="two_d")) == []


def test_a_foreign_model_without_a_fingerprint_is_silent(crop):
    silent = replace(DESCRIPTION, fingerprint=None)
    assert codes(crop.with_array(np.zeros(crop.array.shape)), silent) == []
    assert why_too_large(Geometry((512, 512, 900), np.eye(4)), silent) == ""


def test_a_warning_stands_in_the_labels_and_their_record_and_does_not_stop(crop):
    thick = on(crop, np.diag([1.0, 1.0, 2.0, 1.0]))
    labels = segment(thick, load_bundle(), device="cpu")
    assert "coarse-voxels" in [notice.code for notice in labels.notices]
    assert "coarse-voxels" in [notice["code"] for notice in labels.record["notices"]]


def test_a_fingerprint_comes_back_from_its_metadata():
    written = json.loads(json.dumps(CT.fingerprint.as_dict()))
    assert read_fingerprint({"fingerprint": written}) == CT.fingerprint
    assert read_fingerprint({}) is None


@pytest.mark.parametrize(
    "change",
    [
        {"percentiles": [1, 99]},
        {"spacing_mm": {"least": [1, 1], "most": [1, 1]}},
        {"spacing_mm": {"least": [2, 1, 1], "most": [1, 1, 1]}},
        {"cases": None},
    ],
)
def test_a_fingerprint_that_makes_no_sense_is_refused(change):
    with pytest.raises(ValueError, match="makes no sense"):
        read_fingerprint({"fingerprint": CT.fingerprint.as_dict() | change})


def test_figures_follow_the_patient_whatever_the_order_of_axes():
    affine = np.zeros((4, 4))
    affine[2, 0], affine[0, 1], affine[1, 2], affine[3, 3] = -3, 1, 2, 1
    scan = Scan(np.arange(4 * 5 * 6).reshape(4, 5, 6), Geometry((4, 5, 6), affine))
    figures = figures_of(scan)
    assert figures.spacing_mm == (1, 2, 3)
    assert figures.field_of_view_mm == (5, 12, 12)
    assert figures.tilt_degrees == pytest.approx(0, abs=1e-6)
