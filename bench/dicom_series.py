"""Write a DICOM series with as many tags as a scanner writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

TAGS = 90


def write_series(folder: Path, voxels: np.ndarray[Any, Any], number: int = 1) -> Path:
    """Write one CT series.

    Parameters
    ----------
    folder
        Where to; it must not exist.
    voxels
        ``(columns, rows, slices)``, in HU from -1024.
    number
        Of the series.

    Returns
    -------
    Path
        The folder.
    """
    folder.mkdir()
    dataset = pydicom.Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = CTImageStorage
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.FrameOfReferenceUID = generate_uid()
    dataset.PatientName = dataset.PatientID = dataset.StudyID = dataset.AccessionNumber = "bench"
    dataset.PatientBirthDate = dataset.PatientSex = dataset.StudyDate = dataset.StudyTime = ""
    dataset.Modality, dataset.SeriesNumber = "CT", number
    dataset.SeriesDescription = f"series {number}"
    dataset.ImageOrientationPatient, dataset.PixelSpacing = [1, 0, 0, 0, 1, 0], [0.7, 0.7]
    dataset.SliceThickness, dataset.RescaleSlope, dataset.RescaleIntercept = 1, 1, -1024
    dataset.Columns, dataset.Rows = voxels.shape[:2]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 0
    block = dataset.private_block(0x0019, "a scanner's own", create=True)
    for element in range(TAGS - len(dataset) - 5):
        block.add_new(element, "LO", f"value {element} of the scanner's own")
    stored = (voxels + 1024).astype("<u2")
    for slice_number in range(voxels.shape[2]):
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        dataset.InstanceNumber = slice_number + 1
        dataset.ImagePositionPatient = [-5.0, -5.0, float(slice_number)]
        dataset.PixelData = stored[:, :, slice_number].T.tobytes()
        dataset.save_as(folder / f"{slice_number:04}.dcm", enforce_file_format=True)
    return folder
