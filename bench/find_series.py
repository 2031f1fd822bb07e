"""Time the listing of 1,000 DICOM headers: goal at most 3 s.

``python bench/find_series.py`` writes 1,000 small slices into a temporary folder, lists them in
turn with ours and with SimpleITK, and writes bench/records/find_series.json.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from napari_seg import find_series

if TYPE_CHECKING:
    from collections.abc import Callable

SERIES, SLICES, TAGS, ROUNDS = 4, 250, 90, 5
RECORD = Path(__file__).parent / "records" / "find_series.json"


def main() -> None:
    """Write the slices, time both listings, and write the record."""
    with tempfile.TemporaryDirectory() as name:
        folders = [write_series(Path(name) / str(number), number) for number in range(SERIES)]
        found = find_series(name)
        if [series.count for series in found] != [SLICES] * SERIES:
            raise SystemExit("find_series found other series than were written")
        ours, simpleitk = [], []
        for _ in range(ROUNDS):
            ours.append(seconds(lambda: find_series(name)))
            simpleitk.append(seconds(lambda: [names_of(folder) for folder in folders]))
    record = {
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "headers": SERIES * SLICES,
        "tags_per_header": TAGS,
        "rounds": ROUNDS,
        "find_series_s": summary(ours),
        "simpleitk_file_names_s": summary(simpleitk),
        "ratio_of_medians": round(median(ours) / median(simpleitk), 2),
    }
    RECORD.write_text(json.dumps(record, indent=2) + "\n")
    print(json.dumps(record, indent=2))


def write_series(folder: Path, number: int) -> Path:
    """Write one CT series with as many tags as a scanner writes."""
    folder.mkdir()
    dataset = pydicom.Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = CTImageStorage
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.FrameOfReferenceUID = generate_uid()
    dataset.Modality, dataset.SeriesNumber = "CT", number + 1
    dataset.SeriesDescription = f"series {number + 1}"
    dataset.ImageOrientationPatient, dataset.PixelSpacing = [1, 0, 0, 0, 1, 0], [0.7, 0.7]
    dataset.SliceThickness, dataset.RescaleSlope, dataset.RescaleIntercept = 1, 1, -1024
    dataset.Rows = dataset.Columns = 16
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 0
    block = dataset.private_block(0x0019, "a scanner's own", create=True)
    for element in range(TAGS - len(dataset) - 5):
        block.add_new(element, "LO", f"value {element} of the scanner's own")
    dataset.PixelData = np.zeros((16, 16), np.uint16).tobytes()
    for slice_number in range(SLICES):
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        dataset.file_meta.MediaStorageSOPClassUID = CTImageStorage
        dataset.InstanceNumber = slice_number + 1
        dataset.ImagePositionPatient = [-5.0, -5.0, float(slice_number)]
        dataset.save_as(folder / f"{slice_number:04}.dcm", enforce_file_format=True)
    return folder


def names_of(folder: Path) -> list[tuple[str, ...]]:
    """List the files of each series of one folder as SimpleITK does."""
    reader = sitk.ImageSeriesReader
    return [
        reader.GetGDCMSeriesFileNames(str(folder), uid)
        for uid in reader.GetGDCMSeriesIDs(str(folder))
    ]


def seconds(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = perf_counter()
    call()
    return perf_counter() - start


def summary(times: list[float]) -> dict[str, float]:
    """Return median, least and most."""
    return {
        "median": round(median(times), 3),
        "least": round(min(times), 3),
        "most": round(max(times), 3),
    }


if __name__ == "__main__":
    main()
