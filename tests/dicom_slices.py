"""Write small DICOM slices for tests."""

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, generate_uid

ROWS, COLUMNS = 6, 8
STEP_MM = 2.5


def pixels(number: int) -> NDArray[np.uint16]:
    """Return 6 rows of 8 columns, each slice 1000 brighter than the one before."""
    values = np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) + 1000 * number
    return values.astype(np.uint16)


def write_slice(path: Path, number: int, **tags: Any) -> Path:
    """Write slice `number` of an upright CT of 0.5 x 0.75 x 2.5 mm; a tag of None is left out."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = pydicom.Dataset()
    dataset.file_meta = meta
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    values: dict[str, Any] = {
        "SeriesInstanceUID": UID("1.2.3"),
        "SeriesDescription": "thorax",
        "Modality": "CT",
        "InstanceNumber": 100 - number,
        "ImagePositionPatient": [-10.0, -20.0, 30.0 + STEP_MM * number],
        "ImageOrientationPatient": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        "PixelSpacing": [0.75, 0.5],
        "SliceThickness": 5.0,
        "RescaleSlope": 1,
        "RescaleIntercept": -1024,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": 16,
        "HighBit": 15,
        "PixelRepresentation": 0,
    }
    shown = np.asarray(tags.pop("pixels", pixels(number)))
    dataset.Rows, dataset.Columns = shown.shape[:2]
    for name, value in {**values, **tags}.items():
        if value is not None:
            setattr(dataset, name, value)
    dataset.PixelData = shown.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def write_series(folder: Path, numbers: Any = range(5), **tags: Any) -> Path:
    """Write several slices of one series, their names in the reverse order of their places."""
    for number in numbers:
        write_slice(folder / f"slice_{90 - number}", number, **tags)
    return folder
