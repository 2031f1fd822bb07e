"""Read and check the header of a NIfTI file, of a NIfTI pair or of an Analyze pair."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from nibabel.nifti1 import Nifti1Header
from nibabel.nifti2 import Nifti2Header
from nibabel.spatialimages import HeaderDataError
from nibabel.spm2analyze import Spm2AnalyzeHeader

from napari_seg.imaging.file_kinds import kind_of_bytes
from napari_seg.imaging.nifti_geometry import AnyHeader, stored_counts, stored_shape
from napari_seg.imaging.scan import Notice

_HEADERS: dict[int, type[Any]] = {348: Nifti1Header, 540: Nifti2Header}
_PAIR_NAME = re.compile(r"\.(hdr|img)(\.gz)?$", re.IGNORECASE)
_SINGLE, _IN_PAIR = (b"n+1", b"n+2"), (b"ni1", b"ni2")
# What NIfTI-2 puts where a transfer as text would change it.
_LINE_ENDS = (b"\r\n\x1a\n", bytes(4))
_COLOURS = ("R", "G", "B")


@dataclass(frozen=True)
class StoredHeader:
    """A header whose claims on shape, kind of voxel and place of the voxels make sense.

    Parameters
    ----------
    fields
        The header.
    dtype
        Of the voxels as they are stored.
    offset
        Where the voxels begin in their file.
    in_pair
        Whether they lie in another file.
    """

    fields: AnyHeader
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int
    in_pair: bool

    @property
    def is_analyze(self) -> bool:
        """Whether it is of the format before NIfTI, which says little of the place."""
        return isinstance(self.fields, Spm2AnalyzeHeader)

    @property
    def claimed(self) -> int:
        """The bytes that the voxels take."""
        return prod(self.shape) * self.dtype.itemsize

    @property
    def counts(self) -> tuple[int, ...]:
        """The shape with the axes of one voxel."""
        return stored_counts(self.fields)

    def slope_and_intercept(self) -> tuple[float, float]:
        """Return what turns stored numbers into those meant; 1 and 0 where nothing valid is set."""
        # Not through nibabel, which refuses a slope that is not finite; the standard ignores it.
        slope = float(self.fields["scl_slope"])
        if not np.isfinite(slope) or slope == 0:
            return 1.0, 0.0
        intercept = 0.0 if self.is_analyze else float(self.fields["scl_inter"])
        return slope, intercept if np.isfinite(intercept) else 0.0

    def scaling_notices(self) -> tuple[Notice, ...]:
        """Say where a slope is not applied as it is stated, or an intercept is no number."""
        slope = float(self.fields["scl_slope"])
        # A slope of 0 or NaN is how programs say that there is none.
        if np.isnan(slope) or slope == 0:
            return ()
        if np.isinf(slope):
            message = "the header states an infinite slope: the values were kept as stored"
            return (Notice("no-slope", message),)
        if self.is_analyze or np.isfinite(self.fields["scl_inter"]):
            return ()
        message = "the header adds to its values what is no finite number: 0 was taken"
        return (Notice("no-intercept", message),)


def header_file(path: Path) -> Path:
    """Return the file that holds the header: for the ``.img`` of a pair the ``.hdr`` beside it."""
    found = _PAIR_NAME.search(path.name)
    return path if found is None or found[1].lower() == "hdr" else _other_of_pair(path, found)


def voxel_file(path: Path) -> Path:
    """Return the file of the voxels that belong to the header of a pair.

    Raises
    ------
    FileNotFoundError
        If it is not beside the header.
    ValueError
        If the name of the header is not that of one of a pair.
    """
    found = _PAIR_NAME.search(path.name)
    if found is None:
        raise ValueError(
            f"'{path.name}' is an Analyze file or the header of a pair of files; "
            "name the parts of the pair .hdr and .img, or convert it to one .nii.gz file"
        )
    return _other_of_pair(path, found)


def read_header(stream: BinaryIO, path: Path) -> StoredHeader:
    """Read a header, and check what it claims.

    Parameters
    ----------
    stream
        At the beginning of the file.
    path
        The file, for messages.

    Raises
    ------
    ValueError
        If it is no header, is cut short, or claims what cannot be.
    """
    block = stream.read(348)
    length = min(int.from_bytes(block[:4], order) for order in ("little", "big"))
    if length not in _HEADERS:
        raise ValueError(
            f"'{path.name}' is {kind_of_bytes(block)}, not a NIfTI scan: it has no NIfTI header; "
            "fetch or export it again"
        )
    block += stream.read(length - 348)
    if len(block) < length:
        raise ValueError(f"'{path.name}' is cut short within its header; fetch it again")
    fields: AnyHeader = _HEADERS[length](block, check=False)
    magic = bytes(fields["magic"].item()).rstrip(b"\0")
    in_pair = magic not in _SINGLE
    if in_pair and magic not in _IN_PAIR:
        if length != 348:
            raise ValueError(f"'{path.name}' has a broken NIfTI-2 header; fetch it again")
        fields = Spm2AnalyzeHeader(block, check=False)
    if length == 540 and bytes(fields["eol_check"]) not in _LINE_ENDS:
        raise ValueError(
            f"'{path.name}' was damaged by a transfer as text, which its header shows; "
            "fetch it again, as binary"
        )
    shape = stored_shape(fields, path.name)
    return StoredHeader(
        fields,
        shape,
        _dtype(fields, shape, path.name),
        _offset(fields, path.name, first=0 if in_pair else length + 4),
        in_pair,
    )


def _other_of_pair(path: Path, found: re.Match[str]) -> Path:
    stem = path.name[: found.start()]
    other = "img" if found[1].lower() == "hdr" else "hdr"
    other = other.upper() if found[1].isupper() else other
    packed = found[2] or ""
    for name in (f"{stem}.{other}{packed}", f"{stem}.{other}", f"{stem}.{other}.gz"):
        if path.with_name(name).is_file():
            return path.with_name(name)
    raise FileNotFoundError(
        f"'{path.name}' is one of a pair of files, and '{stem}.{other}{packed}' is not beside it; "
        "copy it there"
    )


def _dtype(fields: AnyHeader, shape: tuple[int, ...], name: str) -> np.dtype[Any]:
    try:
        dtype: np.dtype[Any] = fields.get_data_dtype()
    except (HeaderDataError, KeyError) as error:
        raise ValueError(
            f"'{name}' holds voxels of an unknown kind (code {int(fields['datatype'])}); "
            "export it again from the program that made it"
        ) from error
    if dtype.kind == "c":
        raise ValueError(
            f"'{name}' holds complex numbers; save their magnitude as a scan of its own"
        )
    if dtype.names is not None and shape[2:] != (1,):
        raise ValueError(
            f"'{name}' is a colour volume; colour is read for single pictures only, "
            "so save one channel as a scan of its own"
        )
    if dtype.itemsize == 0 or dtype.kind not in "iufV" or (dtype.names or _COLOURS)[:3] != _COLOURS:
        raise ValueError(
            f"'{name}' holds voxels of a kind that is not read "
            f"(code {int(fields['datatype'])}); convert it to whole numbers or floats"
        )
    return dtype


def _offset(fields: AnyHeader, name: str, *, first: int) -> int:
    stated = float(fields["vox_offset"])
    if stated == 0:
        return first
    if not np.isfinite(stated) or stated < first or stated > np.iinfo(np.int64).max / 2:
        raise ValueError(
            f"'{name}' has a broken header: its voxels would begin at byte {stated:g}; "
            "export the scan again from the program that made it"
        )
    return int(stated)
