"""Labels on every order of axes come back from every format, and other readers agree."""

from itertools import permutations, product
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from napari_seg import (
    Geometry,
    Label,
    LabelMap,
    LabelTable,
    read_labels,
    read_scan,
    write_labels,
    write_masks,
)

# Formats that hold any straight or oblique grid. A new one needs a line here.
SUFFIXES = (".nii", ".nii.gz", ".nrrd", ".seg.nrrd", ".mha")
SHAPE = (5, 4, 3)
SPACING = (0.75, 1.25, 3.5)
ORIGIN = (-91.25, 117.5, 68.125)
LABELS = np.random.default_rng(17).integers(0, 4, SHAPE).astype(np.uint8)
TABLE = LabelTable(
    tuple(Label(value, f"label {value}", (value * 60, 10, 20)) for value in (1, 2, 3))
)
ORDERS = tuple(product(permutations(range(3)), product((1, -1), repeat=3)))
INDICES = ((0, 0, 0), (4, 0, 0), (0, 3, 0), (0, 0, 2), (2, 1, 1))


def turned(degrees: float) -> NDArray[np.float64]:
    """Turn about the axis (1, 2, 3), by Rodrigues' formula."""
    x, y, z = np.array([1.0, 2.0, 3.0]) / np.sqrt(14)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(degrees)
    matrix: NDArray[np.float64] = (
        np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    )
    return matrix


def affine_of(
    order: tuple[int, ...], signs: tuple[int, ...], degrees: float
) -> NDArray[np.float64]:
    affine = np.eye(4)
    for axis, (side, sign) in enumerate(zip(order, signs, strict=True)):
        affine[:3, axis] = turned(degrees)[:, side] * sign * SPACING[axis]
    affine[:3, 3] = ORIGIN
    return affine


def other_reader_places(path: Path) -> list[tuple[NDArray[np.float64], int]]:
    """Give RAS+ mm and value of some voxels, by SimpleITK, whose x and y run the other way."""
    image = sitk.ReadImage(str(path))
    return [
        (
            np.array(image.TransformIndexToPhysicalPoint(index)) * (-1, -1, 1),
            image.GetPixel(*index),
        )
        for index in INDICES
    ]


@pytest.mark.parametrize("degrees", [0, 17], ids=["straight", "oblique"])
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(("order", "signs"), ORDERS, ids=str)
def test_labels_come_back_on_their_grid(
    tmp_path: Path, order: tuple[int, ...], signs: tuple[int, ...], suffix: str, degrees: float
) -> None:
    affine = affine_of(order, signs, degrees)
    path = tmp_path / f"labels{suffix}"
    write_labels(LabelMap(LABELS, Geometry(SHAPE, affine), TABLE), path)

    back = read_labels(path)
    assert np.array_equal(back.array, LABELS)
    assert np.abs(back.geometry.affine - affine).max() < 1e-4
    assert back.notices == ()
    assert back.table == TABLE

    scan = read_scan(path)
    for index, (mm, value) in zip(INDICES, other_reader_places(path), strict=True):
        assert value == LABELS[index] == scan.array[index]
        assert np.allclose(mm, (affine @ (*index, 1))[:3], atol=1e-3)
        assert np.allclose(mm, scan.geometry.to_mm(index), atol=1e-3)
    if path.name.endswith((".nii", ".nii.gz")):
        image = nib.load(path)
        assert np.array_equal(np.asanyarray(image.dataobj), LABELS)
        assert np.abs(image.affine - affine).max() < 1e-4


@pytest.mark.parametrize("degrees", [0, 17], ids=["straight", "oblique"])
@pytest.mark.parametrize(("order", "signs"), ORDERS, ids=str)
def test_a_folder_of_masks_comes_back_on_its_grid(
    tmp_path: Path, order: tuple[int, ...], signs: tuple[int, ...], degrees: float
) -> None:
    affine = affine_of(order, signs, degrees)
    write_masks(LabelMap(LABELS, Geometry(SHAPE, affine), TABLE), tmp_path / "masks")

    back = read_labels(tmp_path / "masks")
    assert np.array_equal(back.array, LABELS)
    assert np.abs(back.geometry.affine - affine).max() < 1e-4
    mask = nib.load(tmp_path / "masks" / "label 2.nii.gz")
    assert np.array_equal(np.asanyarray(mask.dataobj) > 0, LABELS == 2)
    assert np.abs(mask.affine - affine).max() < 1e-4


def test_there_are_48_orders() -> None:
    matrices = {affine_of(*order, 0)[:3, :3].tobytes() for order in ORDERS}
    assert len(matrices) == 48
