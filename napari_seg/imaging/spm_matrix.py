"""The matrix that SPM writes beside an Analyze pair, which says where the voxels lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.file_formats import case_name
from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Notice

_LARGEST_BYTES = 1 << 20
_TOLERANCE_MM = 1e-3


def place_by_spm(
    header: Path, geometry: Geometry, notices: tuple[Notice, ...]
) -> tuple[Geometry, tuple[Notice, ...]]:
    """Take the place of an Analyze pair from the ``.mat`` file beside it, as nibabel and SPM do.

    Parameters
    ----------
    header
        The ``.hdr`` of the pair.
    geometry, notices
        As the header alone has them.

    Returns
    -------
    geometry, notices
        The same where no such file lies there, or says the same as the header; where it is none
        of SPM, a notice says that it was not used.
    """
    path = header.with_name(f"{case_name(header)}.mat")
    if not path.is_file():
        return geometry, notices
    try:
        placed = Geometry(geometry.shape, _affine(path))
    except ValueError:
        message = "a .mat file beside is none of SPM that says where the voxels lie: it is not used"
        return geometry, (*notices, Notice("matrix-unused", message))
    if placed.matches(geometry, tolerance_mm=_TOLERANCE_MM):
        return geometry, notices
    shift_mm = placed.largest_shift_mm(geometry)
    message = (
        "the .mat file of SPM beside says where the voxels lie, and which side is which: it was "
        f"used, and places them up to {shift_mm:.3g} mm from where the header alone does"
    )
    kept = [notice for notice in notices if notice.code != "no-orientation"]
    return placed, (*kept, Notice("matrix-used", message, {"shift_mm": shift_mm}))


def _affine(path: Path) -> NDArray[Any]:
    from scipy.io import loadmat

    if path.stat().st_size > _LARGEST_BYTES:
        raise ValueError("too large for a matrix")
    try:
        held = loadmat(path)
    except Exception as error:  # scipy raises anything for what is damaged
        raise ValueError("no file of MATLAB") from error
    matrix = np.asarray(held.get("mat", held.get("M")))
    # One for each volume: the first.
    matrix = matrix[..., 0] if matrix.ndim == 3 else matrix
    if matrix.shape != (4, 4) or matrix.dtype.kind not in "iuf":
        raise ValueError("no matrix of SPM")
    # The older of both names holds it without the flip to the patient's left.
    flip = np.diag([1.0 if "mat" in held else -1.0, 1.0, 1.0, 1.0])
    from_one = np.eye(4)
    from_one[:3, 3] = 1  # MATLAB counts voxels from 1
    affine: NDArray[Any] = flip @ matrix.astype(float) @ from_one
    return affine
