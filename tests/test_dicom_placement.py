"""The same voxel at the same millimetre as SimpleITK and highdicom, where they are right."""

from pathlib import Path

import highdicom
import numpy as np
import pytest
import SimpleITK as sitk
from dicom_case import Case
from dicom_corpus import CASES
from dicom_real_slices import converted
from dicom_slices import set_tags, write_slice
from pydicom.uid import ExplicitVRLittleEndian
from segmented_series import write_slices

from napari_seg import Label, LabelMap, LabelTable, Scan, read_labels, read_scan, write_labels

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


def test_labels_drawn_by_simpleitk_on_rounded_oblique_slices_fit(tmp_path: Path) -> None:
    # The direction across the slices is SimpleITK's product of rounded ones, ours goes from the
    # first place to the last: the two grids part by some hundredths of a millimetre.
    turn, tip = np.radians(23.4567), np.radians(11.111)
    across = np.array([np.cos(turn), np.sin(turn), 0])
    down = np.array([-np.sin(turn) * np.cos(tip), np.cos(turn) * np.cos(tip), np.sin(tip)])
    normal = np.cross(across, down)
    for number in range(40):
        place = np.array([-100.0, -120.0, 30.0]) + 2.5 * number * normal
        write_slice(
            tmp_path / "scan" / f"{number}.dcm",
            number,
            ImageOrientationPatient=np.round([*across, *down], 4).tolist(),
            ImagePositionPatient=np.round(place, 1).tolist(),
        )
    scan = read_scan(tmp_path / "scan")
    image = sitk.ReadImage([str(path) for path in scan.source.dicom_files])
    sitk.WriteImage(sitk.Cast(image > 20000, sitk.sitkUInt8), str(tmp_path / "labels.nii.gz"))
    labels = read_labels(tmp_path / "labels.nii.gz", onto=scan)
    assert np.array_equal(labels.array, scan.array > 20000)
    assert [notice.code for notice in labels.notices] == ["rounded-places"]


def test_labels_of_oblique_rounded_slices_come_back_from_a_segmentation(tmp_path: Path) -> None:
    across, down = np.array([3, -6, 2]) / 7, np.array([6, 2, -3]) / 7
    directions = [round(float(part), 7) for part in (*across, *down)]
    for number, path in enumerate(write_slices(tmp_path / "scan", range(30))):
        place = np.array([5.3, -60.2, 7.4]) + 0.5 * number * np.cross(across, down)
        stated = [round(float(part), 1) for part in place]
        set_tags(path, ImagePositionPatient=stated, ImageOrientationPatient=directions)
    scan = read_scan(tmp_path / "scan")
    assert scan.notices == ()
    array = np.zeros(scan.array.shape, np.uint8)
    array[2:5, 2:4, 3:20] = 1
    table = LabelTable((Label(1, "liver", (1, 2, 3)),))
    labels = LabelMap(array, scan.geometry, table, source=scan.source)
    write_labels(labels, tmp_path / "labels.dcm", source=scan)
    back = read_labels(tmp_path / "labels.dcm", onto=scan)
    assert np.array_equal(back.array, array)
    assert back.notices == ()
