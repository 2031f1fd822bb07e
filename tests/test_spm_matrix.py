"""Analyze pairs with the .mat of SPM beside; nibabel, which reads it, is the reference."""

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from scipy.io import savemat

from napari_seg.imaging.files import read_scan

VOXELS = np.arange(120, dtype=np.int16).reshape(6, 5, 4)
TURNED = np.array([[-1.2, -1.2, 0, 10], [-0.9, 1.6, 0, 20], [0, 0, 3, 30], [0, 0, 0, 1.0]])


def write_pair(folder: Path, affine: Any = TURNED) -> Path:
    nib.save(nib.Spm99AnalyzeImage(VOXELS, affine), folder / "scan.hdr")
    return folder / "scan.hdr"


def codes(path: Path) -> list[str]:
    return [notice.code for notice in read_scan(path).notices]


@pytest.mark.parametrize("opened", ["scan.hdr", "scan.img"])
def test_the_matrix_of_spm_places_the_voxels_as_in_nibabel(tmp_path: Path, opened: str) -> None:
    write_pair(tmp_path)
    scan = read_scan(tmp_path / opened)
    assert np.allclose(scan.geometry.affine, nib.load(tmp_path / "scan.img").affine)
    assert np.allclose(scan.geometry.affine, TURNED)
    assert np.array_equal(scan.array, VOXELS)
    (notice,) = scan.notices
    assert notice.code == "matrix-used"


def test_the_older_name_holds_the_matrix_without_the_flip(tmp_path: Path) -> None:
    path = write_pair(tmp_path)
    matrix = np.diag([1.5, 2, 3, 1.0])
    matrix[:3, 3] = 4, 5, 6
    savemat(tmp_path / "scan.mat", {"M": matrix}, format="4")
    expected = nib.load(tmp_path / "scan.img").affine
    assert np.allclose(read_scan(path).geometry.affine, expected)
    # The first voxel of MATLAB is 1, 1, 1: 4 + 1.5, 5 + 2 and 6 + 3 mm, the first to the left.
    assert np.allclose(expected[:3, 3], (-5.5, 7, 9))


def test_a_matrix_that_says_what_the_header_says_is_passed_over(tmp_path: Path) -> None:
    path = write_pair(tmp_path)
    (tmp_path / "scan.mat").unlink()
    alone = read_scan(path)
    write_pair(tmp_path, alone.geometry.affine)
    assert codes(path) == ["no-orientation"]
    assert read_scan(path).geometry.matches(alone.geometry)


@pytest.mark.parametrize("content", [b"", b"1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n", b"MATLAB 5.0"])
def test_another_file_of_that_name_is_told_and_not_used(tmp_path: Path, content: bytes) -> None:
    path = write_pair(tmp_path)
    (tmp_path / "scan.mat").write_bytes(content)
    assert codes(path) == ["no-orientation", "matrix-unused"]


@pytest.mark.parametrize("held", [{"x": 1}, {"mat": np.zeros((4, 4))}, {"mat": np.eye(3)}])
def test_a_matrix_that_is_none_is_told_and_not_used(tmp_path: Path, held: Any) -> None:
    path = write_pair(tmp_path)
    savemat(tmp_path / "scan.mat", held)
    assert codes(path) == ["no-orientation", "matrix-unused"]


def test_of_a_matrix_for_each_volume_the_first_counts_as_in_nibabel(tmp_path: Path) -> None:
    path = write_pair(tmp_path)
    matrices = np.stack([np.diag([step, 2, 3, 1.0]) for step in (1.5, 7, 9)], axis=2)
    savemat(tmp_path / "scan.mat", {"mat": matrices})
    with pytest.warns(UserWarning, match="matrix"):
        expected = nib.load(tmp_path / "scan.img").affine
    assert np.allclose(read_scan(path).geometry.affine, expected)
    assert expected[0, 0] == 1.5


def test_a_file_too_large_for_a_matrix_is_told_and_not_used(tmp_path: Path) -> None:
    path = write_pair(tmp_path)
    savemat(tmp_path / "scan.mat", {"mat": TURNED, "more": np.zeros(1 << 17)})
    assert (tmp_path / "scan.mat").stat().st_size > 1 << 20
    assert codes(path) == ["no-orientation", "matrix-unused"]
