"""Write small DICOM slices for tests, and change what others wrote."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import (
    UID,
    CTImageStorage,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    JPEGLossless,
    JPEGLosslessSV1,
    generate_uid,
)

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


def change(path: Path, edit: Callable[[Dataset], None]) -> Path:
    """Write a file again after `edit` has changed its data set."""
    dataset = pydicom.dcmread(path)
    edit(dataset)
    dataset.save_as(path, enforce_file_format=True)
    return path


def set_tags(path: Path, **tags: Any) -> Path:
    """Set tags of a file; None takes one out."""

    def edit(dataset: Dataset) -> None:
        for name, value in tags.items():
            if value is not None:
                setattr(dataset, name, value)
            elif name in dataset:
                delattr(dataset, name)

    return change(path, edit)


def transcode(path: Path, syntax: str) -> Path:
    """Write a file again in another transfer syntax; JPEG Lossless is coded by SimpleITK."""
    dataset = pydicom.dcmread(path)
    if dataset.file_meta.TransferSyntaxUID.is_compressed:
        dataset.decompress(generate_instance_uid=False)
    target = UID(syntax)
    if target in (JPEGLossless, JPEGLosslessSV1):
        frames = dataset.pixel_array.reshape(-1, dataset.Rows, dataset.Columns)
        dataset.PixelData = encapsulate([_jpeg_lossless(frame) for frame in frames])
        dataset["PixelData"].VR = "OB"
        dataset.file_meta.TransferSyntaxUID = target
    elif target.is_encapsulated:
        dataset.compress(target, generate_instance_uid=False)
    else:
        if not target.is_little_endian:
            dataset.PixelData = dataset.pixel_array.astype(">u2").tobytes()
        dataset.file_meta.TransferSyntaxUID = target
        kind = {"implicit_vr": target.is_implicit_VR, "little_endian": target.is_little_endian}
        pydicom.dcmwrite(path, dataset, **kind, force_encoding=True)
        return path
    dataset.save_as(path, enforce_file_format=True)
    return path


def strip_preamble(path: Path, *, implicit: bool) -> Path:
    """Write a file again as data set alone, as programs did before there was a file format."""
    dataset = pydicom.dcmread(path)
    if dataset.file_meta.TransferSyntaxUID.is_compressed:
        dataset.decompress(generate_instance_uid=False)
    dataset.preamble = None
    dataset.file_meta = FileMetaDataset()
    pydicom.dcmwrite(path, dataset, implicit_vr=implicit, little_endian=True, force_encoding=True)
    assert path.read_bytes()[128:132] != b"DICM"
    return path


def _jpeg_lossless(values: NDArray[Any]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        writer = sitk.ImageFileWriter()
        writer.SetFileName(f"{folder}/coded.dcm")
        writer.UseCompressionOn()
        writer.SetCompressor("JPEG")
        writer.Execute(sitk.GetImageFromArray(values[np.newaxis]))
        coded = pydicom.dcmread(f"{folder}/coded.dcm")
    assert coded.file_meta.TransferSyntaxUID == JPEGLosslessSV1
    return get_frame(coded.PixelData, 0, number_of_frames=1)


def write_enhanced(
    path: Path, numbers: Sequence[int], *, frame_tags: Sequence[dict[str, Any]] = (), **tags: Any
) -> Path:
    """Write slices as frames of one enhanced CT, placed as `write_slice` places them.

    A frame's tags are given as ``{"FrameContentSequence": {"StackID": "1"}}``.
    """
    write_slice(path, 0)
    dataset = pydicom.dcmread(path)
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        delattr(dataset, name)
    for name in ("SliceThickness", "RescaleSlope", "RescaleIntercept"):
        delattr(dataset, name)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = EnhancedCTImageStorage
    dataset.NumberOfFrames = len(numbers)
    shared = {
        "PlaneOrientationSequence": {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]},
        "PixelMeasuresSequence": {"PixelSpacing": [0.75, 0.5], "SliceThickness": 5},
        "PixelValueTransformationSequence": {"RescaleSlope": 1, "RescaleIntercept": -1024},
    }
    dataset.SharedFunctionalGroupsSequence = [_groups(shared)]
    dataset.PerFrameFunctionalGroupsSequence = [
        _groups(
            {
                "PlanePositionSequence": {
                    "ImagePositionPatient": [-10, -20, 30 + STEP_MM * number]
                },
                **(frame_tags[index] if frame_tags else {}),
            }
        )
        for index, number in enumerate(numbers)
    ]
    dataset.PixelData = np.stack([pixels(number) for number in numbers]).tobytes()
    for name, value in tags.items():
        setattr(dataset, name, value)
    dataset.save_as(path, enforce_file_format=True)
    return path


def _groups(values: dict[str, dict[str, Any]]) -> Dataset:
    item = Dataset()
    for group, tags in values.items():
        inner = Dataset()
        for name, value in tags.items():
            setattr(inner, name, value)
        setattr(item, group, [inner])
    return item
