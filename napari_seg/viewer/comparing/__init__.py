"""Labels compared with the scan: contours, hidden labels, the next slice and island of a label."""

from napari_seg.viewer.comparing.comparing import Comparing

__all__ = ["Comparing"]
