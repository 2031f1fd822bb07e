from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from dicom_slices import write_series
from PIL import Image

from napari_seg import LabelMap, LabelTable, read_labels, read_scan, write_labels
from napari_seg.imaging.label_files.recognition import is_label_file

FEW = np.zeros((6, 5, 4), np.uint8)
FEW[1:3, 1:3] = 3
FEW[4] = 200
MANY = np.arange(6 * 50 * 4, dtype=np.int16).reshape(6, 50, 4)


def write(path: Path, array: Any, slope: float | None = None) -> Path:
    path.parent.mkdir(exist_ok=True)
    image = nib.Nifti1Image(array, np.eye(4))
    if slope is not None:
        image.header.set_slope_inter(slope, 0)
    image.to_filename(path)
    return path


@pytest.mark.parametrize(
    ("name", "array", "expected"),
    [
        pytest.param("x.nii.gz", FEW, None, id="few whole numbers"),
        pytest.param("x.nii", FEW.astype(np.float32), None, id="few whole numbers as floats"),
        pytest.param("x.nii.gz", MANY, False, id="many values"),
        pytest.param("x.nii.gz", FEW.astype(np.int16) - 1, False, id="below 0"),
        pytest.param("x.nii.gz", FEW + np.float32(0.5), False, id="fractions"),
        pytest.param("x.nii.gz", np.full((3, 4, 5), np.nan, np.float32), False, id="NaN"),
        pytest.param("x.nii.gz", np.stack([FEW, FEW], axis=-1), False, id="two volumes"),
        pytest.param("x_dseg.nii.gz", MANY, True, id="_dseg"),
        pytest.param("x_seg.nii.gz", FEW, True, id="_seg"),
        pytest.param("liver mask.nii.gz", FEW, True, id="mask"),
        pytest.param("segovia.nii.gz", MANY, False, id="a word that only begins so"),
        pytest.param("labelsTr/x.nii.gz", FEW, True, id="folder of labels"),
    ],
)
def test_name_and_voxels_tell(tmp_path: Path, name: str, array: Any, expected: bool | None) -> None:
    assert is_label_file(write(tmp_path / name, array)) is expected


def test_a_table_beside_says_labels(tmp_path: Path) -> None:
    path = write(tmp_path / "x.nii.gz", MANY)
    (tmp_path / "x.tsv").write_text("participant\tage\n1\t70\n")
    assert is_label_file(path) is False
    (tmp_path / "x.tsv").write_text("index\tname\n1\tliver\n")
    assert is_label_file(path) is True


def test_a_stored_slope_speaks_for_a_scan(tmp_path: Path) -> None:
    assert is_label_file(write(tmp_path / "x.nii", FEW, slope=0.5)) is False


def test_a_scan_is_known_by_its_first_part(tmp_path: Path) -> None:
    # Cut short behind many values: not read to its end.
    path = write(tmp_path / "x.nii", np.arange(3_000_000, dtype=np.int32).reshape(300, 100, 100))
    path.write_bytes(path.read_bytes()[:5_000_000])
    assert is_label_file(path) is False


@pytest.mark.parametrize("name", ["x.seg.nrrd", "x.nrrd"])
def test_slicer_segmentations_are_labels_by_name_or_header(tmp_path: Path, name: str) -> None:
    image = sitk.GetImageFromArray(FEW)
    assert is_label_file(save(image, tmp_path / "plain.nrrd")) is None
    image.SetMetaData("Segment0_ID", "Segment_1")
    assert is_label_file(save(image, tmp_path / name)) is True


def save(image: sitk.Image, path: Path) -> Path:
    sitk.WriteImage(image, str(path))
    return path


def test_pictures(tmp_path: Path) -> None:
    Image.fromarray(FEW[:, :, 0]).save(tmp_path / "grey.png")
    Image.fromarray(np.zeros((4, 5, 3), np.uint8)).save(tmp_path / "colour.png")
    assert is_label_file(tmp_path / "grey.png") is None
    assert is_label_file(tmp_path / "colour.png") is False


def test_dicom_slices_are_a_scan(tmp_path: Path) -> None:
    write_series(tmp_path)
    assert is_label_file(tmp_path) is False
    assert is_label_file(next(tmp_path.iterdir())) is False


def test_a_folder_of_masks(tmp_path: Path) -> None:
    for name in ("liver", "spleen"):
        write(tmp_path / "masks" / f"{name}.nii.gz", (FEW > 0).astype(np.uint8))
    assert is_label_file(tmp_path / "masks") is True
    write(tmp_path / "masks" / "ct.nii.gz", FEW)
    assert is_label_file(tmp_path / "masks") is False


def test_a_folder_of_masks_of_several_patients_is_none(tmp_path: Path) -> None:
    write(tmp_path / "cases" / "one.nii.gz", np.ones((3, 4, 5), np.uint8))
    write(tmp_path / "cases" / "two.nii.gz", np.ones((5, 4, 3), np.uint8))
    assert is_label_file(tmp_path / "cases") is False


@pytest.mark.parametrize("content", [b"", b"hello", b"\x1f\x8b broken"])
def test_what_cannot_be_read_is_no_label(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.nii.gz").write_bytes(content)
    assert is_label_file(tmp_path / "x.nii.gz") is False
    assert is_label_file(tmp_path / "missing.nii.gz") is False
    (tmp_path / "empty").mkdir()
    assert is_label_file(tmp_path / "empty") is False


def test_real_scans_and_labels(shared_data: Path) -> None:
    assert is_label_file(shared_data / "ct" / "torso_ct_labels.nii.gz") is True
    for scan in ("ct/torso_ct.nii.gz", "ct/torso_ct_long.nii.gz", "head/t1_head.nii.gz"):
        assert is_label_file(shared_data / scan) is False
    for scan in sorted((shared_data / "hippocampus" / "imagesTr").iterdir())[:20]:
        assert is_label_file(scan) is not True


@pytest.mark.parametrize("below", ["", "CT"])
def test_masks_beside_dicom_slices_do_not_make_labels_of_the_folder(
    tmp_path: Path, below: str
) -> None:
    write_series(tmp_path / below)
    write(tmp_path / "liver.nii.gz", (FEW > 0).astype(np.uint8))
    assert is_label_file(tmp_path) is False
    assert read_labels(tmp_path).table.names == {1: "liver"}


def test_masks_beside_a_dicom_segmentation_are_labels(tmp_path: Path) -> None:
    mask = np.zeros((8, 6, 5), np.uint8)
    mask[2:5, 2:4, 1:3] = 1
    scan = read_scan(
        write_series(tmp_path / "scan", StudyInstanceUID="1.2", FrameOfReferenceUID="1.3")
    )
    (tmp_path / "masks").mkdir()
    labels = LabelMap(mask, scan.geometry, LabelTable.from_names({1: "liver"}))
    write_labels(labels, tmp_path / "masks" / "seg.dcm", source=scan)
    write_labels(labels, tmp_path / "masks" / "liver.nii.gz", source=scan)
    assert is_label_file(tmp_path / "masks") is True
