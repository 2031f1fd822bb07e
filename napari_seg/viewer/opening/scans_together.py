"""Scans that are open together: whether they overlay, and one brought onto the grid of another."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image

from napari_seg.imaging.lattice import share_voxels
from napari_seg.imaging.scan_alignment import relation
from napari_seg.viewer.layers import grid_of, metadata_of, notices_of
from napari_seg.viewer.opening.opened_layers import frame_of, show_notice
from napari_seg.viewer.opening.reading import place_is_known
from napari_seg.viewer.viewing.patient import place_in_patient

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari.layers import Layer

# Scans that show one point farther apart than this, or than half a voxel, do not overlay.
_OVERLAY_MM = 0.5


@dataclass(frozen=True, eq=False)
class Mismatch:
    """Why a scan does not overlay another that is open.

    Attributes
    ----------
    other
        The layer of the other scan.
    message
        A sentence about the first scan.
    can_resample
        Whether bringing the other onto the grid of the first would mend it.
    """

    other: Image
    message: str
    can_resample: bool


def mismatches(layer: Image, layers: Iterable[Layer]) -> list[Mismatch]:
    """Find the scans among layers that do not lie at their true place relative to one scan.

    Scans of other readers do not say where they lie, and are left out.
    """
    if "geometry" not in metadata_of(layer):
        return []
    others = [
        other
        for other in layers
        if other is not layer and isinstance(other, Image) and "geometry" in metadata_of(other)
    ]
    return [found for other in others if (found := _mismatch(layer, other)) is not None]


def tell_mismatches(layer: Layer, layers: Iterable[Layer]) -> None:
    """Tell once where a scan that was just opened does not overlay those that are open."""
    found = mismatches(layer, layers) if isinstance(layer, Image) else []
    if found:
        show_notice(layer.name, [one.message for one in found])


def _mismatch(layer: Image, other: Image) -> Mismatch | None:
    geometry, theirs = grid_of(layer)[0], grid_of(other)[0]
    frames = frame_of(layer), frame_of(other)
    found = relation(geometry, theirs, frames)
    if found.frame == "other":
        return Mismatch(
            other,
            f"not registered to '{other.name}': the two are in different frames of reference, "
            "so they need not lie over each other",
            can_resample=False,
        )
    tolerance_mm = min(_OVERLAY_MM, min(*geometry.spacing, *theirs.spacing) / 2)
    if _is_flat(layer) or _is_flat(other):
        are_placed = all(place_is_known(notices_of(one)) for one in (layer, other))
        return _flat_mismatch(layer, other, tolerance_mm) if are_placed else None
    if found.error_mm > tolerance_mm:
        return Mismatch(
            other,
            f"its axes are tilted against those of '{other.name}': the two overlay with an error "
            f"of up to {_mm(found.error_mm)} mm",
            can_resample=True,
        )
    if None in frames or found.frame == "same" or share_voxels(geometry, theirs):
        return None
    return Mismatch(
        other,
        f"may not be registered to '{other.name}': the frame of reference of the one is "
        f"{_named(frames[0])}, of the other {_named(frames[1])}, so they lie over each other "
        "only if both mean the same",
        can_resample=True,
    )


def _flat_mismatch(layer: Image, other: Image, tolerance_mm: float) -> Mismatch | None:
    """Say where a single slice that is shown as a picture lies over what is elsewhere."""
    gap_mm = _gap_mm(layer, other)
    if gap_mm <= tolerance_mm:
        return None
    apart = f"what the two show at one point lies up to {_mm(gap_mm)} mm apart"
    if _is_flat(layer) and _is_flat(other):
        where = f"lies as a picture over '{other.name}', which is one, too"
        way_out = "open a volume first, then both, to see each at its place"
    elif _is_flat(layer):
        where = f"a single slice that lies as a picture over '{other.name}'"
        way_out = f"close it and open it again beside '{other.name}' to see it at its place"
    else:
        where = f"'{other.name}' is a single slice that lies over it as a picture"
        way_out = f"close '{other.name}' and open it again to see it at its place"
    # Two slices have a line in common at most.
    can_resample = not (_is_flat(layer) and _is_flat(other))
    return Mismatch(other, f"{where}: {apart}; {way_out}", can_resample)


def _gap_mm(layer: Image, other: Image) -> float:
    """Measure how far apart in the patient two layers take one point of the world to lie."""
    ends = [_ends_in_space(one) for one in (layer, other)]
    # Where one has no axis, the other's counts; where both have, that of the first.
    spans = [
        next(span for span in (first, second, (0.0, 0.0)) if span is not None)
        for first, second in zip(*ends, strict=True)
    ]
    gaps = [
        np.linalg.norm(place_in_patient(layer, point) - place_in_patient(other, point))
        for point in product(*spans)
    ]
    return float(max(gaps))


def _ends_in_space(layer: Image) -> tuple[tuple[float, float] | None, ...]:
    """Return where the layer starts and ends along the last three axes of the world, in mm."""
    low, high = layer.extent.world[:, -len(grid_of(layer)[1].kept) :]
    spans = [(float(start), float(end)) for start, end in zip(low, high, strict=True)]
    return (*(None,) * (3 - len(spans)), *spans)


def _is_flat(layer: Image) -> bool:
    return grid_of(layer)[1].dropped is not None


def _named(frame: str | None) -> str:
    return "that of a DICOM series" if str(frame).startswith("dicom:") else f"called '{frame}'"


def _mm(length: float) -> str:
    return f"{length:.0f}" if length >= 10 else f"{length:.1f}"
