"""What a tool works on: the labels at hand, their scan and the view, at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from numpy.typing import NDArray


class Range(NamedTuple):
    """Intensities from `low` to `high`, both in it, in the scan's own unit."""

    low: float
    high: float


class LabelOf(NamedTuple):
    """A label of the layer at hand, or of another one.

    Attributes
    ----------
    layer
        The other layer's ``unique_id``; empty for the layer at hand.
    label
        Its value there.
    """

    layer: str
    label: int


@dataclass(frozen=True, eq=False)
class OtherLabels:
    """Another Labels layer on the same grid.

    Attributes
    ----------
    title
        The name of the layer.
    labels
        Its voxels.
    names
        Of its labels, by value.
    """

    title: str
    labels: NDArray[Any]
    names: Mapping[int, str]


@dataclass(frozen=True, eq=False)
class Drawn:
    """A polygon that was drawn in a slice.

    Attributes
    ----------
    corners
        ``(n, 2)`` indices, with fractions, along the two axes of the slice.
    axis, index
        The axis through the slices, and the slice.
    """

    corners: NDArray[Any]
    axis: int
    index: int


@dataclass(frozen=True, eq=False)
class Subject:
    """What a tool works on. Its arrays lie as they are displayed: ``(z, y, x)``.

    Attributes
    ----------
    labels
        The voxels of the layer at hand; no tool changes them.
    spacing
        Length of a voxel along each axis in mm.
    label
        The selected one.
    names
        Of the layer's labels, by value; those without voxels, too.
    locked
        Labels that no tool changes.
    axis, index
        The axis that the view looks along, and the slice that it shows.
    scan
        Intensities on the grid of the labels; None where there are none.
    scan_reason
        Why there are no intensities; empty where there are.
    unit
        Of the intensities: ``"HU"``, or empty.
    window
        The intensities that the view shows from black to white; None without a scan.
    empty
        Labels that are known to have no voxels.
    hand_slices
        By axis, the slices touched by hand since the last result of a network, of the selected
        label and of all; left out for tools that do not ask.
    others
        Further layers on the same grid, by their ``unique_id``.
    voxel
        Pointed at, if one is.
    drawn
        A polygon, if one was drawn.
    """

    labels: NDArray[Any]
    spacing: tuple[float, ...]
    label: int
    names: Mapping[int, str]
    locked: frozenset[int] = frozenset()
    axis: int = 0
    index: int = 0
    scan: NDArray[Any] | None = None
    scan_reason: str = ""
    unit: str = ""
    window: Range | None = None
    empty: frozenset[int] = frozenset()
    hand_slices: Mapping[int, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)
    others: Mapping[str, OtherLabels] = field(default_factory=dict)
    voxel: tuple[int, ...] | None = None
    drawn: Drawn | None = None

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel in ml."""
        volume = 0.001
        for size in self.spacing:
            volume *= size
        return volume

    @property
    def name(self) -> str:
        """The name of the selected label."""
        return self.name_of(self.label)

    def name_of(self, label: int) -> str:
        """Return the name of a label; "label 7" for one without."""
        return self.names.get(label, f"label {label}")

    def intensities(self) -> NDArray[Any]:
        """Return the scan.

        Raises
        ------
        ValueError
            If there is none on the grid of the labels.
        """
        if self.scan is None:
            raise ValueError(self.scan_reason or "open a scan first")
        return self.scan
