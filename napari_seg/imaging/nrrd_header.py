"""What the header of an NRRD file states beyond what SimpleITK takes from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from napari_seg.imaging.detached_voxels import file_beside
from napari_seg.imaging.grid_notices import no_orientation, no_origin, no_spacing, other_unit
from napari_seg.imaging.scan import Notice

_HEADER_BYTES = 1 << 20
_SIDES = re.compile(r"(left|right)-(posterior|anterior)-superior(-time)?|(lps|ras|las)t?")
_UNITS = {
    "": "mm",
    "???": "mm",
    "mm": "mm",
    "millimeter": "mm",
    "millimeters": "mm",
    "cm": "cm",
    "dm": "dm",
    "m": "meter",
    "meter": "meter",
    "meters": "meter",
    "um": "micron",
    "µm": "micron",
    "μm": "micron",
    "micron": "micron",
    "microns": "micron",
    "micrometer": "micron",
    "nm": "nm",
}
_UNTURNED = {
    "right-anterior-superior-time": (-1.0, -1.0, 1.0),
    "rast": (-1.0, -1.0, 1.0),
    "left-anterior-superior-time": (1.0, -1.0, 1.0),
    "last": (1.0, -1.0, 1.0),
}
_SPACES_IN_TIME = (*_UNTURNED, "left-posterior-superior-time", "lpst", "scanner-xyz-time")
# Kinds under which the library takes an axis for one of space.
_UNNAMED_KINDS = ("domain", "space", "time", "none", "???")


@dataclass(frozen=True)
class NrrdHeader:
    """The fields of a header, by name in small letters.

    Parameters
    ----------
    path
        The file of the header.
    fields
        As they stand there; what programs add as ``key:=value`` is no field.
    voxel_file
        `path`, or the file that the header names.
    length
        The bytes of the header, with the empty line at its end; None where it has none.
    """

    path: Path
    fields: dict[str, str]
    voxel_file: Path
    length: int | None

    @property
    def unit(self) -> str:
        """The unit of length, as `grid_notices.MM_PER_UNIT` names it; mm where none is stated."""
        stated = self.fields.get("space units", "")
        units = re.findall(r'"([^"]*)"', stated)[:3] or [stated.strip()]
        named = {_UNITS.get(unit.strip().lower()) for unit in units}
        if len(named) != 1 or None in named:
            raise ValueError(
                f"'{self.path.name}' states lengths in {stated[:40]}, which is no one unit that "
                'is known; correct the space units in its header to "mm" "mm" "mm"'
            )
        return str(named.pop())

    @property
    def unturned(self) -> tuple[float, float, float]:
        """Signs for x, y and z of a space with times, whose sides SimpleITK leaves as they are."""
        space = self.fields.get("space", "").strip().lower()
        return _UNTURNED.get(space, (1.0, 1.0, 1.0))

    @property
    def is_series(self) -> bool:
        """Whether the header says that volumes follow each other in time."""
        kinds, space = self.fields.get("kinds", ""), self.fields.get("space", "")
        return "time" in kinds.lower().split() or space.strip().lower() in _SPACES_IN_TIME

    def require_readable(self) -> None:
        """Raise ``ValueError`` where the voxels are stored in a way that SimpleITK cannot take."""
        name, fields = self.path.name, self.fields
        if fields.get("encoding", "").lower() in ("bzip2", "bz2"):
            raise ValueError(
                f"'{name}' is packed by bzip2, which is not read; save it with gzip compression"
            )
        if fields.get("type", "").lower() == "block":
            raise ValueError(
                f"'{name}' holds blocks of bytes rather than numbers; export it as numbers"
            )
        kinds = fields.get("kinds", "").lower().split()
        if any("symmetric-matrix" in kind for kind in kinds):
            raise ValueError(
                f"'{name}' holds tensors; save a scalar of them, such as the anisotropy, as a scan"
            )
        directions = re.findall(r"\([^)]*\)|none", fields.get("space directions", ""))
        kinds += ["???"] * (len(directions) - len(kinds))
        for axis, (direction, kind) in enumerate(zip(directions, kinds, strict=False), start=1):
            if direction == "none" and kind in _UNNAMED_KINDS:
                raise ValueError(
                    f"'{name}' states no direction for axis {axis} of {len(directions)}, and not "
                    "that it is one of channels or times; set its kind to 'list' in the header"
                )

    def require_directions(self, axes: int) -> None:
        """Raise ``ValueError`` unless none or each of the axes of space has a direction."""
        stated = self.fields.get("space directions")
        if stated is None:
            return
        count = len(re.findall(r"\([^)]*\)", stated))
        if count != axes:
            raise ValueError(
                f"'{self.path.name}' states directions for {count} of its {axes} axes; "
                "export it again, with the kind of the other axis as a list"
            )

    def notices(self, *, flat: bool) -> tuple[Notice, ...]:
        """Say what the header leaves open.

        Parameters
        ----------
        flat
            Whether the image has two dimensions.
        """
        fields, notices = self.fields, []
        space = fields.get("space", "").strip().lower()
        if "space directions" not in fields or flat:
            notices.append(no_orientation("the file stores no orientation"))
        elif _SIDES.fullmatch(space) is None:
            which = f"its space is '{space[:30]}'" if space else "it names no space"
            notices.append(no_orientation(f"the file names no sides of the patient ({which})"))
        sized = ("space directions", "spacings", "axis maxs", "axismaxs")
        # The format writes nan for what is not known, and SimpleITK reads it as 1 or 0.
        known = [name for name in sized if _is_known(fields.get(name, "nan"))]
        if not known:
            notices.append(no_spacing())
        if "space directions" in fields and not _is_known(fields.get("space origin", "nan")):
            notices.append(no_origin())
        return (*notices, *other_unit(self.unit))


def _is_known(numbers: str) -> bool:
    return "nan" not in numbers.lower()


def read_nrrd_header(path: Path) -> NrrdHeader:
    """Read the fields of a header, and find the file of the voxels.

    Raises
    ------
    FileNotFoundError
        If the header names a file of voxels that is not there.
    ValueError
        If it names one in another folder, or several; or the header has no end.
    """
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
    # The header ends at an empty line; one that stands alone may end with the file.
    end = re.search(rb"\r?\n\r?\n", head)
    lines = head[: None if end is None else end.start()].splitlines()
    fields = {}
    for line in lines[1:]:
        name, colon, value = line.decode(errors="replace").partition(": ")
        if colon and not name.startswith("#") and ":=" not in name:
            fields[name.strip().lower()] = value.strip()
    stated = fields.get("data file", fields.get("datafile", "LOCAL"))
    voxel_file = file_beside(path, stated)
    length = None if end is None else end.end()
    return NrrdHeader(path, fields, path if voxel_file is None else voxel_file, length)
