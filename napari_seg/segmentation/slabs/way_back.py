"""The way from the grid that a scan was prepared on back to the scan's own, axis by axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.segmentation.slabs import axis_maps
from napari_seg.segmentation.slabs.axis_maps import Taps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from monai.data import MetaTensor
    from numpy.typing import NDArray

_PADS = frozenset({"Pad", "SpatialPad", "BorderPad", "DivisiblePad"})
_CROPS = frozenset({"Crop", "SpatialCrop", "CenterSpatialCrop"})
_LINEAR = frozenset({"linear", "bilinear", "trilinear"})
# Beyond it MONAI takes a change of affine for none.
_SAME_AFFINE = 1e-3


class NotByAxes(Exception):
    """A way back that is no resampling of one axis after the other; its text says which step."""


@dataclass(frozen=True, eq=False)
class WayBack:
    """How each voxel of a scan is a weighted sum of voxels of the prepared one.

    Attributes
    ----------
    axes
        For each axis ``(i, j, k)`` of the scan the axis of the prepared one along it.
    taps
        For each axis of the scan the voxels of that prepared axis that each index needs.
    source
        Shape of the prepared scan.
    """

    axes: tuple[int, int, int]
    taps: tuple[Taps, Taps, Taps]
    source: tuple[int, int, int]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the scan."""
        i, j, k = (len(taps.index) for taps in self.taps)
        return i, j, k

    @property
    def by_prepared_axis(self) -> tuple[Taps, Taps, Taps]:
        """The taps in the order of the prepared scan's axes."""
        first, second, third = (self.taps[self.axes.index(axis)] for axis in range(3))
        return first, second, third


@dataclass(frozen=True, eq=False)
class Trace:
    """What prepared a scan.

    Attributes
    ----------
    shape
        Of the prepared scan.
    affine
        Of the prepared scan.
    steps
        As MONAI's transforms leave them in ``applied_operations``, the first one first.
    """

    shape: tuple[int, ...]
    affine: NDArray[np.float64]
    steps: tuple[Mapping[str, Any], ...] = ()


def trace_of(prepared: MetaTensor) -> Trace:
    """Take the trace that MONAI's transforms left on a scan ``(channel, i, j, k)``."""
    affine = np.asarray(prepared.affine, float)
    return Trace(tuple(prepared.shape[1:]), affine, tuple(prepared.applied_operations))


def find_way_back(trace: Trace, *, nearest: bool = False) -> WayBack:
    """Work out MONAI's inverse of what prepared a scan, without running it.

    Parameters
    ----------
    trace
        Of what prepared it.
    nearest
        Whether the inverse takes the nearest voxel wherever a transform interpolated.

    Raises
    ------
    NotByAxes
        If a step is unknown, or mixes the axes.
    """
    walk = _Walk(trace.shape, trace.affine, nearest)
    for step in reversed(trace.steps):
        walk.undo(step)
    if len(walk.axes) != 3:
        raise NotByAxes("the prepared scan has other than three axes")
    first, second, third = walk.maps
    i, j, k = (int(axis) for axis in walk.axes)
    return WayBack(
        (i, j, k), (first, second, third), (trace.shape[0], trace.shape[1], trace.shape[2])
    )


class _Walk:
    """The grid that the inverse has come to so far, and its maps to the prepared one."""

    def __init__(
        self, shape: tuple[int, ...], affine: NDArray[np.float64], is_nearest: bool
    ) -> None:
        self.axes = list(range(len(shape)))
        self.maps = [axis_maps.identity(count) for count in shape]
        self._affine, self._is_nearest = affine, is_nearest

    @property
    def _shape(self) -> tuple[int, ...]:
        return tuple(len(taps.index) for taps in self.maps)

    def undo(self, step: Mapping[str, Any]) -> None:
        name, extra = str(step["class"]), step.get("extra_info", {})
        if step.get("lazy"):
            raise NotByAxes(f"{name} was applied lazily")
        undos: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], None]] = {
            "Orientation": self._orientation,
            "SpatialResample": self._resample,
            "Spacing": self._resample,
            "Flip": self._flip,
            "Rotate90": self._rotate,
            "Resize": self._resize,
            "CropForeground": self._crop_foreground,
            "ResizeWithPadOrCrop": self._pad_or_crop,
            **dict.fromkeys(_PADS, self._pad),
            **dict.fromkeys(_CROPS, self._crop),
        }
        if name not in undos:
            raise NotByAxes(f"no way back through {name} is known")
        undos[name](step, extra)

    def _orientation(self, _step: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        if "axes" in extra:  # said by our own preparing; MONAI's leaves it to be found out
            self._affine = np.asarray(extra["original_affine"])
            self._reverse([axis for axis, back in enumerate(extra["is_reversed"]) if back])
            self._permute([extra["axes"].index(axis) for axis in range(3)])
            return
        from nibabel.orientations import (
            aff2axcodes,
            axcodes2ornt,
            inv_ornt_aff,
            io_orientation,
            ornt_transform,
        )

        wanted = axcodes2ornt(aff2axcodes(np.asarray(extra["original_affine"])))
        turn = ornt_transform(io_orientation(self._affine), wanted)
        self._affine = self._affine @ inv_ornt_aff(turn, self._shape)
        self._reverse([axis for axis, (_, sign) in enumerate(turn) if sign == -1])
        self._permute([int(axis) for axis in np.argsort(turn[:, 0])])

    def _resample(self, step: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        affine, size = np.asarray(extra["src_affine"], float), tuple(step["orig_size"])
        if len(size) != 3 or affine.shape != (4, 4):
            raise NotByAxes(f"{step['class']} in other than three dimensions")
        to_source = np.linalg.solve(self._affine, affine)
        unchanged = size == self._shape and (
            np.allclose(self._affine, affine, atol=_SAME_AFFINE)
            or np.allclose(to_source, np.eye(4), atol=_SAME_AFFINE)
        )
        self._affine = affine
        if unchanged:
            return
        scales = np.diag(to_source)[:3]
        far = np.abs(to_source[:3, :3] - np.diag(scales)) @ np.asarray(size)
        if (far > 1e-4).any():
            raise NotByAxes(f"{step['class']} turns the axes of the scan")
        border = {"border": True, "zeros": False}.get(str(extra["padding_mode"]))
        interpolate = self._interpolation(extra["mode"])
        if border is None or interpolate is None:
            raise NotByAxes(
                f"{step['class']} interpolates by {extra['mode']}, {extra['padding_mode']}"
            )
        for axis, count in enumerate(size):
            places = scales[axis] * np.arange(count) + to_source[axis, 3]
            self._apply(axis, interpolate(places, self._shape[axis], border=border))

    def _flip(self, step: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        axes = extra["axes"]
        whole = range(len(self._shape)) if axes is None else np.atleast_1d(np.asarray(axes))
        flipped = [int(axis) % len(self._shape) for axis in whole]
        self._reverse(flipped)
        move = np.eye(4)
        for axis in flipped:
            move[axis, axis], move[axis, 3] = -1, self._shape[axis] - 1
        self._affine = self._affine @ move

    def _rotate(self, _step: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        first, second = (int(axis) for axis in extra["axes"])
        for _ in range(-int(extra["k"]) % 4):
            move = np.eye(4)
            move[[first, second]] = move[[second, first]]
            move[second] = -move[second]
            move[second, 3] = self._shape[second] - 1
            self._affine = self._affine @ move
            self._reverse([second])
            order = list(range(3))
            order[first], order[second] = second, first
            self._permute(order)

    def _resize(self, step: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        size, mode = tuple(step["orig_size"]), str(getattr(extra["mode"], "value", extra["mode"]))
        if extra["new_dim"] or len(size) != 3:
            raise NotByAxes("Resize in other than three dimensions")
        if size == self._shape:
            return
        corners = extra["align_corners"] in (True, "True")
        for axis, (count, have) in enumerate(zip(size, self._shape, strict=True)):
            if self._is_nearest or mode == "nearest":
                places = np.floor(np.arange(count) * (have / count))
                taps = axis_maps.nearest(places, have, border=True)
            elif mode == "area":
                taps = axis_maps.area(count, have)
            elif mode in _LINEAR:
                steps = np.arange(count) * ((have - 1) / max(count - 1, 1))
                halves = (np.arange(count) + 0.5) * (have / count) - 0.5
                taps = axis_maps.linear(steps if corners else halves, have, border=True)
            else:
                raise NotByAxes(f"Resize interpolates by {mode}")
            scale = have / count
            move = np.eye(4)
            move[axis, axis], move[axis, 3] = scale, (scale - 1) / 2
            self._apply(axis, taps)
            self._affine = self._affine @ move

    def _pad(self, _step: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        channels, *padded = extra["padded"]
        if any(channels):
            raise NotByAxes("the channels were padded")
        self._move([(int(before), -int(after)) for before, after in padded])

    def _crop(self, _step: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        cropped = [int(count) for count in extra["cropped"]]
        ends = zip(cropped[::2], cropped[1::2], strict=True)
        self._move([(-before, after) for before, after in ends])

    def _crop_foreground(self, step: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        self._pad(step, extra["pad_info"]["extra_info"])
        self._crop(step, extra)

    def _pad_or_crop(self, step: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        self._pad(step, extra["pad_info"]["extra_info"])
        self._crop(step, extra["crop_info"]["extra_info"])

    def _move(self, ends: list[tuple[int, int]]) -> None:
        """Begin each axis that many voxels later, and end it that many later."""
        move = np.eye(4)
        for axis, (start, stop) in enumerate(ends):
            have = self._shape[axis]
            self._apply(axis, axis_maps.shift(have - start + stop, have, start=start))
            move[axis, 3] = start
        self._affine = self._affine @ move

    def _reverse(self, axes: list[int]) -> None:
        for axis in axes:
            self._apply(axis, axis_maps.reverse(self._shape[axis]))

    def _permute(self, order: list[int]) -> None:
        self.axes = [self.axes[axis] for axis in order]
        self.maps = [self.maps[axis] for axis in order]

    def _apply(self, axis: int, taps: Taps) -> None:
        self.maps[axis] = taps.after(self.maps[axis])

    def _interpolation(self, mode: Any) -> Callable[..., Taps] | None:
        name = str(getattr(mode, "value", mode))
        if self._is_nearest or name == "nearest":
            return axis_maps.nearest
        return axis_maps.linear if name in _LINEAR else None
