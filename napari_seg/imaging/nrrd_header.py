"""What the header of an NRRD file states beyond what SimpleITK takes from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isclose, isfinite, nan
from pathlib import Path

from napari_seg.imaging.detached_voxels import file_beside
from napari_seg.imaging.grid_notices import no_orientation, no_origin, no_spacing, other_unit
from napari_seg.imaging.nrrd_axes import SPACE_KINDS, NrrdAxis, stated_axes
from napari_seg.imaging.scan import Notice
from napari_seg.imaging.stated_times import STEP_KEY, seconds_of, stated_step, step_between

_HEADER_BYTES = 1 << 20
# Some programs round the voxel size.
_ROUNDED_SIZE = 0.01
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
# How 3D Slicer says what the parts of a voxel are.
_INDEX_TYPE, _INDEX_VALUES = "axis 0 index type", "axis 0 index values"
# What programs write where they know of no unit.
_NO_LENGTHS = ("pixel", "pixels", "voxel", "voxels")


@dataclass(frozen=True)
class NrrdHeader:
    """The fields of a header, by name in small letters.

    Parameters
    ----------
    path
        The file of the header.
    fields
        As they stand there; what programs add as ``key:=value`` is no field.
    values
        What programs add so, by its key as it stands there.
    voxel_file
        `path`, or the file that the header names.
    length
        The bytes of the header, with the empty line at its end; None where it has none.
    """

    path: Path
    fields: dict[str, str]
    values: dict[str, str]
    voxel_file: Path
    length: int | None

    @property
    def axes(self) -> tuple[NrrdAxis, ...]:
        """Those that SimpleITK takes for axes of space, in their order."""
        return tuple(axis for axis in stated_axes(self.fields) if axis.is_of_space)

    @property
    def unit(self) -> str:
        """The unit of length, as `grid_notices.MM_PER_UNIT` names it; mm where none is stated."""
        name, units = self._stated_units()
        named = {_unit_of(unit) for unit in units}
        if len(named) > 1 or None in named:
            raise ValueError(
                f"'{self.path.name}' states lengths in no one unit that is known; correct the "
                f'{name} in its header to "mm" "mm" "mm"'
            )
        return str(named.pop()) if named else "mm"

    def _stated_units(self) -> tuple[str, list[str]]:
        stated = self.fields.get("space units", "")
        if stated or "space directions" in self.fields:
            return "space units", re.findall(r'"([^"]*)"', stated)[:3] or [stated.strip()]
        return "units", [axis.unit for axis in self.axes[:3] if axis.kind != "time"]

    def spacing(self, read: Sequence[float]) -> tuple[float, ...]:
        """Return the steps along the axes of space, in `unit`.

        SimpleITK knows nothing of the ends of an axis, and takes 1 where they alone are stated.

        Parameters
        ----------
        read
            The steps as SimpleITK reads them.
        """
        if "space directions" in self.fields or len(read) != len(self.axes):
            return tuple(read)
        steps = [nan if isfinite(axis.spacing) else axis.reach for axis in self.axes]
        pairs = zip(read, steps, strict=True)
        return tuple(step if isfinite(step) else known for known, step in pairs)

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

    @property
    def is_sequence(self) -> bool:
        """Whether the parts of a voxel are a sequence of 3D Slicer, of times or of other things."""
        return _INDEX_TYPE in self.values

    def step_of_parts(self) -> float | None:
        """Return the seconds between the parts of a voxel; 0 where only their unit is of time.

        None where nothing says that they follow each other in time.
        """
        stated = stated_step(self.values.get(STEP_KEY))
        if stated is not None or not self.is_sequence:
            return stated
        units = [axis.unit for axis in stated_axes(self.fields) if not axis.is_of_space]
        seconds = seconds_of(units[0]) if units else None
        if seconds is None:
            return None
        return seconds * step_between(self.values.get(_INDEX_VALUES, ""))

    def step_of_volumes(self, read: Sequence[float]) -> float:
        """Return the seconds from one volume of a series to the next; 0 where it is not stated.

        Parameters
        ----------
        read
            The steps along the axes of space as SimpleITK reads them, that of time last.
        """
        units = re.findall(r'"([^"]*)"', self.fields.get("space units", ""))
        axis = self.axes[-1]
        step = read[-1] if "space directions" in self.fields else axis.step
        seconds = seconds_of(axis.unit or (units[-1] if len(units) == len(read) else ""))
        return step * seconds if seconds is not None and isfinite(step) and step > 0 else 0.0

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
        self._require_times_last()
        directions = re.findall(r"\([^)]*\)|none", fields.get("space directions", ""))
        kinds += ["???"] * (len(directions) - len(kinds))
        for axis, (direction, kind) in enumerate(zip(directions, kinds, strict=False), start=1):
            if direction == "none" and kind in SPACE_KINDS:
                raise ValueError(
                    f"'{name}' states no direction for axis {axis} of {len(directions)}, and not "
                    "that it is one of channels or times; set its kind to 'list' in the header"
                )

    def _require_times_last(self) -> None:
        kinds = [axis.kind for axis in self.axes]
        if "space directions" not in self.fields and "time" in (*kinds[:3], *kinds[4:]):
            raise ValueError(
                f"'{self.path.name}' has an axis of times that is not the last of four, after "
                "those of space; save the times last, or set its kind to 'list' in the header"
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
        # The format writes nan for what is not known, and SimpleITK reads it as 1 or 0.
        steps = [axis.step for axis in self.axes[: 2 if flat else 3]]
        if "space directions" not in fields and not all(map(isfinite, steps)):
            notices.append(no_spacing())
        if "space directions" in fields and "nan" in fields.get("space origin", "nan").lower():
            notices.append(no_origin())
        return (*notices, *other_unit(self.unit), *self._unknown_unit(), *self._other_sizes())

    def _unknown_unit(self) -> tuple[Notice, ...]:
        _, units = self._stated_units()
        unknown = [unit for unit in units if unit.strip().lower() in _NO_LENGTHS]
        if not unknown:
            return ()
        message = f"the header states lengths in '{unknown[0]}', which is no length: mm assumed"
        return (Notice("unknown-unit", message, {"unit": unknown[0]}),)

    def _other_sizes(self) -> tuple[Notice, ...]:
        sizes = [(axis.spacing, axis.reach) for axis in self.axes[:3]]
        pairs = [pair for pair in sizes if all(map(isfinite, pair))]
        if all(isclose(*pair, rel_tol=_ROUNDED_SIZE) for pair in pairs):
            return ()
        stated, meant = (
            " x ".join(f"{size:.4g}" for size in group) for group in zip(*pairs, strict=True)
        )
        message = f"the header states voxels of {stated}, its axes of {meant}: {stated} was used"
        return (Notice("sizes-disagree", message, {"header": stated, "axes": meant}),)


def _unit_of(stated: str) -> str | None:
    unit = stated.strip().lower()
    return "mm" if unit in _NO_LENGTHS else _UNITS.get(unit)


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
    fields, values = {}, {}
    for line in lines[1:]:
        text = line.decode(errors="replace")
        key, equals, said = text.partition(":=")
        if equals and not key.startswith("#"):
            values[key] = said
        name, colon, value = text.partition(": ")
        if colon and not name.startswith("#") and ":=" not in name:
            fields[name.strip().lower()] = value.strip()
    stated = fields.get("data file", fields.get("datafile", "LOCAL"))
    voxel_file = file_beside(path, stated)
    length = None if end is None else end.end()
    return NrrdHeader(path, fields, values, path if voxel_file is None else voxel_file, length)
