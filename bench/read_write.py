"""Time reading and writing against nibabel, SimpleITK and MONAI, interleaved in one run.

Run on an idle machine: ``python bench/read_write.py [ROUNDS]``; writes
bench/records/read_write.json. Each round calls every program once for every file, so that what
slows the machine slows all of them. Our writing reads back what it wrote and flushes it to the
disk; the others do neither, so their times are no promise that the file is whole. DICOM
segmentations are written by highdicom on both sides: ours finds the slices, names the labels and
checks what was written.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Any

import highdicom as hd
import monai
import nibabel as nib
import numpy as np
import pydicom
import SimpleITK as sitk
from dicom_series import write_series
from highdicom.sr.coding import CodedConcept
from monai.transforms import LoadImage, SaveImage
from rounds import machine
from scipy.ndimage import gaussian_filter

from napari_seg import Geometry, LabelMap, LabelTable, read_labels, read_scan, write_labels
from napari_seg.imaging.files import write_scan

if TYPE_CHECKING:
    from collections.abc import Callable

    Calls = dict[str, dict[str, Callable[[], object]]]

ROUNDS = 11
RECORD = Path(__file__).parent / "records" / "read_write.json"
SHAPE = (192, 192, 120)
OURS = "napari-seg"
DATA = Path(__file__).parents[2] / "shared" / "data"
HEAD, CT = DATA / "head" / "t1_head.nii.gz", DATA / "ct_dicom"


def main(rounds: int = ROUNDS) -> None:
    """Time all calls in rounds, and write the record."""
    # Before them, so that the load is that of others.
    measured_on = machine()
    with TemporaryDirectory() as folder:
        calls = reading_calls(Path(folder)) | writing_calls(Path(folder))
        calls |= dicom_calls(Path(folder)) | segmentation_calls(Path(folder))
        times = {what: {who: [] for who in by} for what, by in calls.items()}
        for number in range(rounds + 1):
            for what, by in calls.items():
                for who, call in by.items():
                    start = perf_counter()
                    call()
                    if number:  # the first round warms up
                        times[what][who].append(perf_counter() - start)
    record = {
        "machine": measured_on,
        "cores": os.cpu_count(),
        "nibabel": nib.__version__,
        "SimpleITK": sitk.Version().VersionString(),
        "rounds": rounds,
        "shape": SHAPE,
        "results": {what: summary(by) for what, by in times.items()},
    }
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_text(json.dumps(record, indent=2) + "\n")
    print(json.dumps(record["results"], indent=2))


def summary(times: dict[str, list[float]]) -> dict[str, Any]:
    """Give medians in seconds, and ours as a ratio of each other one: below 1 is faster."""
    medians = {who: median(each) for who, each in times.items()}
    return {
        "seconds": {who: round(each, 4) for who, each in medians.items()},
        "ours_as_ratio_of": {
            who: round(medians[OURS] / each, 2) for who, each in medians.items() if who != OURS
        },
    }


def reading_calls(folder: Path) -> Calls:
    """Return what reads each file, by each program."""
    image = nib.Nifti1Image(scan_voxels(), np.diag([-1.0, 1.0, 1.5, 1.0]))
    image.to_filename(folder / "scan.nii")
    # In a folder of its own: beside "scan.nii" SimpleITK reads that one instead.
    packed = folder / "packed" / "scan.nii.gz"
    packed.parent.mkdir()
    packed.write_bytes(gzip.compress((folder / "scan.nii").read_bytes(), 6))
    for suffix in (".nrrd", ".mha"):
        plain = sitk.GetImageFromArray(image.get_fdata().astype(np.int16).transpose(2, 1, 0))
        sitk.WriteImage(plain, str(folder / f"scan{suffix}"), True)
    files = [folder / "scan.nii", packed, folder / "scan.nrrd", folder / "scan.mha"]
    files += [HEAD] if HEAD.is_file() else []
    return {f"read {path.name}": readers(path) for path in files}


def readers(path: Path) -> dict[str, Callable[[], object]]:
    """Return what reads one file to an array and an affine."""
    by: dict[str, Callable[[], object]] = {
        OURS: partial(read_scan, path),
        "SimpleITK": lambda: sitk.GetArrayFromImage(sitk.ReadImage(str(path))),
    }
    if ".nii" in path.name:  # for the others MONAI needs packages that we do not ask for
        by["nibabel"] = lambda: np.asanyarray(nib.load(path, mmap=False).dataobj)
        by["MONAI"] = partial(LoadImage(reader="NibabelReader", image_only=True), path)
    return by


def writing_calls(folder: Path) -> Calls:
    """Return what writes labels and a scan, by each program."""
    affine = np.diag([-1.0, 1.0, 1.5, 1.0])
    voxels = scan_voxels()
    labels = tissues(voxels)
    geometry = Geometry(SHAPE, affine)
    label_map = LabelMap(labels, geometry, LabelTable())
    scan = read_scan(folder / "scan.nii")
    calls: Calls = {}
    for what, array in (("labels", labels), ("scan", voxels)):
        image = sitk.GetImageFromArray(array.transpose(2, 1, 0))
        for suffix in (".nii.gz", ".nrrd"):
            ours = folder / f"ours_{what}{suffix}"
            call = (
                partial(write_labels, label_map, ours)
                if what == "labels"
                else partial(write_scan, scan, ours)
            )
            by: dict[str, Callable[[], object]] = {
                OURS: call,
                "SimpleITK": partial(
                    sitk.WriteImage, image, str(folder / f"sitk_{what}{suffix}"), True
                ),
            }
            if suffix == ".nii.gz":
                by["nibabel"] = partial(
                    nib.save, nib.Nifti1Image(array, affine), folder / f"nib_{what}{suffix}"
                )
                by["MONAI"] = partial(
                    SaveImage(
                        output_dir=folder / "monai",
                        output_dtype=array.dtype,
                        print_log=False,
                        separate_folder=False,
                    ),
                    monai.data.MetaTensor(array[np.newaxis], affine),
                )
            calls[f"write {what}{suffix}"] = by
    return calls


def dicom_calls(folder: Path) -> Calls:
    """Return what reads a DICOM series, and what writes labels of it as a DICOM segmentation."""
    series = write_series(folder / "series", scan_voxels())
    calls: Calls = {"read a DICOM series": series_readers(series)}
    if CT.is_dir():
        calls["read ct_dicom (JPEG 2000)"] = series_readers(CT)
    scan = read_scan(series)
    labels = LabelMap(tissues(scan.array), scan.geometry, LabelTable(), source=scan.source)
    slices = [pydicom.dcmread(path) for path in sorted(series.iterdir())]
    calls["write labels.dcm"] = {
        OURS: partial(write_labels, labels, folder / "ours.dcm", source=scan),
        "highdicom": partial(
            write_with_highdicom, np.asarray(labels.array).T, slices, folder / "theirs.dcm"
        ),
    }
    return calls


def series_readers(folder: Path) -> dict[str, Callable[[], object]]:
    """Return what reads the one series of a folder to an array and an affine."""

    def with_simpleitk() -> object:
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
        return sitk.GetArrayFromImage(reader.Execute())

    return {
        OURS: partial(read_scan, folder),
        "SimpleITK": with_simpleitk,
        "MONAI": partial(LoadImage(reader="PydicomReader", image_only=True), folder),
    }


def write_with_highdicom(voxels: np.ndarray, slices: list[Any], path: Path) -> None:
    """Write labels ``(slices, rows, columns)`` as a DICOM segmentation of a series."""
    tissue = CodedConcept("85756007", "SCT", "Tissue")
    algorithm = hd.AlgorithmIdentificationSequence("bench", tissue, "1")
    described = [
        hd.seg.SegmentDescription(value, f"label {value}", tissue, tissue, "AUTOMATIC", algorithm)
        for value in np.unique(voxels)[1:].tolist()
    ]
    written = hd.seg.Segmentation(
        slices, voxels, "BINARY", described, hd.UID(), 1, hd.UID(), 1, "bench", "bench", "1", "1"
    )
    written.save_as(path)


def segmentation_calls(folder: Path) -> Calls:
    """Return what reads and writes Slicer's ``.seg.nrrd``; SimpleITK knows it as a plain NRRD."""
    voxels = tissues(scan_voxels())
    labels = LabelMap(voxels, Geometry(SHAPE, np.diag([-1.0, 1.0, 1.5, 1.0])), LabelTable())
    path, image = folder / "labels.seg.nrrd", sitk.GetImageFromArray(voxels.T)
    write_labels(labels, path)
    return {
        "read labels.seg.nrrd": {
            OURS: partial(read_labels, path),
            "SimpleITK": lambda: sitk.GetArrayFromImage(sitk.ReadImage(str(path))),
        },
        "write labels.seg.nrrd": {
            OURS: partial(write_labels, labels, folder / "ours.seg.nrrd"),
            "SimpleITK": partial(sitk.WriteImage, image, str(folder / "theirs.seg.nrrd"), True),
        },
    }


def tissues(voxels: np.ndarray) -> np.ndarray:
    """Label three ranges of intensity."""
    return np.digitize(voxels, [200, 300, 400]).astype(np.uint8)


def scan_voxels() -> np.ndarray:
    """Make a scan that packs about as well as a real one: smooth shapes under noise."""
    chance = np.random.default_rng(0)
    shapes = gaussian_filter(chance.normal(size=SHAPE), 6) * 4000 + 300
    shapes[:, :, :20] = 0
    noise = chance.normal(0, 8, SHAPE) * (shapes > 0)
    return np.clip(shapes + noise, 0, 2000).astype(np.int16)


if __name__ == "__main__":
    main(*(int(rounds) for rounds in sys.argv[1:2]))
