"""Write small DICOM series that segmentations are stored against, full of texts to look for."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    generate_uid,
)

COLUMNS, ROWS = 9, 6
ACROSS_MM, DOWN_MM, STEP_MM = 0.5, 0.75, 2.5

# Texts that a segmentation has no need for.
CANARIES = {
    "InstitutionName": "CANARY institution",
    "InstitutionAddress": "CANARY address",
    "StudyDescription": "CANARY study",
    "SeriesDescription": "CANARY series",
    "ReferringPhysicianName": "CANARY^Referring",
    "PerformingPhysicianName": "CANARY^Performing",
    "OperatorsName": "CANARY^Operator",
    "StationName": "CANARY station",
    "Manufacturer": "CANARY maker",
    "DeviceSerialNumber": "CANARY serial",
    "PatientAddress": "CANARY home",
    "PatientComments": "CANARY patient",
    "OtherPatientIDs": "CANARY other",
    "PatientAge": "077Y",
    "PatientWeight": "77.7",
    "Occupation": "CANARY work",
    "AdditionalPatientHistory": "CANARY history",
    "ImageComments": "CANARY image",
    "ProtocolName": "CANARY protocol",
    "RequestedProcedureDescription": "CANARY request",
    "AcquisitionDate": "19991231",
}


@dataclass(frozen=True)
class Lie:
    """Where the slices of a series lie: the directions of its rows and columns, LPS."""

    across: tuple[float, float, float] = (1.0, 0.0, 0.0)
    down: tuple[float, float, float] = (0.0, 1.0, 0.0)
    first: tuple[float, float, float] = (-10.0, -20.0, 30.0)

    @property
    def normal(self) -> NDArray[np.float64]:
        return np.cross(self.across, self.down)

    def place(self, i: float, j: float, k: float) -> NDArray[np.float64]:
        """Return where a voxel lies, in mm, LPS; k counts along the normal."""
        way = i * ACROSS_MM * np.array(self.across) + j * DOWN_MM * np.array(self.down)
        return np.array(self.first) + way + k * STEP_MM * self.normal


UPRIGHT = Lie()
CORONAL = Lie((1, 0, 0), (0, 0, -1))
# Turned by 20 degrees about the long axis, then by 30 about the new left-right one.
_A, _B = np.radians((20, 30))
OBLIQUE = Lie(
    (np.cos(_A), np.sin(_A), 0),
    (-np.sin(_A) * np.cos(_B), np.cos(_A) * np.cos(_B), np.sin(_B)),
)


def write_slices(
    folder: Path, numbers: Sequence[int] = range(5), lie: Lie = UPRIGHT, **tags: Any
) -> list[Path]:
    """Write slices of a CT in the order given; a tag of None is left out."""
    study, series = generate_uid(), generate_uid()
    frame = generate_uid()
    paths = []
    for place, number in enumerate(numbers):
        dataset = _described(CTImageStorage, study, series, frame)
        dataset.InstanceNumber = place + 1
        dataset.ImagePositionPatient = _texts(lie.place(0, 0, number))
        dataset.ImageOrientationPatient = _texts([*lie.across, *lie.down])
        dataset.PixelSpacing = [DOWN_MM, ACROSS_MM]
        dataset.SliceThickness = STEP_MM
        _add_pixels(dataset, np.full((1, ROWS, COLUMNS), 100 * number))
        paths.append(_saved(dataset, folder / f"{place:03}.dcm", tags))
    return paths


def write_enhanced(
    path: Path, numbers: Sequence[int] = range(5), lie: Lie = UPRIGHT, **tags: Any
) -> Path:
    """Write one enhanced multi-frame CT, its frames in the order given."""
    dataset = _described(EnhancedCTImageStorage, generate_uid(), generate_uid(), generate_uid())
    dataset.NumberOfFrames = len(numbers)
    measures, orientation = pydicom.Dataset(), pydicom.Dataset()
    measures.PixelSpacing, measures.SliceThickness = [DOWN_MM, ACROSS_MM], STEP_MM
    orientation.ImageOrientationPatient = _texts([*lie.across, *lie.down])
    values = pydicom.Dataset()
    values.RescaleSlope, values.RescaleIntercept, values.RescaleType = 1, -1024, "HU"
    shared = pydicom.Dataset()
    shared.PixelMeasuresSequence = [measures]
    shared.PlaneOrientationSequence = [orientation]
    shared.PixelValueTransformationSequence = [values]
    dataset.SharedFunctionalGroupsSequence = [shared]
    items = []
    for place, number in enumerate(numbers):
        position, content, item = pydicom.Dataset(), pydicom.Dataset(), pydicom.Dataset()
        position.ImagePositionPatient = _texts(lie.place(0, 0, number))
        content.StackID, content.InStackPositionNumber = "1", place + 1
        item.PlanePositionSequence, item.FrameContentSequence = [position], [content]
        items.append(item)
    dataset.PerFrameFunctionalGroupsSequence = items
    _add_pixels(dataset, np.repeat([[[100 * n]] for n in numbers], ROWS, 1).repeat(COLUMNS, 2))
    return _saved(dataset, path, tags)


def _described(storage: str, study: str, series: str, frame: str) -> pydicom.Dataset:
    dataset = pydicom.Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.SOPClassUID, dataset.SOPInstanceUID = storage, generate_uid()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
    dataset.FrameOfReferenceUID = frame
    dataset.Modality = "CT"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.PatientName, dataset.PatientID = "Müller^Änne", "patient 7"
    dataset.PatientBirthDate, dataset.PatientSex = "19500203", "F"
    dataset.StudyDate, dataset.StudyTime = "20240506", "070809.5"
    dataset.StudyID, dataset.AccessionNumber = "study 8", "access 9"
    for name, text in CANARIES.items():
        setattr(dataset, name, text)
    block = dataset.private_block(0x0009, "CANARY creator", create=True)
    block.add_new(0x01, "LO", "CANARY private")
    return dataset


def _add_pixels(dataset: pydicom.Dataset, pixels: NDArray[Any]) -> None:
    dataset.Rows, dataset.Columns = pixels.shape[1:]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = 0
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024
    dataset.PixelData = pixels.astype("<u2").tobytes()


def _saved(dataset: pydicom.Dataset, path: Path, tags: dict[str, Any]) -> Path:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta = meta
    for name, value in tags.items():
        if value is None:
            delattr(dataset, name)
        else:
            setattr(dataset, name, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def _texts(numbers: Sequence[float] | NDArray[np.float64]) -> list[str]:
    # As scanners write them: up to 16 letters.
    return [f"{float(number):.8g}" for number in numbers]
