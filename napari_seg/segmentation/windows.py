"""The window of a network, and where windows lie over a scan."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import ceil, prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from torch import Tensor


@dataclass(frozen=True)
class Window:
    """The part of a scan that the network sees at once.

    Attributes
    ----------
    shape
        Voxels along ``(i, j, k)`` of the prepared scan; 0 stands for all of them.
    flat_axis
        For a 2D network the axis that its slices are stacked along; None in 3D.
    batch
        How many windows go through the network together.
    """

    shape: tuple[int, int, int]
    flat_axis: int | None = None
    batch: int = 1


def window_of(inferer: Any) -> Window:
    """Read the window of one of MONAI's sliding, slice or simple inferers.

    Raises
    ------
    ValueError
        If the inferer is of another kind, or its window is not of the network's dimension.
    """
    from monai.inferers import SimpleInferer, SliceInferer, SlidingWindowInferer

    if isinstance(inferer, SimpleInferer):
        return Window(shape=(0, 0, 0))
    if not isinstance(inferer, SlidingWindowInferer):
        raise ValueError(f"inferer must slide a window, got {type(inferer).__name__}")
    batch = int(inferer.sw_batch_size)
    if isinstance(inferer, SliceInferer):
        sizes = _lengths(inferer.orig_roi_size, 2)
        sizes.insert(inferer.spatial_dim, 1)
        return Window(_three(sizes), flat_axis=inferer.spatial_dim, batch=batch)
    return Window(_three(_lengths(inferer.roi_size, 3)), batch=batch)


@dataclass(frozen=True)
class Padding:
    """What stands beyond a scan that is smaller than the window.

    Attributes
    ----------
    mode
        One of torch's: ``"constant"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.
    value
        Of constant padding; 0 for other modes.
    """

    mode: str = "constant"
    value: float = 0.0

    def pad(self, voxels: Tensor, before: Sequence[int], after: Sequence[int]) -> Tensor:
        """Pad voxels ``(1, channel, i, j, k)`` by so many before and after them along each axis.

        Raises
        ------
        ValueError
            If they are too small for the mode.
        """
        from torch.nn.functional import pad

        # torch counts paddings from the last axis
        sides = [side for axis in (2, 1, 0) for side in (before[axis], after[axis])]
        if not any(sides):
            return voxels
        if self.mode == "constant":
            return pad(voxels, sides, value=self.value)
        # Each voxel is mirrored or repeated once at most, and the last one is no mirror of itself.
        spare = {"reflect": 1, "circular": 0}.get(self.mode)
        lengths = voxels.shape[2:]
        widest = [max(pair) for pair in zip(before, after, strict=True)]
        if spare is not None and any(
            side > max(length - spare, 0) for side, length in zip(widest, lengths, strict=True)
        ):
            raise ValueError(
                f"the bundle's inferer pads a scan up to its window by {self.mode!r}, for which "
                f"{'x'.join(map(str, lengths))} voxels are too few; give a larger scan or region"
            )
        return pad(voxels, sides, mode=self.mode)


def padding_of(inferer: Any) -> Padding:
    """Read how an inferer pads a scan that is smaller than its window.

    Raises
    ------
    ValueError
        If its mode is none of torch's.
    """
    from monai.utils import PytorchPadMode, look_up_option

    stated = getattr(inferer, "padding_mode", "constant")
    mode = look_up_option(stated, PytorchPadMode, default=None)
    if mode is None:
        known = ", ".join(repr(one.value) for one in PytorchPadMode)
        raise ValueError(f"the inferer's padding_mode must be one of {known}, got {stated!r}")
    # Another mode fills up with voxels of the scan, whatever value is stated.
    is_constant = mode is PytorchPadMode.CONSTANT
    return Padding(mode.value, float(getattr(inferer, "cval", 0.0)) if is_constant else 0.0)


def _lengths(stated: Any, axes: int) -> list[Any]:
    from monai.utils import ensure_tuple_rep

    try:
        return list(ensure_tuple_rep(stated, axes))
    except ValueError as error:
        raise ValueError(
            f"the inferer's roi_size must give {axes} lengths, got {stated!r}"
        ) from error


@dataclass(frozen=True)
class WindowLayout:
    """Where windows lie over a scan.

    Attributes
    ----------
    shape
        Of a window.
    size
        Of the scan once it is padded to at least one window.
    before
        Voxels of padding before it.
    starts
        For each axis the first voxel of each window, in the padded scan.
    """

    shape: tuple[int, int, int]
    size: tuple[int, int, int]
    before: tuple[int, int, int]
    starts: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]

    def after(self, size: Sequence[int]) -> list[int]:
        """Return the voxels of padding behind a scan of this size, along each axis."""
        sizes = zip(self.size, size, self.before, strict=True)
        return [full - have - first for full, have, first in sizes]

    @property
    def count(self) -> int:
        """How many windows there are."""
        return prod(len(starts) for starts in self.starts)

    def places(self, axis: int) -> Iterator[tuple[int, int, int]]:
        """Give the first voxel of each window, those first that begin first along `axis`."""
        order = [axis, *(other for other in range(3) if other != axis)]
        for place in product(*(self.starts[one] for one in order)):
            i, j, k = (place[order.index(one)] for one in range(3))
            yield i, j, k


def lay_windows(window: Window, size: tuple[int, int, int], overlap: float) -> WindowLayout:
    """Lay windows over a scan as MONAI's sliding window does.

    Parameters
    ----------
    window
        What the network sees at once.
    size
        Of the prepared scan.
    overlap
        From 0 to below 1: the part of a window that its neighbour also covers.
    """
    shape = _each(wanted or have for wanted, have in zip(window.shape, size, strict=True))
    padded = _each(map(max, shape, size))
    before = _each((full - have) // 2 for full, have in zip(padded, size, strict=True))
    first, second, third = (
        _starts(length, one, overlap) for length, one in zip(padded, shape, strict=True)
    )
    return WindowLayout(shape, padded, before, (first, second, third))


def _starts(length: int, window: int, overlap: float) -> tuple[int, ...]:
    step = max(int(window * (1 - overlap)), 1)
    count = ceil((length - window) / step) + 1
    return tuple(min(number * step, length - window) for number in range(count))


def _each(values: Iterable[int]) -> tuple[int, int, int]:
    i, j, k = values
    return i, j, k


def _three(values: Any) -> tuple[int, int, int]:
    first, second, third = (max(int(value), 0) if value is not None else 0 for value in values)
    return first, second, third
