"""Slide a network's window over a prepared scan, and hand on each row of scores once it is done."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from napari_seg.segmentation.preparing.rows import MovingRows
from napari_seg.segmentation.preparing.voxels import PreparedVoxels
from napari_seg.segmentation.slabs.rolling_slab import RollingSlab
from napari_seg.segmentation.slabs.window_scores import WindowScores
from napari_seg.segmentation.slabs.window_weights import gaussian_weights, sigma_scales
from napari_seg.segmentation.windows import lay_windows, padding_of, window_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from napari_seg.segmentation.body import Body
    from napari_seg.segmentation.slabs.window_scores import Fallback
    from napari_seg.segmentation.windows import WindowLayout

    OnWindow = Callable[[tuple[int, int, int], Tensor], None]


class Reader(Protocol):
    """What reads the finished rows of a slab."""

    @property
    def span(self) -> int:
        """How many rows beside the last finished one are read at once."""

    def needs(self, stop: int) -> int:
        """Return the first row that is still needed once those below `stop` were read."""

    def read(self, slab: RollingSlab) -> None:
        """Read the finished rows of a slab that were not read before."""


class AllScores:
    """Gather the blended scores of the whole scan, for what cannot be done slab by slab."""

    span = 0

    def __init__(self, layout: WindowLayout, size: tuple[int, int, int], axis: int) -> None:
        self._layout, self._size, self._axis = layout, size, axis
        self._all: Tensor | None = None
        self._read = 0

    @property
    def scores(self) -> Tensor:
        """Scores ``(class, i, j, k)`` on the CPU."""
        if self._all is None:
            raise ValueError("no row was finished")
        parts = zip(self._layout.before, self._size, strict=True)
        return self._all[(slice(None), *(slice(first, first + n) for first, n in parts))]

    def needs(self, stop: int) -> int:
        """Return the first row that is still needed: none that was read."""
        return stop

    def read(self, slab: RollingSlab) -> None:
        """Copy the rows that are new."""
        import torch

        if self._all is None:
            self._all = torch.empty((len(slab.scores), *self._layout.size))
        count = slab.finished - self._read
        rows = self._all.narrow(self._axis + 1, self._read, count)
        rows.copy_(slab.rows(self._read, slab.finished))
        self._read = slab.finished


def choose_axis(layout: WindowLayout, span: int = 1) -> int:
    """Choose the axis along which a moving slab is smallest."""
    from math import prod

    def size(axis: int) -> int:
        rows = min(layout.shape[axis] + span, layout.size[axis])
        return rows * prod(layout.size) // layout.size[axis]

    return min(range(3), key=size)


def slide(
    image: Tensor | PreparedVoxels,
    network: Callable[[Tensor], Tensor],
    inferer: Any,
    reader: Reader,
    *,
    axis: int,
    overlap: float,
    activation: str | None = None,
    skip_air: bool = False,
    find_body: Callable[[], Body | None] | None = None,
    on_progress: Callable[[float], None],
    on_window: OnWindow | None = None,
    fallback: Fallback | None = None,
) -> WindowScores:
    """Run a network over overlapping windows, blended with Gaussian weights.

    Parameters
    ----------
    image
        Of shape ``(1, channel, i, j, k)``, on the network's device; or prepared as windows come.
    network
        From ``(batch, channel, *window)`` to scores ``(batch, class, *window)``.
    inferer
        The bundle's MONAI inferer, which gives window, batch, padding and the width of the
        weights; windows are blended with Gaussian weights also where its own are constant.
    reader
        Of the finished rows.
    axis
        Along which they are finished.
    overlap
        From 0 to below 1: the part of a window that its neighbour also covers.
    activation
        Of the blended scores, before they are read.
    skip_air
        Whether windows of one value throughout go through the network once for each value; of large
        scores only those of the last value are kept.
    find_body
        With `skip_air`: windows that are clear of what it finds count as of one value, too.
    on_progress
        Told the fraction done after each window; what it raises stops the run there.
    on_window
        Told each finished window: its first voxel in `image` (negative where the window reaches
        beyond it) and its scores ``(class, *window)``.
    fallback
        Where to go on when memory runs out.

    Returns
    -------
    WindowScores
        Which knows how many windows ran, and what was done when memory ran out.

    Raises
    ------
    ValueError
        If the inferer's padding or weights make no sense, or do not fit so small a scan.
    """
    window = window_of(inferer)
    layout = lay_windows(window, _three(image.shape[2:]), overlap)
    padding = padding_of(inferer)
    body = find_body() if find_body is not None and skip_air and layout.count > 1 else None
    source = WindowScores(
        MovingRows(image, layout, axis, padding)
        if isinstance(image, PreparedVoxels)
        else padding.pad(image, layout.before, layout.after(image.shape[2:])),
        network,
        window,
        layout,
        skip_air=skip_air,
        is_air=None if body is None else partial(_is_air, body, layout),
        fallback=fallback,
    )
    weights = gaussian_weights(layout.shape, sigma_scales(inferer), image.device)
    slab: RollingSlab | None = None
    for done, (place, scores) in enumerate(source.each(axis), start=1):
        if slab is None:
            depth = min(layout.shape[axis] + reader.span, layout.size[axis])
            slab = source.allocate(len(scores), layout.size, axis, depth)
        if place[axis] > slab.finished:
            _finish(slab, place[axis], activation, reader)
        slab.add(place, scores, weights)
        if on_window is not None:
            on_window(_unpadded(place, layout), scores)
        on_progress(done / layout.count)
    if slab is not None:
        _finish(slab, layout.size[axis], activation, reader)
    return source


def _is_air(body: Body, layout: WindowLayout, place: tuple[int, int, int]) -> bool:
    return body.is_clear_of(_unpadded(place, layout), layout.shape)


def _unpadded(place: tuple[int, int, int], layout: WindowLayout) -> tuple[int, int, int]:
    i, j, k = (first - skipped for first, skipped in zip(place, layout.before, strict=True))
    return i, j, k


def _finish(slab: RollingSlab, stop: int, activation: str | None, reader: Reader) -> None:
    slab.finish(stop, activation)
    reader.read(slab)
    slab.move(reader.needs(stop))


def _three(size: Any) -> tuple[int, int, int]:
    i, j, k = size
    return i, j, k
