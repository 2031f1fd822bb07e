"""What every reader says in the same words of a grid that is odd or not fully stated."""

from __future__ import annotations

from napari_seg.imaging.geometry import Geometry
from napari_seg.imaging.scan import Notice

MM_PER_UNIT = {"mm": 1.0, "cm": 10.0, "dm": 100.0, "meter": 1000.0, "micron": 0.001, "nm": 1e-6}
"""How long the units of length are that files name."""

_STRAIGHT_VOXELS = 0.1
# Between the pixels of a microscope and the slices of a survey of the body.
_SMALLEST_MM, _LARGEST_MM = 1e-4, 100.0


def no_orientation(cause: str, **figures: float) -> Notice:
    """Say that the sides of the patient are assumed, and why."""
    return Notice(
        "no-orientation",
        f"{cause}: left and right, front and back are assumed",
        dict(figures),
    )


def no_spacing() -> Notice:
    """Say that the size of a voxel is assumed."""
    return Notice(
        "no-spacing", "the file stores no voxel size: 1 mm was assumed", {"spacing_mm": 1}
    )


def no_origin() -> Notice:
    """Say that the place of the first voxel is assumed."""
    return Notice("no-origin", "the file does not say where its first voxel lies: 0 was assumed")


def other_unit(unit: str) -> tuple[Notice, ...]:
    """Say that lengths were turned into mm; nothing where they were stored so."""
    if MM_PER_UNIT[unit] == 1:
        return ()
    message = f"lengths stored in {unit} were turned into mm"
    return (Notice("units", message, {"unit": unit, "mm_per_unit": MM_PER_UNIT[unit]}),)


def one_volume(counts: tuple[int, ...]) -> Notice:
    """Say that axes of one voxel beyond the volume were dropped."""
    shape = " x ".join(map(str, counts))
    message = f"the axes beyond the volume hold one volume ({shape}) and were dropped"
    return Notice("one-volume", message, {"shape": shape})


def surplus_bytes(surplus: int) -> tuple[Notice, ...]:
    """Say that a file holds more than its header claims; nothing where it does not."""
    if surplus <= 0:
        return ()
    message = f"the file holds {surplus} bytes more than its header claims: they were not read"
    return (Notice("more-data", message, {"bytes": surplus}),)


def odd_grid(geometry: Geometry) -> tuple[Notice, ...]:
    """Say what of a grid is unlike that of a patient: the size of its voxels, and its angles."""
    return (*_odd_sizes(geometry), *_sheared(geometry))


def _odd_sizes(geometry: Geometry) -> tuple[Notice, ...]:
    if min(geometry.spacing) >= _SMALLEST_MM and max(geometry.spacing) <= _LARGEST_MM:
        return ()
    sizes = " x ".join(f"{size:.4g}" for size in geometry.spacing)
    message = f"voxels of {sizes} mm are unlikely: the unit or the size in the header may be wrong"
    return (Notice("odd-size", message, {"sizes_mm": sizes}),)


def _sheared(geometry: Geometry) -> tuple[Notice, ...]:
    degrees, drift_mm = geometry.shear()
    if drift_mm <= _STRAIGHT_VOXELS * min(geometry.spacing):
        return ()
    return (
        Notice(
            "sheared",
            f"the axes are {degrees:.3g} degrees off a right angle: the affine is kept, but the "
            f"scan is shown straight, which moves its corners by up to {drift_mm:.3g} mm",
            {"degrees": degrees, "shift_mm": drift_mm},
        ),
    )
