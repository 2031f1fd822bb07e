"""Reading tells how far it is, whatever the file, and what a report raises stops it."""

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from segmented_series import COLUMNS, ROWS, write_slices

from napari_seg.imaging.dicom.segmentation.writing import write_segmentation
from napari_seg.imaging.files import read_labels, read_scan, write_labels, write_masks
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.label_table import Label, LabelTable
from napari_seg.imaging.progress import share_of
from napari_seg.imaging.scan import LabelMap

# Over three parts of 4 MiB, in which voxels are read.
SHAPE = (256, 256, 200)
TABLE = LabelTable((Label(1, "one", (255, 0, 0)), Label(2, "two", (0, 255, 0))))


class Stopped(Exception):
    """What a person's Cancel raises."""


def large():
    array = np.random.default_rng(0).integers(0, 3, SHAPE).astype(np.uint8)
    return LabelMap(array, Geometry(SHAPE, np.diag([1.0, 1.0, 2.0, 1.0])), TABLE)


def nifti(folder):
    write_labels(large(), folder / "x.nii")
    return folder / "x.nii"


def packed_nifti(folder):
    write_labels(large(), folder / "x.nii.gz")
    return folder / "x.nii.gz"


def nrrd(folder):
    write_labels(large(), folder / "x.nrrd")
    return folder / "x.nrrd"


def slicer(folder):
    write_labels(large(), folder / "x.seg.nrrd")
    return folder / "x.seg.nrrd"


def meta_image(folder):
    write_labels(large(), folder / "x.mha")
    return folder / "x.mha"


def plain_meta_image(folder):
    image = sitk.GetImageFromArray(large().array.transpose(2, 1, 0))
    sitk.WriteImage(image, str(folder / "x_seg.mha"), useCompression=False)
    return folder / "x_seg.mha"


def pair(folder):
    nib.save(nib.Nifti1Pair(large().array, np.eye(4)), folder / "x.hdr")
    return folder / "x.hdr"


def masks(folder):
    shape = (12, 10, 8)
    names = [Label(value, f"label {value}", (value, 0, 0)) for value in range(1, 6)]
    array = np.arange(12 * 10 * 8).reshape(shape).astype(np.uint8) % 6
    labels = LabelMap(array, Geometry(shape, np.eye(4)), LabelTable(tuple(names)))
    write_masks(labels, folder / "masks")
    return folder / "masks"


def dicom_segmentation(folder):
    write_slices(folder / "series")
    scan = read_scan(folder / "series")
    array = np.ones((COLUMNS, ROWS, 5), np.uint8)
    array[0, 0, 0] = 2
    write_segmentation(LabelMap(array, scan.geometry, TABLE), folder / "x.dcm", source=scan)
    return folder / "x.dcm"


FORMS = [
    nifti,
    packed_nifti,
    nrrd,
    slicer,
    meta_image,
    plain_meta_image,
    pair,
    masks,
    dicom_segmentation,
]


@pytest.mark.parametrize("form", FORMS, ids=[form.__name__ for form in FORMS])
def test_every_form_of_labels_tells_how_far_it_is(tmp_path, form):
    path, told = form(tmp_path), []
    labels = read_labels(path, on_progress=told.append)
    assert labels.array.any()
    assert len(told) >= 3
    assert told == sorted(told)
    assert 0 < told[0] < 0.7
    assert 0.9 < told[-1] <= 1

    calls = []

    def stop(fraction):
        calls.append(fraction)
        raise Stopped

    with pytest.raises(Stopped):
        read_labels(path, on_progress=stop)
    assert len(calls) == 1


@pytest.mark.parametrize("form", [packed_nifti, nrrd, meta_image], ids=lambda form: form.__name__)
def test_scans_tell_it_too(tmp_path, form):
    told = []
    read_scan(form(tmp_path), on_progress=told.append)
    assert len(told) >= 3
    assert told[-1] == 1


def test_a_part_of_the_work_is_a_share_of_the_whole():
    told = []
    for fraction in (0.0, 0.5, 1.0):
        share_of(told.append, 0.5, 0.9)(fraction)
    assert told == pytest.approx([0.5, 0.7, 0.9])
    share_of(None, 0.0, 1.0)(0.5)
