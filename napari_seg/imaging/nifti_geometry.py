"""One policy on the geometry that a NIfTI header states, sometimes twice."""

from __future__ import annotations

from typing import Any

import numpy as np
from nibabel.nifti1 import Nifti1Header
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Notice

_MM_PER_UNIT = {"unknown": 1.0, "mm": 1.0, "meter": 1000.0, "micron": 0.001}
_UNIT_NAMES = {0: "unknown", 1: "meter", 2: "mm", 3: "micron"}
_DISAGREEMENT_VOXELS = 0.1
_STORED_TOLERANCE_MM = 1e-4


def stored_shape(header: Nifti1Header, name: str) -> tuple[int, ...]:
    """Return the axes a header claims, the first three and then those longer than one voxel.

    Raises
    ------
    ValueError
        If a count is not positive, or there is more than one axis beyond the volume.
    """
    axes = int(header["dim"][0])
    counts = tuple(int(count) for count in header["dim"][1 : axes + 1])
    if not 1 <= axes <= 7 or min(counts) < 1:
        raise ValueError(
            f"'{name}' has a broken header: it states the shape {counts}; "
            "export the scan again from the program that made it"
        )
    counts += (1,) * (3 - axes)
    shape = (*counts[:3], *(count for count in counts[3:] if count > 1))
    if len(shape) > 4:
        raise ValueError(
            f"'{name}' has more axes than volumes and one of channels or times: {counts}; "
            "save the part of interest as a scan of its own"
        )
    return shape


def length_unit(header: Nifti1Header) -> str:
    """Return the unit of length that a header names: mm, meter, micron or unknown."""
    return _UNIT_NAMES.get(int(header["xyzt_units"]) & 7, "unknown")


def stored_geometry(header: Nifti1Header, name: str) -> tuple[Geometry, tuple[Notice, ...]]:
    """Work out where the voxels lie, and what had to be assumed.

    The sform counts where its code is at least that of the qform, else the qform; a form that is
    not finite or singular never counts. Lengths are turned into mm.

    Raises
    ------
    ValueError
        If a voxel has no size, or no stored form can be used.
    """
    i, j, k = stored_shape(header, name)[:3]
    header, notices = _with_voxel_sizes(header, name)
    unit = length_unit(header)
    affine, form_notices = _choose_form(header, (i, j, k), name)
    notices += form_notices
    if _MM_PER_UNIT[unit] != 1:
        affine = np.diag([*[_MM_PER_UNIT[unit]] * 3, 1.0]) @ affine
        notices.append(
            Notice("units", f"lengths stored in {unit} were turned into mm", {"unit": unit})
        )
    return Geometry((i, j, k), affine), tuple(notices)


def store_geometry(
    header: Nifti1Header,
    geometry: Geometry,
    *,
    qform_code: int | None,
    sform_code: int | None,
    units: str | None,
) -> None:
    """Write a geometry into a fresh header.

    Parameters
    ----------
    header
        Changed in place; its shape is set already.
    geometry
        In mm, whatever `units` says.
    qform_code, sform_code
        To be kept. Where the forms they allow cannot hold the geometry, the sform is written too,
        under the higher of both codes. ``None``: both 1 (scanner), the qform 0 under shear.
    units
        The unit to store lengths in; ``None`` for mm.
    """
    unit = units if units in _MM_PER_UNIT else "mm"
    header.set_xyzt_units(unit)
    affine = np.diag([*[1 / _MM_PER_UNIT[unit]] * 3, 1.0]) @ geometry.affine
    fresh = qform_code is None or sform_code is None
    _set_forms(header, affine, 1 if fresh else qform_code or 0, 1 if fresh else sform_code or 0)
    if fresh and not _same_stored(_qform(header), geometry, unit):
        header["qform_code"] = 0
    elif not _same_stored(header.get_best_affine(), geometry, unit):
        code = max(qform_code or 0, sform_code or 0, 1)
        _set_forms(header, affine, qform_code or 0, code)


def _with_voxel_sizes(header: Nifti1Header, name: str) -> tuple[Nifti1Header, list[Notice]]:
    header = header.copy()
    pixdim = header["pixdim"]
    if header["dim"][0] < 3:
        pixdim[header["dim"][0] + 1 : 4] = 1  # a picture need not say how thick it is
    sizes = pixdim[1:4].copy()
    if not np.isfinite(sizes).all() or (sizes == 0).any():
        raise ValueError(
            f"'{name}' has a broken header: it states voxels of "
            f"{' x '.join(f'{size:g}' for size in sizes)}; "
            "export the scan again from the program that made it"
        )
    pixdim[1:4] = np.abs(sizes)
    # The standard reads every other value here as 1.
    pixdim[0] = -1 if pixdim[0] == -1 else 1
    if (sizes > 0).all():
        return header, []
    negative = "the header states a negative voxel size: its sign was dropped"
    return header, [Notice("negative-size", negative)]


def _choose_form(
    header: Nifti1Header, shape: tuple[int, int, int], name: str
) -> tuple[NDArray[Any], list[Notice]]:
    qform_code, sform_code = int(header["qform_code"]), int(header["sform_code"])
    if qform_code <= 0 and sform_code <= 0:
        missing = "the file stores no orientation: left and right, front and back are assumed"
        return header.get_best_affine(), [Notice("no-orientation", missing)]
    sform = _usable(header.get_sform(), shape) if sform_code > 0 else None
    qform = _usable(_qform(header), shape) if qform_code > 0 else None
    notices = []
    if sform_code > 0 and sform is None and qform is not None:
        notices.append(Notice("sform-unusable", "the sform is no valid affine: the qform was used"))
    if qform_code > 0 and qform is None and sform is not None:
        notices.append(Notice("qform-unusable", "the qform is no valid affine: the sform was used"))
    chosen = sform or qform
    if chosen is None:
        raise ValueError(
            f"'{name}' states no usable place in space: its affine is not finite or is singular; "
            "export the scan again from the program that made it"
        )
    if sform is not None and qform is not None:
        shift_mm = sform.largest_shift_mm(qform)
        if shift_mm > _DISAGREEMENT_VOXELS * min(sform.spacing):
            winner, chosen = ("sform", sform) if sform_code >= qform_code else ("qform", qform)
            notices.append(_disagreement(shift_mm, winner, sform_code, qform_code))
    return chosen.affine, notices


def _disagreement(shift_mm: float, winner: str, sform_code: int, qform_code: int) -> Notice:
    return Notice(
        "forms-disagree",
        f"qform (code {qform_code}) and sform (code {sform_code}) differ by up to "
        f"{shift_mm:.3g} mm: the {winner} was used",
        {"shift_mm": shift_mm, "sform_code": sform_code, "qform_code": qform_code},
    )


def _usable(affine: NDArray[Any] | None, shape: tuple[int, int, int]) -> Geometry | None:
    try:
        return None if affine is None else Geometry(shape, affine)
    except ValueError:
        return None


def _qform(header: Nifti1Header) -> NDArray[Any] | None:
    try:
        affine: NDArray[Any] = header.get_qform()
    except (HeaderDataError, ValueError):  # the quaternion is longer than 1
        return None
    return affine


def _set_forms(
    header: Nifti1Header, affine: NDArray[Any], qform_code: int, sform_code: int
) -> None:
    # This one also sets the voxel size, which counts where both codes are 0.
    header.set_qform(affine, code=qform_code)
    if sform_code:
        header.set_sform(affine, code=sform_code)


def _same_stored(affine: NDArray[Any] | None, geometry: Geometry, unit: str) -> bool:
    if affine is None:
        return False
    in_mm = np.diag([*[_MM_PER_UNIT[unit]] * 3, 1.0]) @ affine
    return Geometry(geometry.shape, in_mm).matches(geometry, tolerance_mm=_STORED_TOLERANCE_MM)
