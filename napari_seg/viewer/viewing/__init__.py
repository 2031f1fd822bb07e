"""Look at scans as a radiologist does: mouse, windows, sides, planes, three views."""

from napari_seg.viewer.viewing.viewing import Viewing

__all__ = ["Viewing"]
