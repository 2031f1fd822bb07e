"""Scans that are open together: whether they overlay, and one brought onto the grid of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari.layers import Image

from napari_seg.imaging.scan_alignment import relation
from napari_seg.viewer.layers import grid_of, metadata_of
from napari_seg.viewer.opening.opened_layers import frame_of, show_notice

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
    found = relation(geometry, theirs, (frame_of(layer), frame_of(other)))
    if found.frame == "other":
        return Mismatch(
            other,
            f"not registered to '{other.name}': the two are in different frames of reference, "
            "so they need not lie over each other",
            can_resample=False,
        )
    tolerance = min(_OVERLAY_MM, min(*geometry.spacing, *theirs.spacing) / 2)
    if found.error_mm <= tolerance:
        return None
    return Mismatch(
        other,
        f"its axes are tilted against those of '{other.name}': the two overlay with an error "
        f"of up to {_mm(found.error_mm)} mm",
        can_resample=True,
    )


def _mm(length: float) -> str:
    return f"{length:.0f}" if length >= 10 else f"{length:.1f}"
