"""The history of the labels at hand, to be seen and gone through."""

from napari_seg.viewer.history_list.history_list import HistoryList
from napari_seg.viewer.history_list.my_slices import MySlices

__all__ = ["HistoryList", "MySlices"]
