"""The unit of a scan's intensities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_seg.imaging.contrast import is_in_other_unit
from napari_seg.viewer.layers import modality_of, notices_of

if TYPE_CHECKING:
    from napari.layers import Image


def unit_of(layer: Image) -> str:
    """Return ``"HU"`` for a CT, unless its file says otherwise; empty for all else."""
    is_hounsfield = modality_of(layer) == "CT" and not is_in_other_unit(notices_of(layer))
    return "HU" if is_hounsfield else ""
