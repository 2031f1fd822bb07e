"""What a model was trained on, in figures, and whether a scan is like it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_seg.imaging.geometry import Geometry
    from napari_seg.imaging.scan import Scan

PERCENTILES = (1, 10, 25, 50, 75, 90, 99)
# Air in Hounsfield units, with room for what a reconstruction makes of it.
_AIR_HU = -600
_LEAST_AIR_SHARE = 0.005
_MOST_VOXELS = 2_000_000
# Of a voxel with the next; below it there is nothing but noise.
_LEAST_ALIKE = 0.2


@dataclass(frozen=True)
class Spread:
    """The least and the most of some figures over the training cases."""

    least: tuple[float, ...]
    most: tuple[float, ...]


@dataclass(frozen=True)
class Fingerprint:
    """What a model was trained on.

    Attributes
    ----------
    cases
        How many.
    modality
        As DICOM names it, such as ``"MR"``.
    is_hounsfield
        Whether intensities are Hounsfield units; if not, they have no unit.
    spacing_mm, field_of_view_mm
        Along right, anterior and superior.
    tilt_degrees
        How far the axes were from the patient's at most.
    intensity
        Percentiles as stored: 1, 10, 25, 50, 75, 90, 99.
    standard_intensity
        The same after bringing the voxels that are not 0 to mean 0 and deviation 1.
    contrast
        The range from the 1st to the 99th percentile over the larger of the two.
    """

    cases: int
    modality: str
    is_hounsfield: bool
    spacing_mm: Spread
    field_of_view_mm: Spread
    tilt_degrees: float
    intensity: Spread
    standard_intensity: Spread
    contrast: Spread

    def as_dict(self) -> dict[str, Any]:
        """Give the form that stands in a bundle's metadata."""
        return {
            "cases": self.cases,
            "modality": self.modality,
            "hounsfield_units": self.is_hounsfield,
            "spacing_mm": _as_dict(self.spacing_mm),
            "field_of_view_mm": _as_dict(self.field_of_view_mm),
            "tilt_degrees": round(self.tilt_degrees, 2),
            "percentiles": list(PERCENTILES),
            "intensity": _as_dict(self.intensity),
            "standard_intensity": _as_dict(self.standard_intensity),
            "contrast": _as_dict(self.contrast),
        }


@dataclass(frozen=True)
class Figures:
    """The figures of one scan, as `Fingerprint` has them for many.

    Attributes
    ----------
    share_of_air
        Of the voxels that lie below air of the Hounsfield scale.
    likeness
        Correlation of a voxel with the next along the axis where it is largest; 1 in a scan of one
        brightness, None where it was not measured.
    """

    spacing_mm: tuple[float, ...]
    field_of_view_mm: tuple[float, ...]
    tilt_degrees: float
    intensity: tuple[float, ...]
    standard_intensity: tuple[float, ...]
    contrast: float
    share_of_air: float
    likeness: float | None

    @property
    def looks_like_hounsfield(self) -> bool:
        """Whether there is air of the Hounsfield scale."""
        return self.share_of_air > _LEAST_AIR_SHARE

    @property
    def looks_like_noise(self) -> bool:
        """Whether neighbouring voxels are no more alike than distant ones."""
        return self.likeness is not None and self.likeness < _LEAST_ALIKE


def figures_of(scan: Scan, *, channel: int = 0, with_likeness: bool = True) -> Figures:
    """Measure a scan, or one of its channels; likeness takes most of the time."""
    voxels = scan.array[..., channel] if scan.array.ndim == 4 else scan.array
    values = _some_of(voxels)
    percentiles = _percentiles(values)
    # Networks for scans without a unit are shown what is not 0, with mean 0 and deviation 1.
    tissue = values[values != 0]
    deviation = float(tissue.std(dtype=np.float64)) if tissue.size else 0.0
    standard = np.zeros(len(PERCENTILES))
    if deviation > 0:
        standard = (_percentiles(tissue) - tissue.mean(dtype=np.float64)) / deviation
    low, high = percentiles[0], percentiles[-1]
    largest = max(abs(low), abs(high))
    return Figures(
        spacing_mm=_along_patient(scan.geometry, scan.geometry.spacing),
        field_of_view_mm=field_of_view_mm(scan.geometry),
        tilt_degrees=tilt_degrees(scan.geometry),
        intensity=tuple(percentiles.tolist()),
        standard_intensity=tuple(standard.tolist()),
        contrast=float((high - low) / largest) if largest > 0 else 0.0,
        share_of_air=float((values < _AIR_HU).mean()) if values.size else 0.0,
        likeness=max(map(partial(_likeness, voxels), range(3))) if with_likeness else None,
    )


def field_of_view_mm(geometry: Geometry) -> tuple[float, ...]:
    """Return a grid's lengths along right, anterior and superior, in mm."""
    lengths = [n * size for n, size in zip(geometry.shape, geometry.spacing, strict=True)]
    return _along_patient(geometry, lengths)


def tilt_degrees(geometry: Geometry) -> float:
    """Return the largest angle between an axis of a grid and the patient's nearest axis."""
    directions = geometry.affine[:3, :3] / np.asarray(geometry.spacing)
    cosines = np.abs(directions).max(axis=0)
    return float(np.degrees(np.arccos(np.clip(cosines, -1, 1))).max())


def fingerprint_of(scans: Iterable[Scan], *, modality: str) -> Fingerprint:
    """Gather the fingerprint of training cases.

    Parameters
    ----------
    scans
        As they are before the bundle's preparing.
    modality
        As DICOM names it, such as ``"MR"`` or ``"CT"``.

    Raises
    ------
    ValueError
        If there is no scan.
    """
    found = [figures_of(scan, with_likeness=False) for scan in scans]
    if not found:
        raise ValueError("a fingerprint needs at least one training case")
    return Fingerprint(
        cases=len(found),
        modality=modality,
        is_hounsfield=modality == "CT" and any(one.looks_like_hounsfield for one in found),
        spacing_mm=_spread([one.spacing_mm for one in found]),
        field_of_view_mm=_spread([one.field_of_view_mm for one in found]),
        tilt_degrees=max(one.tilt_degrees for one in found),
        intensity=_spread([one.intensity for one in found]),
        standard_intensity=_spread([one.standard_intensity for one in found]),
        contrast=_spread([(one.contrast,) for one in found]),
    )


def read_fingerprint(metadata: Mapping[str, Any]) -> Fingerprint | None:
    """Read the fingerprint in a bundle's metadata; None where there is none.

    Raises
    ------
    ValueError
        If it lacks a figure, or holds what is none.
    """
    said = metadata.get("fingerprint")
    if said is None:
        return None
    try:
        if tuple(said["percentiles"]) != PERCENTILES:
            raise ValueError(f"its percentiles must be {PERCENTILES}")
        return Fingerprint(
            cases=int(said["cases"]),
            modality=str(said["modality"]),
            is_hounsfield=bool(said["hounsfield_units"]),
            spacing_mm=_read(said["spacing_mm"], 3),
            field_of_view_mm=_read(said["field_of_view_mm"], 3),
            tilt_degrees=float(said["tilt_degrees"]),
            intensity=_read(said["intensity"], len(PERCENTILES)),
            standard_intensity=_read(said["standard_intensity"], len(PERCENTILES)),
            contrast=_read(said["contrast"], 1),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(
            f"the fingerprint in the metadata makes no sense ({error}); "
            "scripts/make_fingerprint.py makes one"
        ) from error


def _read(said: Mapping[str, Any], count: int) -> Spread:
    least, most = (tuple(float(n) for n in said[end]) for end in ("least", "most"))
    if not len(least) == len(most) == count or any(map(np.greater, least, most)):
        raise ValueError(f"expected {count} figures, least below most, got {said}")
    return Spread(least, most)


def _as_dict(spread: Spread) -> dict[str, list[float]]:
    return {
        "least": [round(n, 4) for n in spread.least],
        "most": [round(n, 4) for n in spread.most],
    }


def _spread(figures: Sequence[tuple[float, ...]]) -> Spread:
    array = np.array(figures)
    return Spread(tuple(array.min(axis=0).tolist()), tuple(array.max(axis=0).tolist()))


def _along_patient(geometry: Geometry, sizes: Sequence[float]) -> tuple[float, ...]:
    pairs = {"L": 0, "R": 0, "P": 1, "A": 1, "I": 2, "S": 2}
    along = [0.0, 0.0, 0.0]
    for code, size in zip(geometry.axis_codes, sizes, strict=True):
        along[pairs[code]] = float(size)
    return tuple(along)


def _some_of(voxels: NDArray[Any]) -> NDArray[Any]:
    """Take at most some million voxels, evenly from all places, and sort them."""
    step = _step(voxels)
    some = np.array(voxels[::step, ::step, ::step]).ravel(order="K")
    if some.dtype.kind == "f":
        some = some[np.isfinite(some)]
    # Numbers of up to two bytes are counted then, which is several times as fast.
    some.sort(kind="stable" if some.itemsize <= 2 else None)
    return some


def _step(voxels: NDArray[Any]) -> int:
    return max(1, int(np.ceil((voxels.size / _MOST_VOXELS) ** (1 / 3))))


def _likeness(voxels: NDArray[Any], axis: int) -> float:
    """Correlate voxels, evenly from all places, with the next along an axis; -1 if there is none."""
    step, length = _step(voxels), voxels.shape[axis]
    if length < 2:
        return -1.0
    pair = []
    for first in (0, 1):
        part = [slice(None, None, step)] * 3
        part[axis] = slice(first, length - 1 + first, step)
        pair.append(voxels[tuple(part)].astype(np.float64))
    known = np.isfinite(pair[0]) & np.isfinite(pair[1])
    one, other = (values[known] - values[known].mean() if known.any() else 0 for values in pair)
    spread = float(np.sqrt(np.mean(one * one) * np.mean(other * other)))
    return float(np.mean(one * other)) / spread if spread > 0 else 1.0


def _percentiles(rising: NDArray[Any]) -> NDArray[np.float64]:
    """Return the percentiles of sorted values, between the two nearest as NumPy does."""
    if not rising.size:
        return np.zeros(len(PERCENTILES))
    places = np.array(PERCENTILES) / 100 * (rising.size - 1)
    low = np.floor(places).astype(int)
    first, second = (
        rising[np.minimum(low + more, rising.size - 1)].astype(np.float64) for more in (0, 1)
    )
    percentiles: NDArray[np.float64] = first + (second - first) * (places - low)
    return percentiles
