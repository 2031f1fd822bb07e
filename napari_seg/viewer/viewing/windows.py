"""Windows: which values are shown from black to white, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from napari_seg.imaging.contrast import contrast_limits, value_range
from napari_seg.viewer.intensity_unit import unit_of
from napari_seg.viewer.layers import metadata_of, scan_of
from napari_seg.viewer.viewing.layer_at_hand import image_at_hand

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image


@dataclass(frozen=True)
class Window:
    """A range of values, as radiologists say it.

    Parameters
    ----------
    name
        What it is for.
    centre, width
        In the units of the scan; the width is above 0.
    """

    name: str
    centre: float
    width: float

    @classmethod
    def between(cls, name: str, low: float, high: float) -> Window:
        """Make the window from the darkest to the brightest value."""
        return cls(name, (low + high) / 2, high - low)

    @property
    def limits(self) -> tuple[float, float]:
        """The values shown black and white."""
        return self.centre - self.width / 2, self.centre + self.width / 2


CT_WINDOWS = (
    Window("soft tissue", 40, 400),
    Window("lung", -600, 1500),
    Window("bone", 400, 1800),
    Window("brain", 40, 80),
    Window("liver", 60, 160),
    Window("mediastinum", 50, 350),
)
"""In Hounsfield units."""


class Windows:
    """The windows to choose from for the image at hand.

    Parameters
    ----------
    viewer
        Whose selected or topmost image is meant.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        # What suits a scan is found once: the limits of its values change with each window.
        self._of_layers: WeakKeyDictionary[Image, tuple[Window, ...]] = WeakKeyDictionary()

    @property
    def choices(self) -> tuple[Window, ...]:
        """The windows of the image at hand; empty where none is open."""
        layer = image_at_hand(self._viewer)
        if layer is None:
            return ()
        if layer not in self._of_layers:
            self._of_layers[layer] = _windows_for(layer)
        return self._of_layers[layer]

    @property
    def current(self) -> Window | None:
        """The window that the image at hand is shown with, whether one of the choices or not."""
        layer = image_at_hand(self._viewer)
        if layer is None:
            return None
        low, high = layer.contrast_limits
        tolerance = 1e-3 * (high - low)
        for window in self.choices:
            if np.allclose(window.limits, (low, high), atol=tolerance):
                return window
        return Window.between("", low, high)

    def show(self, window: Window) -> None:
        """Show the image at hand with a window."""
        layer = image_at_hand(self._viewer)
        if layer is not None:
            layer.contrast_limits = window.limits

    def show_next(self) -> None:
        """Show the window after the current one; the first, if that is none of the choices."""
        choices = self.choices
        if choices:
            place = choices.index(self.current) if self.current in choices else -1
            self.show(choices[(place + 1) % len(choices)])


def _windows_for(layer: Image) -> tuple[Window, ...]:
    if unit_of(layer) == "HU":
        return CT_WINDOWS
    full = tuple(layer.contrast_limits_range)
    if "geometry" in metadata_of(layer):
        scan = scan_of(layer)
        first, full = Window.between("automatic", *contrast_limits(scan)), value_range(scan)
    else:
        first = Window.between("as opened", *layer.contrast_limits)
    low, _ = first.limits
    wide = Window.between("twice as wide", low, low + 2 * first.width)
    return first, wide, Window.between("full range", *full)
