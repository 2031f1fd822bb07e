"""One policy on the geometry that a NIfTI header states, sometimes twice."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
from nibabel.nifti1 import Nifti1Header
from nibabel.spatialimages import HeaderDataError
from nibabel.spm2analyze import Spm2AnalyzeHeader
from numpy.typing import NDArray

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.grid_notices import MM_PER_UNIT, no_orientation, odd_grid, other_unit
from napari_seg.imaging.scan import Notice

AnyHeader = Any
"""A ``Nifti1Header`` (also of NIfTI-2), or for Analyze a ``Spm2AnalyzeHeader`` of nibabel."""

_UNIT_NAMES = {0: "unknown", 1: "meter", 2: "mm", 3: "micron"}
_DISAGREEMENT_VOXELS = 0.1
_STORED_TOLERANCE_MM = 1e-4
# Some programs round the voxel size that they store beside the sform.
_ROUNDED_SIZE = 0.01
_CODES = range(6)
_FRAMES = {1: "scanner", 2: "aligned", 3: "talairach", 4: "mni"}


def stored_counts(header: AnyHeader) -> tuple[int, ...]:
    """Return the voxels along each axis that a header claims, believable or not."""
    return tuple(int(count) for count in header["dim"][1 : int(header["dim"][0]) + 1])


def stored_shape(header: AnyHeader, name: str) -> tuple[int, ...]:
    """Return the axes a header claims, the first three and then those longer than one voxel.

    Raises
    ------
    ValueError
        If a count is not positive, or there is more than one axis beyond the volume.
    """
    axes, counts = int(header["dim"][0]), stored_counts(header)
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


def form_codes(header: Nifti1Header) -> tuple[int, int]:
    """Return the codes of qform and sform; 0, which is none, for a code that has no meaning."""
    qform, sform = (int(header[name]) for name in ("qform_code", "sform_code"))
    return qform if qform in _CODES else 0, sform if sform in _CODES else 0


def stored_geometry(
    header: Nifti1Header, name: str
) -> tuple[Geometry, str | None, tuple[Notice, ...]]:
    """Work out where the voxels lie, and what had to be assumed.

    The sform counts where its code is at least that of the qform, else the qform; a form that is
    not finite or singular never counts. Lengths are turned into mm.

    Returns
    -------
    geometry, frame, notices
        The frame of reference is that of the form used, as `Source` names it.

    Raises
    ------
    ValueError
        If a voxel has no size, or no stored form can be used.
    """
    i, j, k = stored_shape(header, name)[:3]
    header, notices = _with_voxel_sizes(header, name)
    unit = length_unit(header)
    affine, code, form_notices = _choose_form(header, (i, j, k), name)
    if unit in MM_PER_UNIT:
        affine = np.diag([*[MM_PER_UNIT[unit]] * 3, 1.0]) @ affine
        form_notices += other_unit(unit)
    geometry = _grid((i, j, k), affine, name)
    notices += (*_unknown_codes(header), *_unknown_unit(header), *form_notices, *odd_grid(geometry))
    return geometry, _FRAMES.get(code), notices


def analyze_geometry(
    header: Spm2AnalyzeHeader, name: str
) -> tuple[Geometry, None, tuple[Notice, ...]]:
    """Assume where the voxels of an Analyze pair lie; arguments and errors as `stored_geometry`.

    The format has no agreed meaning of left and right: it is taken as nibabel and SPM do, with
    the first axis to the patient's left, and with the origin of SPM where one is stored.
    """
    i, j, k = stored_shape(header, name)[:3]
    header, notices = _with_voxel_sizes(header, name)
    missing = no_orientation("the Analyze format does not say reliably which side is which")
    geometry = _grid((i, j, k), header.get_best_affine(), name)
    return geometry, None, (*notices, missing, *odd_grid(geometry))


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
    unit = "mm" if units is None or units not in _UNIT_NAMES.values() else units
    header.set_xyzt_units(unit)
    affine = np.diag([*[1 / MM_PER_UNIT.get(unit, 1.0)] * 3, 1.0]) @ geometry.affine
    fresh = qform_code is None or sform_code is None
    _set_forms(header, affine, 1 if fresh else qform_code or 0, 1 if fresh else sform_code or 0)
    if fresh and not _same_stored(_qform(header), geometry, unit):
        header["qform_code"] = 0
    elif not _same_stored(header.get_best_affine(), geometry, unit):
        code = max(qform_code or 0, sform_code or 0, 1)
        _set_forms(header, affine, qform_code or 0, code)


def _grid(shape: tuple[int, int, int], affine: NDArray[Any], name: str) -> Geometry:
    try:
        return Geometry(shape, affine)
    except ValueError as error:
        raise ValueError(_no_place(name)) from error


def _no_place(name: str) -> str:
    return (
        f"'{name}' states no usable place in space: its affine is not finite or is singular; "
        "export the scan again from the program that made it"
    )


def _with_voxel_sizes(header: AnyHeader, name: str) -> tuple[Any, tuple[Notice, ...]]:
    header = deepcopy(header)
    pixdim = header["pixdim"]
    if header["dim"][0] < 3:
        pixdim[header["dim"][0] + 1 : 4] = 1  # a picture need not say how thick it is
    sizes = pixdim[1:4].copy()
    stated = " x ".join(f"{size:g}" for size in sizes)
    if not np.isfinite(sizes).all() or (sizes == 0).any():
        raise ValueError(
            f"'{name}' has a broken header: it states voxels of {stated}; "
            "export the scan again from the program that made it"
        )
    pixdim[1:4] = np.abs(sizes)
    # The standard reads every other value here as 1.
    pixdim[0] = -1 if pixdim[0] == -1 else 1
    if (sizes > 0).all():
        return header, ()
    negative = f"the header states a negative voxel size ({stated}): its sign was dropped"
    return header, (Notice("negative-size", negative, {"sizes": stated}),)


def _choose_form(
    header: Nifti1Header, shape: tuple[int, int, int], name: str
) -> tuple[NDArray[Any], int, tuple[Notice, ...]]:
    qform_code, sform_code = form_codes(header)
    if qform_code == 0 and sform_code == 0:
        missing = no_orientation("the file stores no orientation", qform_code=0, sform_code=0)
        return header.get_base_affine(), 0, (missing,)
    codes = {"sform_code": sform_code, "qform_code": qform_code}
    sform = _usable(header.get_sform(), shape) if sform_code > 0 else None
    qform = _usable(_qform(header), shape) if qform_code > 0 else None
    if sform is not None and qform is not None:
        return _one_of_both(sform, qform, codes, MM_PER_UNIT.get(length_unit(header), 1.0))
    if sform is not None:
        unusable = Notice(
            "qform-unusable", "the qform is no valid affine: the sform was used", codes
        )
        notices = (unusable,) if qform_code > 0 else _other_sizes(header, sform)
        return sform.affine, sform_code, notices
    if qform is not None:
        unusable = Notice(
            "sform-unusable", "the sform is no valid affine: the qform was used", codes
        )
        return qform.affine, qform_code, (unusable,) if sform_code > 0 else ()
    raise ValueError(_no_place(name))


def _unknown_codes(header: Nifti1Header) -> tuple[Notice, ...]:
    stated = {name: int(header[name]) for name in ("qform_code", "sform_code")}
    unknown = {name: code for name, code in stated.items() if code not in _CODES}
    if not unknown:
        return ()
    listed = " and ".join(f"a {name} of {code}" for name, code in unknown.items())
    message = f"the header states {listed}, which has no meaning: that form was not used"
    return (Notice("unknown-code", message, stated),)


def _unknown_unit(header: Nifti1Header) -> tuple[Notice, ...]:
    code = int(header["xyzt_units"]) & 7
    # Many programs write 0, and mean mm.
    if code in _UNIT_NAMES:
        return ()
    message = f"the header states a unit of length of code {code}, which has no meaning: mm assumed"
    return (Notice("unknown-unit", message, {"code": code}),)


def _one_of_both(
    sform: Geometry, qform: Geometry, codes: dict[str, int], mm_per_unit: float
) -> tuple[NDArray[Any], int, tuple[Notice, ...]]:
    winner, chosen = "sform", sform
    # The forms are in the unit of the header still.
    shift_mm = sform.largest_shift_mm(qform) * mm_per_unit
    if shift_mm <= _DISAGREEMENT_VOXELS * min(sform.spacing) * mm_per_unit:
        return sform.affine, codes["sform_code"], ()
    if codes["qform_code"] > codes["sform_code"]:
        winner, chosen = "qform", qform
    disagreement = Notice(
        "forms-disagree",
        f"qform (code {codes['qform_code']}) and sform (code {codes['sform_code']}) differ by up "
        f"to {shift_mm:.3g} mm: the {winner} was used",
        {"shift_mm": shift_mm, **codes},
    )
    return chosen.affine, codes[f"{winner}_code"], (disagreement,)


def _other_sizes(header: Nifti1Header, sform: Geometry) -> tuple[Notice, ...]:
    # Programs that measure by the header's voxel size get other volumes than we do.
    axes = min(int(header["dim"][0]), 3)
    sizes, meant = header["pixdim"][1 : axes + 1].astype(float), sform.spacing[:axes]
    if (np.abs(sizes / meant - 1) <= _ROUNDED_SIZE).all():
        return ()
    stated, used = (" x ".join(f"{size:.4g}" for size in group) for group in (sizes, meant))
    return (
        Notice(
            "sizes-disagree",
            f"the header states voxels of {stated}, its sform of {used}: the sform was used",
            {"header": stated, "sform": used},
        ),
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
    in_mm = np.diag([*[MM_PER_UNIT.get(unit, 1.0)] * 3, 1.0]) @ affine
    return Geometry(geometry.shape, in_mm).matches(geometry, tolerance_mm=_STORED_TOLERANCE_MM)
