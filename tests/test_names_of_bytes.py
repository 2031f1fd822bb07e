"""Files and folders of old archives, whose names are bytes in Latin-1 and no UTF-8."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from dicom_slices import write_series
from test_identity import dicom

from napari_seg import Geometry, LabelMap, LabelTable, read_labels, read_scan, write_labels
from napari_seg.imaging.files import write_masks

FOLDER, FILE = os.fsdecode(b"M\xfcller"), os.fsdecode(b"sch\xe4del")
GEOMETRY = Geometry((6, 5, 4), np.diag([1.0, 2.0, 3.0, 1.0]))
VOXELS = np.arange(120, dtype=np.int16).reshape(6, 5, 4)
LABELS = LabelMap(
    (VOXELS > 60).astype(np.uint8) + (VOXELS > 100), GEOMETRY, LabelTable.from_names({1: "a"})
)
PROGRAM = [sys.executable, "-c", "from napari_seg.cli import main; main()"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    try:
        (tmp_path / FOLDER).mkdir()
    except OSError:
        pytest.skip("this system takes text alone for names")
    return tmp_path / FOLDER


def in_process(*words: object) -> subprocess.CompletedProcess[str]:
    """Run the command line apart: SimpleITK ended the whole program over such names."""
    return subprocess.run([*PROGRAM, *map(str, words)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "output", [f"{FILE}{end}" for end in (".nii.gz", ".nrrd", ".seg.nrrd", ".mha")] + ["x.nrrd"]
)
def test_labels_are_converted_and_told(folder: Path, output: str) -> None:
    write_labels(LABELS, folder / f"{FILE}_seg.nii.gz")
    done = in_process("convert", folder / f"{FILE}_seg.nii.gz", "-o", folder / output, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["output"] == str(folder / output)
    again = in_process("convert", folder / output, "-o", folder / "again.nii.gz")
    assert again.returncode == 0, again.stderr
    np.testing.assert_array_equal(read_labels(folder / "again.nii.gz").array, LABELS.array)


def test_a_series_without_uids_is_read(folder: Path) -> None:
    write_series(folder, SeriesInstanceUID="", StudyInstanceUID="")
    for file in list(folder.iterdir()):
        file.rename(folder / os.fsdecode(b"sch\xe4del" + file.name.encode()))
    assert read_scan(folder).array.shape == (8, 6, 5)


def test_a_mask_gives_its_label_a_name_that_can_be_shown(folder: Path) -> None:
    write_masks(LABELS, folder / "masks")
    (folder / "masks" / "labels.tsv").unlink()
    (folder / "masks" / "a.nii.gz").rename(folder / "masks" / os.fsdecode(b"K\xf6pf.nii.gz"))
    labels = read_labels(folder / "masks")
    assert labels.table.names[1] == "K\ufffdpf"
    write_labels(labels, folder / "x.nii.gz")
    assert read_labels(folder / "x.nii.gz").table.names[1] == "K\ufffdpf"


def test_a_segmented_scan_gets_its_record(folder: Path) -> None:
    scan = dicom(folder).rename(folder / FILE)
    done = in_process("segment", scan, "-o", folder / "out", "--device", "cpu", "--json")
    assert done.returncode == 0, done.stderr
    (record,) = (folder / "out").glob("*.json")
    assert FILE in json.loads(record.read_text())["command"]
