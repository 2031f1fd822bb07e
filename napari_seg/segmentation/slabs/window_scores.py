"""The scores of one window after the other, also where memory is short or a window is empty."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from napari_seg.imaging.scan import Notice
from napari_seg.segmentation.slabs.memory import is_out_of_memory
from napari_seg.segmentation.slabs.rolling_slab import RollingSlab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import torch
    from torch import Tensor

    from napari_seg.segmentation.preparing.rows import MovingRows
    from napari_seg.segmentation.windows import Window, WindowLayout

    Network = Callable[[Tensor], Tensor]
    Place = tuple[int, int, int]

# Of scores of windows of one value that are kept; those of one window are in any case.
_MOST_BYTES = 2**26


@dataclass(frozen=True, eq=False)
class Fallback:
    """Where a run goes on when its device has too little memory.

    Attributes
    ----------
    network
        Gives the network on the CPU.
    """

    network: Callable[[], Network]

    def changed_by(self, change: Callable[[Network], Network]) -> Fallback:
        """Return one whose network is what `change` makes of it."""
        return Fallback(lambda: change(self.network()))


class WindowScores:
    """Run windows through a network in batches.

    Parameters
    ----------
    image
        ``(1, channel, i, j, k)``, padded to at least one window; or cut as it is prepared.
    network
        From ``(batch, channel, *window)`` to scores ``(batch, class, *window)``.
    window
        What the network sees at once, and how many of them.
    layout
        Where the windows lie.
    skip_air
        Whether windows of one value throughout go through the network once for each value; of large
        scores only those of the last value are kept.
    is_air
        Tells of a window by its first voxel whether it holds nothing but air, whatever its noise:
        it is made one of one value. None where all windows are run as they are.
    fallback
        Where to go on when memory runs out; None to let the error pass.

    Attributes
    ----------
    notices
        What was done when memory ran out.
    run, repeated
        How many windows went through the network, and how many were equal to one that had.
    air
        How many of both were air with noise in it.
    """

    def __init__(
        self,
        image: Tensor | MovingRows,
        network: Network,
        window: Window,
        layout: WindowLayout,
        *,
        skip_air: bool = False,
        is_air: Callable[[Place], bool] | None = None,
        fallback: Fallback | None = None,
    ) -> None:
        self._image, self._network, self._layout = image, network, layout
        self._flat = None if window.flat_axis is None else window.flat_axis + 2
        # One after the other a processor is as fast, and stops and reports at each.
        alone = image.device.type == "cpu" and window.flat_axis is None
        self._batch = 1 if alone else window.batch
        self._skip_air, self._fallback = skip_air, fallback
        self._is_air = is_air if skip_air else None
        self._air: Tensor | None = None
        self._of_value: dict[tuple[float, ...], Tensor] = {}
        self._slab: RollingSlab | None = None
        self.notices: tuple[Notice, ...] = ()
        self.run = self.repeated = self.air = 0

    def allocate(
        self, classes: int, size: tuple[int, int, int], axis: int, depth: int
    ) -> RollingSlab:
        """Make the slab that the scores are blended in, on the CPU where the device is full."""
        import torch

        device = self._image.device
        try:
            self._slab = RollingSlab(classes, size, axis, depth, device)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or device.type == "cpu":
                raise
            self._note_accumulation(device)
            self._slab = RollingSlab(classes, size, axis, depth, torch.device("cpu"))
        return self._slab

    def each(self, axis: int) -> Iterator[tuple[Place, Tensor]]:
        """Give place and scores ``(class, *window)`` of each window, in the order along `axis`."""
        places = self._layout.places(axis)
        waiting: list[Place] = []
        while waiting := waiting + list(islice(places, max(self._batch - len(waiting), 0))):
            part, waiting = waiting[: self._batch], waiting[self._batch :]
            scores = self._scores_of(part)
            if scores is None:
                waiting = part + waiting
                continue
            yield from zip(part, scores, strict=True)

    def _scores_of(self, places: list[Place]) -> list[Tensor] | None:
        """Run windows together; None if they are to be run again with less memory."""
        import torch

        windows = {place: self._cut(place) for place in places}
        values = {p: _value_of(w[0]) for p, w in windows.items()} if self._skip_air else {}
        known = {
            place: self._of_value[value]
            for place, value in values.items()
            if value in self._of_value
        }
        fresh = [place for place in places if place not in known]
        found: Sequence[Tensor] = ()
        try:
            if fresh:
                found = list(self._run(torch.cat([windows[place] for place in fresh])))
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or not self._take_less(len(places)):
                raise
            return None
        self.air += sum(window is self._air for window in windows.values())
        self.run += len(fresh)
        self.repeated += len(known)
        scores = known | dict(zip(fresh, found, strict=True))
        for place in fresh:
            self._remember(values.get(place), scores[place])
        return [scores[place] for place in places]

    def _run(self, batch: Tensor) -> Tensor:
        expected = tuple(batch.shape[2:])
        scores = self._network(batch if self._flat is None else batch.squeeze(self._flat)).float()
        scores = scores if self._flat is None else scores.unsqueeze(self._flat)
        if tuple(scores.shape[2:]) != expected:
            raise ValueError(
                f"the network must give scores for its window {expected}, "
                f"got {tuple(scores.shape[2:])}"
            )
        return scores

    def _cut(self, place: Place) -> Tensor:
        parts = [
            slice(first, first + n) for first, n in zip(place, self._layout.shape, strict=True)
        ]
        window: Tensor = self._image[(slice(None), slice(None), *parts)]
        return self._without_noise(place, window)

    def _without_noise(self, place: Place, window: Tensor) -> Tensor:
        """Give a window of air the one value of the first such window, its median."""
        if self._is_air is None or not self._is_air(place):
            return window
        if self._air is None:
            middle: Tensor = window.flatten(2).median(dim=2).values
            self._air = middle.reshape(*middle.shape, 1, 1, 1).expand_as(window)
        return self._air

    def _remember(self, value: tuple[float, ...] | None, scores: Tensor) -> None:
        """Keep the scores of windows of one value: of the last one always, of others if small."""
        if value is None:
            return
        self._of_value[value] = scores.clone()
        while len(self._of_value) > 1 and len(self._of_value) * scores.nbytes > _MOST_BYTES:
            del self._of_value[next(iter(self._of_value))]

    def _take_less(self, count: int) -> bool:
        """Make the next try need less memory; False where nothing is left to try."""
        device = self._image.device
        if device.type == "cuda":
            import torch

            torch.cuda.empty_cache()
        if count > 1:
            self._batch = max(count // 2, 1)
            self._note("window-batch", f"{self._batch} instead of {count} windows run together")
            return True
        if device.type == "cpu" or self._fallback is None:
            return False
        if self._slab is not None and self._slab.scores.device == device:
            self._note_accumulation(device)
            self._move_slab()
            return True
        self._note("network-on-cpu", "the network runs on the CPU")
        self._network, self._image = self._fallback.network(), self._image.cpu()
        self._of_value, self._air, self._batch = {}, None, 1
        return True

    def _move_slab(self) -> None:
        import torch

        if self._slab is not None:
            self._slab.to(torch.device("cpu"))

    def _note_accumulation(self, device: torch.device) -> None:
        self._note("accumulation-on-cpu", f"scores are gathered on the CPU instead of {device}")

    def _note(self, code: str, done: str) -> None:
        self.notices += (Notice(code, f"memory ran out: {done}; the labels stay the same"),)


def _value_of(window: Tensor) -> tuple[float, ...] | None:
    """Return the one value of each channel of a window; None where there are more."""
    corner = window[:, :1, :1, :1]
    # Most windows that are not empty show it in their first plane.
    for part in (window[:, :, :, window.shape[3] // 2], window):
        if not bool((part == corner.reshape(-1, *[1] * (part.ndim - 1))).all()):
            return None
    return tuple(corner.flatten().tolist())
