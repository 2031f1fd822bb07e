"""What a bundle does with the intensity of each voxel by itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor


class Intensity(Protocol):
    """A step that changes each voxel by itself, once it is settled."""

    @property
    def is_settled(self) -> bool:
        """Whether nothing of the scan must be known first."""

    def settled(self, parts: Iterator[Tensor]) -> Intensity:
        """Return the step for a scan whose parts ``(channel, i, j, k)`` are given."""

    def apply(self, voxels: Tensor) -> None:
        """Change voxels ``(channel, i, j, k)`` in place."""


@dataclass(frozen=True)
class Scale:
    """MONAI's ``ScaleIntensityRange``: from one range to another, clipped on request."""

    least: float
    most: float
    new_least: float | None
    new_most: float | None
    clip: bool

    is_settled = True

    def settled(self, _parts: Iterator[Tensor]) -> Scale:
        """Return the step as it is."""
        return self

    def apply(self, voxels: Tensor) -> None:
        """Scale in place."""
        # One operation after the other, as MONAI does: then all numbers are the same.
        voxels.sub_(self.least).div_(self.most - self.least)
        if self.new_least is not None and self.new_most is not None:
            voxels.mul_(self.new_most - self.new_least).add_(self.new_least)
        if self.clip:
            voxels.clamp_(self.new_least, self.new_most)


@dataclass(frozen=True)
class Threshold:
    """MONAI's ``ThresholdIntensity``: what lies beyond a value becomes another."""

    threshold: float
    keeps_above: bool
    value: float

    is_settled = True

    def settled(self, _parts: Iterator[Tensor]) -> Threshold:
        """Return the step as it is."""
        return self

    def apply(self, voxels: Tensor) -> None:
        """Replace in place."""
        kept = voxels > self.threshold if self.keeps_above else voxels < self.threshold
        voxels.masked_fill_(kept.logical_not_(), self.value)


@dataclass(frozen=True)
class Normalize:
    """MONAI's ``NormalizeIntensity``: less a mean, divided by a deviation.

    Attributes
    ----------
    nonzero
        Whether voxels that are 0 count for nothing and stay 0.
    channel_wise
        Whether each channel has a mean and a deviation of its own.
    means, deviations
        Of each channel, or a single one for all; None where they are the scan's own.
    """

    nonzero: bool
    channel_wise: bool
    means: tuple[float, ...] | None = None
    deviations: tuple[float, ...] | None = None

    @property
    def is_settled(self) -> bool:
        """Whether means and deviations are known."""
        return self.means is not None and self.deviations is not None

    def settled(self, parts: Iterator[Tensor]) -> Normalize:
        """Measure what is not known."""
        sums: list[_Moments] = []
        for part in parts:
            groups = self._groups(part)
            sums = sums or [_Moments() for _ in groups]
            sums = [
                known.with_more(self._counted(g)) for known, g in zip(sums, groups, strict=True)
            ]
        means, deviations = self.means, self.deviations
        if means is None:
            means = tuple(one.mean for one in sums)
        if deviations is None:
            # A scan of one value is left undivided.
            deviations = tuple(one.deviation or 1.0 for one in sums)
        return replace(self, means=means, deviations=deviations)

    def apply(self, voxels: Tensor) -> None:
        """Normalize in place."""
        groups = self._groups(voxels)
        for group, mean, deviation in zip(
            groups, self.means or (), self.deviations or (), strict=True
        ):
            empty = group == 0 if self.nonzero else None
            group.sub_(mean).div_(deviation)
            if empty is not None:
                group.masked_fill_(empty, 0)

    def _groups(self, voxels: Tensor) -> Sequence[Tensor]:
        return list(voxels) if self.channel_wise else [voxels]

    def _counted(self, group: Tensor) -> Tensor:
        if not self.nonzero:
            return group
        import torch

        values = group.numpy()
        # NumPy is several times as fast.
        return torch.from_numpy(values[values != 0])


@dataclass(frozen=True)
class _Moments:
    """Count, mean and variance of the voxels seen so far."""

    count: int = 0
    mean: float = 0.0
    variance: float = 0.0

    @property
    def deviation(self) -> float:
        return sqrt(self.variance)

    def with_more(self, values: Tensor) -> _Moments:
        """Merge with those of a part, which torch works out as MONAI lets it."""
        more = values.numel()
        if not more:
            return self
        mean, deviation = values.mean().item(), values.std(unbiased=False).item()
        if not self.count:
            return _Moments(more, mean, deviation**2)
        count, apart = self.count + more, mean - self.mean
        spread = self.count * self.variance + more * deviation**2
        spread += apart**2 * self.count * more / count
        return _Moments(count, self.mean + apart * more / count, spread / count)


def settle(
    steps: Sequence[Intensity], parts: Callable[[Sequence[Intensity]], Iterator[Tensor]]
) -> tuple[Intensity, ...]:
    """Settle steps one after the other.

    Parameters
    ----------
    steps
        In the order in which they are applied.
    parts
        Gives the parts of the scan, to which the steps that it is handed were applied.
    """
    done: tuple[Intensity, ...] = ()
    for step in steps:
        done += (step if step.is_settled else step.settled(parts(done)),)
    return done
