"""Files with random damage are refused, or read as another reader reads them, or with a notice."""

import gzip
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from odd_files.itk_cases import VOXELS, meta, nrrd
from odd_files.nifti_files import AFFINE, nifti_bytes

from napari_seg import Scan, read_scan

MUTATIONS = 48
MOST_BYTES = 64 << 20
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
Random = np.random.Generator


def flip_bits(content: bytearray, chance: Random, header: int) -> None:
    for at in chance.integers(0, header, chance.integers(1, 4)):
        content[at] ^= 1 << chance.integers(8)


def set_bytes(content: bytearray, chance: Random, header: int) -> None:
    for at in chance.integers(0, header, chance.integers(1, 9)):
        content[at] = chance.choice([0, 1, 0x30, 0x39, 0x7F, 0x80, 0xFF])


def cut(content: bytearray, chance: Random, header: int) -> None:
    del content[chance.integers(len(content)) :]


def drop(content: bytearray, chance: Random, header: int) -> None:
    at = chance.integers(header)
    del content[at : at + chance.integers(1, 9)]


def repeat(content: bytearray, chance: Random, header: int) -> None:
    at = int(chance.integers(header))
    content[at:at] = content[at : at + chance.integers(1, 20)]


def lengthen(content: bytearray, chance: Random, header: int) -> None:
    content += chance.bytes(int(chance.integers(1, 300)))


DAMAGES = (flip_bits, flip_bits, set_bytes, set_bytes, cut, drop, repeat, lengthen)


def by_nibabel(path: Path) -> tuple[NDArray[Any], NDArray[np.float64]]:
    image = nib.load(path)
    return np.asanyarray(image.dataobj), image.affine


def by_simpleitk(path: Path) -> tuple[NDArray[Any], NDArray[np.float64]]:
    image = sitk.ReadImage(str(path))
    axes, spatial = image.GetDimension(), min(image.GetDimension(), 3)
    turned = sitk.GetArrayFromImage(image)
    array = turned.transpose(*reversed(range(axes)), *range(axes, turned.ndim))
    affine = np.eye(4)
    columns = np.reshape(image.GetDirection(), (axes, axes)) * image.GetSpacing()
    affine[:spatial, :spatial] = columns[:spatial, :spatial]
    affine[:spatial, 3] = image.GetOrigin()[:spatial]
    return array, LPS_TO_RAS @ affine


def packed_meta() -> bytes:
    packed = zlib.compress(VOXELS.tobytes("F"))
    return meta(packed, CompressedData="True", CompressedDataSize=str(len(packed)))


SEEDS = [
    pytest.param("scan.nii", nifti_bytes(), 348, by_nibabel, id="NIfTI"),
    pytest.param(
        "scan.nii", nifti_bytes(qform=AFFINE, xyzt_units=2), 348, by_nibabel, id="both forms"
    ),
    pytest.param("scan.nii.gz", nifti_bytes(), 348, by_nibabel, id="NIfTI, packed after the damage"),
    pytest.param("packed.nii.gz", gzip.compress(nifti_bytes(), mtime=0), 200, by_nibabel, id="gz"),
    pytest.param(
        "scan.nii", nifti_bytes(kind=nib.Nifti2Image), 540, by_nibabel, id="NIfTI-2"
    ),
    pytest.param("scan.nrrd", nrrd(), 220, by_simpleitk, id="NRRD"),
    pytest.param("scan.mha", meta(), 240, by_simpleitk, id="MetaImage"),
    pytest.param("scan.mha", packed_meta(), 290, by_simpleitk, id="packed MetaImage"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "whole", "header", "second"), SEEDS)
def test_damage_is_refused_or_read_as_others_read_it(
    tmp_path: Path,
    name: str,
    whole: bytes,
    header: int,
    second: Callable[[Path], tuple[NDArray[Any], NDArray[np.float64]]],
) -> None:
    chance = np.random.default_rng(len(whole) + header)
    path = tmp_path / name
    refused = 0
    for number in range(MUTATIONS):
        content = bytearray(whole)
        DAMAGES[number % len(DAMAGES)](content, chance, header)
        path.write_bytes(gzip.compress(content, 1) if name == "scan.nii.gz" else content)
        scan = read_or_refuse(path)
        if scan is None:
            refused += 1
        elif scan.notices == ():
            assert_equals(scan, *second(path), number)
    assert 5 <= refused <= MUTATIONS


def read_or_refuse(path: Path) -> Scan | None:
    tracemalloc.start()
    try:
        read, message = read_scan(path), path.name
    except (ValueError, OSError) as error:
        read, message = None, str(error)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < MOST_BYTES
    assert path.name in message
    assert "\n" not in message
    return read


def assert_equals(
    scan: Scan, array: NDArray[Any], affine: NDArray[np.float64], number: int
) -> None:
    assert scan.array.size == array.size, number
    same = np.asarray(array).reshape(scan.array.shape)
    assert np.allclose(scan.array, same, rtol=1e-5, equal_nan=True), number
    assert np.allclose(scan.geometry.affine, affine, rtol=1e-5, atol=1e-4), number
