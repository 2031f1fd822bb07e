"""A scan and its labels: voxels on a grid, and what was noticed while reading them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.geometry import Geometry, Region
from napari_seg.imaging.label_table import LabelTable

_HASHED_AT_ONCE = 1 << 24


@dataclass(frozen=True)
class Notice:
    """What was repaired or assumed while a file was read.

    Parameters
    ----------
    code
        A short fixed word for programs, such as ``"no-orientation"``.
    message
        One sentence for people.
    figures
        The numbers behind the sentence, by name.
    """

    code: str
    message: str
    figures: Mapping[str, float | str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Give plain values that JSON can hold; a figure that is not finite becomes a word."""
        figures = {
            name: float(value) if not isinstance(value, str) and isfinite(value) else str(value)
            for name, value in self.figures.items()
        }
        return {"code": self.code, "message": self.message, "figures": figures}


@dataclass(frozen=True)
class Source:
    """What a writer needs to know of the file a scan came from; no identifiers of a person.

    Parameters
    ----------
    format
        ``"NIfTI"``, ``"NRRD"``, ``"MetaImage"``, ``"DICOM"``, ``"picture"``, or ``"array"`` for
        voxels that came from no file.
    qform_code, sform_code
        As stored in a NIfTI header; ``None`` for every other format.
    units
        The unit of length that a NIfTI header names: ``"mm"``, ``"meter"``, ``"micron"`` or
        ``"unknown"``. The affine of the scan is in mm whatever stands here.
    dicom_files
        The slices in the order of k.
    dicom_frames
        Which frame of its file each slice is, from 0, where one file holds them all; else empty.
    modality
        The modality that a DICOM header names, such as ``"CT"``.
    frame
        The frame of reference that the affine leads to; scans of equal frames lie at their true
        relative place. ``"scanner"``, ``"aligned"``, ``"talairach"`` or ``"mni"`` where a NIfTI
        header says so, a hash of the frame's UID for DICOM; ``None`` where nothing is said.
    time_step
        Seconds from one volume to the next; 0 where volumes follow each other in time, but no
        step is told; ``None`` where they do not, or nobody says so.
    """

    format: str = "array"
    qform_code: int | None = None
    sform_code: int | None = None
    units: str | None = None
    dicom_files: tuple[Path, ...] = ()
    dicom_frames: tuple[int, ...] = ()
    modality: str | None = None
    frame: str | None = None
    time_step: float | None = None


@dataclass(frozen=True, eq=False)
class Scan:
    """Voxels of one image, and where they lie in the patient.

    Parameters
    ----------
    array
        ``(i, j, k)``, or ``(i, j, k, c)`` with channels or times. A plain picture is
        ``(i, j, 1)``: i is the column, j the row; a colour picture ``(i, j, 1, 3)``.
    geometry
        The grid of the voxels.
    channel_names
        One for each channel; empty without channels.
    notices
        What was repaired or assumed while reading.
    source
        The file it came from, as far as a writer needs it.

    Raises
    ------
    ValueError
        If the voxels, the grid and the channel names do not fit each other.
    """

    array: NDArray[Any]
    geometry: Geometry
    channel_names: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
    source: Source = Source()

    def __post_init__(self) -> None:
        shape = self.array.shape
        if len(shape) not in (3, 4) or shape[:3] != self.geometry.shape:
            raise ValueError(
                f"a scan on the grid {self.geometry.shape} needs voxels of that shape, with at "
                f"most one axis of channels after it, got {shape}"
            )
        if self.channel_names and (len(self.channel_names),) != shape[3:]:
            raise ValueError(
                f"expected one name for each channel of voxels of shape {shape}, "
                f"got {self.channel_names}"
            )

    def with_array(self, array: NDArray[Any]) -> Scan:
        """Return the same scan with other voxels on the same grid.

        The names of the channels stay where their number does.
        """
        same_channels = array.shape[3:] == self.array.shape[3:]
        return replace(self, array=array, channel_names=self.channel_names if same_channels else ())

    def crop(self, region: Region) -> Scan:
        """Return the part of the scan inside `region`, which must lie within the grid."""
        if region == tuple((0, count) for count in self.geometry.shape):
            return self
        return replace(self, array=_cut(self.array, region), geometry=self.geometry.crop(region))

    @cached_property
    def sha256(self) -> str:
        """Hash of kind, shape, affine and voxels: equal for equal scans, whatever the file."""
        hashed = hashlib.sha256(f"{self.array.dtype.str} {self.array.shape}".encode())
        hashed.update(self.geometry.affine.tobytes())
        # The bytes in NIfTI's order (i fastest), part by part: voxels may lie on disk.
        for part in _slabs(self.array):
            hashed.update(np.asfortranarray(part).T.data)
        return hashed.hexdigest()


@dataclass(frozen=True, eq=False)
class LabelMap:
    """The structure that each voxel of a scan belongs to.

    Parameters
    ----------
    array
        Whole numbers ``(i, j, k)``; 0 is background.
    geometry
        The grid of the voxels.
    table
        What the values mean.
    notices
        What was repaired or assumed while reading or computing.
    source
        The file it came from, as far as a writer needs it.
    record
        How a network drew them, in plain values that are written as JSON beside the file; None
        where no network did.

    Raises
    ------
    ValueError
        If the voxels are not on the grid.
    TypeError
        If they are not whole numbers.
    """

    array: NDArray[Any]
    geometry: Geometry
    table: LabelTable
    notices: tuple[Notice, ...] = ()
    source: Source = Source()
    record: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.array.shape != self.geometry.shape:
            raise ValueError(
                f"labels on the grid {self.geometry.shape} need voxels of that shape, "
                f"got {self.array.shape}"
            )
        if self.array.dtype.kind not in "iu":
            raise TypeError(f"labels must be whole numbers, got {self.array.dtype}")

    def require_grid(self, geometry: Geometry) -> None:
        """Raise ``ValueError`` unless the labels lie on this grid."""
        if not self.geometry.matches(geometry):
            raise ValueError(
                f"labels must be on the scan's grid {geometry.shape}, got another grid "
                f"{self.geometry.shape}; read them with onto= the scan"
            )

    def with_array(self, array: NDArray[Any]) -> LabelMap:
        """Return the same labels with other voxels on the same grid."""
        return replace(self, array=array)

    def crop(self, region: Region) -> LabelMap:
        """Return the part of the labels inside `region`, which must lie within the grid."""
        return replace(self, array=_cut(self.array, region), geometry=self.geometry.crop(region))


def _cut(array: NDArray[Any], region: Region) -> NDArray[Any]:
    return array[tuple(slice(start, stop) for start, stop in region)]


def _slabs(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Cut voxels into parts that follow each other in NIfTI's order."""
    for volume in [array] if array.ndim == 3 else np.moveaxis(array, -1, 0):
        slices = max(_HASHED_AT_ONCE // max(volume[..., 0].nbytes, 1), 1)
        for start in range(0, volume.shape[2], slices):
            yield volume[..., start : start + slices]
