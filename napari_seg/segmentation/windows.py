"""Slide a network's window over a prepared scan, and say how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    OnWindow = Callable[[tuple[int, int, int], Tensor], None]


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
    from monai.utils import ensure_tuple_rep

    if isinstance(inferer, SimpleInferer):
        return Window(shape=(0, 0, 0))
    if not isinstance(inferer, SlidingWindowInferer):
        raise ValueError(f"inferer must slide a window, got {type(inferer).__name__}")
    batch = int(inferer.sw_batch_size)
    if isinstance(inferer, SliceInferer):
        sizes = list(ensure_tuple_rep(inferer.orig_roi_size, 2))
        sizes.insert(inferer.spatial_dim, 1)
        return Window(_three(sizes), flat_axis=inferer.spatial_dim, batch=batch)
    return Window(_three(ensure_tuple_rep(inferer.roi_size, 3)), batch=batch)


def slide(
    image: Tensor,
    network: Callable[[Tensor], Tensor],
    inferer: Any,
    *,
    overlap: float,
    on_progress: Callable[[float], None],
    on_window: OnWindow | None = None,
) -> Tensor:
    """Run a network over overlapping windows, and blend them with Gaussian weights.

    Parameters
    ----------
    image
        Of shape ``(1, channel, i, j, k)``, on the network's device.
    network
        From ``(batch, channel, *window)`` to scores ``(batch, class, *window)``.
    inferer
        The bundle's MONAI inferer, which gives window, batch and padding.
    overlap
        From 0 to below 1: the part of a window that its neighbour also covers.
    on_progress
        Told the fraction done after each window; what it raises stops the run there.
    on_window
        Told each finished window: its first voxel in `image` (negative where the window reaches
        beyond it) and its scores ``(class, *window)``.

    Returns
    -------
    Tensor
        Scores ``(1, class, i, j, k)`` in float32.
    """
    from monai.inferers import sliding_window_inference
    from torch.nn.functional import pad

    window = window_of(inferer)
    size = tuple(image.shape[2:])
    shape = tuple(wanted or have for wanted, have in zip(window.shape, size, strict=True))
    margins = [max(wanted - have, 0) for wanted, have in zip(shape, size, strict=True)]
    before = [margin // 2 for margin in margins]
    # torch counts paddings from the last axis
    sides = [side for axis in (2, 1, 0) for side in (before[axis], margins[axis] - before[axis])]
    padded = pad(image, sides, value=float(getattr(inferer, "cval", 0.0)))
    # One after the other a processor is as fast, and stops and reports at each.
    together = 1 if image.device.type == "cpu" and window.flat_axis is None else window.batch
    total = _count_windows(tuple(padded.shape[2:]), shape, overlap)
    done = 0

    def predict(batch: Tensor, places: list[list[slice]]) -> Tensor:
        nonlocal done
        flat = None if window.flat_axis is None else window.flat_axis + 2
        scores = network(batch if flat is None else batch.squeeze(flat)).float()
        scores = scores if flat is None else scores.unsqueeze(flat)
        for place, score in zip(places, scores, strict=True):
            if on_window is not None:
                start = [part.start - left for part, left in zip(place[2:], before, strict=True)]
                on_window((start[0], start[1], start[2]), score)
            done += 1
            on_progress(min(done / total, 1.0))
        return scores

    blended = sliding_window_inference(
        padded,
        shape,
        together,
        predict,
        overlap=overlap,
        mode="gaussian",
        with_coord=True,
    )
    return _cropped(blended, before, size)


def _cropped(scores: Any, before: list[int], size: tuple[int, ...]) -> Tensor:
    parts = (slice(start, start + length) for start, length in zip(before, size, strict=True))
    cropped: Tensor = scores[(slice(None), slice(None), *parts)]
    return cropped


def _count_windows(size: tuple[int, ...], shape: tuple[int, ...], overlap: float) -> int:
    total = 1
    for length, window in zip(size, shape, strict=True):
        step = max(int(window * (1 - overlap)), 1)
        total *= ceil((length - window) / step) + 1
    return total


def _three(values: Any) -> tuple[int, int, int]:
    first, second, third = (max(int(value), 0) if value is not None else 0 for value in values)
    return first, second, third
