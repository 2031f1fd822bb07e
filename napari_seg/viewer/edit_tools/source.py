"""Makes subjects: looks at the layer, the scan and the view when a tool asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels

from napari_seg.viewer.edit_tools.subject import OtherLabels, Range, Subject
from napari_seg.viewer.editing.editable import require_editable
from napari_seg.viewer.editing.hand_slices import HandSlices
from napari_seg.viewer.intensity_unit import unit_of
from napari_seg.viewer.label_list.layer_table import LayerTable
from napari_seg.viewer.layers import grid_of, is_preview
from napari_seg.viewer.opening.scan_below import adopt_scan_below, lies_voxel_by_voxel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from numpy.typing import NDArray

    from napari_seg.viewer.edit_tools.tool import Tool
    from napari_seg.viewer.label_list.rows import Row
    from napari_seg.viewer.viewing.three_views import ThreeViews


class SubjectSource:
    """Knows the layer at hand and its scan; makes a `Subject` of what they are now.

    Parameters
    ----------
    viewer
        That shows them.
    three_views
        That may show them, too; None for the one canvas.
    """

    def __init__(self, viewer: ViewerModel, three_views: ThreeViews | None = None) -> None:
        self._viewer, self._three_views = viewer, three_views
        self.layer: Labels | None = None
        self.scan: Image | None = None
        self._unit_of: tuple[Image | None, str] = (None, "")

    def reason(self) -> str:
        """Say why there is nothing to edit; empty if there is."""
        layer = self.layer
        if layer is None or layer not in self._viewer.layers:
            return "Choose or make labels first"
        try:
            require_editable(layer)
            grid_of(layer)
        except ValueError as error:
            return str(error)
        return ""

    def subject(
        self,
        tool: Tool[Any],
        *,
        label: int | None = None,
        view: ViewerModel | None = None,
        **pointed: Any,
    ) -> Subject:
        """Return what a tool would work on now.

        Parameters
        ----------
        tool
            That asks.
        label
            To work on; None for the selected one.
        view
            The viewer whose slice is meant; None for the main one.
        **pointed
            A ``voxel`` or what was ``drawn``, if there is one.

        Raises
        ------
        ValueError
            If there is nothing to edit, see `reason`.
        """
        layer, reason = self.layer, self.reason()
        if layer is None or reason:
            raise ValueError(reason)
        geometry, order = grid_of(layer)
        labels = np.asarray(layer.data)
        rows = LayerTable.of(layer).rows
        label = int(layer.selected_label) if label is None else label
        axis, index = shown_slice(layer, view or self._viewer)
        scan, scan_reason = self._intensities(layer)
        is_known = scan is not None and self.scan is not None
        return Subject(
            labels=labels,
            spacing=tuple(order.scale(geometry)),
            label=label,
            names={row.value: row.name for row in rows},
            locked=frozenset(row.value for row in rows if row.is_locked),
            axis=axis,
            index=index,
            scan=scan,
            scan_reason=scan_reason,
            unit=self._unit() if is_known else "",
            window=Range(*map(float, self.scan.contrast_limits))
            if is_known and self.scan
            else None,
            empty=_empty(rows, label),
            hand_slices=_hand_slices(layer, label) if tool.uses_hand_slices else {},
            others=self._others(layer) if tool.uses_other_layers else {},
            **pointed,
        )

    def under_cursor(self) -> tuple[ViewerModel, tuple[int, ...] | None]:
        """Return the viewer that the mouse is over, and the layer's voxel there; None outside."""
        views = () if self._three_views is None else self._three_views.views
        viewers = (view.viewer for view in views)
        view = next((one for one in viewers if one.mouse_over_canvas), self._viewer)
        layer = self.layer
        if layer is None or self.reason():
            return view, None
        # Of the slice that is shown now: it may have been turned under a mouse that lies still.
        position = list(view.dims.point)
        for axis in view.dims.displayed:
            if axis < len(view.cursor.position):
                position[axis] = view.cursor.position[axis]
        return view, voxel_at(layer, position)

    def _intensities(self, layer: Labels) -> tuple[NDArray[Any] | None, str]:
        scan = self.scan
        if scan is None or scan not in self._viewer.layers:
            return None, "Open a scan first: its intensities are needed"
        if scan.rgb:
            return None, f"'{scan.name}' is a colour picture and has no intensities"
        adopt_scan_below(layer, [scan])
        data = scan.data[0] if scan.multiscale else scan.data
        extra = scan.ndim - layer.ndim
        if extra == 1:
            # The channel that is shown.
            data = data[int(self._viewer.dims.current_step[-scan.ndim])]
        shape, ours = tuple(np.shape(data)), tuple(layer.data.shape)
        if extra not in (0, 1) or shape != ours or not _on_one_grid(scan, layer):
            return None, (
                f"'{layer.name}' lies on another grid than the scan '{scan.name}'; choose its own "
                "scan, or resample one onto the other"
            )
        return np.asarray(data), ""

    def _unit(self) -> str:
        # Found out once a scan: it looks at some of the voxels.
        scan, unit = self._unit_of
        if scan is not self.scan and self.scan is not None:
            unit = unit_of(self.scan)
            self._unit_of = self.scan, unit
        return unit

    def _others(self, layer: Labels) -> dict[str, OtherLabels]:
        others = {}
        for other in self._viewer.layers:
            if (
                isinstance(other, Labels)
                and other is not layer
                and not other.multiscale
                and not is_preview(other)
                and tuple(other.data.shape) == tuple(layer.data.shape)
                and _on_one_grid(other, layer)
            ):
                names = {row.value: row.name for row in LayerTable.of(other).rows}
                found = OtherLabels(other.name, np.asarray(other.data), names)
                others[str(other.unique_id)] = found
        return others


def shown_slice(layer: Labels, viewer: ViewerModel) -> tuple[int, int]:
    """Return the axis of a layer that a view looks along, and the slice that it shows."""
    dims = viewer.dims
    before = dims.ndim - layer.ndim
    hidden = [axis - before for axis in dims.order[: dims.ndim - 2] if axis >= before]
    axis = hidden[-1] if hidden else 0
    place = layer.world_to_data(dims.point)[-layer.ndim :]
    last = layer.data.shape[axis] - 1
    return axis, int(np.clip(np.rint(place[axis]), 0, last))


def voxel_at(layer: Labels, position: Any) -> tuple[int, ...] | None:
    """Return the voxel of a layer at a place in the world; None outside of it."""
    place = np.rint(np.asarray(layer.world_to_data(position))[-layer.ndim :]).astype(int)
    inside = np.all(place >= 0) and np.all(place < layer.data.shape)
    return tuple(place.tolist()) if inside else None


def _on_one_grid(one: Image | Labels, other: Labels) -> bool:
    try:
        (geometry, order), (others, other_order) = grid_of(one), grid_of(other)
    except ValueError:
        return False
    # A layer may be turned or moved by hand, away from where its file puts it.
    return geometry.matches(others) and order == other_order and lies_voxel_by_voxel(one, other)


def _empty(rows: Sequence[Row], selected: int) -> frozenset[int]:
    empty = {row.value for row in rows if row.volume_ml == 0}
    # A label with voxels has a row, once all are counted.
    if all(row.volume_ml is not None for row in rows) and selected not in {
        row.value for row in rows
    }:
        empty.add(selected)
    return frozenset(empty)


def _hand_slices(layer: Labels, label: int) -> dict[int, tuple[tuple[int, ...], tuple[int, ...]]]:
    hand = HandSlices.of(layer)
    values = [row.value for row in LayerTable.of(layer).rows]
    found = {}
    for axis in range(layer.ndim):
        of_all: set[int] = set()
        for value in values:
            of_all.update(hand.slices(axis, value))
        mine = hand.slices(axis, label)
        found[axis] = (mine, tuple(sorted(of_all)))
    return found
