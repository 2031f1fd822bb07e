"""Second views of layers: they share the voxels, and every edit is made by the first one.

napari slices a layer for one canvas only, so each further canvas needs a layer of its own. All
that is private to napari here is in this file (napari 0.9): a painted box is passed to the layer
of the main canvas and shown by each further one, and none draws the thumbnail of a layer list.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.layers import Layer

    Box = tuple[slice, ...]

_OF_ALL = ("opacity", "visible", "blending", "name", "metadata")
_OF_IMAGES = ("contrast_limits_range", "contrast_limits", "gamma", "colormap", "interpolation2d")
_OF_LABELS = (
    "selected_label",
    "brush_size",
    "contour",
    "colormap",
    "contiguous",
    "n_edit_dimensions",
    "preserve_labels",
    "show_selected_label",
    "mode",
)
_DRAWING_AIDS = ("brush_stroke", "polygon")
_OF_PLACE = ("scale", "translate", "rotate", "shear", "affine", "units", "axis_labels")


class SideImage(Image):  # type: ignore[misc]  # napari carries no types
    """An image on a further canvas.

    Parameters
    ----------
    main
        The layer of the main canvas, whose voxels it shows.
    """

    def __init__(self, main: Image) -> None:
        place = {name: getattr(main, name) for name in _OF_PLACE}
        limits = None if main.rgb else main.contrast_limits
        super().__init__(
            main.data, rgb=main.rgb, multiscale=main.multiscale, contrast_limits=limits, **place
        )

    def _update_thumbnail(self) -> None:
        """Draw none: only the main canvas has a list of layers."""


class SideLabels(Labels):  # type: ignore[misc]  # napari carries no types
    """Labels on a further canvas: what is drawn here is an edit of the main layer.

    Parameters
    ----------
    main
        The layer of the main canvas, whose voxels it shows and whose undo it shares.
    """

    def __init__(self, main: Labels) -> None:
        self._main = main
        place = {name: getattr(main, name) for name in _OF_PLACE}
        super().__init__(main.data, colormap=main.colormap, **place)
        for name in _DRAWING_AIDS:
            # The circle of a brush and a polygon take time to make, and some layers do without.
            self._overlays[name].visible = main._overlays[name].visible

    def show_change(self, box: Box) -> None:
        """Draw the part of a changed box that lies in the slice shown."""
        if not isinstance(self.data, np.ndarray):
            self.refresh(thumbnail=False, extent=False)
            return
        found = self._get_update_slices(box) if self._slicing_state.loaded else None
        if found is None or not self.visible:
            return
        part = tuple(found[1])
        colours = self._raw_to_displayed(self._slice.image.raw, data_slice=part)
        self._slice.image.view[part] = colours
        self.events.labels_update(data=colours, offset=[span.start for span in part])

    def undo(self) -> None:
        """Take back the last edit, whichever canvas it was made on."""
        self._main.undo()

    def redo(self) -> None:
        """Make the edit again that was taken back last."""
        self._main.redo()

    @contextmanager
    def block_history(self) -> Iterator[None]:
        """Make all that is drawn meanwhile one step of the main layer's undo."""
        with self._main.block_history():
            yield

    def data_setitem(self, indices: Any, value: Any, refresh: bool = True) -> None:
        """Set voxels as one step of the main layer's undo."""
        self._main.data_setitem(indices, value, refresh)

    def _begin_stroke(self) -> None:
        self._main._begin_stroke()

    def _commit_stroke(self) -> None:
        self._main._commit_stroke()

    def _abort_stroke(self) -> None:
        self._main._abort_stroke()

    def _paint_region_with_mask(
        self,
        slice_key: Box,
        mask: Any,
        new_label: int,
        dims_to_paint: list[int],
        refresh: bool = True,
        region_data: Any = None,
    ) -> None:
        self._main._paint_region_with_mask(
            slice_key, mask, new_label, dims_to_paint, refresh, region_data
        )

    def _partial_labels_refresh(self) -> None:
        # The main layer tells all others what it has drawn.
        self._main._partial_labels_refresh()

    def _update_thumbnail(self) -> None:
        """Draw none: only the main canvas has a list of layers."""


def side_layer(main: Layer) -> SideImage | SideLabels | None:
    """Make the second view of an image or of labels; None for a layer of another kind."""
    if isinstance(main, Labels) and not main.multiscale:
        return SideLabels(main)
    return SideImage(main) if isinstance(main, Image) else None


def changed_box(main: Labels) -> Box | None:
    """Return the box that labels are about to show as changed, while they tell of it."""
    box: Box | None = main._updated_slice
    return box


class Link:
    """Keep a layer and its second view alike, until `release`.

    Parameters
    ----------
    main, side
        A change of either's settings is made to the other; voxels and place follow the main one.
    """

    def __init__(self, main: Layer, side: SideImage | SideLabels) -> None:
        self._main, self._side = main, side
        self._is_copying = False
        of_kind: tuple[str, ...] = _OF_LABELS if isinstance(side, SideLabels) else _OF_IMAGES
        if getattr(main, "rgb", False):
            of_kind = ("gamma", "interpolation2d")
        self._both = (*_OF_ALL, *of_kind)
        for name in self._both:
            self._copy(main, side, name)
            getattr(main.events, name).connect(self._on_setting)
            getattr(side.events, name).connect(self._on_setting)
        for name in ("data", *_OF_PLACE):
            getattr(main.events, name).connect(self._on_place)
        if isinstance(side, SideLabels):
            main.events.labels_update.connect(self._on_drawn)

    def release(self) -> None:
        """Let both go their own ways."""
        for name in self._both:
            getattr(self._main.events, name).disconnect(self._on_setting)
            getattr(self._side.events, name).disconnect(self._on_setting)
        for name in ("data", *_OF_PLACE):
            getattr(self._main.events, name).disconnect(self._on_place)
        if isinstance(self._side, SideLabels):
            self._main.events.labels_update.disconnect(self._on_drawn)

    def refresh(self) -> None:
        """Show anew what the main layer holds."""
        self._side.refresh(thumbnail=False, highlight=False, extent=False)

    def _copy(self, source: Layer, target: Layer, name: str) -> None:
        self._is_copying = True
        try:
            setattr(target, name, getattr(source, name))
        finally:
            self._is_copying = False

    def _on_setting(self, event: Any) -> None:
        if self._is_copying or event.type not in self._both:
            return
        source, target = self._main, self._side
        if event.source is self._side:
            source, target = target, source
        self._copy(source, target, event.type)

    def _on_place(self, event: Any) -> None:
        if event.type in ("data", *_OF_PLACE):
            self._copy(self._main, self._side, event.type)

    def _on_drawn(self, _event: object) -> None:
        box = changed_box(self._main)
        if box is not None:
            self._side.show_change(box)
