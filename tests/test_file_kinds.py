from pathlib import Path

import pytest

from napari_seg.imaging.file_kinds import file_kind


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        pytest.param(b"", "an empty file", id="empty"),
        pytest.param(b"\n<!DOCTYPE HTML><html>", "a web page", id="web page"),
        pytest.param(b"\x1f\x8b\x08", "a gzip file", id="gzip"),
        pytest.param(bytes(128) + b"DICM", "a DICOM file", id="DICOM"),
        pytest.param(b"\x08\0\x05\0CS\x0a\0ISO_IR 100", "a DICOM file", id="DICOM, bare"),
        pytest.param(b"\0\x08\0\x08\0\0\0\x10ORIG", "a DICOM file", id="bare, big end first"),
        pytest.param(b"\x08\0\x05\0\xff\xff\0\0", "an unknown kind", id="small numbers"),
        pytest.param(b"\x5c\x01\0\0", "a plain NIfTI file", id="NIfTI"),
        pytest.param(b"\0\0\x02\x1c", "a plain NIfTI file", id="NIfTI-2, big end first"),
        pytest.param(b"version https://git-lfs", "a Git LFS pointer", id="LFS"),
        pytest.param(bytes(600), "a file of zeros", id="zeros"),
        pytest.param(b"hello", "an unknown kind", id="text"),
    ],
)
def test_a_file_is_named_by_its_content(tmp_path: Path, content: bytes, kind: str) -> None:
    path = tmp_path / "scan.nii.gz"
    path.write_bytes(content)
    assert file_kind(path).startswith(kind)
