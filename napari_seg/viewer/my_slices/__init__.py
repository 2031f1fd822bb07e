"""The slices that a person drew in: a line in the panel, and marks at the slider."""

from napari_seg.viewer.my_slices.line import MySlices
from napari_seg.viewer.my_slices.slices_in_view import SlicesInView
from napari_seg.viewer.my_slices.slider_marks import SliderMarks

__all__ = ["MySlices", "SlicesInView", "SliderMarks"]
