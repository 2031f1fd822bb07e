"""The same voxel at the same millimetre as SimpleITK and highdicom, where they are right."""

from pathlib import Path

import highdicom
import numpy as np
import pytest
import SimpleITK as sitk
from dicom_case import Case
from dicom_corpus import CASES
from dicom_real_slices import converted
from pydicom.uid import ExplicitVRLittleEndian

from napari_seg import Scan, read_scan

# SimpleITK sorts by position only: it is right where a folder holds one good stack of files that
# it decodes, each with the same rescaling.
RIGHT = (
    "a plain series",
    "implicit VR",
    "big-endian",
    "run lengths",
    "JPEG Lossless 57",
    "JPEG Lossless 70",
    "JPEG-LS",
    "oblique slices",
    "rows that run to the right, so that k runs down",
    "places and directions that jitter",
    "overlays in unused bits",
    "real slices",
    "real in JPEG-LS",
    "real with other names",
)


def _build(case: Case, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    if not case.is_real:
        return case.build(tmp_path / "scan")
    real = sorted((request.getfixturevalue("shared_data") / "ct_dicom").iterdir())
    return case.build(tmp_path / "scan", real)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.name in RIGHT], ids=lambda case: case.name
)
def test_voxels_lie_where_simpleitk_places_them(
    case: Case, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = _build(case, tmp_path, request)
    scan = read_scan(folder)
    image = sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder)))
    generator = np.random.default_rng(0)
    for _ in range(50):
        index = tuple(int(generator.integers(size)) for size in image.GetSize())
        x, y, z = image.TransformIndexToPhysicalPoint(index)
        ours = np.rint(scan.geometry.to_index((-x, -y, z))).astype(int)
        assert scan.geometry.to_mm(ours) == pytest.approx((-x, -y, z), abs=2e-3)
        assert scan.array[tuple(ours)] == image[index]


def test_frames_lie_where_highdicom_places_them(tmp_path: Path, shared_data: Path) -> None:
    real = sorted((shared_data / "ct_dicom").iterdir())
    folder = converted(tmp_path / "scan", real, ExplicitVRLittleEndian)
    volume = highdicom.imread(folder / "converted.dcm").get_volume()
    _assert_same_places(read_scan(folder), volume)


def _assert_same_places(scan: Scan, volume: highdicom.Volume) -> None:
    generator = np.random.default_rng(0)
    for _ in range(50):
        index = generator.integers(volume.spatial_shape)
        place = (volume.affine @ (*index, 1))[:3] * (-1, -1, 1)
        ours = np.rint(scan.geometry.to_index(place)).astype(int)
        assert scan.geometry.to_mm(ours) == pytest.approx(place, abs=1e-3)
        assert scan.array[tuple(ours)] == volume.array[tuple(index)]
