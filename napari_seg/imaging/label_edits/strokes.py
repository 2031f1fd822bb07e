"""Strokes: what each brush makes of labels on its way from place to place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_seg.imaging.label_edits.adaptive import adapted
from napari_seg.imaging.label_edits.boxes import (
    Patch,
    require_label,
    require_labels,
    require_same_shape,
)
from napari_seg.imaging.label_edits.brushes import brush, paint, restore, within_range
from napari_seg.imaging.label_edits.edits import Edit, only_over
from napari_seg.imaging.label_edits.nudging import Nudge, begin_nudge

# The adaptive brush looks at the scan so often on each diameter of its way.
_LOOKS = 4
# Shorter parts of the way are not worth a box of their own.
_LEAST_VOXELS = 8


class Kind(Enum):
    """What a brush does to the voxels that it touches."""

    PAINT = "paint"
    ERASE = "erase"
    ADAPTIVE = "adaptive"
    THRESHOLD = "threshold"
    NUDGE = "nudge"
    RESTORE = "restore"


@dataclass(frozen=True)
class Brush:
    """A brush as it was chosen.

    Attributes
    ----------
    kind
        What it does.
    diameter_mm
        Across.
    is_sphere
        Whether it reaches into the slices before and behind, too; else it draws in one slice.
    over
        Only voxels that hold one of these labels change; None for all.
    intensities
        The lowest and the highest that a threshold brush paints.
    """

    kind: Kind
    diameter_mm: float
    is_sphere: bool = False
    over: frozenset[int] | None = None
    intensities: tuple[float, float] = (-np.inf, np.inf)


@dataclass(frozen=True, eq=False)
class Ground:
    """What is drawn on.

    Attributes
    ----------
    labels
        As they are; whoever draws writes each edit into them before the next is made.
    spacing
        Length of a voxel along each axis in mm.
    scan
        Intensities of the same shape, for a brush that looks at them.
    earlier
        Labels of the same shape, for a brush that restores them.
    """

    labels: NDArray[Any]
    spacing: Sequence[float]
    scan: NDArray[Any] | None = None
    earlier: NDArray[Any] | None = None


class BrushStroke:
    """One stroke of a brush, from where it begins to where it is drawn.

    Parameters
    ----------
    brush
        The brush in hand.
    ground
        What is drawn on.
    label
        The label that is painted, or whose border is nudged; 0 erases.
    start
        Where it begins, in voxels with fractions.
    axis
        The axis that the view looks along; None for labels of two axes.

    Raises
    ------
    ValueError
        If the brush lacks what it needs, the value is no label, or a nudge begins outside of the
        labels.

    Examples
    --------
    >>> ground = Ground(np.zeros((1, 1, 7), np.uint8), spacing=(1, 1, 1))
    >>> stroke = BrushStroke(Brush(Kind.PAINT, diameter_mm=2), ground, 3, (0, 0, 1), axis=0)
    >>> for place in [(0, 0, 1), (0, 0, 3)]:
    ...     for edit in stroke.draw_to(place):
    ...         ground.labels[edit.box][edit.changed] = edit.values[edit.changed]
    >>> ground.labels.tolist()
    [[[3, 3, 3, 3, 3, 0, 0]]]
    """

    def __init__(
        self, brush: Brush, ground: Ground, label: int, start: ArrayLike, *, axis: int | None
    ) -> None:
        _check(brush, ground, label)
        self._brush, self._ground, self._label = brush, ground, label
        self._through = axis
        self._axis = None if brush.is_sphere else axis
        self._last: NDArray[np.float64] | None = None
        self._nudge: Nudge | None = None
        self.diameter_mm = brush.diameter_mm
        """Of the brush: a nudge begun near the border makes it as small as lets it touch that."""
        if brush.kind is Kind.NUDGE:
            place = np.asarray(start, dtype=np.float64)
            self._nudge = begin_nudge(
                ground.labels,
                label,
                ground.spacing,
                tuple(place),
                diameter_mm=brush.diameter_mm,
                axis=self._axis,
            )
            self.diameter_mm = self._nudge.diameter_mm

    def draw_to(self, place: ArrayLike) -> Iterator[Edit]:
        """Make the edits from the last place to the next; each is to be written before the next.

        A way that is longer than the brush is wide is drawn in parts: none of them takes long. An
        edit may be of nothing.

        In another slice than the last place a round brush begins anew.

        Parameters
        ----------
        place
            In voxels with fractions; it may lie outside.
        """
        place = np.asarray(place, dtype=np.float64)
        for part in self._parts(place):
            patch = brush(
                self._ground.labels.shape,
                self._ground.spacing,
                part,
                diameter_mm=self.diameter_mm,
                axis=self._axis,
            )
            edit = self._edit(patch, part[-1])
            if self._brush.over is not None:
                edit = only_over(edit, self._ground.labels, self._brush.over)
            yield edit

    def _parts(self, place: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
        last, self._last = self._last, place
        if last is None or self._is_in_another_slice(last, place):
            yield place[np.newaxis]
            return
        length = float(np.linalg.norm((place - last) * self._ground.spacing))
        if self._brush.kind is Kind.ADAPTIVE:
            step = max(self.diameter_mm / _LOOKS, min(self._ground.spacing))
        else:
            step = max(self.diameter_mm, _LEAST_VOXELS * min(self._ground.spacing))
        stops = np.linspace(last, place, ceil(length / step) + 1)
        if len(stops) == 1:
            return
        if self._brush.kind is Kind.ADAPTIVE:
            for stop in stops[1:]:
                yield stop[np.newaxis]
        else:
            for pair in pairwise(stops):
                yield np.stack(pair)

    def _is_in_another_slice(self, last: NDArray[np.float64], place: NDArray[np.float64]) -> bool:
        through = self._through
        return through is not None and round(last[through]) != round(place[through])

    def _edit(self, patch: Patch, centre: NDArray[np.float64]) -> Edit:
        kind, ground = self._brush.kind, self._ground
        if self._nudge is not None:
            return self._nudge.apply(ground.labels, patch)
        if kind is Kind.RESTORE and ground.earlier is not None:
            return restore(ground.labels, patch, ground.earlier)
        if kind is Kind.ADAPTIVE and ground.scan is not None:
            patch = adapted(patch, ground.scan, tuple(centre), ground.spacing)
        if kind is Kind.THRESHOLD and ground.scan is not None:
            patch = within_range(patch, ground.scan, *self._brush.intensities)
        return paint(ground.labels, patch, 0 if kind is Kind.ERASE else self._label)


def _check(brush: Brush, ground: Ground, label: int) -> None:
    require_labels(ground.labels)
    if brush.kind is Kind.NUDGE and label == 0:
        raise ValueError("0 is the background, which has no border; choose a label to nudge")
    if label and brush.kind not in (Kind.ERASE, Kind.RESTORE):
        require_label(ground.labels, label)
    if brush.kind in (Kind.ADAPTIVE, Kind.THRESHOLD):
        if ground.scan is None:
            raise ValueError(f"the {brush.kind.value} brush needs a scan; open the one below")
        require_same_shape(ground.labels, ground.scan, "scan")
    if brush.kind is Kind.RESTORE:
        if ground.earlier is None:
            raise ValueError("there are no earlier labels to restore; save the labels first")
        require_same_shape(ground.labels, ground.earlier, "earlier labels")
