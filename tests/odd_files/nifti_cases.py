"""NIfTI files: where they say twice, wrongly or not at all where their voxels lie."""

from functools import partial
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from odd_files.nifti_files import (
    AFFINE,
    CENTRED,
    PLACES,
    SHAPE,
    VOXELS,
    moved,
    save,
    scaled,
)
from odd_files.odd_case import Case, Place, is_read, is_refused

# 10 mm to the right of AFFINE.
MOVED = AFFINE + np.array([[0, 0, 0, 10.0], [0] * 4, [0] * 4, [0] * 4])
# j leans by a quarter of a millimetre in two, k hardly.
SHEARED = AFFINE + np.array([[0, 0.5, 0, 0], [0] * 4, [0] * 4, [0] * 4])
HARDLY_SHEARED = AFFINE + np.array([[0, 0, 0.002, 0], [0] * 4, [0] * 4, [0] * 4])


def nifti(name: str, **how: Any) -> Any:
    """Return a builder of one file."""

    def build(folder: Path) -> Path:
        return save(folder, name, **how)

    return build


def with_slope(value: float) -> tuple[Place, ...]:
    return tuple(Place(place.index, place.mm, place.value * value - 10) for place in PLACES)


DOUBLED = tuple(Place(place.index, place.mm, place.value * 2) for place in PLACES)
FAR = tuple(Place(place.index, place.mm, 1e30) for place in PLACES)
FLAT = Place((4, 1, 0), (74.0, -40.0, 12.0), 84)
NOT_FINITE = VOXELS.astype(np.float32)
NOT_FINITE[5, 4, 3], NOT_FINITE[5, 4, 2] = np.nan, np.inf
RGB = np.zeros((6, 5, 1), [("R", "u1"), ("G", "u1"), ("B", "u1")])
RGB["G"] = 200
RGBA = np.zeros((6, 5, 1), [("R", "u1"), ("G", "u1"), ("B", "u1"), ("A", "u1")])
RGBA["G"], RGBA["A"] = 200, 100
GREEN = (
    Place((0, 0, 0), (80.0, -40.0, 10.0), [0, 200, 0]),
    Place((4, 1, 0), (74.0, -40.0, 12.0), [0, 200, 0]),
)

GEOMETRY = (
    is_read("a plain scan", places=PLACES, in_viewer=True)(nifti("scan.nii")),
    is_read("a packed scan", places=PLACES, in_viewer=True)(nifti("scan.nii.gz")),
    is_read("a name in capitals", places=PLACES, in_viewer=True)(nifti("SCAN.NII.GZ")),
    is_read("a name of many words and letters", places=PLACES, in_viewer=True)(
        nifti("Größe, 1.5T – naïve 頭.nii.gz")
    ),
    is_read("forms 10 mm apart", "forms-disagree", places=PLACES, in_viewer=True)(
        nifti("scan.nii.gz", qform=MOVED)
    ),
    is_read(
        "forms apart, the qform of higher code", "forms-disagree", places=moved(PLACES, 10, 0, 0)
    )(nifti("scan.nii", qform=MOVED, qform_code=2, sform_code=1)),
    is_read("forms that nearly agree", places=PLACES)(
        nifti("scan.nii", qform=AFFINE + 1e-3 * np.eye(4))
    ),
    is_read("both codes 0", "no-orientation", places=CENTRED, in_viewer=True)(
        nifti("scan.nii.gz", qform=AFFINE, qform_code=0, sform_code=0)
    ),
    is_read("an sform of NaN", "sform-unusable", places=PLACES, in_viewer=True)(
        nifti("scan.nii", qform=AFFINE, srow_x=[np.nan] * 4)
    ),
    is_read("a singular sform", "sform-unusable", places=PLACES)(
        nifti("scan.nii", qform=AFFINE, srow_x=[0] * 4)
    ),
    is_read("a quaternion that is none", "qform-unusable", places=PLACES)(
        nifti("scan.nii", qform=AFFINE, quatern_b=1, quatern_c=1)
    ),
    is_refused("no form that can be used", "no usable place", in_viewer=True)(
        nifti("scan.nii.gz", srow_x=[0] * 4)
    ),
    is_read(
        "a shear below a hundredth of a voxel",
        places=(*PLACES[:1], Place((4, 1, 2), (74.004, -34.0, 12.0), 86)),
    )(nifti("scan.nii", affine=HARDLY_SHEARED)),
    is_read(
        "a strong shear",
        "sheared",
        places=(*PLACES[:1], Place((4, 1, 2), (74.5, -34.0, 12.0), 86)),
    )(nifti("scan.nii", affine=SHEARED, pixdim=[1, 1.5, 2.0616, 3, 0, 0, 0, 0])),
    is_read("lengths in metres", "units", "odd-size", places=scaled(PLACES, 1000), in_viewer=True)(
        nifti("scan.nii", xyzt_units=1)
    ),
    is_read("lengths in microns", "units", places=scaled(PLACES, 0.001))(
        nifti("scan.nii", xyzt_units=3)
    ),
    is_read("a unit of length without meaning", "unknown-unit", places=PLACES)(
        nifti("scan.nii", xyzt_units=5)
    ),
    is_read("no unit of length", places=PLACES)(nifti("scan.nii", xyzt_units=0)),
    is_read("another voxel size than that of the sform", "sizes-disagree", places=PLACES)(
        nifti("scan.nii", pixdim=[1, 1.5, 2, 6, 0, 0, 0, 0])
    ),
    is_refused("a voxel of no size", "states voxels of 1.5 x 0 x 3", in_viewer=True)(
        nifti("scan.nii", pixdim=[1, 1.5, 0, 3, 0, 0, 0, 0])
    ),
    is_refused("a voxel of NaN size", "states voxels of 1.5 x nan x 3")(
        nifti("scan.nii.gz", pixdim=[1, 1.5, np.nan, 3, 0, 0, 0, 0])
    ),
    is_read("a negative voxel size", "negative-size", places=PLACES)(
        nifti("scan.nii", pixdim=[1, -1.5, 2, 3, 0, 0, 0, 0])
    ),
    is_refused("an axis of no voxels", "states the shape", in_viewer=True)(
        nifti("scan.nii", dim=[3, 6, 0, 4, 1, 1, 1, 1])
    ),
    is_refused("an axis of minus five voxels", "states the shape")(
        nifti("scan.nii", dim=[3, 6, -5, 4, 1, 1, 1, 1])
    ),
    is_read("form codes without meaning", "unknown-code", places=PLACES)(
        nifti("scan.nii", qform=MOVED, qform_code=77)
    ),
    is_read("voxels of a kilometre", "sizes-disagree", "odd-size", places=scaled(PLACES, 1e6))(
        nifti(
            "scan.nii", affine=np.diag([1e6, 1e6, 1e6, 1]) @ AFFINE, pixdim=[1, 1, 1, 1] + [0] * 4
        )
    ),
    is_refused("nine axes", "states the shape")(nifti("scan.nii", dim=[9, 6, 5, 4, 1, 1, 1, 1])),
)

VOXEL_KINDS = (
    is_read("four axes, one volume", "one-volume", places=PLACES, shape=SHAPE, in_viewer=True)(
        nifti("scan.nii.gz", voxels=VOXELS[..., np.newaxis])
    ),
    is_read(
        "two volumes",
        "axis-unsure",
        places=(
            Place((0, 0, 0), (80.0, -40.0, 10.0), [0, 1]),
            Place((4, 1, 2), (74.0, -34.0, 12.0), [86, 87]),
        ),
        shape=(*SHAPE, 2),
    )(nifti("scan.nii", voxels=np.stack([VOXELS, VOXELS + 1], axis=-1))),
    is_read(
        "a vector along the fifth axis",
        places=(
            Place((0, 0, 0), (80.0, -40.0, 10.0), [0, 5, 9]),
            Place((4, 1, 2), (74.0, -34.0, 12.0), [86, 91, 95]),
        ),
        shape=(*SHAPE, 3),
    )(nifti("scan.nii", voxels=np.stack([VOXELS, VOXELS + 5, VOXELS + 9], axis=-1)[:, :, :, None])),
    is_refused("times and vectors", "more axes than volumes", in_viewer=True)(
        nifti("scan.nii", voxels=np.zeros((6, 5, 4, 2, 3), np.int16))
    ),
    is_read("one slice of two axes", places=(PLACES[0], FLAT), shape=(6, 5, 1))(
        nifti("scan.nii", voxels=VOXELS[..., 0])
    ),
    is_refused("complex numbers", "complex numbers", in_viewer=True)(
        nifti("scan.nii", voxels=VOXELS.astype(np.complex64))
    ),
    is_read("a colour picture", places=GREEN, shape=(6, 5, 1, 3))(nifti("scan.nii", voxels=RGB)),
    is_read("a picture that is partly clear", "alpha-dropped", places=GREEN)(
        nifti("scan.nii", voxels=RGBA)
    ),
    is_refused("a colour volume", "colour volume")(
        nifti("scan.nii", voxels=np.repeat(RGB, 4, axis=2))
    ),
    is_read("NaN and infinite voxels", "not-finite", places=PLACES, in_viewer=True)(
        nifti("scan.nii.gz", voxels=NOT_FINITE)
    ),
    is_read("a slope and an intercept", places=with_slope(0.5))(
        nifti("scan.nii", scl_slope=0.5, scl_inter=-10)
    ),
    is_read("a slope of NaN", places=PLACES)(nifti("scan.nii", scl_slope=np.nan, scl_inter=np.nan)),
    is_read("a slope beside an intercept of NaN", "no-intercept", places=DOUBLED, in_viewer=True)(
        nifti("scan.nii.gz", scl_slope=2, scl_inter=np.nan)
    ),
    is_read("an infinite slope", "no-slope", places=PLACES)(
        nifti("scan.nii", scl_slope=np.inf, scl_inter=3)
    ),
    is_read("an intercept beside which all is lost", "odd-intercept", places=FAR)(
        nifti("scan.nii", scl_slope=1, scl_inter=1e30)
    ),
    is_read("a slope of 0", places=PLACES)(nifti("scan.nii", scl_slope=0, scl_inter=7)),
    is_read("whole numbers of 64 bits", places=PLACES)(
        nifti("scan.nii.gz", kind=partial(nib.Nifti1Image, dtype=np.int64))
    ),
    is_refused("a kind of number that nobody knows", "unknown kind")(nifti("scan.nii", datatype=7)),
)

CASES: tuple[Case, ...] = (*GEOMETRY, *VOXEL_KINDS)
