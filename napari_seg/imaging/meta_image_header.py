"""What the header of a MetaImage file states; SimpleITK reads some broken ones as garbage."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite, prod
from pathlib import Path

import numpy as np

_KINDS = {
    "CHAR": "i1",
    "UCHAR": "u1",
    "SHORT": "i2",
    "USHORT": "u2",
    "INT": "i4",
    "UINT": "u4",
    "LONG": "i4",
    "ULONG": "u4",
    "LONG_LONG": "i8",
    "ULONG_LONG": "u8",
    "FLOAT": "f4",
    "DOUBLE": "f8",
}
_LINE = re.compile(rb"(.*)\r?\n")
_FIELD = re.compile(rb"[ \t]*([!-<>-~]+)[ \t]*=[ \t]*(.*?)[ \t]*")
_TRUTHS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
_LAST_FIELD = "ElementDataFile"
# What programs add of their own may be called after anything, a patient too.
_FIELDS = frozenset(
    (
        *("ObjectType", "NDims", "DimSize", "BinaryData", "CompressedData", "CompressedDataSize"),
        *("BinaryDataByteOrderMSB", "ElementByteOrderMSB", "HeaderSize", "Modality"),
        *("ElementType", "ElementNumberOfChannels", "ElementSpacing", "ElementSize"),
        *("Offset", "Position", "Origin", "TransformMatrix", "Rotation", "Orientation"),
        *("CenterOfRotation", "AnatomicalOrientation", "DistanceUnits", "Name", "Comment"),
        *("ElementToIntensityFunctionSlope", "ElementToIntensityFunctionOffset", _LAST_FIELD),
    )
)
_HEADER_BYTES = 1 << 16
_MOST_AXES = 4


@dataclass(frozen=True)
class MetaImageHeader:
    """The fields of a header, by name, and what they say of the voxels.

    Parameters
    ----------
    name
        Of the file, for messages.
    fields
        As they stand in the header.
    length
        Bytes up to the end of the last field.
    strays
        Lines that are no field.
    """

    name: str
    fields: dict[str, str]
    length: int
    strays: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along each axis; two to four axes."""
        numbers = self.numbers("DimSize")
        counts = tuple(int(number) for number in numbers)
        whole = counts == numbers and min(counts, default=0) >= 1
        if not whole or self.fields.get("NDims") != str(len(counts)):
            raise ValueError(
                f"'{self.name}' is damaged: its header states no shape; fetch it again"
            )
        if not 2 <= len(counts) <= _MOST_AXES or (len(counts) == _MOST_AXES and self.channels > 1):
            raise ValueError(
                f"'{self.name}' has more axes than volumes and one of channels or times; "
                "save the part of interest as a scan of its own"
            )
        return counts

    @property
    def channels(self) -> int:
        """Numbers in each voxel."""
        count = self.numbers("ElementNumberOfChannels")[:1] or (1.0,)
        if count[0] < 1:
            raise ValueError(
                f"'{self.name}' is damaged: it states {count[0]:g} channels; fetch it again"
            )
        return int(count[0])

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The kind of number, in the byte order of the file."""
        kind = self.fields.get("ElementType", "").removeprefix("MET_").removesuffix("_ARRAY")
        if kind not in _KINDS:
            raise ValueError(
                f"'{self.name}' is damaged: its header states no kind of voxel that is read "
                "(ElementType); fetch or export it again"
            )
        big = self._truth("BinaryDataByteOrderMSB", "ElementByteOrderMSB", default=False)
        return np.dtype(_KINDS[kind]).newbyteorder(">" if big else "<")

    @property
    def count(self) -> int:
        """Numbers in all voxels."""
        return prod(self.shape) * self.channels

    @property
    def is_text(self) -> bool:
        """Whether the numbers are written as words."""
        return not self._truth("BinaryData", default=True)

    @property
    def is_compressed(self) -> bool:
        """Whether the voxels are one zlib stream."""
        return self._truth("CompressedData", default=False)

    @property
    def packed_size(self) -> int | None:
        """Bytes of that stream, if stated."""
        stated = self.numbers("CompressedDataSize")
        return int(stated[0]) if len(stated) == 1 else None

    @property
    def skipped(self) -> int:
        """Bytes before the voxels in a file of their own; -1: the voxels end where it ends."""
        return int((self.numbers("HeaderSize") or (0.0,))[0])

    @property
    def spacing(self) -> tuple[float, ...]:
        """Voxel size along each axis; empty where none is stated."""
        return self.numbers("ElementSpacing") or self.numbers("ElementSize")

    @property
    def origin(self) -> tuple[float, ...]:
        """Place of the first voxel; empty where none is stated."""
        return self._numbers_of(self._agreed("Offset", "Position", "Origin"), "Offset")

    @property
    def directions(self) -> tuple[float, ...]:
        """Direction of one axis after the other; empty where none is stated."""
        stated = self._agreed("TransformMatrix", "Rotation", "Orientation")
        return self._numbers_of(stated, "TransformMatrix")

    def numbers(self, field: str) -> tuple[float, ...]:
        """Return the finite numbers of a field; none where it is missing.

        Raises
        ------
        ValueError
            If it holds anything else.
        """
        return self._numbers_of(self.fields.get(field), field)

    def _numbers_of(self, text: str | None, field: str) -> tuple[float, ...]:
        if text is None:
            return ()
        try:
            numbers = tuple(float(word) for word in text.split())
        except ValueError:
            numbers = ()
        if not numbers or not all(isfinite(number) for number in numbers):
            raise ValueError(
                f"'{self.name}' is damaged: its header states {field} in other than finite "
                "numbers; fetch or export it again"
            )
        return numbers

    def _truth(self, *names: str, default: bool) -> bool:
        stated = self._agreed(*names)
        if stated is None:
            return default
        if stated.lower() not in _TRUTHS:
            raise ValueError(
                f"'{self.name}' is damaged: its header states {names[0]} as neither True nor "
                "False; fetch or export it again"
            )
        return _TRUTHS[stated.lower()]

    def _agreed(self, *names: str) -> str | None:
        stated = {self.fields[name] for name in names if name in self.fields}
        if len(stated) > 1:
            raise ValueError(
                f"'{self.name}' states {names[0]} twice, and differently; correct its header"
            )
        return stated.pop() if stated else None


def read_meta_image_header(path: Path) -> MetaImageHeader:
    """Read the fields up to the last one.

    Raises
    ------
    ValueError
        If the last one is missing, or one stands there twice with two values.
    """
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
    fields: dict[str, str] = {}
    strays = 0
    for line in _LINE.finditer(head):
        if not line[1].strip():
            continue
        field = _FIELD.fullmatch(line[1].rstrip(b"\r"))
        if field is None:
            strays += 1
            continue
        name, value = field[1].decode(errors="replace"), field[2].decode(errors="replace")
        if fields.setdefault(name, value) != value:
            known = name if name in _FIELDS else "a field"
            raise ValueError(
                f"'{path.name}' states {known} twice, and differently; correct its header"
            )
        if name == _LAST_FIELD:
            return MetaImageHeader(path.name, fields, line.end(), strays)
    raise ValueError(f"'{path.name}' is cut short within its header; fetch it again")
