"""No text that could name a patient leaves a scan: planted words are looked for in every output."""

import gzip
import tempfile
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from dicom_slices import write_series
from typer.testing import CliRunner, Result

from napari_seg import (
    read_scan,
    write_label_table,
    write_labels,
    write_masks,
    write_surfaces,
)
from napari_seg.cli import app
from napari_seg.imaging.files import sample_data_folder, write_scan
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import LabelMap, Scan

CANARY = "Xanthippe"
SAMPLE = sample_data_folder() / "hippocampus_left.nii.gz"


def nifti(folder: Path) -> Path:
    sample = nibabel.load(SAMPLE)
    header = sample.header.copy()
    for name, size in (("descrip", 80), ("aux_file", 24), ("intent_name", 16), ("db_name", 18)):
        header[name] = CANARY.encode()[:size]
    header.extensions.append(
        nibabel.nifti1.Nifti1Extension("comment", f"patient {CANARY}".encode())
    )
    image = nibabel.Nifti1Image(np.asanyarray(sample.dataobj), sample.affine, header)
    path = folder / f"{CANARY}.nii.gz"
    nibabel.save(image, path)
    assert CANARY.encode() in gzip.decompress(path.read_bytes())
    return path


def itk_file(folder: Path, suffix: str) -> Path:
    image = sitk.ReadImage(str(SAMPLE))
    image.SetMetaData("PatientName", CANARY)
    image.SetMetaData("Comment", f"scan of {CANARY}")
    path = folder / f"{CANARY}{suffix}"
    sitk.WriteImage(image, str(path))
    assert CANARY.encode() in path.read_bytes()
    return path


def dicom(folder: Path) -> Path:
    texts = dict.fromkeys(
        (
            *("PatientName", "PatientComments", "StudyDescription", "SeriesDescription"),
            *("ReferringPhysicianName", "OperatorsName", "ProtocolName", "ImageComments"),
            *("InstitutionName", "InstitutionAddress", "AdditionalPatientHistory"),
        ),
        CANARY,
    )
    short = dict.fromkeys(("PatientID", "AccessionNumber", "StudyID", "StationName"), CANARY)
    voxels = np.asanyarray(nibabel.load(SAMPLE).dataobj)
    place = folder / CANARY
    for number in range(voxels.shape[2]):
        write_series(
            place,
            [number],
            pixels=voxels[:, ::-1, number].T.astype(np.uint16),
            PixelSpacing=[1.0, 1.0],
            ImagePositionPatient=[0.0, 0.0, float(number)],
            SliceThickness=1.0,
            RescaleIntercept=0,
            Modality="MR",
            FrameOfReferenceUID="1.2.840.99999.1",
            **texts,
            **short,
        )
    return place


SCANS = {
    "NIfTI": nifti,
    "NRRD": lambda folder: itk_file(folder, ".nrrd"),
    "MetaImage": lambda folder: itk_file(folder, ".mha"),
    "DICOM": dicom,
}


@pytest.fixture(params=SCANS, ids=list(SCANS))
def named_scan(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / f"ward {CANARY}"
    folder.mkdir()
    return SCANS[request.param](folder)


def holders(folder: Path) -> list[str]:
    """Name the files below a folder that hold the planted word, in their names or in their bytes."""
    found = []
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        texts = (content, content.decode("utf-16", "ignore").encode(), path.name.encode())
        if any(CANARY.lower().encode() in text.lower() for text in texts):
            found.append(path.name)
    return found


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def labels_of(scan: Scan) -> LabelMap:
    array = (scan.array > np.median(scan.array)).astype(np.uint8)
    return LabelMap(array, scan.geometry, LabelTable.from_names({1: "bright"}), source=scan.source)


def test_notices_and_source_hold_no_text_of_the_file(named_scan: Path) -> None:
    scan = read_scan(named_scan)
    source = str(scan.source).replace(str(named_scan), "").replace(str(named_scan.parent), "")
    assert CANARY not in source
    assert CANARY not in str(scan.notices)
    assert CANARY not in str(scan.channel_names)


def test_masks_surfaces_and_tables_hold_no_text_of_the_scan(
    named_scan: Path, tmp_path: Path
) -> None:
    scan = read_scan(named_scan)
    labels = labels_of(scan)
    output = tmp_path / "out"
    output.mkdir()
    write_masks(labels, output / "masks", source=scan)
    write_surfaces(labels, output / "surfaces")
    for suffix in (".txt", ".ctbl", ".tsv"):
        write_label_table(labels.table, output / f"table{suffix}")
    write_labels(labels, output / "labels.seg.nrrd", source=scan)
    assert len(list(output.iterdir())) >= 6
    assert holders(output) == []


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha"])
def test_no_writer_hands_on_text_of_the_scan(named_scan: Path, suffix: str, tmp_path: Path) -> None:
    scan = read_scan(named_scan)
    output = tmp_path / "out"
    output.mkdir()
    write_labels(labels_of(scan), output / f"labels{suffix}", source=scan)
    write_scan(scan, output / f"scan{suffix}")
    assert len(list(output.iterdir())) == 3
    assert holders(output) == []


def test_a_segmented_case_is_called_by_its_pseudonym_alone(
    named_scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, output, temporary = tmp_path / "names.csv", tmp_path / "out", tmp_path / "temporary"
    names.write_text(f"case,pseudonym\n{CANARY},case-7\n", encoding="utf-8")
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    result = run(
        *("segment", named_scan, "-o", output, "--overlay", "--json", "--pseudonyms", names)
    )
    assert result.exit_code == 0, result.output
    assert (output / "case-7_dseg.nii.gz").is_file()
    assert CANARY not in result.stdout + result.stderr
    assert "case-7" in result.stdout
    assert holders(output) == holders(temporary) == []


def test_files_of_a_segmented_case_hold_no_name_but_their_own(
    named_scan: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out" / "labels.nii.gz"
    result = run("segment", named_scan, "-o", output, "--overlay")
    assert result.exit_code == 0, result.output
    assert holders(output.parent) == []
    assert str(named_scan.parent) not in result.stderr


def test_a_failure_names_the_case_by_its_pseudonym(tmp_path: Path) -> None:
    broken = tmp_path / f"{CANARY}.nii.gz"
    broken.write_bytes(b"")
    names = tmp_path / "names.csv"
    names.write_text(f"case,pseudonym\n{CANARY}.nii.gz,case-7\n", encoding="utf-8")
    result = run("segment", broken, "-o", tmp_path / "out", "--json", "--pseudonyms", names)
    assert result.exit_code == 1
    assert "case-7" in result.stderr
    assert CANARY not in result.stdout + result.stderr


def test_a_scan_without_a_pseudonym_is_left_out(tmp_path: Path) -> None:
    names = tmp_path / "names.csv"
    names.write_text("case,pseudonym\nroe,case-7\n", encoding="utf-8")
    result = run("segment", nifti(tmp_path), "-o", tmp_path / "out", "--pseudonyms", names)
    assert result.exit_code == 1
    assert "has no pseudonym" in result.stderr
    assert CANARY not in result.stdout + result.stderr
    assert not (tmp_path / "out").exists()


def test_doctor_names_no_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / CANARY
    folder.mkdir()
    nifti(folder)
    monkeypatch.chdir(folder)
    assert CANARY not in run("doctor").output
