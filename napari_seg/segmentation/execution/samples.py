"""Windows of a prepared scan to try ways of running a network on."""

from __future__ import annotations

from itertools import islice, product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import Tensor

    from napari_seg.segmentation.preparing.voxels import PreparedVoxels
    from napari_seg.segmentation.windows import Window

# Other roundings of the same anatomy, where a scan has few windows.
_SHIFTS = ((0, 0, 0), (1, 1, 1), (-1, 1, 2), (2, -1, 1), (1, 2, -1), (-2, -1, -1))
_MOST = 5


def sample_windows(image: Tensor | PreparedVoxels, window: Window) -> Iterator[Tensor]:
    """Cut batches of windows from a prepared scan, from its middle outwards.

    Parameters
    ----------
    image
        Of shape ``(1, channel, i, j, k)``.
    window
        Of the network; a length of 0 stands for all of the scan.

    Yields
    ------
    Tensor
        Contiguous, ``(1, channel, *window)``; of a 2D network ``(window.batch, channel, *window)``.
    """
    size = tuple(image.shape[2:])
    shape = _shape_of(window, size)
    places = (
        [at + by for at, by in zip(start, shift, strict=True)]
        for shift in _SHIFTS
        for start in _middle_first(size, shape)
    )
    for place in islice(places, _MOST):
        part = _cut(image, place, shape)
        if window.flat_axis is not None:
            part = part[0].movedim(window.flat_axis + 1, 0)
        yield part.contiguous()


def own_windows(image: Tensor | PreparedVoxels, window: Window) -> int:
    """Return how many of `sample_windows` lie side by side; those after them are shifted."""
    size = tuple(image.shape[2:])
    return min(len(_middle_first(size, _shape_of(window, size))), _MOST)


def first_place(size: Sequence[int], window: Window) -> tuple[int, int, int]:
    """Return the first voxel of the first of `sample_windows`, negative where it reaches beyond.

    Parameters
    ----------
    size
        Of the prepared scan ``(i, j, k)``.
    window
        Of the network.
    """
    i, j, k = _middle_first(size, _shape_of(window, size))[0]
    return i, j, k


def _shape_of(window: Window, size: Sequence[int]) -> list[int]:
    shape = [wanted or have for wanted, have in zip(window.shape, size, strict=True)]
    if window.flat_axis is not None:
        shape[window.flat_axis] = window.batch
    return shape


def _middle_first(size: Sequence[int], shape: Sequence[int]) -> list[tuple[int, ...]]:
    starts = product(*(_starts(have, part) for have, part in zip(size, shape, strict=True)))

    def distance(start: tuple[int, ...]) -> int:
        return sum(abs(2 * at + n - have) for at, n, have in zip(start, shape, size, strict=True))

    return sorted(starts, key=distance)


def _starts(have: int, part: int) -> list[int]:
    if have <= part:
        return [(have - part) // 2]
    middle = (have - part) // 2
    return sorted({middle % part + part * n for n in range((have - middle % part) // part)})


def _cut(image: Tensor | PreparedVoxels, place: Sequence[int], shape: Sequence[int]) -> Tensor:
    """Cut a box that may reach beyond the scan, where it is 0."""
    import torch

    box = torch.zeros((*image.shape[:2], *shape), device=image.device)
    inside, there = [], []
    for at, n, have in zip(place, shape, image.shape[2:], strict=True):
        first, last = max(at, 0), max(min(at + n, have), max(at, 0))
        inside.append(slice(first, last))
        there.append(slice(first - at, last - at))
    box[:, :, *there] = image[slice(None), slice(None), *inside]
    return box
