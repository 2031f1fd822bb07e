"""Let a network see each window mirrored, too, and average what it says."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor

    Network = Callable[[Tensor], Tensor]


def mirrored(network: Network, axes: Sequence[int], *, flat_axis: int | None = None) -> Network:
    """Average a network's scores over all mirrorings along some axes.

    Each axis doubles the time; no more than two batches of scores are held.

    Parameters
    ----------
    network
        From ``(batch, channel, *window)`` to scores ``(batch, class, *window)``.
    axes
        Of the prepared scan: 0, 1 and 2 for i, j and k; empty for the network as it is.
    flat_axis
        The axis that a 2D network's windows lack.

    Raises
    ------
    ValueError
        If an axis is none of them.

    Examples
    --------
    >>> import torch
    >>> ramp = torch.arange(4.0).reshape(1, 1, 4, 1, 1)
    >>> mirrored(lambda window: ramp, (0,))(ramp).flatten().tolist()
    [1.5, 1.5, 1.5, 1.5]
    """
    unknown = sorted(set(axes) - {0, 1, 2})
    if unknown:
        raise ValueError(f"axes to mirror must be among 0, 1 and 2, got {unknown[0]}")
    seen = [axis for axis in range(3) if axis != flat_axis]
    dims = [2 + seen.index(axis) for axis in sorted(set(axes)) if axis in seen]
    return _average_of(network, list(_subsets(dims))) if dims else network


def _average_of(network: Network, flips: list[tuple[int, ...]]) -> Network:
    def average(batch: Tensor) -> Tensor:
        total = network(batch).float().clone()
        for flip in flips:
            total += network(batch.flip(flip)).flip(flip)
        return total.div_(len(flips) + 1)

    return average


def _subsets(dims: list[int]) -> Iterator[tuple[int, ...]]:
    for count in range(1, len(dims) + 1):
        yield from combinations(dims, count)
