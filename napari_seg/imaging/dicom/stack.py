"""Whether the slices of a DICOM series fill one even upright grid, and which; what is wrong else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.dicom.phases import places_along
from napari_seg.imaging.dicom.picture_names import both_names, picture_name
from napari_seg.imaging.dicom.slice_header import SliceHeader
from napari_seg.imaging.dicom.stack_defects import (
    Defect,
    count_on_even_grid,
    even_line,
    find_defect,
    sideways_tolerance_mm,
)
from napari_seg.imaging.geometry import LPS_TO_RAS, Geometry
from napari_seg.imaging.scan import Notice

# Real scanners round positions to 0.1 mm and repeat directions to 1e-7.
_TOLERANCE_MM = 0.1
_UNIT_TOLERANCE = 1e-3
# Rounded places are so many pixels off: too little to need another row.
_SAME_PIXEL = 1e-3
_NO_PIXEL_SIZE = "states pixels without a size; export it again"


@dataclass(frozen=True, eq=False)
class Stack:
    """Slices in order, and the grid they fill or, where there is a defect, could be brought to.

    Parameters
    ----------
    slices
        In the order of k.
    geometry
        An even grid with k at right angles to the slices (within the tolerance of the gate).
    places
        ``(slices, 3)``: where each slice's first pixel lies, in voxels ``(i, j, k)`` of the grid.
    repeats
        Slices that lie where one of `slices` lies, each after that one.
    notices
        What was assumed.
    defect
        Why the slices do not fill the grid; empty for a good series. It ends the sentence "the
        series …".
    figures
        The numbers of the defect.
    """

    slices: tuple[SliceHeader, ...]
    geometry: Geometry
    places: NDArray[np.float64]
    repeats: tuple[tuple[SliceHeader, SliceHeader], ...] = ()
    notices: tuple[Notice, ...] = ()
    defect: str = ""
    figures: Mapping[str, float | str] = field(default_factory=dict)


def stack_slices(slices: Sequence[SliceHeader]) -> Stack:
    """Order slices and find their grid.

    Raises
    ------
    ValueError
        If they have no grid that resampling could bring them to; the message ends the sentence
        "the series …".
    """
    _refuse_sheets(slices)
    if len(slices) == 1:
        return _single(slices[0])
    _refuse_incomplete(slices)
    rows, columns = slices[0].shape
    spacing = np.mean([one.spacing for one in slices if one.spacing], axis=0)
    across, down, normal = _axes(slices, float(max(rows * spacing[0], columns * spacing[1])))
    kept, repeats = _without_repeats(slices, normal)
    if len(kept) == 1:
        single = _single(kept[0])
        return Stack(kept, single.geometry, single.places, repeats, single.notices)
    positions = np.array([one.position for one in kept])
    defect = find_defect(positions, (across, down, normal), float(min(spacing)))
    numbers = _numbers(positions, normal, defect)
    if defect is not None and defect.is_sideways:
        grid = _grown_grid(positions, (across, down, normal), spacing, (columns, rows), numbers)
    else:
        start, even = even_line(positions, normal, numbers)
        affine = _affine(across * spacing[1], down * spacing[0], even, start)
        places = np.column_stack([np.zeros((len(kept), 2)), numbers])
        grid = Geometry((columns, rows, round(numbers[-1]) + 1), affine), places
    words, figures = ("", {}) if defect is None else (defect.words, defect.figures)
    return Stack(kept, *grid, repeats, _detector_spacing(kept), words, figures)


def _numbers(
    positions: NDArray[Any], normal: NDArray[Any], defect: Defect | None
) -> NDArray[np.float64]:
    """Return where slices lie among those of the even grid: at one of them as far as known."""
    if defect is None:
        return np.arange(len(positions), dtype=float)
    along = (positions - positions[0]) @ normal
    count = count_on_even_grid(along, defect)
    return (
        along * (count - 1) / along[-1] if defect.numbers is None else defect.numbers.astype(float)
    )


def _grown_grid(
    positions: NDArray[Any],
    axes: tuple[NDArray[Any], NDArray[Any], NDArray[Any]],
    spacing: NDArray[Any],
    size: tuple[int, int],
    numbers: NDArray[Any],
) -> tuple[Geometry, NDArray[Any]]:
    """Return an upright grid that holds slices beside each other, and their places in it.

    Parameters
    ----------
    positions
        ``(slices, 3)`` in mm, in their order along the normal.
    axes
        Unit vectors across, down and along the normal.
    spacing
        Between rows, then between columns.
    size
        Columns, then rows, of a slice.
    numbers
        Where each slice lies along the normal, in steps of the grid.
    """
    across, down, normal = axes
    sideways = (positions - positions[0]) @ np.stack([across, down], axis=1)
    # Along an axis on which a good series lies as far off, no pixel is moved.
    sideways[:, np.abs(sideways).max(axis=0) <= sideways_tolerance_mm(positions)] = 0
    shifts = sideways / spacing[::-1]
    start = np.floor(shifts.min(axis=0) + _SAME_PIXEL)
    stop = np.ceil(shifts.max(axis=0) - _SAME_PIXEL)
    width, height = (int(grown) for grown in stop - start)
    step = float((positions[-1] - positions[0]) @ normal / numbers[-1])
    affine = _affine(across * spacing[1], down * spacing[0], normal * step, positions[0])
    affine[:, 3] = affine @ (*start, 0, 1)
    columns, rows = size
    geometry = Geometry((columns + width, rows + height, round(numbers[-1]) + 1), affine)
    return geometry, np.column_stack([shifts - start, numbers])


def _refuse_sheets(slices: Sequence[SliceHeader]) -> None:
    if any(one.is_mosaic for one in slices):
        raise ValueError(
            "is a mosaic, which shows many slices side by side in one picture; convert it to "
            "NIfTI by dcm2niix"
        )
    frames = max(one.frames for one in slices)
    if frames > 1:
        raise ValueError(
            f"holds {frames} pictures in one file without their places (a film, or an old "
            "multi-frame file); export it as single slices"
        )
    if len(slices) > 1 and any(one.samples > 1 for one in slices):
        raise ValueError("holds colour pictures, which are read one at a time; name one file")


def _single(one: SliceHeader) -> Stack:
    rows, columns = one.shape
    notices = []
    height, width = one.aspect or (1.0, 1.0)
    down_mm, across_mm = one.spacing or (height / width, 1.0)
    if one.spacing is None:
        message = "the slice states no spacing: 1 mm was assumed"
        if down_mm != across_mm:
            message += f" across, and {down_mm:.4g} mm down by the pixels' aspect"
        notices.append(Notice("no-spacing", message))
    notices += _detector_spacing([one])
    if min(down_mm, across_mm) <= 0:
        raise ValueError(_NO_PIXEL_SIZE)
    across, down, position = np.eye(3)[0], np.eye(3)[1], np.zeros(3)
    if one.orientation is None or one.position is None:
        missing = "the slice states no place: left and right, front and back are assumed"
        notices.append(Notice("no-orientation", missing))
    else:
        across, down, _ = _axes([one], 0)
        position = np.array(one.position)
    thickness = one.thickness if one.thickness is not None and one.thickness > 0 else None
    if thickness is None:
        notices.append(Notice("no-thickness", "the slice states no thickness: 1 mm was assumed"))
    normal = np.cross(across, down) * (thickness or 1.0)
    affine = _affine(across * across_mm, down * down_mm, normal, position)
    return Stack((one,), Geometry((columns, rows, 1), affine), np.zeros((1, 3)), (), tuple(notices))


def _detector_spacing(slices: Sequence[SliceHeader]) -> tuple[Notice, ...]:
    if not any(one.is_detector_spacing for one in slices):
        return ()
    message = "the spacing was measured at the detector: lengths in the patient are shorter"
    return (Notice("detector-spacing", message),)


def _refuse_incomplete(slices: Sequence[SliceHeader]) -> None:
    for absent, what in (
        ([one for one in slices if one.position is None], "position (ImagePositionPatient)"),
        ([one for one in slices if one.orientation is None], "direction (ImageOrientationPatient)"),
        ([one for one in slices if one.spacing is None], "spacing (PixelSpacing)"),
    ):
        if absent:
            raise ValueError(_absent(absent, slices, what))
    shapes = sorted({one.shape for one in slices})
    if len(shapes) > 1:
        sizes = " and ".join(
            f"{sum(one.shape == shape for one in slices)} of {shape[1]} x {shape[0]}"
            for shape in shapes
        )
        raise ValueError(f"mixes slices of different sizes, {sizes}; take the odd ones out")
    spacings = np.array([one.spacing for one in slices])
    if (spacings <= 0).any():
        raise ValueError(_NO_PIXEL_SIZE)
    if (np.ptp(spacings, axis=0) * shapes[0]).max() > _TOLERANCE_MM:
        odd = _odd_one(slices, spacings)
        raise ValueError(
            f"mixes slices of different pixel spacing, such as {odd}; take the odd ones out"
        )


def _absent(absent: Sequence[SliceHeader], slices: Sequence[SliceHeader], what: str) -> str:
    named = f" (such as {picture_name(absent[0], slices)})"
    if len(absent) == len(slices):
        named = ""
    elif len(absent) == 1:
        named = f" ({picture_name(absent[0], slices)})"
    way_out = "export it again with these tags"
    if named and len({one.path for one in slices}) > 1:
        way_out += f", or take {'it' if len(absent) == 1 else 'these'} out"
    return (
        f"states no {what} in {len(absent)} of its {len(slices)} slices{named}, so their places "
        f"are unknown; {way_out}"
    )


def _odd_one(slices: Sequence[SliceHeader], values: NDArray[Any]) -> str:
    """Name the picture whose values, in a row for each, are furthest from those of most."""
    off = np.abs(values - np.median(values, axis=0)).max(axis=1)
    return picture_name(slices[int(np.argmax(off))], slices)


def _axes(
    slices: Sequence[SliceHeader], extent_mm: float
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    directions = np.array([one.orientation for one in slices])
    if (np.ptp(directions, axis=0) * extent_mm).max() > _TOLERANCE_MM:
        odd = _odd_one(slices, directions)
        raise ValueError(
            f"holds slices that are not parallel, such as {odd}; take the odd ones out"
        )
    across, down = directions.mean(axis=0).reshape(2, 3)
    lengths = np.array([np.linalg.norm(across), np.linalg.norm(down)])
    if (np.abs(lengths - 1) > _UNIT_TOLERANCE).any() or abs(across @ down) > _UNIT_TOLERANCE:
        raise ValueError("states directions that are not at right angles; export it again")
    across, down = across / lengths[0], down / lengths[1]
    normal = np.cross(across, down)
    return across, down, normal / np.linalg.norm(normal)


def _without_repeats(
    slices: Sequence[SliceHeader], normal: NDArray[Any]
) -> tuple[tuple[SliceHeader, ...], tuple[tuple[SliceHeader, SliceHeader], ...]]:
    """Order slices along the normal; set those aside that lie where another lies."""
    ordered = sorted(slices, key=lambda one: (one.instance_number, one.path))
    positions = np.array([one.position for one in ordered])
    first_in: dict[int, SliceHeader] = {}
    repeats = []
    for place, one in zip(places_along(positions @ normal), ordered, strict=True):
        kept = first_in.setdefault(place, one)
        if kept is one:
            continue
        if np.linalg.norm(np.subtract(kept.position, one.position)) > _TOLERANCE_MM:  # type: ignore[arg-type]
            raise ValueError(
                f"holds slices that lie side by side, such as {both_names(kept, one)}; keep each "
                "stack in a folder of its own"
            )
        repeats.append((kept, one))
    return tuple(first_in[place] for place in sorted(first_in)), tuple(repeats)


def _affine(
    across: NDArray[Any], down: NDArray[Any], step: NDArray[Any], start: NDArray[Any]
) -> NDArray[Any]:
    affine = np.eye(4)
    affine[:3] = np.column_stack([across, down, step, start])
    turned: NDArray[Any] = LPS_TO_RAS @ affine
    return turned
