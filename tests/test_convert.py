import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from dicom_slices import write_series
from typer.testing import CliRunner, Result

from napari_seg import (
    Geometry,
    Label,
    LabelMap,
    LabelTable,
    read_label_table,
    read_labels,
    read_scan,
    write_labels,
)
from napari_seg.cli.commands import app

AFFINE = np.array(
    [[-1.5, 0.0, 0.0, 80.0], [0.0, 0.0, 3.0, -40.0], [0.0, 2.0, 0.0, 10.0], [0.0, 0.0, 0.0, 1.0]]
)
TABLE = LabelTable((Label(3, "liver", (1, 2, 255), "10200004"), Label(205, "größer", (9, 8, 7))))


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["convert", *(str(word) for word in words)])


def error_line(result: Result) -> str:
    """Return the one line of an expected error."""
    assert result.exit_code == 1, result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("napari-seg: ")
    return line


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Write labels of two structures, with their table."""
    array = np.zeros((6, 5, 4), np.uint8)
    array[1:3, 1:3, 1:3] = 3
    array[4, 4, 3] = 205
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "case.nii.gz"
    write_labels(LabelMap(array, Geometry((6, 5, 4), AFFINE), TABLE), path)
    return path


def voxels(path: Path) -> Any:
    return np.asanyarray(nib.load(path).dataobj)


@pytest.mark.parametrize("name", ["x.seg.nrrd", "x.nrrd", "x.mha", "x.nii"])
def test_there_and_back_again(tmp_path: Path, labels: Path, name: str) -> None:
    there = tmp_path / "there" / name
    assert run(labels, "-o", there).exit_code == 0
    turned = sitk.GetArrayFromImage(sitk.ReadImage(str(there))).T
    assert np.array_equal(turned, voxels(labels))
    assert run(there, "-o", tmp_path / "back.nii.gz").exit_code == 0
    assert np.array_equal(voxels(tmp_path / "back.nii.gz"), voxels(labels))
    assert read_label_table(tmp_path / "back.tsv") == TABLE


@pytest.mark.parametrize("name", ["x.tsv", "x.txt", "x.ctbl"])
def test_names_alone(tmp_path: Path, labels: Path, name: str) -> None:
    result = run(labels, "-o", tmp_path / name)
    assert result.exit_code == 0
    assert read_label_table(tmp_path / name) == TABLE
    assert run(tmp_path / name, "-o", tmp_path / "other.tsv").stdout.splitlines() == [
        "value\tlabel",
        "3\tliver",
        "205\tgrößer",
    ]
    assert read_label_table(tmp_path / "other.tsv") == TABLE


def test_masks_and_back(tmp_path: Path, labels: Path) -> None:
    assert run(labels, "-o", tmp_path / "masks", "--as", "masks").exit_code == 0
    assert np.array_equal(voxels(tmp_path / "masks" / "liver.nii.gz"), voxels(labels) == 3)
    assert run(tmp_path / "masks", "-o", tmp_path / "back.nii").exit_code == 0
    assert np.array_equal(voxels(tmp_path / "back.nii"), voxels(labels))


def test_surfaces(tmp_path: Path, labels: Path) -> None:
    assert run(labels, "-o", tmp_path / "surfaces", "--as", "surfaces").exit_code == 0
    mesh = (tmp_path / "surfaces" / "liver.stl").read_bytes()
    assert len(mesh) == 84 + 50 * int.from_bytes(mesh[80:84], "little")


def test_a_dicom_segmentation_and_back(tmp_path: Path) -> None:
    write_series(tmp_path / "slices", StudyInstanceUID="1.2", FrameOfReferenceUID="1.2.4")
    scan = read_scan(tmp_path / "slices")
    array = np.zeros(scan.geometry.shape, np.uint8)
    array[2:4, 1:3, 1:3] = 3
    write_labels(LabelMap(array, scan.geometry, TABLE), tmp_path / "x.nii.gz")
    result = run(tmp_path / "x.nii.gz", "-o", tmp_path / "x.dcm", "--scan", tmp_path / "slices")
    assert result.exit_code == 0, result.output
    assert "notice" in result.stderr  # one label has no voxel
    assert pydicom.dcmread(tmp_path / "x.dcm").Modality == "SEG"
    back = tmp_path / "back.nii.gz"
    assert run(tmp_path / "x.dcm", "-o", back, "--scan", tmp_path / "slices").exit_code == 0
    assert np.array_equal(voxels(back), array)
    assert read_label_table(tmp_path / "back.tsv").names[3] == "liver"


def test_a_series_without_uids_needs_new_ones(tmp_path: Path) -> None:
    write_series(tmp_path / "slices")
    scan = read_scan(tmp_path / "slices")
    array = np.ones(scan.geometry.shape, np.uint8)
    write_labels(LabelMap(array, scan.geometry, LabelTable()), tmp_path / "x.nii.gz")
    words = [tmp_path / "x.nii.gz", "-o", tmp_path / "x.dcm", "--scan", tmp_path / "slices"]
    assert "'x.dcm' cannot be saved" in error_line(run(*words))
    assert not (tmp_path / "x.dcm").exists()
    result = run(*words, "--new-uids")
    assert result.exit_code == 0, result.output
    assert "x.dcm: notice: " in result.stderr


def test_labels_are_brought_onto_a_scan(tmp_path: Path, labels: Path) -> None:
    turned = nib.as_closest_canonical(nib.load(labels))
    nib.Nifti1Image(np.zeros(turned.shape, np.int16), turned.affine).to_filename(tmp_path / "s.nii")
    assert run(labels, "-o", tmp_path / "on.nii", "--scan", tmp_path / "s.nii").exit_code == 0
    assert np.array_equal(voxels(tmp_path / "on.nii"), np.asanyarray(turned.dataobj))


def test_each_notice_names_the_file_that_it_is_of(tmp_path: Path, labels: Path) -> None:
    # The scan and the labels are in metres, and the scan is not packed as its name says.
    image = nib.load(labels)
    metres = nib.Nifti1Image(np.asanyarray(image.dataobj), np.diag([1e-3, 1e-3, 1e-3, 1]) @ AFFINE)
    metres.header.set_xyzt_units("meter")
    metres.to_filename(tmp_path / "labels.nii")
    (tmp_path / "scan.nii.gz").write_bytes((tmp_path / "labels.nii").read_bytes())
    words = [tmp_path / "labels.nii", "-o", tmp_path / "out.nii.gz"]
    result = run(*words, "--scan", tmp_path / "scan.nii.gz", "--json")
    assert result.exit_code == 0, result.output
    told = [(one["file"], one["code"]) for one in json.loads(result.stdout)["notices"]]
    assert told == [
        ("scan.nii.gz", "mislabelled"),
        ("scan.nii.gz", "units"),
        ("labels.nii", "units"),
    ]
    assert "scan.nii.gz: notice: the file is not compressed" in result.stderr
    assert "labels.nii: notice: lengths stored in meter" in result.stderr
    assert "out.nii.gz: notice" not in result.stderr


def test_another_grid_is_refused_or_resampled(tmp_path: Path, labels: Path) -> None:
    fine = AFFINE @ np.diag([0.5, 1, 1, 1])
    nib.Nifti1Image(np.zeros((12, 5, 4), np.int16), fine).to_filename(tmp_path / "s.nii")
    words = [labels, "-o", tmp_path / "on.nii", "--scan", tmp_path / "s.nii"]
    assert "'case.nii.gz': the labels lie on another grid" in error_line(run(*words))
    result = run(*words, "--resample", "--json")
    assert result.exit_code == 0
    assert [notice["code"] for notice in json.loads(result.stdout)["notices"]] == ["resampled"]
    assert "case.nii.gz: notice: labels of" in result.stderr
    assert np.array_equal(voxels(tmp_path / "on.nii")[::2], voxels(labels))


def test_a_table_of_another_program_names_the_labels(tmp_path: Path, labels: Path) -> None:
    (tmp_path / "snap.txt").write_text('3 1 2 3 1 1 1 "spleen"\n')
    assert run(labels, "-o", tmp_path / "x.nii", "--table", tmp_path / "snap.txt").exit_code == 0
    assert read_labels(tmp_path / "x.nii").table.names == {3: "spleen", 205: "label 205"}


def test_the_result_is_told(tmp_path: Path, labels: Path) -> None:
    result = run(labels, "-o", tmp_path / "x.nrrd")
    assert result.stdout.splitlines() == [
        "value\tlabel\tvolume (ml)",
        "3\tliver\t0.072",
        "205\tgrößer\t0.009",
    ]
    document = json.loads(run(labels, "-o", tmp_path / "y.nrrd", "--json").stdout)
    assert document["output"].endswith("y.nrrd")
    assert document["labels"][0] == {
        "value": 3,
        "name": "liver",
        "code": "10200004",
        "volume_ml": pytest.approx(0.072),
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "out"], "'out' does not say how to write the labels"),
        (["-o", "x.nii", "--as", "masks"], "--as masks writes a folder"),
        (["-o", "out", "--as", "meshes"], "--as takes masks or surfaces, got 'meshes'"),
        (["-o", "x.dcm"], "'x.dcm' needs --scan"),
        (["-o", "x.jpg"], "must end in one of"),
        (["-o", "x.nii", "--scan", "missing.nii"], "no file or folder 'missing.nii'"),
        (["-o", "x.nii", "--table", "missing.tsv"], "no table of labels 'missing.tsv'"),
    ],
)
def test_bad_requests_are_one_line(
    tmp_path: Path,
    labels: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in error_line(run(labels, *words))
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_table_makes_no_voxels(tmp_path: Path, labels: Path) -> None:
    message = error_line(run(labels.with_name("case.tsv"), "-o", tmp_path / "x.nii"))
    assert "'case.tsv' holds names without voxels" in message
    assert "no file or folder" in error_line(
        run(tmp_path / "nothing.nii", "-o", tmp_path / "x.nii")
    )


def test_nothing_is_written_over_without_being_asked(tmp_path: Path, labels: Path) -> None:
    before = voxels(labels)
    assert "already there" in error_line(run(labels, "-o", labels.with_name("case.tsv")))
    assert "not written over" in error_line(run(labels, "-o", labels, "--overwrite"))
    (tmp_path / "x.tsv").write_text("mine")
    assert "x.tsv is already there" in error_line(run(labels, "-o", tmp_path / "x.nii"))
    assert run(labels, "-o", tmp_path / "x.nii", "--overwrite").exit_code == 0
    assert np.array_equal(voxels(labels), before)


def test_a_shared_table_stays_right(tmp_path: Path, labels: Path) -> None:
    assert run(labels, "-o", labels.with_name("case.nrrd")).exit_code == 0
    for path in (labels, labels.with_name("case.nrrd")):
        assert read_labels(path).table == TABLE
    (tmp_path / "snap.txt").write_text('3 1 2 3 1 1 1 "spleen"\n')
    words = [labels, "-o", labels.with_name("case.mha"), "--table", tmp_path / "snap.txt"]
    assert "would share the table 'case.tsv' with 'case.nii.gz'" in error_line(run(*words))
    assert read_labels(labels).table == TABLE


def test_a_folder_of_other_things_is_not_replaced(tmp_path: Path, labels: Path) -> None:
    words = [labels, "-o", labels.parent, "--as", "masks"]
    assert "already there" in error_line(run(*words))
    assert "'in' holds 'case.nii.gz' and is not replaced" in error_line(run(*words, "--overwrite"))
    assert labels.is_file()


def test_labels_are_brought_onto_a_series_that_is_repaired(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "ct", [0, 1, 3, 4])
    # LPS (-10, -20, 30), 0.5 x 0.75 x 2.5 mm, as the series would be with its missing slice.
    mask = np.zeros((8, 6, 5), np.uint8)
    mask[2:4, 1:3, 1:4] = 1
    affine = np.array([[-0.5, 0, 0, 10], [0, -0.75, 0, 20], [0, 0, 2.5, 30], [0, 0, 0, 1]])
    nib.save(nib.Nifti1Image(mask, affine), tmp_path / "seg.nii.gz")
    words = [tmp_path / "seg.nii.gz", "-o", tmp_path / "x.nii.gz", "--scan", folder]
    assert "--repair on the command line" in error_line(run(*words))
    result = run(*words, "--repair")
    assert result.exit_code == 0, result.output
    assert "misses 1 slice" in result.stderr
    assert np.array_equal(voxels(tmp_path / "x.nii.gz"), mask)


@pytest.mark.parametrize("option", [["--series", "2"], ["--repair"]], ids=["series", "repair"])
def test_options_of_a_scan_need_one(tmp_path: Path, labels: Path, option: list[str]) -> None:
    message = error_line(run(labels, "-o", tmp_path / "x.nii.gz", *option))
    assert "give its folder as --scan" in message
