"""What is given as a path: no reader hangs, and no message names the folders above a file."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from dicom_slices import write_slice

from napari_seg import find_series, read_label_table, read_labels, read_scan
from napari_seg.imaging.label_files.recognition import is_label_file
from napari_seg.imaging.paths import naming_no_folder

Read = Callable[[Path], Any]
READERS = pytest.mark.parametrize("read", [read_scan, read_labels, find_series])
SECRET = "Doe_John"


def write_scan(path: Path) -> Path:
    nibabel.save(nibabel.Nifti1Image(np.ones((4, 3, 2), np.uint8), np.eye(4)), path)
    return path


@READERS
@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", ["pipe", "pipe.nii.gz", "pipe.dcm", "pipe.nrrd"])
def test_a_pipe_is_refused_and_waited_for_by_nobody(tmp_path: Path, name: str, read: Read) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(ValueError, match=f"^'{name}' is neither a file nor a folder"):
        read(tmp_path / name)
    assert is_label_file(tmp_path / name) is False


@pytest.mark.timeout(20)
def test_a_pipe_where_a_table_would_be_is_passed_over(tmp_path: Path) -> None:
    write_scan(tmp_path / "x.nii.gz")
    os.mkfifo(tmp_path / "x.tsv")
    assert is_label_file(tmp_path / "x.nii.gz") is None
    assert read_labels(tmp_path / "x.nii.gz").table.names == {1: "label 1"}


@READERS
@pytest.mark.timeout(20)
def test_a_device_and_a_socket_are_refused(tmp_path: Path, read: Read) -> None:
    (tmp_path / "zeros.nii").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "socket.nii"))
        for name in ("zeros.nii", "socket.nii"):
            with pytest.raises(ValueError, match=f"^'{name}' is neither a file nor a folder"):
                read(tmp_path / name)


@READERS
@pytest.mark.parametrize("name", ["a" * 300 + ".nii", "a\0b.nii", "circle.nii"])
def test_a_name_that_leads_nowhere_is_not_found(tmp_path: Path, name: str, read: Read) -> None:
    folder = tmp_path / SECRET
    folder.mkdir()
    (folder / "circle.nii").symlink_to(folder / "circle.nii")
    with pytest.raises(FileNotFoundError, match=r"^there is no file or folder") as error:
        read(folder / name)
    assert SECRET not in str(error.value)
    assert is_label_file(folder / name) is False


def test_a_table_that_may_not_be_read_or_is_none_names_no_folder(tmp_path: Path) -> None:
    (tmp_path / SECRET / "table.tsv").mkdir(parents=True)
    os.mkfifo(tmp_path / SECRET / "pipe.tsv")
    for name, error, said in (
        ("table.tsv", OSError, "cannot be read"),
        ("pipe.tsv", ValueError, "is neither a file nor a folder"),
        ("absent.tsv", FileNotFoundError, "there is no table of labels"),
    ):
        with pytest.raises(error, match=said) as raised:
            read_label_table(tmp_path / SECRET / name)
        assert SECRET not in str(raised.value)


def test_the_folder_one_stands_in_is_called_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    with pytest.raises(ValueError, match=r"^'inner' holds no DICOM image"):
        read_scan(".")
    with pytest.raises(ValueError, match=r"^'outer' holds no DICOM image"):
        read_labels("..")
    write_slice(inner / "1.dcm", 0)
    assert read_scan(".").array.shape == (8, 6, 1)


def test_labels_are_known_by_the_folder_one_stands_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "labelsTr"
    folder.mkdir()
    write_scan(folder / "case_1.nii.gz")
    monkeypatch.chdir(folder)
    assert is_label_file("case_1.nii.gz") is True


def test_errors_of_the_system_name_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / SECRET / "scan.nii"
    with (
        pytest.raises(FileNotFoundError, match=r"^'scan.nii' is no longer there"),
        naming_no_folder(),
    ):
        path.open("rb")
    for raised, said in (
        (PermissionError(13, "Permission denied", str(path)), "may not be read"),
        (OSError(5, "Input/output error", str(path)), r"cannot be read \(Input/output error\)"),
    ):
        with pytest.raises(type(raised), match=f"^'scan.nii' {said}") as error, naming_no_folder():
            raise raised
        assert SECRET not in str(error.value)


@pytest.mark.parametrize("read", [read_scan, read_labels])
@pytest.mark.parametrize("name", ["scan.nii.gz", "scan.nrrd", "scan.mha", "scan.png", "1.dcm"])
def test_a_file_without_permission_is_named_alone(
    tmp_path: Path, name: str, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / SECRET
    folder.mkdir()
    (folder / name).write_bytes(b"")
    (folder / name).chmod(0)
    if os.access(folder / name, os.R_OK):
        # The administrator may read everything: let the system refuse as it does for others.
        def refuse(*_: Any, **__: Any) -> None:
            raise PermissionError(13, "Permission denied", str(folder / name))

        monkeypatch.setattr("io.open", refuse)
        monkeypatch.setattr("io.FileIO", refuse)
    with pytest.raises(PermissionError, match=f"^'{name}' may not be read") as error:
        read(folder / name)
    assert SECRET not in str(error.value)
