"""No text that could name a patient leaves a scan: planted words are looked for in every output."""

import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from planted import CANARY, SAMPLE, SCANS, dicom, holders, labels_of, nifti
from segmented_series import CANARIES, write_slices
from two_channel_bundle import write_two_channel_bundle
from typer.testing import CliRunner, Result

from napari_seg import (
    read_scan,
    write_label_table,
    write_labels,
    write_masks,
    write_surfaces,
)
from napari_seg.cli.commands import app
from napari_seg.imaging.files import read_labels, write_scan


@pytest.fixture(params=SCANS, ids=list(SCANS))
def named_scan(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / f"ward {CANARY}"
    folder.mkdir()
    return SCANS[request.param](folder)


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_notices_and_source_hold_no_text_of_the_file(named_scan: Path) -> None:
    scan = read_scan(named_scan)
    # Where its files lie is for the writer of DICOM segmentations alone.
    assert CANARY not in str(replace(scan.source, dicom_files=()))
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


# Slices, channels, conversions


def damaged_dicom(folder: Path) -> Path:
    """A series with one slice whose pixels cannot be read."""
    series = dicom(folder)
    path = sorted(series.iterdir())[3]
    dataset = pydicom.dcmread(path)
    dataset.PixelData = dataset.PixelData[:40]
    dataset.save_as(path)
    return series


def pseudonyms(folder: Path, *names: str) -> Path:
    table = folder / "names.csv"
    rows = [f"{name},case-{number}" for number, name in enumerate(names, start=7)]
    table.write_text("\n".join(["case,pseudonym", *rows]), encoding="utf-8")
    return table


def test_a_damaged_slice_is_told_without_its_name(tmp_path: Path) -> None:
    series, output = damaged_dicom(tmp_path), tmp_path / "out"
    words = ("segment", series, "-o", output, "--json")
    words += ("--pseudonyms", pseudonyms(tmp_path, CANARY))
    refused = run(*words)
    assert refused.exit_code == 1
    assert "'file 4'" in refused.stderr
    assert "--repair" in refused.stderr
    assert CANARY not in refused.stdout + refused.stderr
    repaired = run(*words, "--repair")
    assert repaired.exit_code == 0, repaired.output
    assert "1 of 40 files, in the order of their names number 4" in repaired.stderr
    assert CANARY not in repaired.stdout + repaired.stderr
    assert holders(output) == []


def test_several_series_are_listed_without_what_they_are_called(tmp_path: Path) -> None:
    first = dicom(tmp_path)
    for path in list(first.iterdir())[::2]:
        dataset = pydicom.dcmread(path)
        dataset.SeriesInstanceUID = "1.2.3.4"
        dataset.save_as(path)
    sorted(first.iterdir())[0].write_bytes(sorted(first.iterdir())[0].read_bytes()[:600])
    names = pseudonyms(tmp_path, CANARY)
    result = run("segment", first, "-o", tmp_path / "out", "--json", "--pseudonyms", names)
    assert result.exit_code == 1
    assert "holds 2 series" in result.stderr
    assert CANARY not in result.stdout + result.stderr


def test_a_name_that_only_a_header_states_is_hidden(tmp_path: Path) -> None:
    header = tmp_path / "scan.mhd"
    sitk.WriteImage(sitk.ReadImage(str(SAMPLE)), str(header))
    text = header.read_text().replace("scan.raw", f"{CANARY}.raw").replace("scan.zraw", CANARY)
    header.write_text(text)
    names = pseudonyms(tmp_path, "scan")
    result = run("segment", header, "-o", tmp_path / "out", "--pseudonyms", names)
    assert result.exit_code == 1
    assert "case-7" in result.stderr
    assert "not beside it; copy it there" in result.stderr
    assert CANARY not in result.stdout + result.stderr


def test_channels_are_called_by_the_pseudonym_of_their_case(tmp_path: Path) -> None:
    bundle = write_two_channel_bundle(tmp_path / "bundle", looks_at=0)
    (tmp_path / "second").mkdir()
    scan, channel = nifti(tmp_path), nifti(tmp_path / "second")
    names, output = pseudonyms(tmp_path, CANARY), tmp_path / "out"
    words = ("segment", scan, "--model", bundle, "--device", "cpu", "-o", output, "--json")
    result = run(*words, "--channel", channel, "--overlay", "--pseudonyms", names)
    assert result.exit_code == 0, result.output
    assert CANARY not in result.stdout + result.stderr
    assert holders(output) == []
    channel.write_bytes(channel.read_bytes()[:900])
    result = run(*words, "--overwrite", "--channel", channel, "--pseudonyms", names)
    assert result.exit_code == 1
    assert "damaged or cut short" in result.stderr
    assert CANARY not in result.stdout + result.stderr


def labels_with_texts(folder: Path, suffix: str) -> Path:
    """Labels in a file that says more than they need."""
    scan = read_scan(nifti(folder))
    if suffix in (".nii", ".nii.gz"):
        path = folder / f"{CANARY}_dseg{suffix}"
        write_labels(labels_of(scan), path, source=scan)
        image = nibabel.load(path)
        image.header["descrip"] = CANARY.encode()
        nibabel.save(nibabel.Nifti1Image(np.asanyarray(image.dataobj), None, image.header), path)
        return path
    path = folder / f"{CANARY}{suffix}"
    write_labels(labels_of(scan), path, source=scan)
    image = sitk.ReadImage(str(path))
    image.SetMetaData("PatientName", CANARY)
    sitk.WriteImage(image, str(path))
    assert CANARY.encode() in path.read_bytes()
    return path


@pytest.mark.parametrize("target", ["x.nii.gz", "x.nrrd", "x.mha", "x.seg.nrrd", "masks", "meshes"])
@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha", ".seg.nrrd"])
def test_convert_hands_on_no_text_of_its_input(tmp_path: Path, suffix: str, target: str) -> None:
    source, output = labels_with_texts(tmp_path, suffix), tmp_path / "out"
    output.mkdir()
    forms = {"masks": ("--as", "masks"), "meshes": ("--as", "surfaces")}
    result = run("convert", source, "-o", output / target, "--json", *forms.get(target, ()))
    assert result.exit_code == 0, result.output
    assert CANARY not in result.stdout + result.stderr
    assert list(output.iterdir())
    assert holders(output) == []


def test_convert_of_a_dicom_segmentation_hands_on_no_text(tmp_path: Path) -> None:
    """What DICOM-SEG must carry of a patient stays in DICOM-SEG."""
    write_slices(tmp_path / "series", PatientName=CANARY, PatientID=CANARY, StudyID=CANARY)
    scan = read_scan(tmp_path / "series")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        write_labels(labels_of(scan), tmp_path / "x.dcm", source=scan)
    # A name of one word is none to highdicom, which would say so, and the name.
    assert CANARY not in str([warning.message for warning in warned])
    assert CANARY.encode() in (tmp_path / "x.dcm").read_bytes()
    output = tmp_path / "out"
    for target in ("y.nii.gz", "y2.seg.nrrd", "y3.nrrd"):
        result = run("convert", tmp_path / "x.dcm", "-o", output / target, "--json")
        assert result.exit_code == 0, result.output
        assert CANARY not in result.stdout + result.stderr
    assert holders(output) == []
    again = run(
        *("convert", output / "y.nii.gz", "-o", output / "z.dcm"),
        *("--scan", tmp_path / "series", "--json"),
    )
    assert again.exit_code == 0, again.output
    assert CANARY not in again.stdout + again.stderr
    # Patient and study, and no other text of the slices.
    written = (output / "z.dcm").read_bytes()
    assert not [text for text in CANARIES.values() if text.encode() in written]


def test_a_table_that_does_not_fit_is_told_without_names(tmp_path: Path) -> None:
    source = labels_with_texts(tmp_path, ".nii.gz")
    table = source.with_name(f"{CANARY}_dseg.tsv")
    header, row = table.read_text().splitlines()
    cells = row.split("\t")
    cells[header.split("\t").index("voxels_sha256")] = "0" * 64
    of_others = "\n".join([header, "\t".join(cells), ""])
    for text, code in ((of_others, "table-of-other-voxels"), ("name\nx\n", "table-unread")):
        table.write_text(text)
        labels = read_labels(source)
        assert [notice.code for notice in labels.notices] == [code]
        assert CANARY not in str(labels.notices)


def test_series_tells_descriptions_alone(tmp_path: Path) -> None:
    """A person chooses by the description; what else a header says of the patient stays there."""
    folder = dicom(tmp_path)
    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.SeriesDescription = "t1 sagittal"
        dataset.save_as(path)
    folder = folder.rename(tmp_path / "study")
    for words in ((), ("--json",)):
        result = run("series", folder, *words)
        assert result.exit_code == 0, result.output
        assert "t1 sagittal" in result.stdout
        assert CANARY not in result.stdout + result.stderr
