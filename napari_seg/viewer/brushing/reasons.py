"""Why a brush cannot be used now, in one sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_seg.imaging.label_edits.strokes import Kind
from napari_seg.viewer.brushing.below import reason_not_to_look
from napari_seg.viewer.brushing.earlier import earlier_states
from napari_seg.viewer.editing.attached import attached
from napari_seg.viewer.editing.editable import require_editable
from napari_seg.viewer.editing.locks import LabelLocks
from napari_seg.viewer.editing.step_names import label_name
from napari_seg.viewer.foreign_grid import HOW_TO_SPLIT

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Labels

_LOOKING = (Kind.ADAPTIVE, Kind.THRESHOLD)
_PAINTING = (Kind.PAINT, Kind.ADAPTIVE, Kind.THRESHOLD, Kind.NUDGE)


def reasons_not_to_draw(
    viewer: ViewerModel, layer: Labels | None, scan: Image | None
) -> dict[Kind, str]:
    """Say of each kind of brush why it cannot be taken in hand; empty where it can."""
    general = _reason(viewer, layer)
    if general or layer is None:
        return dict.fromkeys(Kind, general)
    reasons = dict.fromkeys(Kind, "")
    reasons.update(dict.fromkeys(_LOOKING, reason_not_to_look(scan, layer)))
    if not earlier_states(layer):
        reasons[Kind.RESTORE] = (
            "There is nothing to restore: no network wrote these labels, and they were never saved"
        )
    return reasons


def reason_not_to_begin(kind: Kind, layer: Labels) -> str:
    """Say why a stroke with what is selected would change nothing; empty if it may."""
    label = layer.selected_label
    if kind is Kind.NUDGE and label == 0:
        return "The background has no border to nudge; select a label"
    locks = attached(layer, LabelLocks)
    if kind in _PAINTING and locks is not None and label in locks.labels:
        return f"'{label_name(layer, label)}' is locked; unlock it to draw it"
    return ""


def _reason(viewer: ViewerModel, layer: Labels | None) -> str:
    if layer is None:
        return "Open or make labels first"
    try:
        require_editable(layer)
    except (TypeError, ValueError) as error:
        return str(error)
    if layer.ndim not in (2, 3):
        return f"'{layer.name}' has {layer.ndim} dimensions; brushes draw on 2 or 3. {HOW_TO_SPLIT}"
    if not isinstance(layer.data, np.ndarray):
        return f"'{layer.name}' is not in memory; open it as one array"
    if not layer.visible:
        return f"'{layer.name}' is hidden; show it to draw on it"
    if viewer.dims.ndisplay != 2:
        return "Brushes draw in slices; leave the 3D display for them"
    return ""
