"""A picture of labels over their scan, for a report or a quick look."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from nibabel.orientations import apply_orientation, io_orientation
from numpy.typing import NDArray

from napari_seg.imaging.contrast import contrast_limits
from napari_seg.imaging.measures import count_voxels
from napari_seg.imaging.saving import replace_file
from napari_seg.imaging.scan import LabelMap, Scan

_BACKGROUND = "#101418"
_INK = "#e6e9ec"
_FAINT_INK = "#9aa4ad"
_SIDE_INK = "#ffd166"
_OPACITY = 0.4
_PIXELS_PER_INCH = 150
_VIEW_INCHES = 4.0
_LEGEND_INCHES = 2.9
_INCHES_PER_LINE = 0.19
_ROOM_AROUND_LABELS = 1.7
# So that what surrounds a small structure is seen too.
_SMALLEST_VIEW_MM = 70.0


@dataclass(frozen=True)
class _Plane:
    """A view: the axis cut through, those shown across and upwards, and the sides it shows."""

    title: str
    cut: int
    across: int
    up: int
    left: str
    right: str
    top: str
    bottom: str


# The axes run to the right, to the front and upwards here.
_PLANES = (
    _Plane("Axial", 2, 0, 1, "R", "L", "A", "P"),
    _Plane("Coronal", 1, 0, 2, "R", "L", "S", "I"),
    _Plane("Sagittal", 0, 1, 2, "A", "P", "S", "I"),
)


@dataclass(frozen=True, eq=False)
class _Views:
    """What is drawn: grey or colour from 0 to 1, labels, and the voxel to cut through."""

    shown: NDArray[Any]
    labels: NDArray[Any]
    spacing: NDArray[Any]
    centre: tuple[int, ...]

    def planes(self) -> list[_Plane]:
        flat = [axis for axis in range(3) if self.labels.shape[axis] == 1]
        return [plane for plane in _PLANES if plane.cut in flat or not flat]

    def extent_mm(self, plane: _Plane) -> tuple[float, float]:
        sizes = self.spacing * self.labels.shape
        return float(sizes[plane.across]), float(sizes[plane.up])

    def cut(self, array: NDArray[Any], plane: _Plane) -> NDArray[Any]:
        """Return rows from top to bottom, columns from the patient's right or front."""
        slab = np.take(array, self.centre[plane.cut], axis=plane.cut)
        return np.swapaxes(slab[::-1, ::-1], 0, 1)


def write_overlay(scan: Scan, labels: LabelMap, path: str | Path) -> None:
    """Draw three planes through the middle of the labels, with a legend, as a PNG file.

    The planes keep the proportions of the patient and are hung as radiologists do: the
    patient's right is on the left. A scan of one slice shows that slice alone.

    Parameters
    ----------
    scan
        The first channel is shown, or the colours of a colour picture.
    labels
        On the scan's grid.
    path
        Ends in ``.png``.

    Raises
    ------
    ValueError
        If the labels are not on the scan's grid, or the name does not end in ``.png``.
    OSError
        If the file cannot be written; see `saving.replace_file`.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise ValueError(f"'{path.name}' cannot be drawn: its name must end in .png")
    labels.require_grid(scan.geometry)
    figure = _draw(_views(scan, labels), labels, scan)
    replace_file(path, lambda partial: figure.savefig(partial, format="png", facecolor=_BACKGROUND))


def _views(scan: Scan, labels: LabelMap) -> _Views:
    turn = io_orientation(scan.geometry.affine)
    spacing = np.array(scan.geometry.spacing)[np.argsort(turn[:, 0])]
    values = apply_orientation(labels.array, turn)
    box = np.array([[0, count - 1] for count in values.shape], dtype=float)
    for axis in range(3):
        others = tuple({0, 1, 2} - {axis})
        held = np.flatnonzero(values.any(axis=others))
        if held.size:
            box[axis] = held[0], held[-1]
    centre = box.mean(axis=1)
    half = np.maximum((box[:, 1] - box[:, 0]) * spacing * _ROOM_AROUND_LABELS, _SMALLEST_VIEW_MM)
    # The same number of mm to each side in every plane, so that the planes can be compared.
    half_voxels = half.max() / 2 / spacing
    start = np.maximum(np.floor(centre - half_voxels), 0).astype(int)
    stop = np.minimum(np.ceil(centre + half_voxels) + 1, values.shape).astype(int)
    region = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    shown = apply_orientation(_displayable(scan), turn)
    middle = tuple(int(index) for index in np.rint(centre).astype(int) - start)
    return _Views(shown[region], values[region], spacing, middle)


def _displayable(scan: Scan) -> NDArray[Any]:
    """Return the scan from 0 to 1, dark to bright."""
    array = scan.array
    if array.ndim == 4 and scan.channel_names == ("red", "green", "blue"):
        return array / 255 if array.dtype == np.uint8 else array / max(float(array.max()), 1.0)
    first = array if array.ndim == 3 else array[..., 0]
    grey = np.nan_to_num(first.astype(np.float32), posinf=0, neginf=0)
    low, high = contrast_limits(scan.with_array(first))
    return np.asarray(np.clip((grey - low) / (high - low), 0, 1))


def _draw(views: _Views, labels: LabelMap, scan: Scan) -> Figure:
    planes = views.planes()
    sizes = [views.extent_mm(plane) for plane in planes]
    inches_per_mm = _VIEW_INCHES / max(max(size) for size in sizes)
    widths = [max(across * inches_per_mm, 1.2) for across, _ in sizes]
    height = max(up for _, up in sizes) * inches_per_mm
    figure = Figure(
        figsize=(sum(widths) + 0.25 * len(widths) + _LEGEND_INCHES, max(height, 2.2) + 0.9),
        dpi=_PIXELS_PER_INCH,
    )
    grid = figure.add_gridspec(
        1,
        len(planes) + 1,
        width_ratios=[*widths, _LEGEND_INCHES],
        left=0.012,
        right=0.995,
        top=0.9,
        bottom=0.09,
        wspace=0.05,
    )
    for column, plane in enumerate(planes):
        _draw_plane(figure.add_subplot(grid[0, column]), plane, views, labels)
    _draw_legend(
        figure.add_subplot(grid[0, -1]), labels, is_picture=scan.source.format == "picture"
    )
    note = "For research use only."
    if scan.source.format != "picture":
        note = f"Hung as radiologists do: the patient's right is on the left. {note}"
    figure.text(0.012, 0.025, note, color=_FAINT_INK, fontsize=8)
    return figure


def _draw_plane(axes: Axes, plane: _Plane, views: _Views, labels: LabelMap) -> None:
    across_mm, up_mm = views.extent_mm(plane)
    extent = (0.0, across_mm, 0.0, up_mm)
    axes.imshow(
        views.cut(views.shown, plane),
        cmap="gray",
        vmin=0,
        vmax=1,
        extent=extent,
        aspect="equal",
        interpolation="bilinear",
    )
    values = views.cut(views.labels, plane)
    colours = np.zeros((*values.shape, 4))
    for label in labels.table.completed(count_voxels(values[..., np.newaxis])):
        inside = values == label.value
        colours[inside] = (*(part / 255 for part in label.colour), _OPACITY)
        if inside.any():
            # The first row of the picture is its top, that of a contour its bottom.
            axes.contour(
                np.pad(inside[::-1], 1),
                levels=[0.5],
                colors=[tuple(part / 255 for part in label.colour)],
                linewidths=1.1,
                extent=_padded(extent, inside.shape),
            )
    axes.imshow(colours, extent=extent, aspect="equal", interpolation="nearest")
    axes.set_xlim(0, across_mm)
    axes.set_ylim(0, up_mm)
    axes.set_axis_off()
    if len(views.planes()) > 1:
        axes.set_title(plane.title, color=_INK, fontsize=11, pad=6)
    _write_sides(axes, plane)


def _write_sides(axes: Axes, plane: _Plane) -> None:
    for side, x, y in (
        (plane.left, 0.03, 0.5),
        (plane.right, 0.97, 0.5),
        (plane.top, 0.5, 0.96),
        (plane.bottom, 0.5, 0.04),
    ):
        axes.text(
            x,
            y,
            side,
            transform=axes.transAxes,
            color=_SIDE_INK,
            fontsize=9,
            ha="center",
            va="center",
        )


def _padded(
    extent: tuple[float, float, float, float], shape: tuple[int, ...]
) -> tuple[float, float, float, float]:
    # Contours run through the centres of pixels, of which there is one more on each side.
    _, across_mm, _, up_mm = extent
    column, row = across_mm / shape[1], up_mm / shape[0]
    return -column / 2, across_mm + column / 2, -row / 2, up_mm + row / 2


def _draw_legend(axes: Axes, labels: LabelMap, *, is_picture: bool) -> None:
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    lines = max(int(axes.get_window_extent().height / _PIXELS_PER_INCH / _INCHES_PER_LINE), 2)
    axes.set_ylim(lines - 0.5, -0.5)
    counts = count_voxels(labels.array)
    table = labels.table.completed(counts).keep(counts)
    listed = len(table) if len(table) <= lines else lines - 1
    for row, label in enumerate(tuple(table)[:listed]):
        colour = tuple(part / 255 for part in label.colour)
        axes.add_patch(Rectangle((0.02, row - 0.3), 0.06, 0.6, color=colour))
        axes.text(0.11, row, label.name, color=_INK, fontsize=9, va="center")
        count = counts[label.value]
        volume_ml = count * labels.geometry.voxel_volume_ml
        amount = f"{volume_ml:,.2f} ml" if volume_ml < 100 else f"{volume_ml:,.0f} ml"
        amount = f"{count:,} px" if is_picture else amount
        axes.text(1, row, amount, color=_INK, fontsize=9, va="center", ha="right")
    if len(table) > listed:
        more = f"and {len(table) - listed} more"
        axes.text(0.11, listed, more, color=_FAINT_INK, fontsize=9, va="center")
    if not counts:
        axes.text(0.02, 0, "no voxel is labelled", color=_FAINT_INK, fontsize=9, va="center")
