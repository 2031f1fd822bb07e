"""What the NIfTI cases are made of; nibabel writes, and header fields are set behind its back."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from odd_files.odd_case import Place

SHAPE = (6, 5, 4)
VOXELS = np.arange(120, dtype=np.int16).reshape(SHAPE)
# i runs to the left by 1.5 mm, j to superior by 2 mm, k to anterior by 3 mm.
AFFINE = np.array(
    [[-1.5, 0.0, 0.0, 80.0], [0.0, 0.0, 3.0, -40.0], [0.0, 2.0, 0.0, 10.0], [0.0, 0.0, 0.0, 1.0]]
)
PLACES = (
    Place((0, 0, 0), (80.0, -40.0, 10.0), 0),
    Place((4, 1, 2), (74.0, -34.0, 12.0), 86),  # 4 * 20 + 1 * 4 + 2
)
# Without a form the first axis runs to the left, and the middle of the grid is 0.
CENTRED = (
    Place((0, 0, 0), (3.75, -4.0, -4.5), 0),
    Place((4, 1, 2), (-2.25, -2.0, 1.5), 86),
)


def scaled(places: tuple[Place, ...], factor: float) -> tuple[Place, ...]:
    """Return the same voxels at places a factor farther from the origin."""
    return tuple(
        Place(place.index, tuple(factor * part for part in place.mm), place.value)  # type: ignore[arg-type]
        for place in places
    )


def moved(places: tuple[Place, ...], *by: float) -> tuple[Place, ...]:
    """Return the same voxels at places some mm off."""
    return tuple(
        Place(place.index, tuple(a + b for a, b in zip(place.mm, by, strict=True)), place.value)  # type: ignore[arg-type]
        for place in places
    )


def nifti_bytes(
    voxels: Any = VOXELS,
    *,
    affine: Any = AFFINE,
    qform: Any = None,
    kind: Any = nib.Nifti1Image,
    **fields: Any,
) -> bytes:
    """Return a plain NIfTI file; `fields` are set in its header without a check."""
    image = kind(voxels, affine)
    if qform is not None:
        image.header.set_qform(qform, 1)
        image.header.set_sform(affine, 1)
    plain = bytearray(image.to_bytes())
    length = image.header.sizeof_hdr
    header = type(image.header)(bytes(plain[:length]), check=False)
    for name, value in fields.items():
        header[name] = value
    plain[:length] = header.binaryblock
    return bytes(plain)


def save(folder: Path, name: str, voxels: Any = VOXELS, **how: Any) -> Path:
    """Write what `nifti_bytes` returns, packed where the name ends in .gz."""
    plain = nifti_bytes(voxels, **how)
    path = folder / name
    path.write_bytes(gzip.compress(plain) if name.lower().endswith(".gz") else plain)
    return path
