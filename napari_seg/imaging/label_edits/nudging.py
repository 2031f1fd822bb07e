"""The nudge brush: begun inside a label it pushes the border out, begun outside in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_seg.imaging.label_edits.boxes import Patch, require_label
from napari_seg.imaging.label_edits.brushes import brush
from napari_seg.imaging.label_edits.edits import Edit


@dataclass(frozen=True)
class Nudge:
    """What a stroke of the nudge brush does, decided where it begins.

    Attributes
    ----------
    label
        The label whose border is pushed.
    pushes_out
        Whether the label grows; else it gives way.
    diameter_mm
        Of the brush: as chosen, or as small as lets it touch the border without moving it yet.
    """

    label: int
    pushes_out: bool
    diameter_mm: float

    def apply(self, labels: NDArray[Any], patch: Patch) -> Edit:
        """Return what the brush does to a patch that it touches.

        Pushed out, the border takes voxels of other labels, too: see `edits.only_over`.
        """
        if self.pushes_out:
            return Edit.between(labels, patch.box, self.label, where=patch.mask)
        own = labels[patch.box] == self.label
        return Edit.between(labels, patch.box, 0, where=patch.mask & own)


def begin_nudge(
    labels: NDArray[Any],
    label: int,
    spacing: Sequence[float],
    centre: Sequence[float],
    *,
    diameter_mm: float,
    axis: int | None = None,
) -> Nudge:
    """Decide what a stroke does by where it begins.

    Parameters
    ----------
    labels
        Whole numbers of two or three axes; 0 is background.
    label
        The label whose border is pushed.
    spacing
        Length of a voxel along each axis in mm.
    centre
        Where the stroke begins, in voxels with fractions.
    diameter_mm
        Of the brush at most. Begun nearer to the border it is as small as its distance, so that
        the border moves with the brush and not before.
    axis
        As in `brushes.brush`.

    Raises
    ------
    ValueError
        If the diameter is not above 0, the value is no label or the stroke begins outside of the
        scan.

    Examples
    --------
    >>> labels = np.array([[1, 1, 1, 1, 0, 0]])
    >>> begin_nudge(labels, 1, (1, 1), (0, 1), diameter_mm=20)
    Nudge(label=1, pushes_out=True, diameter_mm=5.0)
    """
    require_label(labels, label)
    voxel = tuple(round(float(place)) for place in centre)
    if len(voxel) != labels.ndim or not all(
        0 <= place < count for place, count in zip(voxel, labels.shape, strict=True)
    ):
        raise ValueError(f"voxel {voxel} is outside of the labels, of shape {labels.shape}")
    pushes_out = bool(labels[voxel] == label)
    patch = brush(labels.shape, spacing, [centre], diameter_mm=diameter_mm, axis=axis)
    across = patch.mask & ((labels[patch.box] == label) != pushes_out)
    if not across.any():
        return Nudge(label, pushes_out, diameter_mm)
    places = np.argwhere(across) + [part.start for part in patch.box]
    offsets = (places - np.asarray(centre, dtype=np.float64)) * np.asarray(spacing)
    if axis is not None:
        offsets[:, axis] = 0
    nearest = float(np.sqrt((offsets**2).sum(axis=1)).min())
    # Up to the middle between the nearest voxel across the border and the one before it.
    smallest = min(spacing)
    return Nudge(label, pushes_out, max(2 * nearest - smallest, smallest))
