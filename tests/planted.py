"""Scans with a word planted in every text that they hold, and a search for it in what is written."""

import gzip
from pathlib import Path

import nibabel
import numpy as np
import SimpleITK as sitk
from dicom_slices import write_series

from napari_seg.imaging.files import sample_data_folder
from napari_seg.imaging.label_table import LabelTable
from napari_seg.imaging.scan import LabelMap, Scan

CANARY = "Xanthippe"
SAMPLE = sample_data_folder() / "hippocampus_left.nii.gz"


def nifti(folder: Path) -> Path:
    sample = nibabel.load(SAMPLE)
    header = sample.header.copy()
    for name, size in (("descrip", 80), ("aux_file", 24), ("intent_name", 16), ("db_name", 18)):
        header[name] = CANARY.encode()[:size]
    header.extensions.append(
        nibabel.nifti1.Nifti1Extension("comment", f"patient {CANARY}".encode())
    )
    image = nibabel.Nifti1Image(np.asanyarray(sample.dataobj), sample.affine, header)
    path = folder / f"{CANARY}.nii.gz"
    nibabel.save(image, path)
    assert CANARY.encode() in gzip.decompress(path.read_bytes())
    return path


def itk_file(folder: Path, suffix: str) -> Path:
    image = sitk.ReadImage(str(SAMPLE))
    image.SetMetaData("PatientName", CANARY)
    image.SetMetaData("Comment", f"scan of {CANARY}")
    path = folder / f"{CANARY}{suffix}"
    sitk.WriteImage(image, str(path))
    assert CANARY.encode() in path.read_bytes()
    return path


def dicom(folder: Path) -> Path:
    texts = dict.fromkeys(
        (
            *("PatientName", "PatientComments", "StudyDescription", "SeriesDescription"),
            *("ReferringPhysicianName", "OperatorsName", "ProtocolName", "ImageComments"),
            *("InstitutionName", "InstitutionAddress", "AdditionalPatientHistory"),
        ),
        CANARY,
    )
    short = dict.fromkeys(("PatientID", "AccessionNumber", "StudyID", "StationName"), CANARY)
    voxels = np.asanyarray(nibabel.load(SAMPLE).dataobj)
    place = folder / CANARY
    for number in range(voxels.shape[2]):
        write_series(
            place,
            [number],
            pixels=voxels[:, ::-1, number].T.astype(np.uint16),
            PixelSpacing=[1.0, 1.0],
            ImagePositionPatient=[0.0, 0.0, float(number)],
            SliceThickness=1.0,
            RescaleIntercept=0,
            Modality="MR",
            FrameOfReferenceUID="1.2.840.99999.1",
            **texts,
            **short,
        )
    for path in place.iterdir():
        path.rename(place / f"{CANARY} {path.name}.dcm")
    return place


SCANS = {
    "NIfTI": nifti,
    "NRRD": lambda folder: itk_file(folder, ".nrrd"),
    "MetaImage": lambda folder: itk_file(folder, ".mha"),
    "DICOM": dicom,
}


def holders(folder: Path) -> list[str]:
    """Name the files below a folder that hold the planted word, in their names or in their bytes."""
    found = []
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        texts = (content, content.decode("utf-16", "ignore").encode(), path.name.encode())
        if any(CANARY.lower().encode() in text.lower() for text in texts):
            found.append(path.name)
    return found


def labels_of(scan: Scan) -> LabelMap:
    array = (scan.array > np.median(scan.array)).astype(np.uint8)
    return LabelMap(array, scan.geometry, LabelTable.from_names({1: "bright"}), source=scan.source)
