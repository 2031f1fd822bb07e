"""Label files: of other kinds of number, on other grids, with gaps, and scans that are none."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from napari_seg import read_labels, read_scan
from odd_files.nifti_files import AFFINE, SHAPE, VOXELS, save
from odd_files.odd_case import Case, Place, as_labels, is_read, is_refused

LABELS = np.zeros(SHAPE, np.uint8)
LABELS[0, 0, 0], LABELS[4, 1, 2] = 1, 3
PLACES = (
    Place((0, 0, 0), (80.0, -40.0, 10.0), 1),
    Place((4, 1, 2), (74.0, -34.0, 12.0), 3),
    Place((1, 1, 1), (78.5, -37.0, 12.0), 0),
)


def with_values(one: int, three: int) -> tuple[Place, ...]:
    return tuple(replace(place, value={1: one, 3: three, 0: 0}[place.value]) for place in PLACES)


def labels(verdict: Any, voxels: Any = LABELS, *, name: str = "labels.nii.gz", **how: Any) -> Case:
    """Return the case of a label file."""

    def build(folder: Path) -> Path:
        return save(folder, name, voxels, **how)

    return as_labels(verdict(build))


def onto_scan(verdict: Any, save_labels: Callable[[Path], Path], *, resample: bool = False) -> Case:
    """Return the case of labels that are read onto the scan beside them."""

    def build(folder: Path) -> Path:
        save(folder, "scan.nii.gz")
        return save_labels(folder)

    def read(path: Path) -> Any:
        return read_labels(path, onto=read_scan(path.with_name("scan.nii.gz")), resample=resample)

    return replace(verdict(build), read=read)


def turned(folder: Path) -> Path:
    image = nib.as_closest_canonical(nib.Nifti1Image(LABELS, AFFINE))
    image.to_filename(folder / "labels.nii.gz")
    return folder / "labels.nii.gz"


def shifted(folder: Path) -> Path:
    affine = AFFINE.copy()
    affine[0, 3] += 0.7
    return save(folder, "labels.nii.gz", LABELS, affine=affine)


def elsewhere(folder: Path) -> Path:
    affine = AFFINE.copy()
    affine[:3, 3] += 500
    return save(folder, "labels.nii.gz", LABELS, affine=affine)


ALMOST = LABELS.astype(np.float32) * np.float32(0.99999)
HALVES = LABELS.astype(np.float32) / 2
NEGATIVE = LABELS.astype(np.int16) - 1
GAPS = np.array([0, 205, 0, 420], np.int16)[LABELS]
LARGE = np.array([0, 70000, 0, 4_000_000_000], np.uint32)[LABELS]
NAN = LABELS.astype(np.float32)
NAN[5, 4, 3] = np.nan

CASES: tuple[Case, ...] = (
    labels(is_read("labels", places=PLACES, in_viewer=True)),
    labels(is_read("labels of 0.99999", places=PLACES, in_viewer=True), ALMOST),
    # 255 * 2 / 255 is 1.99…, 128 * 2 / 255 is 1.0039.
    labels(is_read("labels by a slope of 2/255", places=with_values(1, 2)),
           np.array([0, 128, 0, 255], np.uint8)[LABELS], scl_slope=2 / 255),
    labels(is_refused("labels of halves", "not whole numbers"), HALVES),
    labels(is_refused("labels below 0", "labels start at 0"), NEGATIVE),
    labels(is_refused("labels with NaN", "not whole numbers"), NAN),
    labels(is_read("labels with gaps", places=with_values(205, 420), in_viewer=True), GAPS),
    labels(is_read("labels of 32 bits", places=with_values(70000, 4_000_000_000)), LARGE),
    labels(is_refused("labels of two volumes", "holds 2 channels"), np.stack([LABELS] * 2, axis=-1)),
    labels(is_read("labels without orientation", "no-orientation", places=(
        Place((0, 0, 0), (3.75, -4.0, -4.5), 1), Place((4, 1, 2), (-2.25, -2.0, 1.5), 3),
    )), qform=AFFINE, qform_code=0, sform_code=0),
    labels(is_read("labels in one NRRD file named as NIfTI", "mislabelled", places=PLACES),
           name="labels.mha"),
    onto_scan(is_read("labels in another orientation", places=PLACES), turned),
    onto_scan(is_refused("labels 0.7 mm off", "labels.nii.gz"), shifted),
    onto_scan(is_read("labels 0.7 mm off, resampled", "resampled", places=PLACES), shifted,
              resample=True),
    onto_scan(is_refused("labels half a metre off", "labels.nii.gz"), elsewhere),
)  # fmt: skip

SCAN_NAMED_LABELS = Place((4, 1, 2), (74.0, -34.0, 12.0), -14)


@is_read(
    "a scan named as labels",
    places=(Place((0, 0, 0), (80.0, -40.0, 10.0), -100), SCAN_NAMED_LABELS),
    in_viewer=True,
)
def scan_named_labels(folder: Path) -> Path:
    return save(folder, "unmasked label.nii.gz", VOXELS - 100)


CASES += (scan_named_labels,)
