"""Copy slices of a real CT (JPEG 2000, UIDs emptied by a de-identifier), and alter them."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import highdicom
import pydicom
from dicom_slices import change, set_tags
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

COUNT = 5

Edit = Callable[[Path], object]


def slices(folder: Path, real: Sequence[Path], numbers: Sequence[int] = range(COUNT)) -> Path:
    """Copy slices n to ``folder/slice_n.dcm``."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        shutil.copyfile(real[number], folder / f"slice_{number}.dcm")
    return folder


def edited(folder: Path, real: Sequence[Path], **edits: Edit) -> Path:
    slices(folder, real)
    for name, edit in edits.items():
        edit(folder / f"{name}.dcm")
    return folder


def each(folder: Path, real: Sequence[Path], edit: Edit) -> Path:
    for path in sorted(slices(folder, real).iterdir()):
        edit(path)
    return folder


def moved(folder: Path, real: Sequence[Path], tags: Callable[[int], dict[str, Any]]) -> Path:
    slices(folder, real)
    for number in range(COUNT):
        set_tags(folder / f"slice_{number}.dcm", **tags(number))
    return folder


def leaning(number: int) -> dict[str, Any]:
    # One row of 0.9765625 mm further back for each slice further up.
    back = -437.51171875 + 0.9765625 * (COUNT - 1 - number)
    return {"ImagePositionPatient": [-249.51171875, back, -766.5 - 2 * number]}


def jittered(number: int) -> dict[str, Any]:
    sign = (-1) ** number
    return {
        "ImagePositionPatient": [-249.51171875, -437.51171875, -766.5 - 2 * number + 1e-4 * sign],
        "ImageOrientationPatient": [1, 1e-7 * sign, 0, 0, 1, -1e-7 * sign],
    }


def copy(path: Path) -> None:
    shutil.copyfile(path, path.with_name("copy_of.dcm"))


def swap_pixels(path: Path) -> None:
    # The place of slice 2 twice, the second time with the pixels of slice 4.
    place = pydicom.dcmread(path, stop_before_pixels=True).ImagePositionPatient
    shutil.copyfile(path.with_name("slice_4.dcm"), path.with_name("other.dcm"))
    set_tags(path.with_name("other.dcm"), ImagePositionPatient=place)


def cut(path: Path, *, keep: int) -> None:
    path.write_bytes(path.read_bytes()[:keep])


def crop(path: Path) -> None:
    def edit(dataset: Dataset) -> None:
        dataset.decompress(generate_instance_uid=False)
        values = dataset.pixel_array[:256, :256].copy()
        dataset.Rows = dataset.Columns = 256
        dataset.PixelData = values.tobytes()

    change(path, edit)


def shuffled(folder: Path, real: Sequence[Path]) -> Path:
    slices(folder, real)
    for number in range(COUNT):
        name = f"IM{(number * 5) % 8:03}"
        (folder / f"slice_{number}.dcm").rename(folder / name)
    return folder


def nested(folder: Path, real: Sequence[Path], uid: str) -> Path:
    for number in range(COUNT):
        path = slices(folder / f"part_{number % 2}", real, [number]) / f"slice_{number}.dcm"
        set_tags(path, SeriesInstanceUID=uid)
    return folder


def with_strays(folder: Path, real: Sequence[Path]) -> Path:
    slices(folder, real)
    (folder / "DICOMDIR").write_bytes(bytes(128) + b"DICM")
    (folder / "viewer.exe").write_bytes(b"MZ" + bytes(300))
    (folder / "info" / "empty").mkdir(parents=True)
    (folder / "info" / "read me.html").write_text("<html></html>")
    return folder


def two_acquisitions(folder: Path, real: Sequence[Path]) -> Path:
    slices(folder, real)
    for path in sorted(folder.iterdir()):
        again = path.with_name(f"second_{path.name}")
        shutil.copyfile(path, again)
        set_tags(again, AcquisitionNumber=15)
    return folder


def converted(folder: Path, real: Sequence[Path], syntax: str) -> Path:
    """Let highdicom make one multi-frame file of the slices."""
    study, series = generate_uid(), generate_uid()
    datasets = []
    for path in real[:COUNT]:
        dataset = pydicom.dcmread(path)
        dataset.decompress(generate_instance_uid=False)
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID
        datasets.append(dataset)
    converted = highdicom.legacy.LegacyConvertedEnhancedCTImage(
        datasets, generate_uid(), 1, generate_uid(), 1, transfer_syntax_uid=syntax
    )
    folder.mkdir()
    converted.save_as(folder / "converted.dcm")
    return folder


def single(folder: Path, real: Sequence[Path]) -> Path:
    return slices(folder, real, [4]) / "slice_4.dcm"
