"""How sure a network is of each voxel: probabilities of chosen classes, or their entropy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.segmentation.run_settings import ENTROPY
from napari_seg.segmentation.slabs.labelling import Labelling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_seg.imaging.label_table import LabelTable
    from napari_seg.segmentation.slabs.finish import Finish
    from napari_seg.segmentation.slabs.rolling_slab import RollingSlab
    from napari_seg.segmentation.slabs.way_back import WayBack


def classes_of(names: Sequence[str], table: LabelTable) -> dict[str, int | None]:
    """Find the class of each name that a map is wanted of; None for the entropy of all.

    Raises
    ------
    ValueError
        If a name is none of the labels, nor ``"entropy"``.
    """
    return {name: None if name == ENTROPY else table.value_of(name) for name in names}


class ScoreMaps:
    """Gather maps on the scan's grid from boxes of interpolated scores.

    Parameters
    ----------
    wanted
        The class of each map; None for the entropy of all classes, in bits.
    way
        Back to the scan.
    finish
        Says what the scores are.

    Attributes
    ----------
    maps
        float32 ``(i, j, k)`` by name; 0 where the network saw nothing.
    """

    def __init__(self, wanted: Mapping[str, int | None], way: WayBack, finish: Finish) -> None:
        self._wanted, self._back = dict(wanted), tuple(np.argsort(way.axes))
        self._inside = [taps.inside for taps in way.by_prepared_axis]
        self._activation = None if finish.before else finish.after
        if not finish.before and not finish.after and finish.threshold is None:
            self._activation = "softmax"
        self.maps: dict[str, NDArray[Any]] = {
            name: np.zeros(way.shape, np.float32) for name in self._wanted
        }

    def __call__(self, box: tuple[slice, slice, slice], scores: Tensor) -> None:
        """Take in the scores ``(class, *box)`` of a box, in the order of the prepared axes."""
        chances = scores
        if self._activation == "sigmoid":
            chances = scores.sigmoid()
        elif self._activation == "softmax":
            chances = scores.softmax(0)
        first, second, third = (one[part] for one, part in zip(self._inside, box, strict=True))
        inside = first[:, None, None] & second[:, None] & third
        for name, number in self._wanted.items():
            values = _entropy(chances) if number is None else chances[_channel(number, chances)]
            part = self.maps[name].transpose(self._back)[box]
            part[...] = np.where(inside, values.cpu().numpy(), 0)


class WithMaps:
    """Read rows twice: for labels, and for maps, which are always interpolated."""

    def __init__(self, labelling: Labelling, mapping: Labelling) -> None:
        self._readers = (labelling, mapping)

    @property
    def span(self) -> int:
        """How many rows beside the last finished one are read at once."""
        return max(reader.span for reader in self._readers)

    def needs(self, stop: int) -> int:
        """Return the first row that one of both still needs."""
        return min(reader.needs(stop) for reader in self._readers)

    def read(self, slab: RollingSlab) -> None:
        """Read the finished rows for both."""
        for reader in self._readers:
            reader.read(slab)


def mapping_reader(
    maps: ScoreMaps, way: WayBack, finish: Finish, axis: int, before: tuple[int, ...]
) -> Labelling:
    """Read rows for maps alone."""
    return Labelling(way, replace(finish, is_nearest=False), axis, before, on_scores=maps)


def _channel(number: int, chances: Tensor) -> int:
    # The one class of a sigmoid is the foreground.
    if len(chances) == 1:
        return 0
    if number >= len(chances):
        raise ValueError(
            f"the network has {len(chances)} outputs, so it gives no probability of label {number}, "
            "which its metadata name"
        )
    return number


def _entropy(chances: Tensor) -> Tensor:
    import torch

    if len(chances) == 1:
        chances = torch.cat([chances, 1 - chances])
    # One class after the other, for the classes may be many.
    total = torch.zeros_like(chances[0])
    for one in chances:
        total -= torch.xlogy(one, one)
    return total.div_(float(np.log(2)))
