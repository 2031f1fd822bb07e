"""Labels of the very scan that is open are known as its own, whatever their file calls the frame."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from dicom_slices import write_series
from numpy.typing import NDArray

from napari_seg import Scan, read_scan
from napari_seg.imaging.progress import ignore_progress
from napari_seg.viewer.layers import image_layer
from napari_seg.viewer.opening.opened_layers import grids_of
from napari_seg.viewer.opening.reading import Opened, open_file
from napari_seg.viewer.opening.scans_together import mismatches

AFFINE = np.array([[-1.5, 0, 0, 80], [0, 0, 3, -40], [0, 2, 0, 10], [0, 0, 0, 1]])


def drawn(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return a label in a block off the middle."""
    labels = np.zeros(shape, np.uint8)
    labels[2:4, 1:5, 1:3] = 1
    return labels


def opened_beside(path: Path, *scans: Scan) -> Opened:
    grids = grids_of([image_layer(scan, name="scan") for scan in scans])
    opened = open_file(path, None, False, grids, on_progress=ignore_progress)
    assert isinstance(opened, Opened)
    return opened


def nifti_scan(folder: Path, code: int) -> Scan:
    voxels = np.random.default_rng(0).integers(0, 999, (9, 8, 7)).astype(np.int16)
    image = nib.Nifti1Image(voxels, AFFINE)
    image.set_sform(AFFINE, code)
    image.set_qform(AFFINE, code)
    nib.save(image, folder / "scan.nii")
    return read_scan(folder / "scan.nii")


def dicom_scan(folder: Path) -> Scan:
    write_series(folder / "dicom", FrameOfReferenceUID="1.2.8")
    return read_scan(folder / "dicom")


def test_canonical_labels_of_a_dicom_scan_are_its_own(tmp_path: Path) -> None:
    scan = dicom_scan(tmp_path)
    labels = drawn(scan.array.shape)
    image = nib.as_closest_canonical(nib.Nifti1Image(labels, scan.geometry.affine))
    assert image.dataobj.shape == labels.shape
    assert not np.allclose(image.affine, scan.geometry.affine)
    nib.save(image, tmp_path / "x_seg.nii.gz")
    opened = opened_beside(tmp_path / "x_seg.nii.gz", scan)
    assert opened.fits
    assert np.array_equal(opened.read.array, labels)


def test_a_folder_of_canonical_masks_of_a_dicom_scan_is_its_own(tmp_path: Path) -> None:
    scan = dicom_scan(tmp_path)
    labels = drawn(scan.array.shape)
    (tmp_path / "masks").mkdir()
    for name, mask in (("liver", labels), ("spleen", np.roll(labels, 2, axis=0))):
        image = nib.Nifti1Image(mask, scan.geometry.affine)
        nib.save(nib.as_closest_canonical(image), tmp_path / "masks" / f"{name}.nii.gz")
    opened = opened_beside(tmp_path / "masks", scan)
    assert opened.fits
    assert np.array_equal(opened.read.array == 1, labels == 1)


@pytest.mark.parametrize("part", ["turned", "cropped"])
def test_labels_that_nibabel_writes_by_default_fit_a_scan_of_the_scanner(
    tmp_path: Path, part: str
) -> None:
    scan = nifti_scan(tmp_path, 1)
    labels = drawn((9, 8, 7))
    image = nib.Nifti1Image(labels, AFFINE)
    image = nib.as_closest_canonical(image) if part == "turned" else image.slicer[1:8, :6]
    assert image.header["sform_code"] == 2
    nib.save(image, tmp_path / "x_seg.nii")
    opened = opened_beside(tmp_path / "x_seg.nii", scan)
    assert opened.fits
    assert np.array_equal(opened.read.array, labels)


@pytest.mark.parametrize(("scan_code", "code"), [(1, 4), (4, 1), (1, 3), (4, 3)])
def test_labels_of_another_frame_are_not_taken_for_those_of_the_scan(
    tmp_path: Path, scan_code: int, code: int
) -> None:
    image = nib.as_closest_canonical(nib.Nifti1Image(drawn((9, 8, 7)), AFFINE))
    image.set_sform(image.affine, code)
    nib.save(image, tmp_path / "x_seg.nii")
    assert not opened_beside(tmp_path / "x_seg.nii", nifti_scan(tmp_path, scan_code)).fits


def test_labels_fit_the_one_of_two_scans_whose_voxels_they_share(tmp_path: Path) -> None:
    scans = dicom_scan(tmp_path), nifti_scan(tmp_path, 1)
    nib.save(
        nib.as_closest_canonical(nib.Nifti1Image(drawn((9, 8, 7)), AFFINE)),
        tmp_path / "x_seg.nii",
    )
    assert opened_beside(tmp_path / "x_seg.nii", *scans).place == 1


def test_the_nifti_of_a_dicom_scan_lies_over_it_without_a_word(tmp_path: Path) -> None:
    scan = dicom_scan(tmp_path)
    image = nib.Nifti1Image(scan.array, scan.geometry.affine)
    image.set_sform(image.affine, 1)
    for name, one in (("same", image), ("turned", nib.as_closest_canonical(image))):
        nib.save(one, tmp_path / f"{name}.nii")
        pair = [image_layer(scan, name="dicom")]
        pair.append(image_layer(read_scan(tmp_path / f"{name}.nii"), name=name))
        assert mismatches(pair[1], pair) == []
        assert mismatches(pair[0], pair) == []
