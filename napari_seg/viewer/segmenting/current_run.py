"""A run that goes on: what it was started from, and whether that is still so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_seg.imaging.label_table import LabelTable
from napari_seg.segmentation.locating.sides import Sides
from napari_seg.viewer.layers import grid_of
from napari_seg.viewer.segmenting.preview import Preview
from napari_seg.viewer.segmenting.shown_time import times_of

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

    from napari_seg.segmentation.bundle_description import BundleDescription
    from napari_seg.segmentation.preview import LabelWindow
    from napari_seg.segmentation.run_settings import RunSettings
    from napari_seg.viewer.jobs import Job


@dataclass(eq=False)
class CurrentRun:
    """A job, the scan it was started on, and its preview.

    Attributes
    ----------
    job
        That goes on.
    layers
        Of the scan, and of its further channels.
    voxels
        Of each layer when the job was started.
    model
        That segments it.
    settings
        How.
    time
        The number of the time that is segmented, from 1; None for a scan without times.
    preview
        The finished windows; None before the first.
    has_failed
        Whether the job, or showing its result, raised an error.
    reason
        Why the job failed, where a person can do something about it.
    """

    job: Job
    layers: tuple[Image, ...]
    voxels: tuple[Any, ...]
    model: BundleDescription
    settings: RunSettings
    time: int | None = None
    preview: Preview | None = None
    has_failed: bool = False
    reason: str = "napari's notification says why"

    @property
    def layer(self) -> Image:
        """The layer of the scan."""
        return self.layers[0]

    @property
    def labels_name(self) -> str:
        """The name of the layer for its result."""
        model = self.model.name if self.model.variant is None else self.model.title
        time = "" if self.time is None else f", time {self.time}"
        parts = [f"{self.layer.name}{time} – {model[:1].lower()}{model[1:]}"]
        if self.settings.averages:
            parts.append(self.settings.averages)
        locator = self.model.locator if self.settings.finds_place else None
        if locator is not None:
            parts.append(" and ".join(locator.box_names))
        return ", ".join(parts)

    @property
    def table(self) -> LabelTable:
        """The labels of its result."""
        table = LabelTable.from_names(dict(self.model.labels))
        locator = self.model.locator if self.settings.finds_place else None
        return table if locator is None else Sides(table, locator).table

    def is_current(self, viewer: ViewerModel) -> bool:
        """Tell whether the scan is still there with all channels, and with the same voxels."""
        return all(
            layer in viewer.layers and voxels_of(layer) is voxels
            for layer, voxels in zip(self.layers, self.voxels, strict=True)
        )

    def show_window(self, viewer: ViewerModel, window: LabelWindow) -> None:
        """Show a finished window, unless the scan is gone."""
        if not self.is_current(viewer):
            return
        if self.preview is None:
            name = f"{self.labels_name} (running)"
            self.preview = Preview(viewer, self.layer, self.table, name=name, first=window)
        self.preview.add(window)

    def remove_preview(self) -> None:
        """Take the finished windows away."""
        if self.preview is not None:
            self.preview.remove()
            self.preview = None


def voxels_of(layer: Image) -> Any:
    """Return a layer's voxels as they lie in memory or on disk, at full resolution."""
    return layer.data[0] if layer.multiscale else layer.data


def why_it_does_not_fit(
    layer: Image, model: BundleDescription, *, further_channels: int = 0
) -> str:
    """Say why a model cannot segment a scan; empty if it can.

    Parameters
    ----------
    layer
        Of the scan.
    model
        What it says of itself.
    further_channels
        How many channels come from other layers.

    Raises
    ------
    ValueError
        If the layer is no scan.
    """
    geometry, order = grid_of(layer)
    if model.spatial_dims == 3 and 1 in geometry.shape:
        return "The scan is a single slice and the model is 3D: choose a 2D model"
    channels, times = 1, times_of(layer)
    if layer.rgb:
        channels = voxels_of(layer).shape[-1]
    elif layer.ndim > len(order.kept):
        # Of times a model of one channel segments the one that is shown.
        channels = 1 if times and model.in_channels == 1 else voxels_of(layer).shape[0]
    channels += further_channels
    if channels == model.in_channels:
        return ""
    many = "s" * (model.in_channels != 1)
    has = f"{times} times" if times else channels
    reason = f"The model needs {model.in_channels} channel{many}, the scan has {has}"
    if channels == 1 + further_channels:
        return reason
    split = "Split RGB" if layer.rgb else "Split Stack"
    return f"{reason}: right click on its layer, {split}, then choose from its parts"
