"""Brushes that think in millimetres, drawn with the mouse on any canvas."""

from napari_seg.viewer.brushing.brushes import Brushes

__all__ = ["Brushes"]
